"""Which of several values of one name a run is given. Pure.

The nearest place wins: the script's own, then its project's, then the installation's. In one place, a value for the
run's stage wins over one for every stage; a value for another stage is not looked at.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Protocol, TypeVar


class Level(StrEnum):
    """Where a value belongs, the nearest first."""

    script = "script"
    project = "project"
    everywhere = "global"


class Placed(Protocol):
    """What has a place and a stage; an empty stage is every stage."""

    @property
    def level(self) -> Level:
        """Where it belongs."""

    @property
    def stage(self) -> str:
        """The stage that it is for."""


T = TypeVar("T", bound=Placed)
_ORDER = tuple(Level)


def ranked(found: Iterable[T], stage: str | None) -> Sequence[T]:
    """Return the values that count in `stage`, the one that wins first."""
    fitting = [one for one in found if one.stage in ("", stage)]
    return sorted(fitting, key=lambda one: (_ORDER.index(one.level), one.stage == ""))
