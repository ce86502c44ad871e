"""The fields of a cron expression, and what may stand in each. Pure."""

import re
from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from runyard.jobs.recurrence.problems import CronMalformed

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
DAYS_A_WEEK = 7
MOST_OF_A_WEEKDAY = 5
"""No weekday comes more often within a month."""
FURTHEST_FROM_LAST = 30


class Kind(StrEnum):
    """What an item of a field says."""

    every = "every"
    """`*`: from the lowest to the highest, in steps."""
    range = "range"
    """`a-b`, `a/n` (up to the highest) or a single `a`, in steps."""
    last_day = "last_day"
    """`L`, or `L-3`: the last day of the month, or `low` days before it."""
    last_workday = "last_workday"
    """`LW`: the last day from Monday to Friday."""
    nearest_workday = "nearest_workday"
    """`15W`: the day from Monday to Friday next to day `low`, within the month."""
    last_weekday = "last_weekday"
    """`5L`: the month's last weekday `low`."""
    nth_weekday = "nth_weekday"
    """`5#3`: the month's third weekday `low`."""


class Item(Struct, frozen=True):
    """One of the items that commas part; weekdays count from Sunday, 0."""

    kind: Kind
    low: int = 0
    high: int = 0
    step: int = 1
    nth: int = 0

    @property
    def values(self) -> range:
        """The plain values it stands for; none where it depends on the month."""
        if self.kind in {Kind.every, Kind.range}:
            return range(self.low, self.high + 1, self.step)
        return range(0)


class Field(Struct, frozen=True):
    """What a field is called and how far its values go."""

    name: str
    low: int
    high: int
    names: Mapping[str, int]
    blank: bool = False
    """Whether `?` may stand for `*`."""
    around: bool = False
    """Whether a range of names may lead past the end, as from Friday to Monday."""

    @property
    def width(self) -> int:
        """How many values there are."""
        return self.high - self.low + 1


SECOND = Field("second", 0, 59, {})
MINUTE = Field("minute", 0, 59, {})
HOUR = Field("hour", 0, 23, {})
DAY = Field("day of month", 1, 31, {}, blank=True)
MONTH = Field("month", 1, 12, {name: at for at, name in enumerate(MONTHS, 1)}, around=True)
WEEKDAY = Field("day of week", 0, 6, {name: at for at, name in enumerate(WEEKDAYS)}, blank=True, around=True)
SIX = (SECOND, MINUTE, HOUR, DAY, MONTH, WEEKDAY)

_DIGITS = re.compile(r"[0-9]+")
_LAST = re.compile(r"L(?:-([0-9]+))?")
_NEAREST = re.compile(r"([0-9]+)W")
_LAST_WEEKDAY = re.compile(r"(?:L([0-7])|([0-7]|[A-Z]{3})L)")
_NTH = re.compile(r"([^#]*)#(.*)")


class Part(Struct, frozen=True):
    """One field as it was written, read."""

    field: Field
    text: str
    items: tuple[Item, ...]

    @property
    def starred(self) -> bool:
        """Whether it begins with `*` (or is `?`), and so restricts nothing by itself."""
        return self.text[0] in "*?"

    @property
    def mask(self) -> int:
        """The plain values as bits; Sunday is bit 0."""
        bits = 0
        for item in self.items:
            for value in item.values:
                bits |= 1 << (value % DAYS_A_WEEK if self.field is WEEKDAY else value)
        return bits

    @property
    def special(self) -> tuple[Item, ...]:
        """The items whose days depend on the month."""
        return tuple(item for item in self.items if not item.values)


def read(field: Field, text: str) -> Part:
    """Return a field's items; raise CronMalformed, naming the field and what was seen."""
    items = []
    for each in text.upper().split(","):
        if not each:
            raise CronMalformed(field.name, text, "has an empty item; commas stand between two values")
        items += _special(field, each) or _ranges(field, each)
    return Part(field, text, tuple(items))


def _special(field: Field, text: str) -> list[Item]:
    if field is DAY:
        return _special_day(text)
    if field is WEEKDAY:
        return _special_weekday(text)
    if "#" in text or text in {"L", "W", "LW"}:
        raise CronMalformed(field.name, text, "belongs to days only")
    return []


def _special_day(text: str) -> list[Item]:
    if "#" in text:
        raise CronMalformed(DAY.name, text, "belongs to the day of week, as in FRI#3")
    if text == "LW":
        return [Item(Kind.last_workday)]
    if found := _LAST.fullmatch(text):
        before = int(found[1] or 0)
        if before > FURTHEST_FROM_LAST:
            raise CronMalformed(DAY.name, text, f"is more than {FURTHEST_FROM_LAST} days before the last")
        return [Item(Kind.last_day, before)]
    if found := _NEAREST.fullmatch(text):
        return [Item(Kind.nearest_workday, _value(DAY, found[1], text))]
    if "W" in text:
        raise CronMalformed(DAY.name, text, "is not one day with a W behind it, as in 15W or LW")
    if "L" in text:
        raise CronMalformed(DAY.name, text, "is none of L, L-3 and LW")
    return []


def _special_weekday(text: str) -> list[Item]:
    if text == "L":
        raise CronMalformed(
            WEEKDAY.name, text, "does not say which weekday; write FRIL for the last Friday of the month"
        )
    if found := _LAST_WEEKDAY.fullmatch(text):
        return [Item(Kind.last_weekday, _value(WEEKDAY, found[1] or found[2], text))]
    if found := _NTH.fullmatch(text):
        day = _value(WEEKDAY, found[1], text)
        if not _DIGITS.fullmatch(found[2]) or not 1 <= int(found[2]) <= MOST_OF_A_WEEKDAY:
            raise CronMalformed(
                WEEKDAY.name, text, f'needs a number from 1 to {MOST_OF_A_WEEKDAY} after #, not "{found[2]}"'
            )
        return [Item(Kind.nth_weekday, day, nth=int(found[2]))]
    return []


def _ranges(field: Field, text: str) -> list[Item]:
    body, slash, behind = text.partition("/")
    step = _step(field, behind, text) if slash else 1
    if body == "*" or (body == "?" and field.blank and not slash):
        return [Item(Kind.every, field.low, field.high, step)]
    if body == "?":
        raise CronMalformed(field.name, text, "may stand alone for either kind of day only; write * here")
    first, dash, last = body.partition("-")
    low = _value(field, first, text)
    if not dash:
        return [Item(Kind.range, low, field.high if slash else low, step)]
    high = _value(field, last, text)
    if field is WEEKDAY and high == 0 and (low > 0 or (first, last) == ("0", "7")):
        # A week that is written from Monday on ends with its Sunday.
        high = DAYS_A_WEEK
    if low <= high:
        return [Item(Kind.range, low, high, step)]
    if field.around and first in field.names and last in field.names:
        return [Item(Kind.range, low, field.high, step), *_from_the_start(field, low, high, step)]
    until = first if low == field.high else f"{first}-{field.high}"
    again = last if high == field.low else f"{field.low}-{last}"
    raise CronMalformed(field.name, text, f"runs backwards; write {until},{again}")


def _from_the_start(field: Field, low: int, high: int, step: int) -> list[Item]:
    """Return what a range past the end has after the end, in step with what it has before."""
    start = range(low, field.high + field.width + 1, step)
    again = next(value for value in start if value > field.high) - field.width
    return [Item(Kind.range, again, high, step)] if again <= high else []


def _step(field: Field, digits: str, text: str) -> int:
    if not _DIGITS.fullmatch(digits):
        raise CronMalformed(field.name, text, f'needs a whole number after /, not "{digits}"')
    step = int(digits)
    if step == 0:
        raise CronMalformed(field.name, text, "has steps of 0, which lead nowhere")
    # `*/100,1-7` is how crontabs say that both kinds of days have to agree; elsewhere it is a mistake of units.
    if step > field.width and field is not DAY:
        why = f"has steps of {step}, but a {field.name} has only {field.width} values; an interval can be longer"
        raise CronMalformed(field.name, text, why)
    return step


def _value(field: Field, digits: str, text: str) -> int:
    if digits in field.names:
        return field.names[digits]
    reach = f"from {field.low} to {field.high}" + (", or 7 for Sunday" if field is WEEKDAY else "")
    if field.names:
        reach += f", or {next(iter(field.names))} to {list(field.names)[-1]}"
    if not _DIGITS.fullmatch(digits):
        raise CronMalformed(field.name, text, f'has "{digits}" where a value is needed: {reach}')
    value = int(digits)
    if field is WEEKDAY and value == DAYS_A_WEEK:
        return 0
    if not field.low <= value <= field.high:
        raise CronMalformed(field.name, text, f"is out of range: values go {reach}")
    return value
