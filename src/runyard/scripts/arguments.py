"""Values on a command line, for code that reads its parameters there. Pure.

Nothing that a user types can become an option: values are joined to long flags (``--size=-5``), and what stands by
itself comes after ``--`` where a parser would take it for a flag.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from runyard.scripts.definitions import MASK, Argument, Definition, Style
from runyard.scripts.encoding import encode

_MARK = "\0"
"""Stands around the key of a password; no value can hold it."""


def command_line(definitions: Iterable[Definition], values: Mapping[str, Any]) -> list[str]:
    """Return the arguments that `values` (files as paths) make; a password is a mark, see `hide`.

    In this order: options of the whole program, the sub-command's name, its options, then what is told by place.
    """
    definitions = tuple(d for d in definitions if d.argument is not None)
    command = next((encode(values[d.key]) for d in definitions if _is_command(d) and values.get(d.key) is not None), "")
    before: list[str] = []
    after: list[str] = []
    bare: list[str] = []
    positions: list[str | None] = []
    greedy = False
    for definition in definitions:
        argument = definition.argument
        if argument is None or argument.style is Style.command or argument.command not in ("", command):
            continue
        value = values.get(definition.key)
        if argument.style is Style.position:
            positions.append(None if value is None else _text(definition, value))
        elif value is not None:
            own = after if argument.command else before
            (bare if _is_bare(argument) else own).extend(_words(definition, argument, value))
            greedy |= argument.style is Style.spread and bool(argument.flag)
    while positions and positions[-1] is None:
        positions.pop()
    if bare and (greedy or any(word.startswith("-") for word in bare)):
        bare.insert(0, "--")
    chosen = [command] if command else []
    return [*before, *chosen, *after, *bare, *(word or "" for word in positions)]


class Hidden(Struct, frozen=True):
    """A password on a command line: which word it is in, after what, and the variable that has it."""

    at: int
    before: str
    key: str


def hide(line: Iterable[str]) -> tuple[list[str], list[Hidden]]:
    """Return a command line that everybody may see, and what is to be put in within the process."""
    words = list(line)
    found = [Hidden(at, *word.split(_MARK)[:2]) for at, word in enumerate(words) if _MARK in word]
    for hidden in found:
        words[hidden.at] = hidden.before + MASK
    return words, found


def dangling(definitions: Iterable[Definition], values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return (key, sentence) for values that a parser would take for a flag wherever they stood."""
    found = []
    for definition in definitions:
        argument, value = definition.argument, values.get(definition.key)
        if argument is None or value is None:
            continue
        spread = argument.style is Style.spread and argument.flag
        items = _items(value) if spread else [encode(value)] if argument.style is Style.command else []
        if any(item.startswith("-") for item in items):
            found.append((definition.key, "What begins with a hyphen would be read as an option here."))
    return found


def _is_command(definition: Definition) -> bool:
    return definition.argument is not None and definition.argument.style is Style.command


def _is_bare(argument: Argument) -> bool:
    return argument.style is Style.positional or (argument.style is Style.spread and not argument.flag)


def _words(definition: Definition, argument: Argument, value: Any) -> list[str]:
    match argument.style:
        case Style.switch:
            flag = argument.flag if value else argument.off
            return [flag] if flag else []
        case Style.times:
            return [argument.flag] * max(0, min(int(value), 100))
        case Style.repeat:
            return [word for item in _items(value) for word in _joined(argument.flag, item)]
        case Style.spread:
            items = _items(value)
            return [argument.flag, *items] if argument.flag and items else items
        case Style.pair:
            return [argument.flag, _text(definition, value)]
        case Style.option:
            return _joined(argument.flag, _text(definition, value))
        case _:
            return [_text(definition, value)]


def _joined(flag: str, text: str) -> list[str]:
    if flag.startswith("--"):
        return [f"{flag}={text}"]
    # Parsers differ on short flags; all take the two apart, and attached is what keeps a hyphen from being a flag.
    return [f"{flag}{text}"] if text.startswith("-") else [flag, text]


def _items(value: Any) -> list[str]:
    if isinstance(value, list | tuple):
        return [encode(item) for item in value]
    text = encode(value)
    return [line for line in text.splitlines() if line]


def _text(definition: Definition, value: Any) -> str:
    return f"{_MARK}{definition.key}{_MARK}" if definition.secret else encode(value, definition.type)
