"""How busy the hours to come will be. Pure; instants are microseconds since 1970 in UTC."""

from collections.abc import Iterable, Sequence
from statistics import median

from msgspec import Struct

from runyard.jobs.calendar import Mark
from runyard.jobs.recurrence.rules import US

HOUR = 3600 * US
LONGEST_HOURS = 24 * 31
"""A forecast reaches no further."""
COUNTED = 20
"""So many finished runs say how long one takes."""
_MOST_STARTS = 12


class Load(Struct, frozen=True):
    """What a job is to start, how long one run takes, and how many of its runs may go on at once (None: any)."""

    marks: Sequence[Mark]
    typical_s: float
    at_once: int | None = None


class Hour(Struct, frozen=True):
    """One hour: how many runs start, how long these take in all, and how many worker-hours are spent in it.

    A run that goes on for longer is spent in the hours after the one in which it starts.
    """

    at: int
    runs: int
    busy_s: float
    slots_used: float


def typical(durations: Sequence[float]) -> float:
    """Return how long a run usually takes; 0 where none has ended yet."""
    return float(median(durations)) if durations else 0.0


def forecast(loads: Iterable[Load], start: int, hours: int) -> list[Hour]:
    """Return so many hours from an instant on.

    Marks may begin before it: what is started then may still go on. They lie within one hour each, counted from there.
    """
    runs, busy, used = [0] * hours, [0.0] * hours, [0.0] * hours
    for load in loads:
        spent: dict[int, float] = {}
        for mark in load.marks:
            hour = (mark.at - start) // HOUR
            if 0 <= hour < hours:
                runs[hour] += mark.count
                busy[hour] += mark.count * load.typical_s
            for at, many in _starts(mark, load.typical_s):
                _spend(spent, at - start, many, load.typical_s, hours)
        for hour, hours_spent in spent.items():
            used[hour] += hours_spent if load.at_once is None else min(hours_spent, load.at_once)
    return [Hour(start + hour * HOUR, runs[hour], busy[hour], used[hour]) for hour in range(hours)]


def _starts(mark: Mark, typical_s: float) -> Iterable[tuple[float, float]]:
    """Return when the runs of a mark start: so many are taken for evenly spread, and in few groups."""
    if typical_s <= 0:
        return ()
    if mark.count == 1:
        return ((mark.at, 1),)
    groups = min(mark.count, _MOST_STARTS)
    between = (mark.until - mark.at) / max(groups - 1, 1)
    return [(mark.at + group * between, mark.count / groups) for group in range(groups)]


def _spend(spent: dict[int, float], begin: float, many: float, typical_s: float, hours: int) -> None:
    """Add what so many runs that begin at once spend, each in the first so many hours that it goes on in."""
    end = begin + typical_s * US
    hour = max(int(begin // HOUR), 0)
    while hour < hours and hour * HOUR < end:
        part = many * (min(end, (hour + 1) * HOUR) - max(begin, hour * HOUR)) / HOUR
        spent[hour] = spent.get(hour, 0.0) + part
        hour += 1
