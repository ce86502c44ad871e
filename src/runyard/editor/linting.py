"""What linters say of a script's code, in one shape. Pure: command lines and the reading of answers."""

import json
import re
from collections.abc import Iterator
from typing import Any, Literal

from msgspec import Struct

from runyard.editor.positions import Place, Ruler
from runyard.editor.problems import ProgramFailed

Severity = Literal["error", "warning", "info"]
MOST = 500
_RULES = "E4,E7,E9,F,B,PLE,W605"
_LONGEST = 1000
_BASH = re.compile(r"^[^:]*:\s*(?:line\s+)?(\d+):\s*(.*)$")
_SHELL_LEVELS: dict[str, Severity] = {"error": "error", "warning": "warning", "info": "info", "style": "info"}
_RULE = re.compile(r"^[\w-]+\((.+)\)$")


class Edit(Struct, frozen=True):
    """Text that is to stand in the place of another."""

    start: Place
    end: Place
    text: str


class Fix(Struct, frozen=True):
    """What would mend a finding."""

    title: str
    edits: tuple[Edit, ...]


class Finding(Struct, frozen=True):
    """One thing that a linter does not like."""

    start: Place
    end: Place
    severity: Severity
    code: str
    message: str
    url: str = ""
    fix: Fix | None = None


def ruff(program: str) -> tuple[str, ...]:
    """Return the command line that reads Python from its input."""
    return (
        *(program, "check", "--isolated", "--no-cache", "--quiet", "--output-format", "json"),
        *("--select", _RULES, "--stdin-filename", "main.py", "-"),
    )


def read_ruff(answer: str, code: str) -> list[Finding]:
    """Read what ruff says of `code`; raise `ProgramFailed` if it is no answer."""
    ruler = Ruler(code)
    found = []
    for item in _list(answer, "ruff"):
        rule = item.get("code") or ""
        broken = not rule or rule == "invalid-syntax"
        fix = item.get("fix")
        found.append(
            Finding(
                start=_ruff_place(ruler, item["location"]),
                end=_ruff_place(ruler, item["end_location"]),
                severity="error" if broken or rule in {"F821", "E999"} or rule.startswith("PLE") else "warning",
                code="" if broken else rule,
                message=_short(item["message"]),
                url=item.get("url") or "",
                fix=_ruff_fix(ruler, fix) if fix and fix.get("applicability") == "safe" else None,
            )
        )
    return found


def oxlint(program: str, file: str) -> tuple[str, ...]:
    """Return the command line that reads JavaScript from a file of the working directory."""
    return (program, "--format", "json", "--no-ignore", "--allow", "no-unused-expressions", file)


def read_oxlint(answer: str, code: str) -> list[Finding]:
    """Read what oxlint says of `code`; raise `ProgramFailed` if it is no answer."""
    ruler = Ruler(code)
    found = []
    for item in _object(answer, "oxlint").get("diagnostics", []):
        labels = item.get("labels") or [{"span": {"offset": 0, "length": 0}}]
        span = labels[0]["span"]
        rule = item.get("code") or ""
        named = _RULE.match(rule)
        helped = f" {item['help']}" if item.get("help") else ""
        found.append(
            Finding(
                start=ruler.at_byte(span["offset"]),
                end=ruler.at_byte(span["offset"] + span["length"]),
                severity="error" if item.get("severity") == "error" else "warning",
                code=named[1] if named else rule,
                message=_short(item["message"] + helped),
                url=item.get("url") or "",
            )
        )
    return found


def shellcheck(program: str) -> tuple[str, ...]:
    """Return the command line that reads Bash from its input."""
    return (program, "--norc", "--format", "json1", "--shell", "bash", "-")


def read_shellcheck(answer: str, code: str) -> list[Finding]:
    """Read what ShellCheck says of `code`; raise `ProgramFailed` if it is no answer."""
    ruler = Ruler(code)
    found = []
    for item in _object(answer, "shellcheck").get("comments", []):
        rule = f"SC{item['code']}"
        fix = item.get("fix")
        found.append(
            Finding(
                start=ruler.at(item["line"], item["column"]),
                end=ruler.at(item["endLine"], item["endColumn"]),
                severity=_SHELL_LEVELS.get(item["level"], "warning"),
                code=rule,
                message=_short(item["message"]),
                url=f"https://www.shellcheck.net/wiki/{rule}",
                fix=_shell_fix(ruler, fix["replacements"]) if fix else None,
            )
        )
    return found


def bash(file: str) -> tuple[str, ...]:
    """Return the command line that only looks at the syntax of a file."""
    return ("/bin/bash", "-n", file)


def read_bash(said: str, code: str) -> list[Finding]:
    """Read what Bash says on standard error about a syntax that it does not understand."""
    ruler = Ruler(code)
    found = []
    for line in said.splitlines():
        if (match := _BASH.match(line)) and "`" not in match[2][:1]:
            row = int(match[1])
            found.append(Finding(ruler.at(row, 1), ruler.at(row, 1_000_000), "error", "", _short(match[2])))
    return found


def _ruff_place(ruler: Ruler, place: dict[str, int]) -> Place:
    return ruler.at(place["row"], place["column"])


def _ruff_fix(ruler: Ruler, fix: dict[str, Any]) -> Fix:
    edits = tuple(
        Edit(_ruff_place(ruler, edit["location"]), _ruff_place(ruler, edit["end_location"]), edit["content"])
        for edit in fix["edits"]
    )
    return Fix(_short(fix.get("message") or ""), edits)


def _shell_fix(ruler: Ruler, replacements: list[dict[str, Any]]) -> Fix:
    edits = tuple(
        Edit(ruler.at(one["line"], one["column"]), ruler.at(one["endLine"], one["endColumn"]), one["replacement"])
        for one in sorted(replacements, key=lambda one: (one["line"], one["column"], -one["precedence"]))
    )
    return Fix("", edits)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _list(answer: str, program: str) -> Iterator[dict[str, Any]]:
    read = _json(answer or "[]", program)
    if not isinstance(read, list):
        raise ProgramFailed(f"{program} gave no answer that can be read.")
    yield from read[:MOST]


def _object(answer: str, program: str) -> dict[str, Any]:
    read = _json(answer, program)
    if not isinstance(read, dict):
        raise ProgramFailed(f"{program} gave no answer that can be read.")
    for key in ("diagnostics", "comments"):
        if key in read:
            read[key] = read[key][:MOST]
    return read


def _json(answer: str, program: str) -> Any:
    try:
        return json.loads(answer)
    except ValueError as error:
        raise ProgramFailed(f"{program} gave no answer that can be read.") from error
