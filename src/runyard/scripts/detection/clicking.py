"""Parameters that ``click`` reads."""

import ast
from typing import Any

from runyard.scripts.definitions import Style
from runyard.scripts.detection.proposals import Finds, Found
from runyard.scripts.detection.python import Source

_KINDS = {"int": "integer", "click.INT": "integer", "float": "number", "click.FLOAT": "number", "bool": "switch"}
_RANGES = {"click.IntRange": "integer", "click.FloatRange": "number"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def look(source: Source) -> Finds:
    """Find the options and arguments of every command, those of a group's commands under their names."""
    finds = Finds()
    groups: set[str] = set()
    commands: list[tuple[str, int]] = []
    for node in source.nodes:
        if not isinstance(node, Function):
            continue
        decorators = [(call, source.full(_called(call))) for call in node.decorator_list]
        kinds = {name.rpartition(".")[2] for _call, name in decorators if name}
        command = ""
        if "group" in kinds and any(name == "click.group" for _call, name in decorators):
            groups.add(node.name)
        for call, name in decorators:
            owner, _, attribute = name.rpartition(".")
            if attribute == "command" and owner in groups:
                given = source.texts(call) if isinstance(call, ast.Call) else []
                words = source.words(call) if isinstance(call, ast.Call) else {}
                command = (given or [source.value(words, "name") or node.name.replace("_", "-")])[0]
                commands.append((command, node.lineno))
        for call, name in decorators:
            if isinstance(call, ast.Call) and name in {"click.option", "click.argument"}:
                read = _option if name == "click.option" else _argument
                found = read(source, call, command)
                finds.found += [found] if found is not None else []
    if commands:
        names = tuple(dict.fromkeys(name for name, _line in commands))
        finds.found.append(Found("click", commands[0][1], "command", style=Style.command, choices=names, required=True))
    return finds


def _called(node: ast.expr) -> ast.expr:
    return node.func if isinstance(node, ast.Call) else node


def _option(source: Source, call: ast.Call, command: str) -> Found | None:
    words, names = source.words(call), source.texts(call)
    flags = [name for name in names if name.startswith("-")]
    long = next((flag for flag in flags if flag.startswith("--")), flags[0] if flags else "")
    if not long:
        return None
    flag, _, off = long.partition("/")
    own = next((name for name in names if not name.startswith("-")), flag.strip().lstrip("-"))
    facts = _facts(source, words, command)
    facts["required"] = source.value(words, "required") is True or (
        "prompt" in words and source.value(words, "prompt") is not False
    )
    where = ("click", call.lineno, own)
    if off or source.value(words, "is_flag") is True:
        facts |= {"kind": "switch", "default": bool(facts["default"])}
        return Found(*where, style=Style.switch, flag=flag.strip(), off=off.strip(), **facts)
    if source.value(words, "count") is True:
        facts |= {"kind": "integer", "bounds": (0, 9), "default": facts["default"] or 0}
        return Found(*where, style=Style.times, flag=flag, **facts)
    if facts["kind"] == "switch":
        facts |= {"kind": "text", "choices": ("true", "false")}
    style = Style.repeat if source.value(words, "multiple") is True else Style.option
    return Found(*where, style=style, flag=flag.strip(), **facts)


def _argument(source: Source, call: ast.Call, command: str) -> Found | None:
    words, names = source.words(call), source.texts(call)
    if not names:
        return None
    facts = _facts(source, words, command)
    nargs = source.value(words, "nargs", 1)
    optional = source.value(words, "required") is False or facts["default"] is not None
    facts["required"] = not optional if nargs == 1 else source.value(words, "required") is True
    style = Style.positional if nargs == 1 else Style.spread
    return Found("click", call.lineno, names[0], style=style, **facts)


def _facts(source: Source, words: dict[str, ast.expr], command: str) -> dict[str, Any]:
    default = source.value(words, "default")
    facts: dict[str, Any] = {
        "help": str(source.value(words, "help") or ""),
        "default": default,
        "command": command,
        "kind": "text",
    }
    kind = words.get("type")
    if kind is None:
        kinds = {int: "integer", float: "number", bool: "switch"}
        return {**facts, "kind": kinds.get(type(default), "text")}
    if not isinstance(kind, ast.Call):
        return {**facts, "kind": _KINDS.get(source.full(kind), "text")}
    name, inner = source.full(kind.func), source.words(kind)
    if name == "click.Choice" and kind.args:
        choices = source.literal(kind.args[0])
        return {**facts, "choices": tuple(map(str, choices)) if isinstance(choices, list | tuple) else ()}
    if name in _RANGES:
        given = [source.literal(argument) for argument in kind.args]
        bounds = [source.value(inner, "min"), source.value(inner, "max")]
        for place, value in enumerate(given[:2]):
            bounds[place] = value if isinstance(value, int | float) else None
        return {**facts, "kind": _RANGES[name], "bounds": (bounds[0], bounds[1])}
    if name == "click.File":
        return {**facts, "kind": "file" if (source.texts(kind) or ["r"])[0][:1] == "r" else "text"}
    reads = name == "click.Path" and source.value(inner, "exists") is True and source.value(inner, "dir_okay") is False
    return {**facts, "kind": "file" if reads else "text"}
