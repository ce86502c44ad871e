"""What is found in code: a parameter as it could be declared, and where it was found. Pure."""

import re
from collections.abc import Iterable
from typing import Any

from msgspec import Struct, field
from pydantic import ValidationError

from runyard.scripts import checks
from runyard.scripts.definitions import MOST_OPTIONS, MOST_PARAMETERS, Definition, ParameterType, Style
from runyard.secrets import reserved

_SECRET = re.compile(r"passw(or)?d|passphrase|secret|token|api_?key|credential", re.IGNORECASE)
_NO_DEFAULT = "The default that the code has does not fit the rules it has itself; it is left to the code."
_NO_FLAG = "Its flag can't be passed on: the value reaches the code only as a variable."
_MULTIPLE = frozenset({Style.repeat, Style.spread})


class Found(Struct, frozen=True):
    """One parameter in code: `kind` is text, number, integer, switch, file or json; `line` counts from 1."""

    parser: str
    line: int
    name: str
    kind: str = "text"
    style: Style | None = None
    flag: str = ""
    off: str = ""
    command: str = ""
    required: bool = False
    default: Any = None
    help: str = ""
    label: str = ""
    choices: tuple[str, ...] = ()
    bounds: tuple[float | None, float | None] = (None, None)
    note: str = ""


class Proposal(Struct, frozen=True):
    """A definition that could be taken over as it is, and where it comes from."""

    definition: Definition
    line: int
    parser: str
    note: str = ""


class Finds(Struct):
    """Everything that one look at some code brings."""

    found: list[Found] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def proposals(found: Iterable[Found], language: str) -> list[Proposal]:
    """Return a proposal for each find, in the order of the code; keys are unique and none is reserved."""
    made: list[Proposal] = []
    taken: set[str] = set()
    for item in sorted(found, key=lambda one: one.line):
        if item.style is None and item.name in taken:
            # A variable is read in many places; the first one tells of it.
            continue
        key = _key(item.name, language, taken)
        proposal = _proposal(item, key, language)
        if proposal is not None and len(made) < MOST_PARAMETERS:
            taken |= {key, item.name}
            made.append(proposal)
    return made


def _key(name: str, language: str, taken: set[str]) -> str:
    key = re.sub(r"\W", "_", name, flags=re.ASCII).strip("_")[: reserved.LONGEST_KEY - 4] or "value"
    if key[0].isdigit():
        key = f"n{key}"
    if reserved.refusal(key, language) is not None:
        key = f"arg_{key}"
    made, number = key, 2
    while made in taken:
        made, number = f"{key}_{number}", number + 1
    return made


def _proposal(item: Found, key: str, language: str) -> Proposal | None:
    argument = None
    if item.style is not None:
        argument = {"style": item.style, "flag": item.flag, "off": item.off, "command": item.command}
    facts: dict[str, Any] = {
        "key": key,
        "label": (item.label or item.name.replace("_", " ").replace("-", " ").strip().capitalize())[:200],
        "type": _kind(item, language),
        # The code itself demands what only one of its sub-commands needs.
        "required": item.required and item.default is None and not item.command,
        "help": item.help[:2000],
        "argument": argument,
    }
    kind = facts["type"]
    if kind in {"select", "multiselect"}:
        facts["options"] = [{"value": choice} for choice in dict.fromkeys(item.choices)][:MOST_OPTIONS]
    if kind == "number":
        facts["min"], facts["max"] = item.bounds
        facts["step"] = 1 if item.kind == "integer" else None
    default = _default(item, kind)
    attempts: tuple[tuple[dict[str, Any], str], ...] = (
        ({**facts, "default": default}, ""),
        (facts, _NO_DEFAULT),
        ({**facts, "argument": None}, _NO_FLAG),
    )
    for attempt, left_out in attempts:
        try:
            definition = Definition.model_validate(attempt)
        except ValidationError:
            continue
        if not checks.findings([definition], language):
            return Proposal(definition, item.line, item.parser, item.note or left_out)
    return None


def _kind(item: Found, language: str) -> str:
    multiple = item.style in _MULTIPLE
    if item.choices:
        return "multiselect" if multiple else "select"
    if multiple:
        return "textarea"
    kinds = {"integer": "number", "number": "number", "switch": "switch", "file": "file", "json": "json"}
    kind = kinds.get(item.kind, "text")
    shown = language in checks.WITH_HIDDEN_ARGUMENTS or item.style is None
    if kind == "text" and _SECRET.search(item.name) and shown:
        kind = "password"
    return kind


def _default(item: Found, kind: str) -> Any:
    value = item.default
    if value is None or kind == ParameterType.file:
        return None
    if kind == "switch":
        return bool(value)
    if kind == "number":
        return value if isinstance(value, int | float) and not isinstance(value, bool) else _number(value)
    if kind == "multiselect":
        return [str(part) for part in value] if isinstance(value, list | tuple) else None
    if kind == "textarea":
        return "\n".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) and str(value) else None


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
