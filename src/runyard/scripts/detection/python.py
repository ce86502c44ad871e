"""Parameters in Python code, read off its syntax tree; nothing is imported or run."""

import ast
from collections.abc import Iterator
from itertools import islice
from typing import Any

from msgspec.structs import replace

from runyard.scripts.definitions import MOST_OPTIONS, Style
from runyard.scripts.detection.proposals import Finds, Found

MISSING = object()
_LOCATED = (ast.expr, ast.stmt)
_MAKERS = frozenset({"range", "list", "tuple"})


class Source:
    """A parsed module: its calls in order, its constants, and what its imports are called."""

    def __init__(self, code: str) -> None:
        self.tree = ast.parse(code)
        located = [node for node in ast.walk(self.tree) if isinstance(node, _LOCATED)]
        self.nodes = sorted(located, key=lambda node: (node.lineno, node.col_offset))
        self.names: dict[str, str] = {}
        self.constants: dict[str, Any] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    self.names[alias.asname or alias.name.partition(".")[0]] = (
                        alias.name if alias.asname else alias.name.partition(".")[0]
                    )
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                for alias in node.names:
                    self.names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        for statement in self.tree.body:
            if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
                target = statement.targets[0]
                value = self.literal(statement.value)
                if isinstance(target, ast.Name) and value is not MISSING:
                    self.constants[target.id] = value

    def full(self, node: ast.AST) -> str:
        """Return the dotted name that an expression stands for, imports resolved; empty if it is none."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        return ".".join([self.names.get(node.id, node.id), *reversed(parts)])

    def literal(self, node: ast.AST | None) -> Any:
        """Return the value of a literal, a constant of the module or a range; MISSING for all else."""
        if node is None:
            return MISSING
        if isinstance(node, ast.Name) and node.id in self.constants:
            return self.constants[node.id]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _MAKERS:
            parts = [self.literal(argument) for argument in node.args]
            if node.func.id == "range" and parts and all(isinstance(part, int) for part in parts):
                return _range(parts[:3])
            return parts[0] if len(parts) == 1 else MISSING
        try:
            return ast.literal_eval(node)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            return MISSING

    def words(self, call: ast.Call) -> dict[str, ast.expr]:
        """Return a call's keyword arguments."""
        return {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}

    def texts(self, call: ast.Call) -> list[str]:
        """Return a call's positional arguments that are texts."""
        found = [self.literal(argument) for argument in call.args]
        return [text for text in found if isinstance(text, str)]

    def value(self, words: dict[str, ast.expr], name: str, otherwise: Any = None) -> Any:
        """Return the literal value of a keyword, `otherwise` where it is absent or no literal."""
        found = self.literal(words.get(name))
        return otherwise if found is MISSING or found is Ellipsis else found

    def calls(self) -> Iterator[ast.Call]:
        """Yield all calls in the order of the code."""
        return (node for node in self.nodes if isinstance(node, ast.Call))


def _range(bounds: list[int]) -> Any:
    try:
        made = list(islice(range(*bounds), MOST_OPTIONS + 1))
    except ValueError:
        return MISSING
    return made if len(made) <= MOST_OPTIONS else MISSING


def plain(source: Source) -> Finds:
    """Find what is read from ``sys.argv`` and from the environment."""
    finds = Finds()
    parsed = any(source.full(call.func).startswith(("argparse.", "click.", "typer.")) for call in source.calls())
    for node in source.nodes:
        if isinstance(node, ast.Subscript) and source.full(node.value) == "sys.argv" and not parsed:
            place = source.literal(node.slice)
            if isinstance(place, int) and not isinstance(place, bool) and 1 <= place <= 20:  # noqa: PLR2004 - enough
                finds.found.append(
                    Found("sys.argv", node.lineno, f"arg{place}", style=Style.position, label=f"Argument {place}")
                )
        elif isinstance(node, ast.Subscript) and source.full(node.value) == "os.environ":
            name = source.literal(node.slice)
            if isinstance(name, str) and isinstance(node.ctx, ast.Load):
                finds.found.append(Found("environment", node.lineno, name, required=True))
        elif isinstance(node, ast.Call) and source.full(node.func) in {"os.getenv", "os.environ.get"} and node.args:
            name = source.literal(node.args[0])
            default = source.literal(node.args[1]) if len(node.args) > 1 else None
            if isinstance(name, str):
                kept = default if isinstance(default, str) and default else None
                finds.found.append(Found("environment", node.lineno, name, default=kept))
    places = {item.name: item for item in reversed(finds.found) if item.style is Style.position}
    others = [item for item in finds.found if item.style is not Style.position]
    numbers = sorted(int(name[3:]) for name in places)
    line = places[f"arg{numbers[-1]}"].line if numbers else 0
    filled = [places.get(f"arg{n}") or _gap(n, line) for n in range(1, (numbers or [0])[-1] + 1)]
    # What is told by its place has to stand in its order, whatever the order of the lines.
    first = min((item.line for item in filled), default=0)
    finds.found = [*others, *(_at(item, first) for item in filled)]
    return finds


def _gap(place: int, line: int) -> Found:
    return Found("sys.argv", line, f"arg{place}", style=Style.position, label=f"Argument {place}")


def _at(item: Found, line: int) -> Found:
    return replace(item, line=line, note=f"Read in line {item.line}." if item.line != line else "")
