"""Which helper programs this machine has, and how to get the ones it lacks."""

import functools
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

import runyard.web
from runyard.environments.interpreters import find_node
from runyard.errors import Problem

FIX = "pip install 'runyard[editor]'"
_TOOLS = Path(runyard.web.__file__).parent / "static" / "tools"
_PRETTIER = _TOOLS / "prettier"
_TYPESCRIPT = _TOOLS / "typescript" / "node_modules"
_NEEDED = ("standalone.mjs", "plugins/babel.mjs", "plugins/estree.mjs", "version.txt")
_SERVER_NEEDED = ("typescript-language-server/lib/cli.mjs", "typescript/lib/tsserver.js", "@types/node/package.json")
_PATIENCE_S = 20
_VERSION = re.compile(r"\d+\.\d+[\w.+-]*")


class Program(Struct, frozen=True):
    """A helper that is there. `reads` is what it needs to see of the machine besides the system's own files."""

    name: str
    path: Path
    version: str
    reads: tuple[Path, ...]


class Lack(Struct, frozen=True):
    """A helper that is not there, and how to get it."""

    name: str
    fix: str


@functools.cache
def find(name: str) -> Program | Lack:
    """Return a program that stands beside our own Python or on PATH; asks it for its version once, in some ms."""
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.is_file() else shutil.which(name)
    if found is None:
        return Lack(name, FIX)
    path = Path(found).resolve()
    try:
        told = subprocess.run(
            [path, "--version"],
            capture_output=True,
            text=True,
            timeout=_PATIENCE_S,
            check=False,
            stdin=subprocess.DEVNULL,
            env={},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Lack(name, f"{path} does not start: {error}")
    version = _VERSION.search(told.stdout)
    return Program(name, path, version[0] if version else "", (path,))


@functools.cache
def find_prettier(tools: Path = _PRETTIER) -> Program | Lack:
    """Return the Prettier that comes with the page, run by Node.js; `path` is the latter's."""
    return _find_by_node("prettier", tools, _NEEDED, lambda: (tools / "version.txt").read_text().strip())


@functools.cache
def find_typescript(tools: Path = _TYPESCRIPT) -> Program | Lack:
    """Return the language server of JavaScript that comes with the page, run by Node.js; `path` is the latter's."""
    name = "typescript-language-server"
    return _find_by_node(
        name, tools, _SERVER_NEEDED, lambda: str(json.loads((tools / name / "package.json").read_text())["version"])
    )


def _find_by_node(name: str, tools: Path, needed: tuple[str, ...], version: Callable[[], str]) -> Program | Lack:
    """Return what stands in `tools`, which is the last of what the program reads."""
    if not all((tools / file).is_file() for file in needed):
        return Lack(name, "It comes with the built page: npm run build in frontend/.")
    try:
        node = find_node()
    except Problem as problem:
        return Lack(name, problem.detail)
    return Program(name, node.path, version(), (node.path, *node.roots, tools))
