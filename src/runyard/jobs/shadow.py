"""What a job would have started beside what another system did start, from that one's log. Pure.

Instants are microseconds since 1970 in UTC.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from msgspec import Struct

from runyard.clock import to_us
from runyard.jobs.recurrence.rules import LAST_S, US
from runyard.jobs.recurrence.zones import Offsets

MOST_COMPARED = 100_000
"""So many starts of each side are set side by side."""
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_SYSLOG = re.compile(r"(?:<\d{1,3}>)?([A-Z][a-z]{2}) +(\d{1,2}) (\d{2}):(\d{2}):(\d{2})\b")
_ISO = re.compile(
    r"(?:<\d{1,3}>\d? ?)?\[?(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2})?)(?:[.,](\d{1,9}))?(Z| ?[+-]\d{2}:?\d{2})?"
)
_EPOCH = re.compile(r"\[?(\d{9,10})(?:\.(\d{1,9}))?(?!\d)|\[?(\d{12,13})(?!\d)")
_CRON = re.compile(r"\bcron(?:d|ie)?\b", re.IGNORECASE)
_STARTS = re.compile(r"\bCMD\b|\bcmd\b|\bSTART\b")


class Log(Struct, frozen=True):
    """What a log says was started, in order and each instant once, and how many lines told no time."""

    starts: tuple[int, ...]
    unread: int


class Match(Struct, frozen=True):
    """One that both started; `late_us` is how much later the other did, less than 0 where it was earlier."""

    due: int
    seen: int

    @property
    def late_us(self) -> int:
        """How much later the other system was."""
        return self.seen - self.due


class Comparison(Struct, frozen=True):
    """What both started, and what only one did."""

    matched: tuple[Match, ...]
    only_here: tuple[int, ...]
    only_there: tuple[int, ...]

    @property
    def agrees(self) -> bool:
        """Whether both did the same."""
        return not self.only_here and not self.only_there


def compare(due: Iterable[int], seen: Iterable[int], tolerance_us: int) -> Comparison:
    """Return what belongs together: one of each side, in order, no further apart than the tolerance."""
    here, there = sorted(due), sorted(seen)
    matched, only_here, only_there = [], [], []
    left = right = 0
    while left < len(here) and right < len(there):
        apart = there[right] - here[left]
        if abs(apart) <= tolerance_us:
            matched.append(Match(here[left], there[right]))
            left, right = left + 1, right + 1
        elif apart > 0:
            only_here.append(here[left])
            left += 1
        else:
            only_there.append(there[right])
            right += 1
    return Comparison(tuple(matched), (*only_here, *here[left:]), (*only_there, *there[right:]))


def read(text: str, zone: Offsets, start: int, end: int, contains: str = "") -> Log:
    """Return what a log says was started from one instant to before another.

    Lines begin with the time of syslog (which names no year), with an ISO time, or with seconds or milliseconds since
    1970; times without an offset are of `zone`. Of the lines of a cron only those that start a command count;
    `contains` picks those of one command.
    """
    starts: set[int] = set()
    unread = 0
    for line in text.splitlines():
        if not line.strip() or contains not in line or _no_start(line):
            continue
        found = list(_instants(line.lstrip(), zone, start, end))
        unread += not found
        starts.update(at for at in found if start <= at < end)
    return Log(tuple(sorted(starts)), unread)


def _no_start(line: str) -> bool:
    """Whether it is a line of a cron that tells of something else, such as the session that it opens."""
    return bool(_CRON.search(line)) and not _STARTS.search(line) and " " in line.strip()


def _instants(line: str, zone: Offsets, start: int, end: int) -> Iterator[int]:
    if found := _ISO.match(line):
        yield from _iso(found, zone)
    elif found := _SYSLOG.match(line):
        yield from _syslog(found, zone, start, end)
    elif found := _EPOCH.match(line):
        at = int(found[3]) * 1000 if found[3] else int(found[1]) * US + _fraction(found[2])
        if at <= LAST_S * US:
            yield at


def _iso(found: re.Match[str], zone: Offsets) -> Iterator[int]:
    day, time, fraction, offset = found.groups()
    try:
        at = datetime.fromisoformat(f"{day}T{time}{(offset or '').strip()}")
    except ValueError:
        return
    yield (to_us(at) if at.tzinfo else _local(at, zone)) + _fraction(fraction)


def _syslog(found: re.Match[str], zone: Offsets, start: int, end: int) -> Iterator[int]:
    """Yield what it may be, in each year that is asked for."""
    month, *numbers = found.groups()
    if month.lower() not in _MONTHS:
        return
    day, hour, minute, second = map(int, numbers)
    first, last = (datetime.fromtimestamp(min(max(at // US, 0), LAST_S), UTC).year for at in (start, end))
    for year in range(first - 1, last + 2):
        try:
            at = datetime(year, _MONTHS.index(month.lower()) + 1, day, hour, minute, second)  # noqa: DTZ001
        except ValueError:
            continue
        yield _local(at, zone)


def _local(at: datetime, zone: Offsets) -> int:
    """Return the first instant at which a zone's clock shows a time."""
    return zone.first(to_us(at.replace(tzinfo=UTC)) // US) * US


def _fraction(digits: str | None) -> int:
    return int((digits or "0").ljust(6, "0")[:6])


def latest(matched: Sequence[Match]) -> tuple[int, int]:
    """Return how late the other system usually was, and at the most."""
    late = sorted(match.late_us for match in matched)
    return (late[len(late) // 2], max(late, key=abs)) if late else (0, 0)
