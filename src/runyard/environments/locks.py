"""What a resolver decided: every package, exactly. Pure."""

import hashlib
import json
import re
from collections.abc import Callable

from msgspec import Struct
from packaging.utils import canonicalize_name

from runyard.environments.wants import Kind

_PYTHON_LINE = re.compile(
    r"^(?P<name>[A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?\s*(?:==(?P<version>[^\s;\\]+)|@\s*(?P<url>\S+))"
)
_HASH = re.compile(r"--hash=(\S+)")
_NODE_PREFIX = "node_modules/"


class Package(Struct, frozen=True):
    """One package of a lock; `version` is an address where it came from one."""

    name: str
    version: str


class Lock(Struct, frozen=True):
    """A resolved set of packages: requirements with hashes for Python, ``package-lock.json`` for Node.js.

    An empty text is an environment without packages.
    """

    kind: Kind
    text: str

    def name(self, identity: str) -> str:
        """Return the name of the directory that this lock has on an interpreter of that identity."""
        seen = f"{self.kind.value}\0{identity}\0{self.text}"
        return f"{self.kind.value}-{hashlib.sha256(seen.encode()).hexdigest()[:40]}"

    @property
    def packages(self) -> tuple[Package, ...]:
        """What it holds, by name."""
        if not self.text:
            return ()
        found = _READERS[self.kind](self.text)
        return tuple(sorted(set(found), key=lambda package: (package.name, package.version)))


def hashes_of(text: str) -> dict[str, tuple[str, ...]]:
    """Return the hashes that a Python lock allows for each package, by its normalised name."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in text.splitlines():
        match = _PYTHON_LINE.match(line)
        if match:
            name = canonicalize_name(match["name"])
        found.setdefault(name, []).extend(_HASH.findall(line))
    return {key: tuple(sorted(values)) for key, values in found.items()}


def _python(text: str) -> list[Package]:
    matches = (_PYTHON_LINE.match(line) for line in text.splitlines())
    return [Package(match["name"], match["version"] or match["url"]) for match in matches if match]


def _node(text: str) -> list[Package]:
    entries: dict[str, dict[str, str]] = json.loads(text).get("packages", {})
    return [
        Package(entry.get("name") or path.rpartition(_NODE_PREFIX)[2], entry.get("version", ""))
        for path, entry in entries.items()
        if path
    ]


def _conda(text: str) -> list[Package]:
    return [Package(record["name"], record["version"]) for record in json.loads(text)]


_READERS: dict[Kind, Callable[[str], list[Package]]] = {Kind.python: _python, Kind.node: _node, Kind.conda: _conda}
