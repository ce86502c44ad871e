"""Every problem that there is, also of rooms that are loaded when they are asked for."""

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache

import runyard
from runyard.errors import Problem


@cache
def codes() -> frozenset[str]:
    """Return the codes of all kinds of problems."""
    for module in pkgutil.walk_packages(runyard.__path__, "runyard."):
        if ".migrations" not in module.name and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    return frozenset(kind.code for kind in _below(Problem) if kind.__module__.startswith("runyard."))


def _below(kind: type[Problem]) -> Iterator[type[Problem]]:
    for child in kind.__subclasses__():
        yield child
        yield from _below(child)
