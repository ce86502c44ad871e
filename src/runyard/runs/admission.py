"""Which runs may go: a pure decision over counts.

A run passes *gates*: the limits of its job, its script or key, its queue, its project and the installation. It is
admitted when none of them is full; an admitted run counts in each of its gates until it is over. A run without gates is
never asked.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from msgspec import Struct, field

from runyard.scripts.policy import WhenBusy


class Scope(StrEnum):
    """What counts together at a gate, narrowest first."""

    job = "job"
    script = "script"
    key = "key"
    queue = "queue"
    project = "project"
    installation = "installation"


class Gate(Struct, frozen=True):
    """At most `limit` admitted runs at once of those that share `name`."""

    scope: Scope
    name: str
    limit: int
    policy: WhenBusy = WhenBusy.queue


class Candidate(Struct, frozen=True):
    """A run that is held back, and the gates it must pass."""

    run_id: str
    priority: int
    gates: tuple[Gate, ...]

    @property
    def rank(self) -> tuple[int, str]:
        """The order in which places are given: higher priority first, then older ids."""
        return -self.priority, self.run_id


class Answer(StrEnum):
    """What becomes of a run that is being submitted."""

    admit = "admit"
    hold = "hold"
    skip = "skip"


class Verdict(Struct, frozen=True):
    """What becomes of a submitted run, which gate says so, and how many older runs of which gates must make room."""

    answer: Answer
    gate: Gate | None = None
    replace: Mapping[str, int] = field(default_factory=dict)


def first_full(gates: Iterable[Gate], inside: Mapping[str, int]) -> Gate | None:
    """Return the narrowest gate that has no place left."""
    return next((gate for gate in gates if inside.get(gate.name, 0) >= gate.limit), None)


def on_submit(gates: Sequence[Gate], inside: Mapping[str, int], waiting: Mapping[str, int] | None = None) -> Verdict:
    """Decide about a new run; `inside` are the admitted runs of each gate, `waiting` those that stand before it.

    A full gate that says *skip* refuses the run before anything else happens; one that says *cancel_previous* has as
    many older runs ended as keep this one out; otherwise it waits. Nobody overtakes those who wait already.
    """
    waiting = waiting or {}
    for gate in gates:
        if gate.policy is WhenBusy.skip and inside.get(gate.name, 0) + waiting.get(gate.name, 0) >= gate.limit:
            return Verdict(Answer.skip, gate)
    closed = first_full(gates, {gate.name: inside.get(gate.name, 0) + waiting.get(gate.name, 0) for gate in gates})
    if closed is None:
        return Verdict(Answer.admit)
    replace = {
        gate.name: over
        for gate in gates
        if gate.policy is WhenBusy.cancel_previous
        and (over := inside.get(gate.name, 0) + waiting.get(gate.name, 0) - gate.limit + 1) > 0
    }
    return Verdict(Answer.hold, closed, replace)


def open_up(candidates: Iterable[Candidate], inside: Mapping[str, int]) -> list[str]:
    """Return which held runs are admitted now, best first. One that must wait keeps nobody else out."""
    counts = dict(inside)
    admitted = []
    for candidate in sorted(candidates, key=lambda one: one.rank):
        if first_full(candidate.gates, counts) is not None:
            continue
        for gate in candidate.gates:
            counts[gate.name] = counts.get(gate.name, 0) + 1
        admitted.append(candidate.run_id)
    return admitted


def overfull(gates: Iterable[Gate], inside: Mapping[str, int]) -> dict[str, int]:
    """Return by how many each gate is over its limit: a limit was lowered, or set, when runs were admitted already."""
    return {gate.name: over for gate in gates if (over := inside.get(gate.name, 0) - gate.limit) > 0}
