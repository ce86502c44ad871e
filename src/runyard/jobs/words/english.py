"""Cron expressions in English. Pure."""

import re
from collections.abc import Iterable

from runyard.jobs.reading import Reading, Special, Values

WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
NUMBERS = ("", "first", "second", "third", "fourth", "fifth")
_SEPARATED = re.compile(", | and ")
WEEK = (1, 2, 3, 4, 5, 6, 0)
"""A week as it is told: from Monday on."""


def sentence(said: Reading) -> str:
    """Return what an expression says, as a phrase that begins with a capital letter and has no full stop."""
    parts = [_times(said), _days(said), _months(said)]
    text = ", ".join(part for part in parts if part)
    return text[0].upper() + text[1:]


def _times(said: Reading) -> str:
    if said.times:
        at = "at " + _listed(_clock(second, with_seconds=said.with_seconds) for second in said.times)
        return at if _restricted(said) else f"every day {at}"
    hour = None if said.with_seconds or said.minutes.single is None else _hourly(said.minutes.single, said.hours)
    if hour:
        return hour
    levels = [("minute", said.minutes), ("hour", said.hours)]
    if said.with_seconds:
        levels.insert(0, ("second", said.seconds))
    (unit, values), *coarser = levels
    text = _every(unit, values) or f"at {_counted(unit, values)}"
    steady = bool(_every(unit, values))
    for unit, values in coarser:
        text += _of(unit, values, steady=steady)
        steady = values.kind == "all"
    return text


def _hourly(minute: int, hours: Values) -> str:
    """Return how something that comes once an hour is told, empty where its hours are too many things."""
    at = f" at minute {minute}" if minute else ""
    if hours.kind == "all":
        return f"every hour{at}"
    if hours.even and hours.low == 0:
        return f"every {hours.step} hours{at}"
    if len(hours.runs) == 1:
        (first, last), *_ = hours.runs
        return f"every hour from {first:02}:{minute:02} to {last:02}:{minute:02}"
    return ""


def _every(unit: str, values: Values) -> str:
    """Return how an interval is told, empty where the values are none."""
    if values.kind == "all":
        return f"every {unit}"
    if values.even:
        since = f" from {unit} {values.low}" if values.low else ""
        return f"every {values.step} {unit}s{since}"
    return ""


def _of(unit: str, values: Values, *, steady: bool) -> str:
    """Return what a coarser unit adds; after an interval, `every` adds nothing."""
    if values.kind == "all":
        return "" if steady else f" of every {unit}"
    if unit == "hour" and steady and values.runs:
        return " " + _listed(f"from {first:02}:00 to {last:02}:59" for first, last in values.runs)
    return f" of {_counted(unit, values)}"


def _counted(unit: str, values: Values) -> str:
    if values.even:
        return f"every {_ordinal(values.step)} {unit}" + (f" from {values.low}" if values.low else "")
    if values.kind == "step":
        return f"every {_ordinal(values.step)} {unit} from {values.low} to {values.high}"
    plural = "" if values.single is not None else "s"
    return f"{unit}{plural} {_runs(values)}"


def _runs(values: Values) -> str:
    found = []
    for first, last in values.runs:
        found += [f"{first} to {last}"] if last > first + 1 else [str(value) for value in range(first, last + 1)]
    return _listed(found)


def _days(said: Reading) -> str:
    by_day, by_weekday = _of_month(said), _of_week(said)
    if by_day and by_weekday:
        also = (
            f", or {_on('on', by_weekday)}"
            if said.join == "or"
            else f", only if it is {by_weekday.replace(' and ', ' or ')}"
        )
        return f"on {by_day}{also}"
    return f"on {by_day}" if by_day else _on("on", by_weekday)


def _on(word: str, text: str) -> str:
    """Return days or months with what stands before them: a run of them is from one to another."""
    first = _SEPARATED.split(text, maxsplit=1)[0]
    return f"{'from' if ' to ' in first else word} {text}" if text else ""


def _of_month(said: Reading) -> str:
    found = []
    if said.days:
        found.append(f"{_counted('day', said.days)} of the month")
    found += [_special_day(each) for each in said.special_days]
    return _listed(found)


def _special_day(day: Special) -> str:
    if day.kind == "last_day":
        last = "the last day of the month"
        if day.number == 1:
            return f"the day before {last}"
        return f"the day {day.number} days before {last}" if day.number else last
    if day.kind == "last_workday":
        return "the last day from Monday to Friday of the month"
    return f"the day from Monday to Friday nearest to day {day.number} of the month"


def _of_week(said: Reading) -> str:
    found = _in_runs([WEEKDAYS[day] for day in WEEK], [day in said.weekdays for day in WEEK])
    for each in said.special_weekdays:
        number = "last" if each.kind == "last_weekday" else NUMBERS[each.number]
        found.append(f"the {number} {WEEKDAYS[each.weekday]} of the month")
    return _listed(found)


def _months(said: Reading) -> str:
    found = _in_runs(MONTHS, [month in said.months for month in range(1, len(MONTHS) + 1)])
    return _on("in", _listed(found))


def _restricted(said: Reading) -> bool:
    return bool(_days(said))


def _in_runs(names: Iterable[str], chosen: Iterable[bool]) -> list[str]:
    """Return the names that are chosen; three or more neighbours as their first and last."""
    runs: list[list[str]] = [[]]
    for name, is_chosen in zip(names, chosen, strict=True):
        if is_chosen:
            runs[-1].append(name)
        elif runs[-1]:
            runs.append([])
    found: list[str] = []
    for run in runs:
        found += [f"{run[0]} to {run[-1]}"] if len(run) > 2 else run  # noqa: PLR2004 - a pair is told as two
    return found


def _clock(second: int, *, with_seconds: bool) -> str:
    text = f"{second // 3600:02}:{second // 60 % 60:02}"
    return f"{text}:{second % 60:02}" if with_seconds else text


def _ordinal(number: int) -> str:
    if number % 100 in {11, 12, 13}:
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"


def _listed(parts: Iterable[str]) -> str:
    *most, last = [*parts] or [""]
    return f"{', '.join(most)} and {last}" if most else last
