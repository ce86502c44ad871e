"""How a connection reaches a script: as a URL under its name, and whole as JSON beside it. Pure."""

import json
from dataclasses import dataclass, field

from runyard.connections.parts import Shape

JSON = "_JSON"
"""What follows the name of the variable that holds all of it."""


@dataclass(frozen=True, slots=True)
class Connected:
    """A connection as a script finds it; `hidden` are its secret parts, which are for nobody's eyes."""

    kind: str
    environment: dict[str, str] = field(repr=False)
    hidden: tuple[str, ...] = field(repr=False)


def connected(name: str, shape: Shape) -> Connected:
    """Return ``NAME``, its URL, and ``NAME_JSON``, all its fields."""
    whole = shape.whole()
    text = json.dumps(whole, ensure_ascii=False, separators=(",", ":"))
    return Connected(str(whole["kind"]), {name: shape.address(), name + JSON: text}, tuple(shape.secrets().values()))


def names(listed: str) -> tuple[str, str]:
    """Return the environment variables that a connection of that name takes."""
    return listed, listed + JSON
