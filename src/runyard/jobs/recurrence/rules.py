"""When triggers are due: at local times of a zone, at intervals, or once. Pure.

Instants are microseconds since 1970-01-01T00:00:00Z, from there to the end of 2100. Where clocks are set:

- A time that a clock set forward skips is due once, at the end of the gap; with what is due there anyway it is one.
- A time that a clock set back shows twice is due at the first; the second is suppressed, unless the expression counts
  on like an interval, because its minutes or hours begin with `*`.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple, Protocol

from msgspec import Struct

from runyard.jobs.recurrence.cron import Cron
from runyard.jobs.recurrence.problems import IntervalMalformed
from runyard.jobs.recurrence.zones import Offsets, Span

US = 1_000_000
DAY_S = 86_400
FIRST_S = 0
LAST_S = 4_133_980_799
"""2100-12-31T23:59:59Z."""
LONGEST_INTERVAL_S = 366 * DAY_S


class Dst(StrEnum):
    """What a clock that is set does to an occurrence."""

    moved = "moved"
    """Its local time does not exist; it is due at the end of the gap."""
    merged = "merged"
    """It is due anyway, and stands for others before it whose local times do not exist."""
    repeated = "repeated"
    """Its local time comes for the second time, and it is due each time."""
    suppressed = "suppressed"
    """Its local time comes for the second time, and it was due at the first: it does not fire."""


class Due(NamedTuple):
    """One instant at which a trigger is due, with the offset from UTC in force there, in seconds east."""

    at: int
    offset: int = 0
    dst: Dst | None = None
    wanted: int | None = None
    """Where a gap moved it or merged others into it: the first local second that was wanted, on that clock."""

    @property
    def fires(self) -> bool:
        """Whether it stands for a run."""
        return self.dst is not Dst.suppressed

    @property
    def local(self) -> int:
        """What the clock on the wall shows, in seconds since 1970 on that clock."""
        return self.at // US + self.offset


class Rule(Protocol):
    """Says when a trigger is due."""

    def next(self, after: int) -> Due | None:
        """Return the first instant later than the given one, None when there is none any more."""
        ...

    def previous(self, before: int) -> Due | None:
        """Return the last instant earlier than the given one, None when there was none."""
        ...


class AtTimes(Struct, frozen=True):
    """A cron expression in a time zone."""

    cron: Cron
    zone: Offsets

    def next(self, after: int) -> Due | None:
        """Return the first instant later than the given one."""
        at = max(after // US + 1, FIRST_S)
        while at <= LAST_S:
            span = self.zone.at(at)
            if at == span.start and span.offset > span.before and (moved := self._out_of_gap(span)):
                return moved
            local = self.cron.at_or_after(at + span.offset)
            if local is None:
                return None
            found = local - span.offset
            if found < span.end:
                if found > LAST_S:
                    return None
                # Most are due without more ado.
                plain = found - span.start >= span.before - span.offset
                return Due(found * US, span.offset) if plain else self._due(found, span)
            # Between here and there nothing is due, but for what a clock that is set back soon repeats.
            at = max(span.end, found - 2 * DAY_S) if span.end - at > DAY_S else span.end
        return None

    def previous(self, before: int) -> Due | None:
        """Return the last instant earlier than the given one."""
        at = min(-(-before // US) - 1, LAST_S)
        while at >= FIRST_S:
            span = self.zone.at(at)
            local = self.cron.at_or_before(at + span.offset)
            found = FIRST_S - DAY_S if local is None else local - span.offset
            if found > span.start:
                return self._due(found, span) if found >= FIRST_S else None
            if span.offset > span.before and (moved := self._out_of_gap(span)):
                return moved
            if found == span.start:
                return self._due(found, span)
            at = min(span.start - 1, found + 2 * DAY_S) if at - span.start > DAY_S else span.start - 1
        return None

    def _due(self, at: int, span: Span) -> Due:
        dst = None
        if at - span.start < span.before - span.offset:
            dst = Dst.repeated if self.cron.interval_like else Dst.suppressed
        return Due(at * US, span.offset, dst)

    def _out_of_gap(self, span: Span) -> Due | None:
        """Return what a span begins with, because a local time is wanted that the clock skipped."""
        wanted = self.cron.at_or_after(span.start + span.before)
        end = span.start + span.offset
        if wanted is None or wanted >= end:
            return None
        return Due(span.start * US, span.offset, Dst.merged if self.cron.matches(end) else Dst.moved, wanted)


class AtIntervals(Struct, frozen=True):
    """Every so many seconds, counted from an anchor, which is the first."""

    every_s: int
    anchor: int

    def __post_init__(self) -> None:
        if not 1 <= self.every_s <= LONGEST_INTERVAL_S:
            why = f"An interval has from 1 to {LONGEST_INTERVAL_S} seconds (366 days), not {self.every_s}."
            raise IntervalMalformed(why)

    def next(self, after: int) -> Due | None:
        """Return the first instant later than the given one."""
        step = self.every_s * US
        at = max(self.anchor, self.anchor + ((after - self.anchor) // step + 1) * step)
        return Due(at) if at <= LAST_S * US else None

    def previous(self, before: int) -> Due | None:
        """Return the last instant earlier than the given one."""
        step = self.every_s * US
        before = min(before, LAST_S * US + 1)
        at = self.anchor + (-(-(before - self.anchor) // step) - 1) * step
        return Due(at) if at >= self.anchor else None


class Once(Struct, frozen=True):
    """One instant."""

    at: int

    def next(self, after: int) -> Due | None:
        """Return the instant, unless it is not later than the given one."""
        return Due(self.at) if self.at > after else None

    def previous(self, before: int) -> Due | None:
        """Return the instant, unless it is not earlier than the given one."""
        return Due(self.at) if self.at < before else None


def between(rule: Rule, after: int, until: int) -> Iterator[Due]:
    """Yield what is due later than `after`, up to and with `until`; suppressed ones too."""
    due = rule.next(after)
    while due is not None and due.at <= until:
        yield due
        due = rule.next(due.at)


def next_fire(rule: Rule, after: int) -> Due | None:
    """Return the first one later than the given instant that stands for a run."""
    due = rule.next(after)
    while due is not None and not due.fires:
        due = rule.next(due.at)
    return due
