"""Parameters declared in comments: ``# @param {number} SIZE=800 Longest side``."""

import re
from typing import Any

from runyard.scripts.detection.proposals import Found

_LINE = re.compile(
    r"^[ \t]*(?:\#|//)[ \t]*@param[ \t]+(?:\{(?P<type>[^}\n]*)\}[ \t]*)?"
    r"(?:\[(?P<optional>[A-Za-z_]\w*)(?:=(?P<inner>[^\]\n]*))?\]|(?P<name>[A-Za-z_]\w*)(?:=(?P<default>\"[^\"\n]*\"|\S*))?)"
    r"[ \t]*(?:-[ \t]+)?(?P<help>[^\n]*)$",
    re.MULTILINE | re.ASCII,
)
_KINDS = {"number": "number", "float": "number", "int": "integer", "integer": "integer", "boolean": "switch"} | {
    "bool": "switch",
    "switch": "switch",
    "file": "file",
    "json": "json",
    "object": "json",
}


def look(code: str) -> list[Found]:
    """Find the declarations; a type may list choices, ``{jpeg|png}``. Each reaches the code as a variable."""
    found = []
    for part in _LINE.finditer(code):
        kind = (part["type"] or "text").strip()
        choices = tuple(choice.strip() for choice in kind.split("|")) if "|" in kind else ()
        default: Any = part["inner"] if part["optional"] else part["default"]
        default = default.strip("\"'") if default else None
        if _KINDS.get(kind) == "switch" and default is not None:
            default = default.lower() in {"true", "yes", "1", "on"}
        found.append(
            Found(
                "@param",
                code.count("\n", 0, part.start()) + 1,
                part["optional"] or part["name"],
                kind=_KINDS.get(kind, "text"),
                required=part["optional"] is None and not default and default is not False,
                default=default,
                help=part["help"].strip(),
                choices=choices,
            )
        )
    return found
