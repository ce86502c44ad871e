"""What a cron expression says, as data that any language can put into words. Pure.

The page has the same shape and words of its own; `words` has those of this side.
"""

from typing import Any

from msgspec import Struct, to_builtins

from runyard.jobs.recurrence.cron import Cron
from runyard.jobs.recurrence.fields import Field, Item, Kind, Part

EVERY_DAY = (1 << 32) - 2
EVERY_WEEKDAY = (1 << 7) - 1
MOST_TIMES = 6
"""More times of a day than these are told as minutes and hours."""
MOST_VALUES = 10
"""Steps that do not come out even are told value by value, up to so many."""


class Values(Struct, frozen=True):
    """What a field's plain values are.

    `kind` is `all`, `list` (runs of neighbours, as pairs), or `step`: every `step`th from `low` to `high`. A step is
    `even` when it comes out even at the end of the minute, hour or day, so that it is an interval indeed.
    """

    kind: str
    runs: tuple[tuple[int, int], ...] = ()
    low: int = 0
    high: int = 0
    step: int = 1
    even: bool = False

    @property
    def single(self) -> int | None:
        """The only value, where there is only one."""
        only = self.kind == "list" and len(self.runs) == 1 and self.runs[0][0] == self.runs[0][1]
        return self.runs[0][0] if only else None


class Special(Struct, frozen=True):
    """A day that depends on the month: `kind` is one of `fields.Kind`, with its number and its weekday."""

    kind: str
    number: int = 0
    weekday: int = 0


class Reading(Struct, frozen=True):
    """A cron expression, read.

    `times` are the seconds of the day at which it is due, where they are few; otherwise `seconds`, `minutes` and
    `hours` say it. `days` and `weekdays` are empty where they restrict nothing; `join` says how they belong together.
    """

    times: tuple[int, ...]
    with_seconds: bool
    seconds: Values
    minutes: Values
    hours: Values
    days: Values | None
    special_days: tuple[Special, ...]
    weekdays: tuple[int, ...]
    special_weekdays: tuple[Special, ...]
    join: str
    months: tuple[int, ...]

    def as_json(self) -> dict[str, Any]:
        """Return what the page gets."""
        as_json: dict[str, Any] = to_builtins(self)
        return as_json


def reading(cron: Cron) -> Reading:
    """Return what a cron expression says."""
    seconds, minutes, hours, days, months, weekdays = cron.parts
    every_day, every_weekday = days.mask == EVERY_DAY, weekdays.mask == EVERY_WEEKDAY
    # Where one kind of day is enough and one of them is every day, there is nothing to tell.
    all_days = cron.either and (every_day or every_weekday)
    by_day = cron.by_day and not every_day and not all_days
    by_weekday = cron.by_weekday and not every_weekday and not all_days
    many = seconds.mask.bit_count() * minutes.mask.bit_count() * hours.mask.bit_count()
    steady = any(_values(part).even for part in (seconds, minutes, hours))
    return Reading(
        times=_times(cron) if many <= MOST_TIMES and not steady else (),
        with_seconds=seconds.mask != 1,
        seconds=_values(seconds),
        minutes=_values(minutes),
        hours=_values(hours),
        days=_values(days) if by_day and days.mask else None,
        special_days=tuple(_special(item) for item in days.special) if by_day else (),
        weekdays=_bits(weekdays.mask) if by_weekday else (),
        special_weekdays=tuple(_special(item) for item in weekdays.special) if by_weekday else (),
        join="or" if cron.either else "and",
        months=() if months.mask.bit_count() == months.field.width else _bits(months.mask),
    )


def _bits(mask: int) -> tuple[int, ...]:
    return tuple(bit for bit in range(mask.bit_length()) if mask >> bit & 1)


def _times(cron: Cron) -> tuple[int, ...]:
    return tuple(
        (hour * 60 + minute) * 60 + second
        for hour in _bits(cron.hours)
        for minute in _bits(cron.minutes)
        for second in _bits(cron.seconds)
    )


def _values(part: Part) -> Values:
    if part.mask.bit_count() == part.field.width:
        return Values("all")
    if len(part.items) == 1 and part.items[0].step > 1 and len(part.items[0].values) > 1:
        found = _step(part.field, part.items[0])
        if found.even or len(part.items[0].values) > MOST_VALUES:
            return found
    runs: list[tuple[int, int]] = []
    for value in _bits(part.mask):
        if runs and runs[-1][1] == value - 1:
            runs[-1] = (runs[-1][0], value)
        else:
            runs.append((value, value))
    return Values("list", runs=tuple(runs))


def _step(field: Field, item: Item) -> Values:
    whole = item.high == field.high and item.low - field.low < item.step
    return Values("step", low=item.low, high=item.high, step=item.step, even=whole and field.width % item.step == 0)


def _special(item: Item) -> Special:
    by_day = item.kind in {Kind.last_day, Kind.nearest_workday, Kind.last_workday}
    return Special(item.kind.value, item.low if by_day else item.nth, 0 if by_day else item.low)
