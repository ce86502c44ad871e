"""How a job is: what keeps its runs from starting, and the one word for it. Pure."""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any, Self

from msgspec import Struct, field
from msgspec.structs import replace


class JobState(StrEnum):
    """How a job stands; of several that are so, the first."""

    disabled = "disabled"
    broken = "broken"
    paused = "paused"
    no_triggers = "no_triggers"
    on = "on"


TARGET_MISSING = "target_missing"
SOURCE_MISSING = "source_missing"
LOOKED_AT = frozenset({TARGET_MISSING, "project_archived"})
"""What a list or a page sees for itself: what was noted of it may be out of date."""
BLIND = "blind"
"""What a row says of a job whose files can't be seen, and that runs otherwise."""


class Trouble(Struct, frozen=True):
    """Why a job's runs can't be started: a stable code and a sentence."""

    code: str
    message: str


class Health(Struct, frozen=True):
    """What a job's row keeps of how it is.

    `breaker` has `state` (closed, open, half_open), `failures` in a row, and instants in microseconds; it is the
    breaker's to read and write.
    """

    broken: Trouble | None = None
    breaker: Mapping[str, Any] | None = None
    blind: Mapping[str, Trouble] = field(default_factory=dict)
    """By its triggers' ids: what keeps the files from being seen that they wait for."""

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Self:
        """Return what a row keeps."""
        broken = kept.get("broken")
        blind = {id_: Trouble(each["code"], each["message"]) for id_, each in kept.get("blind", {}).items()}
        return cls(Trouble(broken["code"], broken["message"]) if broken else None, kept.get("breaker"), blind)

    @property
    def code(self) -> str | None:
        """What a row keeps of it to be found by."""
        return self.broken.code if self.broken is not None else BLIND if self.blind else None

    def as_json(self) -> dict[str, Any]:
        """Return what a row is to keep."""
        kept: dict[str, Any] = {}
        if self.broken is not None:
            kept["broken"] = {"code": self.broken.code, "message": self.broken.message}
        if self.breaker is not None:
            kept["breaker"] = dict(self.breaker)
        if self.blind:
            kept["blind"] = {id_: {"code": each.code, "message": each.message} for id_, each in self.blind.items()}
        return kept

    def mended(self) -> "Health":
        """Return it with nothing in the way of its runs."""
        return replace(self, broken=None)

    def watched(self, trigger_id: str, trouble: Trouble | None) -> "Health":
        """Return it after somebody has looked for a trigger's files."""
        others = {id_: each for id_, each in self.blind.items() if id_ != trigger_id}
        return replace(self, blind=others if trouble is None else {**others, trigger_id: trouble})

    def waiting_by(self, trigger_ids: Collection[str]) -> "Health":
        """Return it for a job that has these triggers left of those that it had."""
        return replace(self, blind={id_: each for id_, each in self.blind.items() if id_ in trigger_ids})


def state_of(*, enabled: bool, broken: bool, paused: bool, triggers: bool) -> JobState:
    """Return how a job stands; `triggers` is whether it has any that is switched on."""
    if not enabled:
        return JobState.disabled
    if broken:
        return JobState.broken
    if paused:
        return JobState.paused
    return JobState.on if triggers else JobState.no_triggers
