"""The circuit breaker of a job: what becomes of it when runs end, and when a slot is due. Pure.

Closed, it counts failures in a row. At so many it opens: the job is paused. After a while one slot runs as a trial;
until that is over the job is paused again. A success closes it, whatever run it was of; a failed trial opens it anew.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Self

from msgspec import Struct
from msgspec.structs import asdict, replace

US = 1_000_000


class Position(StrEnum):
    """Where a breaker stands."""

    closed = "closed"
    open = "open"
    half_open = "half_open"


class End(StrEnum):
    """How a run ended, as far as it tells something of the job."""

    success = "success"
    failure = "failure"
    neither = "neither"
    """Somebody cancelled it."""


class Act(StrEnum):
    """What follows."""

    nothing = "nothing"
    pause = "pause"
    """The job is paused, until the trial where one is to come."""
    resume = "resume"
    """The breaker's pause ends, and nothing is left of it."""
    retry = "retry"
    """The breaker's pause ends, and the next slot is another trial."""


class Rule(Struct, frozen=True):
    """After how many failures in a row it opens, and after how many seconds a trial may run; None: never."""

    failures: int
    reset_s: int | None


class Breaker(Struct, frozen=True):
    """Where it stands; instants are microseconds since 1970. `run_id` is the trial under way."""

    state: Position = Position.closed
    failures: int = 0
    opened_at: int | None = None
    trial_at: int | None = None
    run_id: str | None = None

    @classmethod
    def of(cls, kept: Mapping[str, Any] | None) -> Self:
        """Return what a row keeps."""
        known = {name: value for name, value in (kept or {}).items() if name in cls.__struct_fields__}
        return cls(**{**known, "state": Position(known.get("state", Position.closed))})

    def as_json(self) -> dict[str, Any]:
        """Return what a row is to keep."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def allows_trial(self, now: int) -> bool:
        """Whether the next slot is to run as a trial."""
        return self.state is Position.open and self.trial_at is not None and self.trial_at <= now

    def on_trial(self, run_id: str) -> "Breaker":
        """Return where it stands once a trial has been started."""
        return replace(self, state=Position.half_open, run_id=run_id)

    def on_end(self, rule: Rule | None, end: End, run_id: str, now: int) -> tuple["Breaker", Act]:
        """Return where it stands once a run is over, and what follows."""
        trial = self.state is Position.half_open and run_id == self.run_id
        if end is End.success or rule is None:
            failures = 0 if end is not End.failure else self.failures + 1
            return Breaker(failures=failures), Act.nothing if self.state is Position.closed else Act.resume
        if end is End.neither:
            return (
                (replace(self, state=Position.open, trial_at=now, run_id=None), Act.retry)
                if trial
                else (self, Act.nothing)
            )
        failed = replace(self, failures=self.failures + 1)
        if trial or (self.state is Position.closed and failed.failures >= rule.failures):
            trial_at = None if rule.reset_s is None else now + rule.reset_s * US
            return replace(failed, state=Position.open, opened_at=now, trial_at=trial_at, run_id=None), Act.pause
        return failed, Act.nothing
