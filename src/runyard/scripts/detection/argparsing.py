"""Parameters that ``argparse`` reads."""

import ast
from typing import Any

from runyard.scripts.definitions import Style
from runyard.scripts.detection.proposals import Finds, Found
from runyard.scripts.detection.python import MISSING, Source

_KINDS = {"int": "integer", "float": "number", "argparse.FileType": "file", "json.loads": "json"}
_ALONE = frozenset({"help", "version"})


def look(source: Source) -> Finds:
    """Find the arguments of every parser, those of sub-commands under their names."""
    finds = Finds()
    parsers: dict[str, str] = {}
    groups: dict[str, str] = {}
    commands: list[tuple[str, str, int]] = []
    targets = {
        id(node.value): target.id
        for node in source.nodes
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for call in source.calls():
        target = targets.get(id(call), "")
        if source.full(call.func) == "argparse.ArgumentParser":
            parsers[target] = ""
            continue
        if not isinstance(call.func, ast.Attribute):
            continue
        owner = _owner(call.func.value)
        match call.func.attr:
            case "add_argument_group" | "add_mutually_exclusive_group" if owner in parsers:
                parsers[target] = parsers[owner]
            case "add_subparsers" if owner in parsers:
                groups[target] = str(source.value(source.words(call), "dest") or "command")
            case "add_parser" if owner in groups and (given := source.texts(call)):
                parsers[target] = given[0]
                commands.append((groups[owner], given[0], call.lineno))
            case "add_argument" if owner in parsers:
                found = _argument(source, call, parsers[owner])
                finds.found += [found] if found is not None else []
    if commands:
        names = tuple(dict.fromkeys(name for _dest, name, _line in commands))
        first = commands[0]
        finds.found.append(Found("argparse", first[2], first[0], style=Style.command, choices=names, required=True))
    return finds


def _owner(node: ast.expr) -> str:
    """Return the variable that a method is called on, through groups that are made on the way."""
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        node = node.func.value
    return node.id if isinstance(node, ast.Name) else ""


def _argument(source: Source, call: ast.Call, command: str) -> Found | None:
    names, words = source.texts(call), source.words(call)
    action = _action(source, words.get("action"))
    if not names or action in _ALONE:
        return None
    flags = [name for name in names if name.startswith("-")]
    long = next((flag for flag in flags if flag.startswith("--")), flags[0] if flags else "")
    name = str(source.value(words, "dest") or (long.lstrip("-") if flags else names[0]))
    default, nargs = source.literal(words.get("default")), source.value(words, "nargs")
    facts: dict[str, Any] = {
        "kind": _kind(source, words.get("type")),
        "help": str(source.value(words, "help") or "").replace("%(default)s", str(default)).replace("%%", "%"),
        "choices": tuple(map(str, _listed(source.value(words, "choices")))),
        "command": command,
        "default": None if default is MISSING else default,
        "note": "The default is worked out by the code." if default is MISSING and "default" in words else "",
    }
    if not flags:
        many = nargs in {"*", "+", "..."} or (isinstance(nargs, int) and nargs > 1)
        style = Style.spread if many else Style.positional
        required = nargs not in {"*", "?", "..."}
        return Found("argparse", call.lineno, name, style=style, required=required, **facts)
    required = source.value(words, "required") is True
    if action in {"store_true", "store_false", "store_const", "boolean"}:
        off = action == "store_false"
        facts |= {"kind": "switch", "choices": (), "default": facts["default"] if action == "boolean" else off}
        no = "--no-" + long.removeprefix("--")
        return Found(
            "argparse",
            call.lineno,
            name,
            style=Style.switch,
            flag="" if off else long,
            off=long if off else no if action == "boolean" else "",
            **facts,
        )
    if action == "count":
        facts |= {"kind": "integer", "bounds": (0, 9), "default": facts["default"] or 0}
        return Found("argparse", call.lineno, name, style=Style.times, flag=long, **facts)
    many = nargs in {"*", "+"} or (isinstance(nargs, int) and nargs > 1)
    style = Style.repeat if action in {"append", "extend"} else Style.spread if many else Style.option
    return Found("argparse", call.lineno, name, style=style, flag=long, required=required, **facts)


def _action(source: Source, node: ast.expr | None) -> str:
    if node is None:
        return "store"
    if source.full(node) == "argparse.BooleanOptionalAction":
        return "boolean"
    found = source.literal(node)
    return found if isinstance(found, str) else "store"


def _kind(source: Source, node: ast.expr | None) -> str:
    if isinstance(node, ast.Call):
        mode = source.texts(node)
        return "file" if source.full(node.func) == "argparse.FileType" and (mode or ["r"])[0][:1] == "r" else "text"
    return _KINDS.get(source.full(node), "text") if node is not None else "text"


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple | set | dict) else []
