"""Parameters that ``typer`` reads: from the signatures of its commands."""

import ast
from typing import Any

from runyard.scripts.definitions import Style
from runyard.scripts.detection.proposals import Finds, Found
from runyard.scripts.detection.python import MISSING, Source

_KINDS = {
    "int": "integer",
    "float": "number",
    "bool": "switch",
    "str": "text",
    "typer.FileText": "file",
    "typer.FileBinaryRead": "file",
}
_LISTS = frozenset({"list", "List", "typing.List", "tuple", "typing.Tuple", "set"})
Function = ast.FunctionDef | ast.AsyncFunctionDef


def look(source: Source) -> Finds:
    """Find the parameters of every command."""
    finds = Finds()
    functions = {node.name: node for node in source.nodes if isinstance(node, Function)}
    apps = {
        target.id
        for node in source.nodes
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        if source.full(node.value.func) == "typer.Typer"
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    commands: list[tuple[str, Function]] = []
    before: list[Function] = []
    for function in functions.values():
        for decorator in function.decorator_list:
            name = source.full(decorator.func if isinstance(decorator, ast.Call) else decorator)
            owner, _, kind = name.rpartition(".")
            if owner in apps and kind == "command":
                given = source.texts(decorator) if isinstance(decorator, ast.Call) else []
                commands.append(((given or [function.name.replace("_", "-")])[0], function))
            elif owner in apps and kind == "callback":
                before.append(function)
    for call in source.calls():
        if source.full(call.func) == "typer.run" and call.args and isinstance(call.args[0], ast.Name):
            commands += [("", functions[call.args[0].id])] if call.args[0].id in functions else []
    several = len(commands) > 1 or (bool(before) and bool(commands))
    if several:
        names = tuple(name for name, _function in commands)
        line = min(function.lineno for _name, function in commands)
        finds.found.append(Found("typer", line, "command", style=Style.command, choices=names, required=True))
    for name, function in [*(("", one) for one in before), *commands]:
        for argument, default in _signature(function):
            found = _parameter(source, argument, default, name if several else "")
            finds.found += [found] if found is not None else []
    return finds


def _signature(function: Function) -> list[tuple[ast.arg, ast.expr | None]]:
    given = function.args
    plain = [*given.posonlyargs, *given.args]
    defaults: list[ast.expr | None] = [*([None] * (len(plain) - len(given.defaults))), *given.defaults]
    return [*zip(plain, defaults, strict=True), *zip(given.kwonlyargs, given.kw_defaults, strict=True)]


def _parameter(source: Source, argument: ast.arg, default: ast.expr | None, command: str) -> Found | None:
    kind, info = argument.annotation, None
    if isinstance(kind, ast.Subscript) and source.full(kind.value).endswith("Annotated"):
        parts = kind.slice.elts if isinstance(kind.slice, ast.Tuple) else [kind.slice]
        kind, info = parts[0], next((part for part in parts[1:] if isinstance(part, ast.Call)), None)
    if isinstance(default, ast.Call) and source.full(default.func) in {"typer.Option", "typer.Argument"}:
        info = default
        default = default.args[0] if default.args else source.words(default).get("default")
    if source.full(kind) == "typer.Context" if kind is not None else False:
        return None
    value = source.literal(default)
    missing = default is None or value is Ellipsis
    optional, many, name, choices = _type(source, kind)
    words = source.words(info) if info is not None else {}
    positional = source.full(info.func) == "typer.Argument" if info is not None else missing
    flags = [text for text in (source.texts(info) if info is not None else []) if text.startswith("-")]
    long = next(
        (flag for flag in flags if flag.startswith("--")), (flags or ["--" + argument.arg.replace("_", "-")])[0]
    )
    bounds = (_bound(source, words, "min"), _bound(source, words, "max"))
    facts: dict[str, Any] = {
        "kind": name,
        "choices": choices,
        "command": command,
        "required": missing and not optional,
        "default": None if value is MISSING or missing else value,
        "help": str(source.value(words, "help") or ""),
        "bounds": bounds if name in {"integer", "number"} else (None, None),
    }
    if choices and isinstance(default, ast.Attribute):
        facts["default"] = _member(source, default, choices)
    where = ("typer", argument.lineno, argument.arg)
    if positional:
        return Found(*where, style=Style.spread if many else Style.positional, **facts)
    if name == "switch":
        flag, _, off = long.partition("/")
        named = "/" in long or bool(flags)
        no = off or ("" if named else "--no-" + flag.removeprefix("--"))
        return Found(*where, style=Style.switch, flag=flag, off=no, **{**facts, "default": bool(facts["default"])})
    if source.value(words, "count") is True:
        return Found(*where, style=Style.times, flag=long, **facts)
    return Found(*where, style=Style.repeat if many else Style.option, flag=long, **facts)


def _type(source: Source, node: ast.expr | None) -> tuple[bool, bool, str, tuple[str, ...]]:
    """Return (may be None, is a list, kind, choices) of an annotation."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        sides = (node.left, node.right)
        parts = [part for part in sides if not (isinstance(part, ast.Constant) and part.value is None)]
        _none, many, kind, choices = _type(source, parts[0] if parts else None)
        return True, many, kind, choices
    if isinstance(node, ast.Subscript):
        outer = source.full(node.value)
        inner = node.slice.elts[0] if isinstance(node.slice, ast.Tuple) and node.slice.elts else node.slice
        if outer.rpartition(".")[2] == "Literal":
            values = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
            known = [value for value in map(source.literal, values) if value is not MISSING]
            return False, False, "text", tuple(map(str, known))
        none, many, kind, choices = _type(source, inner)
        return none or outer.endswith("Optional"), many or outer in _LISTS, kind, choices
    if node is None:
        return False, False, "text", ()
    choices = _enum(source, source.full(node))
    return False, False, _KINDS.get(source.full(node), "text"), choices


def _enum(source: Source, name: str) -> tuple[str, ...]:
    return tuple(value for _member_name, value in _members(source, name))


def _members(source: Source, name: str) -> list[tuple[str, str]]:
    for node in source.nodes:
        if isinstance(node, ast.ClassDef) and node.name == name and any("Enum" in source.full(b) for b in node.bases):
            return [
                (target.id, str(value))
                for statement in node.body
                if isinstance(statement, ast.Assign) and (value := source.literal(statement.value)) is not MISSING
                for target in statement.targets
                if isinstance(target, ast.Name)
            ]
    return []


def _member(source: Source, node: ast.Attribute, choices: tuple[str, ...]) -> str | None:
    owner, _, name = source.full(node).removesuffix(".value").rpartition(".")
    return next((value for member, value in _members(source, owner) if member == name and value in choices), None)


def _bound(source: Source, words: dict[str, ast.expr], name: str) -> float | None:
    value = source.value(words, name)
    return value if isinstance(value, int | float) else None
