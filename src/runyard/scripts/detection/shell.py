"""Parameters in shell: ``getopts``, loops over ``$1``, places, and variables with defaults."""

import re
from typing import Any

from runyard.scripts.definitions import Style
from runyard.scripts.detection.proposals import Finds, Found
from runyard.scripts.detection.syntax import line, parse, text, walk

_FUNCTIONS = frozenset({"function_definition"})
_OPTION = re.compile(r"--?[A-Za-z][\w-]*")
_DEFAULTS = frozenset({":-", "-", ":=", "=", ":?", "?"})
MOST_PLACES = 20


def look(code: str) -> Finds:
    """Find parameters outside of functions, where ``$1`` is the script's own."""
    nodes = list(walk(parse("shell", code), into=_FUNCTIONS))
    finds = Finds()
    finds.found += _getopts(nodes)
    if not finds.found:
        finds.found += _loop(nodes)
    if not finds.found:
        finds.found += _places(nodes)
    finds.found += _variables(nodes)
    return finds


def _getopts(nodes: list[Any]) -> list[Found]:
    found = []
    for node in nodes:
        words = node.named_children if node.type == "command" else []
        if not words or text(words[0]) != "getopts" or len(words) < 2:  # noqa: PLR2004 - with its letters
            continue
        letters = text(words[1]).strip("\"'").lstrip(":")
        names = _assigned(nodes)
        for letter, colon in re.findall(r"([A-Za-z0-9])(:?)", letters):
            style = Style.pair if colon else Style.switch
            kind = "text" if colon else "switch"
            name = names.get(letter, f"option_{letter}")
            found.append(Found("getopts", line(node), name, kind=kind, style=style, flag=f"-{letter}"))
    return found


def _assigned(nodes: list[Any]) -> dict[str, str]:
    """Return, for each letter that a case looks for, the variable that it sets."""
    names = {}
    for node in nodes:
        if node.type != "case_item" or not node.named_children:
            continue
        for child in walk(node):
            if child.type == "variable_assignment":
                names[text(node.named_children[0])] = text(child.child_by_field_name("name")).lower()
                break
    return names


def _loop(nodes: list[Any]) -> list[Found]:
    """Find what a loop with ``case "$1" in --size) …; shift 2`` takes."""
    found = []
    for node in nodes:
        if node.type != "case_statement" or text(node.child_by_field_name("value")).strip("\"'{}$") not in {"1", "key"}:
            continue
        for item in node.named_children:
            if item.type != "case_item":
                continue
            body = text(item)
            patterns = body.partition(")")[0].split("|")
            flags = [word.strip() for word in patterns if _OPTION.fullmatch(word.strip())]
            long = next((flag for flag in flags if flag.startswith("--")), flags[0] if flags else "")
            if not long or long in {"--help", "-h", "--version"}:
                continue
            takes = re.search(r"\$\{?2\b", body) is not None
            style, kind = (Style.pair, "text") if takes else (Style.switch, "switch")
            found.append(Found("case", line(item), long.lstrip("-"), kind=kind, style=style, flag=long))
    return found


def _places(nodes: list[Any]) -> list[Found]:
    places: dict[int, Found] = {}
    for node in nodes:
        if node.type not in {"simple_expansion", "expansion"} or not node.named_children:
            continue
        name = text(node.named_children[0])
        if name.isdigit() and 1 <= int(name) <= MOST_PLACES and int(name) not in places:
            default, required = _default(node)
            own = _target(node) or f"arg{name}"
            places[int(name)] = Found(
                "positional", line(node), own, style=Style.position, default=default, required=required
            )
    last, at = max(places, default=0), min((item.line for item in places.values()), default=0)
    made = []
    for place in range(1, last + 1):
        item = places.get(place) or Found("positional", at, f"arg{place}", style=Style.position)
        # All on one line, since their order is what counts.
        note = f"Read in line {item.line}." if item.line != at else ""
        made.append(
            Found(
                item.parser,
                at,
                item.name,
                style=item.style,
                default=item.default,
                required=item.required,
                label=f"${place}" if item.name.startswith("arg") else "",
                note=note,
            )
        )
    return made


def _target(node: Any) -> str:
    """Return the variable that a value is assigned to at once, lower-cased; empty if there is none."""
    above = node.parent
    while above is not None and above.type in {"string", "concatenation"}:
        above = above.parent
    if above is None or above.type != "variable_assignment":
        return ""
    return text(above.child_by_field_name("name")).lower()


def _default(node: Any) -> tuple[str | None, bool]:
    """Return the default of ``${X:-default}``, and whether ``${X:?}`` demands a value."""
    signs = [text(child) for child in node.children if text(child) in _DEFAULTS]
    if not signs:
        return None, False
    if signs[0].endswith("?"):
        return None, True
    rest = text(node)[2:-1].partition(signs[0])[2].strip("\"'")
    return (rest if rest and "$" not in rest and "`" not in rest else None), False


def _variables(nodes: list[Any]) -> list[Found]:
    """Find ``${NAME:-default}`` and ``${NAME:?message}``: variables that are meant to come from outside."""
    found = []
    for node in nodes:
        if node.type != "expansion" or not node.named_children:
            continue
        name = text(node.named_children[0])
        signs = [text(child) for child in node.children if text(child) in _DEFAULTS]
        if signs and re.fullmatch(r"[A-Za-z_]\w*", name):
            default, required = _default(node)
            found.append(Found("environment", line(node), name, default=default, required=required))
    return found
