"""What is due between two instants, told cell by cell without walking through it. Pure.

Instants are microseconds since 1970 in UTC. Cells are quarters of an hour, hours or days of one zone's clock.
"""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from runyard.jobs.blackouts import Stretch
from runyard.jobs.recurrence.counting import count
from runyard.jobs.recurrence.rules import DAY_S, US, AtTimes
from runyard.jobs.recurrence.zones import Offsets, zone
from runyard.jobs.slots import Outcome, Recurrence, bars_of

LONGEST_S = 400 * DAY_S
"""A calendar shows no more at once."""
QUARTER_S, HOUR_S = 900, 3600
_BY_QUARTER_S = 36 * HOUR_S
_BY_HOUR_S = 10 * DAY_S


class Mark(Struct, frozen=True):
    """What is due within one cell and shares what is to become of it: fired, dst, paused or blackout."""

    at: int
    until: int
    """The last of them; the same as `at` where there is one."""
    count: int
    outcome: Outcome
    name: str = ""
    """Of the blackout window, or of what pauses it."""


class Cells(Struct, frozen=True):
    """Stretches of the clock on the wall of a zone that are all as long."""

    zone: Offsets
    long_s: int

    def end(self, at: int) -> int:
        """Return when the cell that an instant lies in is over."""
        second = at // US
        span = self.zone.at(second)
        local = ((second + span.offset) // self.long_s + 1) * self.long_s
        # A clock that is set back shows the end of a short cell twice, and the first time may be over.
        found = next((end for end in (self.zone.first(local), self.zone.last(local)) if end > second), None)
        return (second + self.long_s if found is None else found) * US


def cell_s(start: int, end: int) -> int:
    """Return how long the cells of a calendar are that shows from one instant to another."""
    long = (end - start) // US
    if long <= _BY_QUARTER_S:
        return QUARTER_S
    return HOUR_S if long <= _BY_HOUR_S else DAY_S


def marks(
    rule: Recurrence,
    start: int,
    end: int,
    cells: Cells,
    *,
    pauses: Sequence[Stretch] = (),
    blackouts: Sequence[Stretch] = (),
) -> Iterator[Mark]:
    """Yield what is due from one instant to before another, in order.

    `pauses` and `blackouts` are in order and apart.
    """
    first = rule.next(start - 1)
    if first is None or first.at >= end:
        return
    bars, free = bars_of(rule, Stretch(start, end, ""), pauses, blackouts)
    parts = [(bar.stretch, bar.outcome) for bar in bars] + [(each, Outcome.fired) for each in free]
    for stretch, outcome in sorted(parts, key=lambda part: part[0].start):
        at = stretch.start
        while (due := rule.next(at - 1)) is not None and due.at < stretch.end:
            at = min(cells.end(due.at), stretch.end)
            many = count(rule, due.at - 1, at - 1)
            last = rule.previous(at) if many > 1 else due
            yield Mark(due.at, (last or due).at, many, outcome, stretch.name)


def hourly(
    rule: Recurrence, start: int, end: int, *, pauses: Sequence[Stretch] = (), blackouts: Sequence[Stretch] = ()
) -> Iterator[Mark]:
    """Yield what is to fire from one instant to before another, in order, told by the hours of UTC."""
    if pauses or blackouts or not isinstance(rule, AtTimes) or not rule.cron.once_an_hour:
        for mark in marks(rule, start, end, Cells(zone("UTC"), HOUR_S), pauses=pauses, blackouts=blackouts):
            if mark.outcome is Outcome.fired:
                yield mark
        return
    due = rule.next(start - 1)
    while due is not None and due.at < end:
        at = due.at
        if due.fires:
            yield Mark(at, at, 1, Outcome.fired)
        if due.dst is None and rule.cron.once_a_day:
            # Up to when clocks are set the others are a day apart: thousands of jobs are like that.
            stop = min(end, rule.zone.at(at // US).end * US)
            while (at := at + DAY_S * US) < stop:
                yield Mark(at, at, 1, Outcome.fired)
            at -= DAY_S * US
        due = rule.next(at)
