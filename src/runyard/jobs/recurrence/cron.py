"""Cron expressions: five or six fields, or one of the @ forms, read into sets of seconds up to days. Pure.

Local time is counted in seconds since 1970-01-01T00:00:00 on the wall clock; zones are none of its business.
"""

from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

from runyard.jobs.recurrence.fields import DAY, MONTH, MONTHS, SIX, WEEKDAY, Item, Kind, Part, read
from runyard.jobs.recurrence.problems import CronMalformed, CronNeverDue

DAY_S = 86_400
LONGEST = 1000
LAST_YEAR = 2101
"""The year with which every search ends: east of Greenwich it begins while it is still 2100 in UTC."""
ALIASES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
NO_TIMES = {
    "@reboot": "names no time; it is the start of a machine",
    "@every": "is an interval; make it a trigger of that type",
}
LENGTHS = (0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_EPOCH = date(1970, 1, 1).toordinal()
_EPOCH_WEEKDAY = 4
_SATURDAY = 6


def month_length(year: int, month: int) -> int:
    """Return how many days a month has."""
    if month == 2 and year % 4 == 0 and (year % 100 or year % 400 == 0):  # noqa: PLR2004 - February
        return 29
    return LENGTHS[month]


def _lowest(mask: int) -> int:
    return (mask & -mask).bit_length() - 1


@dataclass(frozen=True, slots=True)
class Cron:
    """A cron expression, read. Sets are bits: bit 5 of `minutes` is minute 5, bit 0 of weekdays is Sunday."""

    text: str
    parts: tuple[Part, ...]
    """Always six: where the expression has five, the seconds are 0."""
    seconds: int = field(repr=False)
    minutes: int = field(repr=False)
    hours: int = field(repr=False)
    months: int = field(repr=False)
    by_day: bool
    """Whether the day of month restricts."""
    by_weekday: bool
    """Whether the day of week restricts."""
    either: bool
    """Whether one kind of day is enough: as in crontabs, where both are given and neither begins with `*`."""
    _daily: bool = field(repr=False, compare=False)
    _first: int = field(repr=False, compare=False)
    _final: int = field(repr=False, compare=False)
    _days: dict[int, int] = field(default_factory=dict, repr=False, compare=False)

    @property
    def interval_like(self) -> bool:
        """Whether it counts on through a clock set back: its minutes or its hours begin with `*`."""
        return self.parts[1].text.startswith("*") or self.parts[2].text.startswith("*")

    @property
    def once_an_hour(self) -> bool:
        """Whether it names no more than one time of an hour."""
        return self.minutes.bit_count() * self.seconds.bit_count() == 1

    @property
    def once_a_day(self) -> bool:
        """Whether it names one time, of every day."""
        return self._daily and self.once_an_hour and self.hours.bit_count() == 1

    def matches(self, local: int) -> bool:
        """Whether it is due at a local second."""
        return self.at_or_after(local) == local

    def at_or_after(self, local: int) -> int | None:
        """Return the first local second from the given one on at which it is due; None if there is none up to 2101."""
        day, second = divmod(local, DAY_S)
        found = day if self._daily else self._day_from(day)
        if found == day:
            later = self._time_from(second)
            if later is not None:
                return day * DAY_S + later
            found = day + 1 if self._daily else self._day_from(day + 1)
        return None if found is None else found * DAY_S + self._first

    def at_or_before(self, local: int) -> int | None:
        """Return the last local second up to the given one at which it is due; None when there is none from 1969 on."""
        day, second = divmod(local, DAY_S)
        found = day if self._daily else self._day_until(day)
        if found == day:
            earlier = self._time_until(second)
            if earlier is not None:
                return day * DAY_S + earlier
            found = day - 1 if self._daily else self._day_until(day - 1)
        return None if found is None else found * DAY_S + self._final

    def _time_from(self, second: int) -> int | None:
        hour, rest = divmod(second, 3600)
        minute, second = divmod(rest, 60)
        if self.hours >> hour & 1:
            if self.minutes >> minute & 1:
                left = self.seconds >> second
                if left:
                    return hour * 3600 + minute * 60 + second + _lowest(left)
            left = self.minutes >> (minute + 1)
            if left:
                return hour * 3600 + (minute + 1 + _lowest(left)) * 60 + _lowest(self.seconds)
        left = self.hours >> (hour + 1)
        if left:
            return (hour + 1 + _lowest(left)) * 3600 + _lowest(self.minutes) * 60 + _lowest(self.seconds)
        return None

    def _time_until(self, second: int) -> int | None:
        hour, rest = divmod(second, 3600)
        minute, second = divmod(rest, 60)
        if self.hours >> hour & 1:
            if self.minutes >> minute & 1:
                left = self.seconds & ((2 << second) - 1)
                if left:
                    return hour * 3600 + minute * 60 + left.bit_length() - 1
            left = self.minutes & ((1 << minute) - 1)
            if left:
                return hour * 3600 + (left.bit_length() - 1) * 60 + self.seconds.bit_length() - 1
        left = self.hours & ((1 << hour) - 1)
        if left:
            minutes = (left.bit_length() - 1) * 60 + self.minutes.bit_length() - 1
            return minutes * 60 + self.seconds.bit_length() - 1
        return None

    def _day_from(self, day: int) -> int | None:
        year, month, first, of_month, length = _month_of(day)
        while year <= LAST_YEAR:
            if self.months >> month & 1:
                left = self.days((first + _EPOCH_WEEKDAY) % 7, length) >> of_month
                if left:
                    return first + of_month - 1 + _lowest(left)
            first, of_month = first + length, 1
            year, month = (year, month + 1) if month < len(MONTHS) else (year + 1, 1)
            length = month_length(year, month)
        return None

    def _day_until(self, day: int) -> int | None:
        year, month, first, of_month, length = _month_of(day)
        while year >= 1969:  # noqa: PLR2004 - west of Greenwich 1970 begins in that year
            if self.months >> month & 1:
                left = self.days((first + _EPOCH_WEEKDAY) % 7, length) & ((2 << of_month) - 1)
                if left:
                    return first - 1 + left.bit_length() - 1
            year, month = (year, month - 1) if month > 1 else (year - 1, len(MONTHS))
            of_month = length = month_length(year, month)
            first -= length
        return None

    def days_between(self, first: int, end: int) -> int:
        """Return how many of the days from one to before another it names."""
        if self._daily:
            return max(end - first, 0)
        found, day = 0, first
        while day < end:
            _, month, begin, of_month, length = _month_of(day)
            following = begin + length
            if self.months >> month & 1:
                named = self.days((begin + _EPOCH_WEEKDAY) % 7, length) >> of_month
                found += (named & ((1 << min(following, end) - day) - 1)).bit_count()
            day = following
        return found

    def days(self, weekday: int, length: int) -> int:
        """Return the days it names in a month that begins on a weekday, as bits from 1 on."""
        known = self._days.get(weekday * 32 + length)
        if known is None:
            known = self._days[weekday * 32 + length] = self._days_of(weekday, length)
        return known

    def _days_of(self, weekday: int, length: int) -> int:
        days, weekdays = self.parts[3], self.parts[5]
        by_day = days.mask
        for item in days.special:
            by_day |= 1 << _special_day(item, weekday, length)
        by_weekday, mask = 0, weekdays.mask
        for day in range(1, length + 1):
            by_weekday |= (mask >> (weekday + day - 1) % 7 & 1) << day
        for item in weekdays.special:
            by_weekday |= 1 << _special_weekday(item, weekday, length)
        found = by_day | by_weekday if self.either else by_day & by_weekday
        # Bit 0 stands for "not in this month".
        return found & ((2 << length) - 2)


@lru_cache(maxsize=512)
def _month_of(day: int) -> tuple[int, int, int, int, int]:
    """Return a day's year and month, the number of that month's first day, the day's place in it, and its length.

    All triggers ask for the same few days.
    """
    at = date.fromordinal(day + _EPOCH)
    return at.year, at.month, day - at.day + 1, at.day, month_length(at.year, at.month)


def _special_day(item: Item, first: int, length: int) -> int:
    """Return the day that an item means in a month that begins on a weekday, 0 for none."""
    if item.kind is Kind.last_day:
        return max(length - item.low, 0)
    day = length if item.kind is Kind.last_workday else item.low
    if day > length:
        return 0
    weekday = (first + day - 1) % 7
    if weekday == _SATURDAY:
        return day - 1 if day > 1 else day + 2
    if weekday == 0:
        return day + 1 if day < length else day - 2
    return day


def _special_weekday(item: Item, first: int, length: int) -> int:
    earliest = 1 + (item.low - first) % 7
    if item.kind is Kind.last_weekday:
        return earliest + (length - earliest) // 7 * 7
    day = earliest + (item.nth - 1) * 7
    return day if day <= length else 0


@lru_cache(maxsize=4096)
def parse(text: str) -> Cron:
    """Return a cron expression, read; raise CronMalformed or CronNeverDue, naming the part and what was seen.

    Six fields begin with the seconds. One kind of day is enough where both are given and neither begins with `*`.
    """
    words = text.split()
    if len(text) > LONGEST:
        raise CronMalformed("expression", text[:20] + "…", f"is longer than {LONGEST} characters")
    if words and words[0].startswith("@"):
        words = _alias(words).split()
    if len(words) not in {5, 6}:
        raise CronMalformed("expression", " ".join(words), _miscounted(words))
    written = words if len(words) == len(SIX) else ["0", *words]
    parts = tuple(read(each, word) for each, word in zip(SIX, written, strict=True))
    seconds, minutes, hours, days, months, weekdays = parts
    by_day, by_weekday = not _is_free(days), not _is_free(weekdays)
    cron = Cron(
        text=" ".join(text.split()),
        parts=parts,
        seconds=seconds.mask,
        minutes=minutes.mask,
        hours=hours.mask,
        months=months.mask,
        by_day=by_day,
        by_weekday=by_weekday,
        either=not days.starred and not weekdays.starred,
        _daily=all(part.mask == (2 << part.field.high) - (1 << part.field.low) for part in (days, months, weekdays)),
        _first=(_lowest(hours.mask) * 60 + _lowest(minutes.mask)) * 60 + _lowest(seconds.mask),
        _final=((hours.mask.bit_length() - 1) * 60 + minutes.mask.bit_length() - 1) * 60
        + seconds.mask.bit_length()
        - 1,
    )
    _check_days(cron)
    return cron


def _is_free(part: Part) -> bool:
    return part.text in {"*", "?"}


def _alias(words: list[str]) -> str:
    name = words[0].lower()
    if name in NO_TIMES:
        raise CronMalformed("expression", " ".join(words), NO_TIMES[name])
    if name not in ALIASES:
        raise CronMalformed("expression", words[0], f"is none of {', '.join(ALIASES)}")
    if len(words) > 1:
        raise CronMalformed("expression", " ".join(words), f"has more behind it; {name} stands alone")
    return ALIASES[name]


def _miscounted(words: list[str]) -> str:
    if words and "=" in words[0]:
        return "begins with a setting; the zone has a field of its own"
    if len(words) == len(SIX) + 1:
        return "has 7 fields; years can't be given, only second minute hour day-of-month month day-of-week"
    count = f"{len(words)} field{'s' if len(words) != 1 else ''}"
    return f"has {count}; it takes 5 (minute hour day-of-month month day-of-week), or 6 with seconds before them"


def _check_days(cron: Cron) -> None:
    """Raise CronNeverDue when no month that is named ever has a day that is."""
    named = [month for month in range(1, len(MONTHS) + 1) if cron.months >> month & 1]
    for month in named:
        # Every month begins on every weekday sooner or later, and February has 29 days on every one of them.
        if any(cron.days(weekday, month_length(2000, month)) for weekday in range(7)):
            return
    days, months, weekdays = cron.parts[3], cron.parts[4], cron.parts[5]
    saw = f"{days.text} {months.text} {weekdays.text}"
    part = f"{DAY.name}, {MONTH.name} and {WEEKDAY.name}"
    if cron.by_weekday:
        raise CronNeverDue(part, saw, "never fall on one day: none that is so numbered is such a weekday")
    longest = max(month_length(2000, month) for month in named)
    names = ", ".join(MONTHS[month - 1] for month in named)
    raise CronNeverDue(f"{DAY.name}", days.text, f"never comes in {names}, which never has more than {longest} days")
