"""What becomes of the instants at which a trigger is due: one place decides it, for all of them, without walking. Pure.

A slot that fires stands alone. A stretch of others with the same outcome for the same reason is one slot with a count,
so that a machine that slept for a year accounts for it in a few rows. Instants are microseconds since 1970 in UTC.
"""

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import groupby

from msgspec import Struct
from msgspec.structs import replace

from runyard.jobs.blackouts import Stretch
from runyard.jobs.recurrence.counting import count, second_times
from runyard.jobs.recurrence.rules import US, AtIntervals, AtTimes, Dst, Due, Once, between

MOST_AT_ONCE = 1000
"""Of more that are due at once the rest is decided next time."""


class Outcome(StrEnum):
    """What became of a slot."""

    fired = "fired"
    skipped = "skipped"
    """A run of the job was in the way, or the job can't run."""
    coalesced = "coalesced"
    """Another slot's run stood for it."""
    missed = "missed"
    """Nobody decided it in time, and it was not to be caught up."""
    blackout = "blackout"
    paused = "paused"
    dst = "dst"
    """Its local time came for the second time, and it was due at the first."""


class CatchUp(StrEnum):
    """What becomes of slots that nobody decided within their grace time."""

    none = "none"
    latest = "latest"
    all = "all"


class Overlap(StrEnum):
    """What becomes of a slot that is due while as many runs of the job are active as may be."""

    allow = "allow"
    queue = "queue"
    skip = "skip"
    cancel_previous = "cancel_previous"


class Reason(StrEnum):
    """Why; the words of each are in `reasons`."""

    on_time = "on_time"
    moved = "moved"
    caught_up = "caught_up"
    stood_for = "stood_for"
    too_late = "too_late"
    too_many = "too_many"
    overlap = "overlap"
    blackout = "blackout"
    blackout_since = "blackout_since"
    paused = "paused"
    paused_since = "paused_since"
    clock_set_back = "clock_set_back"
    broken = "broken"


class Plan(Struct, frozen=True):
    """How a job wants its slots decided."""

    grace_s: int = 60
    """How late a slot may be decided and still count as in time."""
    catch_up: CatchUp = CatchUp.latest
    most: int = 10
    """How many are caught up at once, the newest, where all are to be."""
    overlap: Overlap = Overlap.queue


class Slot(Struct, frozen=True):
    """One due instant, or a stretch of them that shared an outcome which started nothing."""

    due_from: int
    due_to: int
    count: int
    outcome: Outcome
    reason: Reason
    name: str = ""
    """Of the blackout window, or of what paused it."""
    run_of: int | None = None
    """The due instant of the slot whose run stood for it, or was in the way; None when that run was there before."""


class Decision(Struct, frozen=True):
    """What becomes of all that was due; what is later than `until` has to be asked for again."""

    slots: tuple[Slot, ...]
    until: int

    @property
    def fired(self) -> tuple[Slot, ...]:
        """Those that want a run, in the order in which they were due."""
        return tuple(slot for slot in self.slots if slot.outcome is Outcome.fired)


Recurrence = AtTimes | AtIntervals | Once


def decide(
    rule: Recurrence,
    after: int,
    now: int,
    plan: Plan,
    *,
    pauses: Sequence[Stretch] = (),
    blackouts: Sequence[Stretch] = (),
    room: int | None = None,
) -> Decision:
    """Decide all that is due later than `after`, up to `now`.

    `pauses` and `blackouts` are in order and apart; one that is in force ends later than `now`. `room` is how many runs
    may start before the job's limit is reached, None where it has none; it counts where the plan says to skip.
    """
    first = rule.next(after)
    if first is None or first.at > now:
        return Decision((), max(now, after))
    late_until = max(now - plan.grace_s * US - 1, after)
    bars, free = bars_of(rule, Stretch(after + 1, now + 1, ""), pauses, blackouts)
    if barred := _in_force(now, pauses, blackouts):
        outcome, reason, name = barred
        bars += [Bar(outcome, reason, replace(each, name=name)) for each in free]
        free = []
    prompt, until = _prompt(rule, _within(free, late_until + 1, now + 1), now)
    late = _within(free, after + 1, late_until + 1)
    caught = _caught_up(rule, late, plan, prompt)
    started = list(_started([*caught, *prompt], plan, late_until, room))
    found = [
        *(_counted(rule, bar.stretch, bar.outcome, bar.reason) for bar in bars),
        *(_left_behind(rule, each, plan, started) for each in late),
        *started,
    ]
    slots = sorted((slot for slot in found if slot and slot.due_from <= until), key=lambda slot: slot.due_from)
    return Decision(tuple(joined(slots)), max(until, after))


def joined(slots: Iterable[Slot]) -> Iterator[Slot]:
    """Yield slots in order, neighbours that started nothing for the same reason as one."""
    for _, neighbours in groupby(slots, _alike):
        first, *others = neighbours
        last = others[-1] if others else first
        yield replace(first, due_to=last.due_to, count=first.count + sum(each.count for each in others))


def _alike(slot: Slot) -> tuple[object, ...]:
    alone = slot.due_from if slot.outcome is Outcome.fired else None
    return (alone, slot.outcome, slot.reason, slot.name, slot.run_of)


class Bar(Struct, frozen=True):
    """A stretch in which nothing fires."""

    outcome: Outcome
    reason: Reason
    stretch: Stretch


def bars_of(
    rule: Recurrence, whole: Stretch, pauses: Sequence[Stretch], blackouts: Sequence[Stretch]
) -> tuple[list[Bar], list[Stretch]]:
    """Return the stretches of a whole in which nothing fires, and those in which something may."""
    bars: list[Bar] = []
    second = [Stretch(start, end, "") for start, end in second_times(rule, whole.start, whole.end)]
    free = [whole]
    for outcome, reason, stretches in (
        (Outcome.dst, Reason.clock_set_back, second),
        (Outcome.paused, Reason.paused, pauses),
        (Outcome.blackout, Reason.blackout, blackouts),
    ):
        for each in stretches:
            bars += [
                Bar(outcome, reason, replace(part, name=each.name)) for part in _within(free, each.start, each.end)
            ]
        free = [part for each in free for part in _outside(each, stretches)]
    return bars, free


def _within(stretches: Iterable[Stretch], start: int, end: int) -> list[Stretch]:
    """Return what lies between two instants."""
    return [
        replace(each, start=max(each.start, start), end=min(each.end, end))
        for each in stretches
        if each.start < end and start < each.end
    ]


def _outside(whole: Stretch, taken: Iterable[Stretch]) -> Iterator[Stretch]:
    """Yield what no other stretch, of those in order and apart, takes of a whole."""
    start = whole.start
    for each in taken:
        if start < min(each.start, whole.end):
            yield replace(whole, start=start, end=min(each.start, whole.end))
        start = max(start, each.end)
    if start < whole.end:
        yield replace(whole, start=start)


def _in_force(now: int, pauses: Iterable[Stretch], blackouts: Iterable[Stretch]) -> tuple[Outcome, Reason, str] | None:
    """Return what keeps everything from starting now, though it was due before."""
    for outcome, reason, stretches in (
        (Outcome.paused, Reason.paused_since, pauses),
        (Outcome.blackout, Reason.blackout_since, blackouts),
    ):
        for each in stretches:
            if each.holds(now):
                return outcome, reason, each.name
    return None


def _prompt(rule: Recurrence, stretches: Iterable[Stretch], now: int) -> tuple[list[Due], int]:
    """Return what is due within its grace time, and up to when that is all."""
    found: list[Due] = []
    for each in stretches:
        for due in between(rule, each.start - 1, each.end - 1):
            found.append(due)
            if len(found) == MOST_AT_ONCE:
                return found, due.at
    return found, now


def _caught_up(rule: Recurrence, late: Sequence[Stretch], plan: Plan, prompt: Sequence[Due]) -> list[Due]:
    """Return which of the late ones start a run: the newest, in order."""
    most = {CatchUp.none: 0, CatchUp.latest: 0 if prompt else 1, CatchUp.all: min(plan.most, MOST_AT_ONCE)}[
        plan.catch_up
    ]
    found: list[Due] = []
    for each in reversed(late):
        due = rule.previous(each.end)
        while due is not None and due.at >= each.start and len(found) < most:
            found.append(due)
            due = rule.previous(due.at)
    return found[::-1]


def _started(dues: Iterable[Due], plan: Plan, late_until: int, room: int | None) -> Iterator[Slot]:
    """Yield what wants a run, as fired while there is room, as skipped from then on."""
    left = room if plan.overlap is Overlap.skip else None
    run_of = None
    for due in dues:
        if left == 0:
            yield Slot(due.at, due.at, 1, Outcome.skipped, Reason.overlap, run_of=run_of)
            continue
        left = None if left is None else left - 1
        run_of = due.at
        reason = Reason.caught_up if due.at <= late_until else Reason.on_time
        yield Slot(due.at, due.at, 1, Outcome.fired, Reason.moved if due.dst is Dst.moved else reason)


def _left_behind(rule: Recurrence, late: Stretch, plan: Plan, started: Sequence[Slot]) -> Slot | None:
    """Return what becomes of the late ones that start no run themselves, all of which are older than those that do."""
    first = started[0] if started else None
    rest = replace(late, end=min(late.end, first.due_from)) if first else late
    if plan.catch_up is CatchUp.none or first is None:
        return _counted(rule, rest, Outcome.missed, Reason.too_late)
    if plan.catch_up is CatchUp.all:
        return _counted(rule, rest, Outcome.missed, Reason.too_many)
    if first.outcome is Outcome.skipped:
        return _counted(rule, rest, Outcome.skipped, Reason.overlap)
    return _counted(rule, rest, Outcome.coalesced, Reason.stood_for, run_of=first.due_from)


def _counted(
    rule: Recurrence, stretch: Stretch, outcome: Outcome, reason: Reason, *, run_of: int | None = None
) -> Slot | None:
    """Return all that is due within a stretch as one slot, None where nothing is."""
    last = rule.previous(stretch.end)
    if last is None or last.at < stretch.start:
        return None
    first = rule.next(stretch.start - 1) or last
    many = count(rule, stretch.start - 1, stretch.end - 1)
    return Slot(first.at, last.at, many, outcome, reason, stretch.name, run_of)
