"""Formatters: their command lines, and what they say when they can't. Pure."""

import re
from pathlib import Path

_WIDTH = 100
# Reads the program from its input and writes it formatted; says in one line where the syntax is wrong.
_PRETTIER = """
import { readFileSync } from 'node:fs';
import { argv, exit, stderr, stdin, stdout } from 'node:process';
const tools = argv[1];
const { format } = await import(`${tools}/standalone.mjs`);
const plugins = await Promise.all(['babel', 'estree'].map((name) => import(`${tools}/plugins/${name}.mjs`)));
try {
  stdout.write(await format(readFileSync(0, 'utf8'), { parser: 'babel', plugins, printWidth: %d }));
} catch (error) {
  const at = error.loc?.start;
  stderr.write(`main.js:${at?.line ?? 1}:${(at?.column ?? 0)}: ${String(error.message).split('\\n')[0]}\\n`);
  exit(error.loc ? 2 : 3);
}
"""
_AT = re.compile(r"main\.\w+:(\d+):(\d+):\s*(.*)")
_TRAIL = re.compile(r"\s*\(\d+:\d+\)$")


def ruff(program: str) -> tuple[str, ...]:
    """Return the command line that formats Python."""
    return (
        *(program, "format", "--isolated", "--no-cache", "--line-length", str(_WIDTH)),
        *("--stdin-filename", "main.py", "-"),
    )


def shfmt(program: str) -> tuple[str, ...]:
    """Return the command line that formats Bash."""
    return (program, "-i", "2", "-ci", "-ln", "bash", "-filename", "main.sh")


def prettier(node: str, tools: Path) -> tuple[str, ...]:
    """Return the command line that formats JavaScript."""
    return (node, "--max-old-space-size=256", "--input-type=module", "-e", _PRETTIER % _WIDTH, str(tools))


def read_refusal(said: str) -> tuple[int, int, str] | None:
    """Return line, column and message of a syntax error; None if the program failed for another reason."""
    match = _AT.search(said)
    return None if match is None else (int(match[1]), int(match[2]), _TRAIL.sub("", match[3]).strip())
