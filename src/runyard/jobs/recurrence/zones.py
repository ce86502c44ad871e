"""Offsets of time zones, as spans between two changes of the clock. Pure but for the zones that the machine knows."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from msgspec import Struct

from runyard.jobs.recurrence.problems import ZoneUnknown

WINDOW_BITS = 25
"""Spans are worked out as they are asked for, for windows of 2^25 seconds: about thirteen months."""
PROBE_S = 4 * 86_400
"""No zone has changed its clocks twice within less than six days since 1970."""
NO_ZONES = frozenset({"localtime", "posixrules", "Factory"})
"""What lies among the zones and means another thing on every machine, or nothing."""
_FURTHEST_S = 2 * 86_400
"""No clock is as far from UTC."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Span(Struct, frozen=True):
    """A stretch of instants, seconds since 1970 in UTC, with one offset from UTC; `before` is the one in force before.

    Where a window begins in the middle of a stretch, the span begins there and `before` is its own offset.
    """

    start: int
    end: int
    offset: int
    before: int


class Offsets:
    """A zone's offsets from UTC, in seconds east."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.name = zone.key
        self._zone = zone
        self._windows: dict[int, tuple[Span, ...]] = {}

    def at(self, instant: int) -> Span:
        """Return the span that an instant lies in."""
        number = instant >> WINDOW_BITS
        spans = self._windows.get(number)
        if spans is None:
            spans = self._windows[number] = self._window(number)
        place = 0
        while instant >= spans[place].end:
            place += 1
        return spans[place]

    def first(self, local: int) -> int:
        """Return the first instant at which the clock on the wall shows a local second, or has just skipped it."""
        span = self.at(local - _FURTHEST_S)
        while local - span.offset >= span.end:
            span = self.at(span.end)
        return max(local - span.offset, span.start)

    def last(self, local: int) -> int:
        """Return the last instant at which it does, or has just skipped it."""
        span = self.at(local + _FURTHEST_S)
        while local - span.offset < span.start:
            before = self.at(span.start - 1)
            if local - before.offset >= before.end:
                return span.start
            span = before
        return local - span.offset

    def end(self, local: int) -> int:
        """Return the instant from which on the clock shows nothing earlier than a local second any more."""
        at = self.last(local - 1)
        return at + 1 if at + self.at(at).offset == local - 1 else at

    def _window(self, number: int) -> tuple[Span, ...]:
        start, end = number << WINDOW_BITS, (number + 1) << WINDOW_BITS
        # A change shortly before the window still tells what it repeats.
        at, began = start - PROBE_S, start
        offset = before = self._offset(at)
        spans = []
        while at < end:
            probe = min(at + PROBE_S, end)
            if self._offset(probe) == offset:
                at = probe
                continue
            change = self._change(at, probe, offset)
            if start < change < end:
                spans.append(Span(began, change, offset, before))
            if change < end:
                at, began, before, offset = change, change, offset, self._offset(change)
            else:
                break
        return (*spans, Span(began, end, offset, before))

    def _change(self, low: int, high: int, offset: int) -> int:
        """Return the first instant after `low`, up to `high`, that has another offset."""
        while high - low > 1:
            middle = (low + high) // 2
            if self._offset(middle) == offset:
                low = middle
            else:
                high = middle
        return high

    def _offset(self, instant: int) -> int:
        at = (_EPOCH + timedelta(seconds=instant)).astimezone(self._zone)
        return round((at.utcoffset() or timedelta()).total_seconds())


@lru_cache(maxsize=1024)
def zone(name: str) -> Offsets:
    """Return the offsets of an IANA time zone; raise ZoneUnknown."""
    why = f'No time zone is called "{name[:60]}"; they have names such as Europe/Berlin or UTC.'
    if name in NO_ZONES or name.startswith(("posix/", "right/")):
        raise ZoneUnknown(why)
    try:
        return Offsets(ZoneInfo(name))
    except (ValueError, OSError, LookupError) as error:
        raise ZoneUnknown(why) from error
