"""Calendars of the times in which nothing may start. Pure; instants are microseconds since 1970 in UTC.

What is said in local time holds on the clock on the wall: it begins when the clock first shows its beginning, and ends
when the clock last shows its end.
"""

from collections.abc import Iterable, Iterator
from datetime import date

from msgspec import Struct

from runyard.errors import Invalid
from runyard.jobs.recurrence.cron import DAY_S
from runyard.jobs.recurrence.rules import LAST_S, US
from runyard.jobs.recurrence.zones import Offsets

EVERY_DAY = (1 << 7) - 1
_EPOCH = date(1970, 1, 1).toordinal()
_EPOCH_WEEKDAY = 4


class BlackoutMalformed(Invalid):
    """The blackout window can't be kept."""


class Stretch(Struct, frozen=True):
    """Instants from `start` to before `end`; `name` says what they are of, or who made them so."""

    start: int
    end: int
    name: str

    def holds(self, at: int) -> bool:
        """Whether an instant lies in it."""
        return self.start <= at < self.end


class Dates(Struct, frozen=True):
    """Whole days of a zone, such as holidays: from one date up to and with another."""

    name: str
    first: date
    last: date
    zone: Offsets

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise BlackoutMalformed(f"It ends on {self.last}, before it begins on {self.first}.")

    def stretches(self, start: int, end: int) -> Iterator[Stretch]:
        """Yield its window when it touches the stretch from `start` to `end`."""
        begins = self.zone.first((self.first.toordinal() - _EPOCH) * DAY_S) * US
        ends = self.zone.end((self.last.toordinal() + 1 - _EPOCH) * DAY_S) * US
        if begins < min(end, ends) and start < ends:
            yield Stretch(begins, ends, self.name)


class Hours(Struct, frozen=True):
    """Hours of chosen weekdays (bit 0 is Sunday); from 22:00 to 06:00 they lead into the next day.

    `from_s` and `to_s` count seconds of the day; where they are equal, it is a whole day from there on.
    """

    name: str
    weekdays: int
    from_s: int
    to_s: int
    zone: Offsets

    def __post_init__(self) -> None:
        if not 0 < self.weekdays <= EVERY_DAY:
            raise BlackoutMalformed("It has no weekdays.")
        for second in (self.from_s, self.to_s):
            if not 0 <= second <= DAY_S:
                raise BlackoutMalformed(f"A day has from 0 to {DAY_S} seconds, not {second}.")

    def stretches(self, start: int, end: int) -> Iterator[Stretch]:
        """Yield its windows that touch the stretch from `start` to `end`, in order."""
        long = self.to_s - self.from_s
        long += DAY_S if long <= 0 else 0
        # Clocks differ by up to a day from UTC, and a window is up to a day long.
        for day in range(start // US // DAY_S - 3, end // US // DAY_S + 3):
            if not self.weekdays >> (day + _EPOCH_WEEKDAY) % 7 & 1:
                continue
            local = day * DAY_S + self.from_s
            begins, ends = self.zone.first(local) * US, self.zone.end(local + long) * US
            if begins < min(end, ends) and start < ends:
                yield Stretch(begins, ends, self.name)


Window = Stretch | Dates | Hours


def stretches(windows: Iterable[Window], start: int, end: int) -> list[Stretch]:
    """Return when nothing may start between two instants, in order and apart; of two at once the earlier names them."""
    found = []
    start, end = max(start, 0), min(end, (LAST_S + 1) * US)
    for window in windows:
        if isinstance(window, Stretch):
            found += [window] if window.start < end and start < window.end else []
        else:
            found += window.stretches(start, end)
    return apart(found)


def apart(found: Iterable[Stretch]) -> list[Stretch]:
    """Return stretches in order, without what an earlier one holds already."""
    kept: list[Stretch] = []
    reached = -1
    for each in sorted(found, key=lambda each: (each.start, each.end, each.name)):
        begin = max(each.start, reached)
        if begin < each.end:
            kept.append(Stretch(begin, each.end, each.name))
            reached = each.end
    return kept
