"""Parameters in JavaScript: commander, yargs, ``util.parseArgs``, ``process.argv`` and the environment."""

import re
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from runyard.scripts.definitions import Style
from runyard.scripts.detection.proposals import Finds, Found
from runyard.scripts.detection.syntax import MISSING, line, literal, pairs, parse, text, walk

_FLAGS = re.compile(r"(?:(-\w)[ ,|]+)?(--?[\w-]+)?(?:[ =]*([<\[])([\w.-]+?)(\.\.\.)?[>\]])?")
_PLACE = re.compile(r"[<\[]([\w-]+)(\.{2,3})?[>\]]")
_KINDS = {"number": "number", "boolean": "switch", "count": "integer", "string": "text"}
_FIRST = 2
_ARGUMENTS = {"process.argv": _FIRST, "process.argv.slice(2)": 0}
"""What the arguments are written as, and how many of its items are none."""
_OWN_FLAG = re.compile(r"--?[A-Za-z][\w-]*")
_NO_FLAGS = frozenset({"--help", "-h", "--version", "-v", "-V"})
"""What a person asks for, and no run. A lone ``-v`` may be either."""


def look(code: str) -> Finds:
    """Find parameters, by whichever of the parsers the code names."""
    root = parse("javascript", code)
    nodes = list(walk(root))
    finds = Finds()
    names = {literal(node) for node in nodes if node.type == "string"}
    if names & {"commander", "npm:commander"}:
        finds.found += _commander(nodes)
    if names & {"yargs", "yargs/yargs"}:
        finds.found += _yargs(nodes)
    finds.found += _parse_args(nodes)
    if not finds.found:
        finds.found += [*_places(nodes), *_flags(nodes)]
    finds.found += _environment(nodes)
    return finds


def _calls(nodes: list[Any]) -> list[tuple[int, str, Any, list[Any]]]:
    """Return (where its name stands, the function's or method's name, the call, its arguments), as they are made."""
    found = []
    for node in nodes:
        if node.type in {"call_expression", "new_expression"}:
            callee = node.child_by_field_name("function") or node.child_by_field_name("constructor")
            given = node.child_by_field_name("arguments")
            arguments = [child for child in given.named_children if child.type != "comment"] if given else []
            if callee is not None and callee.type == "member_expression":
                name = callee.child_by_field_name("property")
                found.append((name.start_byte, text(name), node, arguments))
            elif callee is not None and callee.type == "identifier":
                found.append((callee.start_byte, text(callee), node, arguments))
    # A chain of calls is nested from its end: the names stand in the order that people read.
    return sorted(found, key=lambda one: one[0])


def _value(arguments: list[Any], place: int) -> Any:
    return literal(arguments[place]) if place < len(arguments) else MISSING


def _word(arguments: list[Any], place: int) -> str:
    found = _value(arguments, place)
    return found if isinstance(found, str) else ""


# commander


def _commander(nodes: list[Any]) -> list[Found]:
    found: list[Found] = []
    commands: list[tuple[str, int]] = []
    command = ""
    options = {}
    for _at, name, node, arguments in _calls(nodes):
        first = _word(arguments, 0)
        if name == "command" and first:
            command = first.split()[0]
            commands.append((command, line(node)))
            found += [_place(part, line(node), command) for part in _PLACE.finditer(first)]
        elif name in {"option", "requiredOption", "Option"} and first:
            made = _option(first, arguments, line(node), command, required=name == "requiredOption")
            options[line(node), made.name] = len(found)
            found.append(made)
        elif name == "argument" and (part := _PLACE.search(first)):
            default = _value(arguments, 2)
            made = _place(part, line(node), command, _word(arguments, 1))
            found.append(replace(made, default=None if default is MISSING else default))
        elif name in {"choices", "default", "makeOptionMandatory"} and found:
            # What follows `new Option(…)` in its chain.
            value = _value(arguments, 0)
            if name == "choices" and isinstance(value, list):
                found[-1] = replace(found[-1], choices=tuple(map(str, value)))
            elif name == "default" and value is not MISSING:
                found[-1] = replace(found[-1], default=value)
            elif name == "makeOptionMandatory":
                found[-1] = replace(found[-1], required=found[-1].default is None)
    return [*_chosen("commander", commands), *found]


def _option(flags: str, arguments: list[Any], at: int, command: str, *, required: bool) -> Found:
    part = _FLAGS.match(flags.strip())
    short, long, bracket, _name, many = part.groups() if part else (None, None, None, None, None)
    flag = long or short or "--" + re.sub(r"\W", "", flags)
    name = flag.lstrip("-")
    default = next((v for v in (_value(arguments, 3), _value(arguments, 2)) if v is not MISSING), None)
    facts: dict[str, Any] = {"help": _word(arguments, 1), "command": command, "flag": flag}
    parser = ("commander", at)
    if bracket is None:
        if name.startswith("no-"):
            negated = {**facts, "flag": "", "off": flag}
            return Found(*parser, name[3:], kind="switch", style=Style.switch, default=True, **negated)
        return Found(*parser, name, kind="switch", style=Style.switch, default=bool(default), **facts)
    # A second function or Number tells what the text is made into.
    worker = text(arguments[2]) if len(arguments) > 2 else ""  # noqa: PLR2004 - flags, description, worker
    number = worker in {"parseInt", "parseFloat", "Number"} or isinstance(default, int | float)
    kind = "number" if number and not isinstance(default, bool) else "text"
    style = Style.spread if many else Style.option
    return Found(*parser, name, kind=kind, style=style, required=required, default=default, **facts)


def _place(part: re.Match[str], at: int, command: str, about: str = "") -> Found:
    style = Style.spread if part[2] else Style.positional
    required = part[0].startswith("<")
    return Found("commander", at, part[1], style=style, required=required, command=command, help=about)


def _chosen(parser: str, commands: list[tuple[str, int]]) -> list[Found]:
    if not commands:
        return []
    names = tuple(dict.fromkeys(name for name, _line in commands))
    return [Found(parser, commands[0][1], "command", style=Style.command, choices=names, required=True)]


# yargs


def _yargs(nodes: list[Any]) -> list[Found]:
    found: list[Found] = []
    commands: list[tuple[str, int]] = []
    command, until = "", 0
    for at, name, node, arguments in _calls(nodes):
        if at > until:
            # What a chain goes on with is no command's own.
            command = ""
        first = _word(arguments, 0)
        if name == "command" and first:
            words = first.split()
            command = "" if words[0].startswith(("$", "<", "[", "*")) else words[0]
            until = node.end_byte
            if command:
                commands.append((command, line(node)))
        elif name in {"option", "positional"} and first:
            given = pairs(arguments[1]) if len(arguments) > 1 else {}
            found.append(_yargs_option(first, given, line(node), command, positional=name == "positional"))
        elif name in {"option", "options"} and arguments and arguments[0].type == "object":
            found += [
                _yargs_option(key, pairs(value), line(value), command, positional=False)
                for key, value in pairs(arguments[0]).items()
                if value is not None and value.type == "object"
            ]
    return [*_chosen("yargs", commands), *found]


def _yargs_option(name: str, given: dict[str, Any], at: int, command: str, *, positional: bool) -> Found:
    values = {key: literal(node) for key, node in given.items()}
    values = {key: value for key, value in values.items() if value is not MISSING}
    kind = str(values.get("type", ""))
    for other in ("number", "boolean", "count", "array", "string"):
        if values.get(other) is True:
            kind = other
    default = values.get("default")
    if not kind and isinstance(default, bool):
        kind = "boolean"
    if not kind and isinstance(default, int | float):
        kind = "number"
    demanded = values.get("demandOption", values.get("demand", values.get("required")))
    facts: dict[str, Any] = {
        "help": str(values.get("describe") or values.get("description") or values.get("desc") or ""),
        "choices": tuple(map(str, values["choices"])) if isinstance(values.get("choices"), list) else (),
        "required": bool(demanded),
        "default": default,
        "command": command,
        "kind": _KINDS.get(kind, "text"),
    }
    many = kind == "array" or values.get("array") is True
    if positional:
        return Found("yargs", at, name, style=Style.spread if many else Style.positional, **facts)
    flag = f"--{name}" if len(name) > 1 else f"-{name}"
    if kind == "boolean":
        facts |= {"default": bool(default), "required": False}
        return Found("yargs", at, name, style=Style.switch, flag=flag, off=f"--no-{name}" if default else "", **facts)
    if kind == "count":
        return Found("yargs", at, name, style=Style.times, flag=flag, **{**facts, "bounds": (0, 9)})
    return Found("yargs", at, name, style=Style.repeat if many else Style.option, flag=flag, **facts)


# parseArgs of Node itself


def _parse_args(nodes: list[Any]) -> list[Found]:
    found = []
    for _at, name, _node, arguments in _calls(nodes):
        if name != "parseArgs" or not arguments:
            continue
        for key, node in pairs(pairs(arguments[0]).get("options")).items():
            values = {name: literal(value) for name, value in pairs(node).items()}
            switch = values.get("type") == "boolean"
            default = values.get("default")
            style = Style.switch if switch else Style.repeat if values.get("multiple") is True else Style.option
            found.append(
                Found(
                    "util.parseArgs",
                    line(node),
                    key,
                    kind="switch" if switch else "text",
                    style=style,
                    flag=f"--{key}",
                    default=None if default is MISSING else default,
                )
            )
    return found


# process.argv and process.env


def _places(nodes: list[Any]) -> list[Found]:
    names: dict[int, tuple[str, int]] = {}
    for node in nodes:
        if node.type == "subscript_expression" and text(node.child_by_field_name("object")) == "process.argv":
            place = literal(node.child_by_field_name("index"))
            if isinstance(place, int) and _FIRST <= place <= 20:  # noqa: PLR2004 - enough
                names.setdefault(place - _FIRST, (f"arg{place - _FIRST + 1}", line(node)))
        elif node.type == "variable_declarator":
            pattern, value = node.child_by_field_name("name"), text(node.child_by_field_name("value"))
            skipped = _ARGUMENTS.get(value)
            if pattern is None or pattern.type != "array_pattern" or skipped is None:
                continue
            # Holes have no node: the commas tell the places.
            place = 0
            for child in pattern.children:
                if child.type == ",":
                    place += 1
                elif child.type in {"identifier", "assignment_pattern"} and place >= skipped:
                    own = child.child_by_field_name("left") or child
                    names[place - skipped] = (text(own), line(child))
    last = max(names, default=-1)
    at = min((where for _name, where in names.values()), default=0)
    return [
        Found(
            "process.argv",
            at,
            names.get(place, (f"arg{place + 1}", at))[0],
            style=Style.position,
            note=f"Read in line {names[place][1]}." if place in names and names[place][1] != at else "",
        )
        for place in range(last + 1)
    ]


def _flags(nodes: list[Any]) -> list[Found]:
    """Find what is looked up among the arguments by name: a switch, or an option where what follows it is read."""
    sources = {*_ARGUMENTS, *_names(nodes, lambda value: text(value) in _ARGUMENTS)}
    read = {text(node.child_by_field_name("index")) for node in nodes if node.type == "subscript_expression"}
    found: dict[Any, Found] = {}
    for _at, name, node, arguments in _calls(nodes):
        callee, flag = node.child_by_field_name("function"), _word(arguments, 0)
        if name not in {"includes", "indexOf"} or callee is None or not _OWN_FLAG.fullmatch(flag):
            continue
        if text(callee.child_by_field_name("object")) not in sources or flag in _NO_FLAGS:
            continue
        places = [text(node), *_names(nodes, node.__eq__)]
        follows = any(f"{place} + 1" in read or f"{place}+1" in read for place in places)
        one = Found(
            "process.argv",
            line(node),
            flag.lstrip("-"),
            kind="text" if follows else "switch",
            style=Style.pair if follows else Style.switch,
            flag=flag,
            default=None if follows else False,
        )
        # A long and a short name of one switch: the long one is told.
        above = node.parent
        either = above is not None and above.type == "binary_expression" and "||" in map(text, above.children)
        key = above.id if either else flag
        if key not in found or follows or len(flag) > len(found[key].flag):
            found[key] = one
    return list({one.flag: one for one in reversed(found.values())}.values())[::-1]


def _names(nodes: list[Any], fits: Callable[[Any], bool]) -> list[str]:
    """Return the names of variables whose first value fits."""
    return [
        text(node.child_by_field_name("name"))
        for node in nodes
        if node.type == "variable_declarator" and fits(node.child_by_field_name("value"))
    ]


def _environment(nodes: list[Any]) -> list[Found]:
    found = []
    for node in nodes:
        if node.type == "member_expression" and text(node.child_by_field_name("object")) == "process.env":
            name = text(node.child_by_field_name("property"))
        elif node.type == "subscript_expression" and text(node.child_by_field_name("object")) == "process.env":
            value = literal(node.child_by_field_name("index"))
            name = value if isinstance(value, str) else ""
        else:
            continue
        above = node.parent
        default = MISSING
        if above is not None and above.type == "binary_expression" and above.child_by_field_name("left") == node:
            default = literal(above.child_by_field_name("right"))
        if above is not None and above.type == "assignment_expression" and above.child_by_field_name("left") == node:
            continue
        if name and not name.startswith("npm_"):
            kept = default if isinstance(default, str | int | float) and default != "" else None
            found.append(Found("environment", line(node), name, default=kept))
    return found
