"""The life of a run, as pure decisions.

``queued → starting → running → succeeded | failed | timed_out | cancelled | lost``; a claimed run that never started
may go back to ``queued``, and so does one that is tried again. Functions here say what a fact means; `runs.repository`
is the only one that acts on it.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from msgspec import Struct, field


class State(StrEnum):
    """Where a run stands."""

    queued = "queued"
    starting = "starting"
    running = "running"
    succeeded = "succeeded"
    failed = "failed"
    timed_out = "timed_out"
    cancelled = "cancelled"
    lost = "lost"


TERMINAL = frozenset({State.succeeded, State.failed, State.timed_out, State.cancelled, State.lost})
ACTIVE = frozenset({State.starting, State.running})
LEGAL: Mapping[State, frozenset[State]] = {
    State.queued: frozenset({State.starting, State.cancelled}),
    State.starting: frozenset({State.running, State.cancelled, State.failed, State.lost, State.queued}),
    # Back to the queue goes only what is to be tried again.
    State.running: TERMINAL | {State.queued},
    **dict.fromkeys(TERMINAL, frozenset[State]()),
}


class Failure(Struct, frozen=True):
    """Why a run ended badly: a stable code and one sentence."""

    code: str
    message: str


class Move(Struct, frozen=True):
    """One step: from any of `sources` to `target`, at an instant, with what is to be kept and journalled."""

    event: str
    sources: frozenset[State]
    target: State
    at: datetime
    exit_code: int | None = None
    failure: Failure | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for source in self.sources:
            if self.target not in LEGAL[source]:
                raise ValueError(f"a run never goes from {source} to {self.target}")

    @property
    def is_terminal(self) -> bool:
        """Whether the run is over after this."""
        return self.target in TERMINAL


class Ending(Struct, frozen=True):
    """What a shim reported of a finished attempt."""

    reason: Literal["exit", "timeout", "cancel", "start_failed", "disk"]
    exit_code: int | None
    at: datetime
    oom: bool = False
    crowded: bool = False
    message: str | None = None
    timeout_s: float | None = None
    outputs_problem: str | None = None


def on_claim(worker_id: str, at: datetime) -> Move:
    """A worker takes a queued run."""
    return Move("run.claimed", frozenset({State.queued}), State.starting, at, facts={"worker_id": worker_id})


def on_started(at: datetime) -> Move:
    """The user's command is alive."""
    return Move("run.started", frozenset({State.starting}), State.running, at)


def on_returned(reason: str, at: datetime) -> Move:
    """A claimed run whose command never started goes back to the queue."""
    return Move("run.returned", frozenset({State.starting}), State.queued, at, facts={"reason": reason})


def on_exit(ending: Ending) -> Move:
    """What an attempt's ending means. The shim has already settled whether exit or signal came first."""
    target, failure = _verdict(ending)
    return Move(
        f"run.{target}",
        frozenset(state for state in ACTIVE if target in LEGAL[state]),
        target,
        ending.at,
        exit_code=ending.exit_code,
        failure=failure,
    )


def on_not_started(failure: Failure, at: datetime) -> Move:
    """The attempt could not begin: no environment, no sandbox, no workspace."""
    return Move("run.failed", frozenset({State.starting}), State.failed, at, failure=failure)


def on_lost(reason: str, at: datetime) -> Move:
    """Nobody can say any more what became of the attempt."""
    return Move("run.lost", ACTIVE, State.lost, at, failure=Failure("lost", reason))


def on_cancelled_early(by: str, at: datetime) -> Move:
    """A run is cancelled before its command was started."""
    sources = frozenset({State.queued, State.starting})
    return Move("run.cancelled", sources, State.cancelled, at, facts={"by": by})


def _verdict(ending: Ending) -> tuple[State, Failure | None]:
    match ending.reason:
        case "cancel":
            return State.cancelled, None
        case "timeout":
            limit = f" after {ending.timeout_s:g} s" if ending.timeout_s else ""
            return State.timed_out, Failure("timeout", f"It was stopped by its time limit{limit}.")
        case "disk":
            return State.failed, Failure("disk_limit", ending.message or "It took more of the disk than it may.")
        case "start_failed":
            return State.failed, Failure("start_failed", ending.message or "The command could not be started.")
        case _:
            return _verdict_of_exit(ending)


def _verdict_of_exit(ending: Ending) -> tuple[State, Failure | None]:
    if ending.oom and ending.exit_code != 0:
        return State.failed, Failure("out_of_memory", "It was killed for using more memory than its limit.")
    if ending.exit_code == 0:
        if ending.outputs_problem is None:
            return State.succeeded, None
        return State.failed, Failure("bad_outputs", ending.outputs_problem)
    if ending.crowded:
        return State.failed, Failure("process_limit", "It failed after it wanted more processes than its limit.")
    if ending.exit_code is not None and SIGNAL_BASE < ending.exit_code <= SIGNAL_BASE + SIGNALS:
        return State.failed, Failure("signal", f"It was ended by signal {ending.exit_code - SIGNAL_BASE}.")
    return State.failed, Failure("exit_code", f"It exited with code {ending.exit_code}.")


SIGNAL_BASE = 128
SIGNALS = 64
