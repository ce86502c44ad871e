"""Syntax trees of JavaScript and shell, by tree-sitter: read without being run, broken code too."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

MISSING = object()


@lru_cache(maxsize=4)
def _language(name: str) -> Any:
    # Imported here: only who asks for an analysis needs them.
    import tree_sitter_bash
    import tree_sitter_javascript
    from tree_sitter import Language

    kinds = {"javascript": tree_sitter_javascript.language, "shell": tree_sitter_bash.language}
    return Language(kinds[name]())


def parse(language: str, code: str) -> Any:
    """Return the root of a tree; every parse has a parser of its own, so that threads don't share one."""
    from tree_sitter import Parser

    return Parser(_language(language)).parse(code.encode("utf-8", "surrogatepass")).root_node


def walk(root: Any, *, into: frozenset[str] | None = None) -> Iterator[Any]:
    """Yield a node and all below it in the order of the code, not below kinds in `into`; never recurses."""
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        if into is None or node.type not in into:
            stack.extend(reversed(node.named_children))


def text(node: Any) -> str:
    """Return the code of a node."""
    return str(node.text.decode("utf-8", "replace")) if node is not None else ""


def line(node: Any) -> int:
    """Return the line that a node begins on, from 1."""
    return int(node.start_point[0]) + 1


def literal(node: Any, depth: int = 20) -> Any:  # noqa: C901 - one case for each kind of literal
    """Return the value of a JavaScript literal; MISSING for all else. Objects have only the parts that are literals."""
    if node is None or depth < 0:
        return MISSING
    match node.type:
        case "string":
            return _string(node)
        case "template_string" if not any(child.type == "template_substitution" for child in node.named_children):
            return text(node)[1:-1]
        case "number":
            return _number(text(node))
        case "unary_expression" if text(node).startswith("-"):
            value = _number(text(node)[1:].strip())
            return MISSING if value is MISSING else -value
        case "true" | "false":
            return node.type == "true"
        case "null" | "undefined":
            return None
        case "array":
            items = [literal(child, depth - 1) for child in node.named_children if child.type != "comment"]
            return [item for item in items if item is not MISSING]
        case "object":
            made = {}
            for child in node.named_children:
                value = literal(child.child_by_field_name("value"), depth - 1) if child.type == "pair" else MISSING
                if value is not MISSING:
                    made[key(child)] = value
            return made
        case _:
            return MISSING


def key(pair: Any) -> str:
    """Return the name of an object's pair."""
    node = pair.child_by_field_name("key")
    return _string(node) if node is not None and node.type == "string" else text(node)


def pairs(node: Any) -> dict[str, Any]:
    """Return the value nodes of an object's pairs, by name."""
    if node is None or node.type != "object":
        return {}
    return {key(child): child.child_by_field_name("value") for child in node.named_children if child.type == "pair"}


def _string(node: Any) -> str:
    simple = {"n": "\n", "t": "\t", "r": "\r", "0": "", "b": "", "f": "", "v": ""}
    parts = []
    for child in node.named_children:
        whole = text(child)
        parts.append(simple.get(whole[1:], whole[1:]) if child.type == "escape_sequence" else whole)
    return "".join(parts)


def _number(written: str) -> Any:
    try:
        return int(written.replace("_", ""), 0)
    except ValueError:
        try:
            return float(written.replace("_", ""))
        except ValueError:
            return MISSING
