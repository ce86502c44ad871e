"""Expressions nobody thought of, in zones and weeks picked at random, held against a walk of the clock."""

import calendar
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from runyard.jobs.recurrence.cron import parse
from runyard.jobs.recurrence.problems import CronNeverDue
from runyard.jobs.recurrence.rules import LAST_S, US, AtIntervals, Once

from .clocks import EPOCH, UNHURRIED, counted, counted_back, rule, walked
from .test_dst import ZONES, changes

SATURDAY, SUNDAY = 5, 6
MONTHS = [name.upper() for name in calendar.month_abbr[1:]]
WEEKDAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
Test = Callable[[date], bool]


@dataclass(frozen=True)
class Field:
    """A field as text, and what it means, said without our code."""

    text: str
    values: frozenset[int] = frozenset()
    tests: tuple[Test, ...] = ()

    @property
    def starred(self) -> bool:
        return self.text[0] in "*?"


def plain(low: int, high: int) -> st.SearchStrategy[tuple[str, frozenset[int]]]:
    value, step = st.integers(low, high), st.integers(1, high - low + 1)
    every = st.just(("*", frozenset(range(low, high + 1))))
    steps = step.map(lambda n: (f"*/{n}", frozenset(range(low, high + 1, n))))
    single = value.map(lambda a: (str(a), frozenset({a})))
    onwards = st.tuples(value, step).map(lambda t: (f"{t[0]}/{t[1]}", frozenset(range(t[0], high + 1, t[1]))))
    pair = st.tuples(value, value).map(sorted)
    span = pair.map(lambda t: (f"{t[0]}-{t[1]}", frozenset(range(t[0], t[1] + 1))))
    stepped = st.tuples(pair, step).map(
        lambda t: (f"{t[0][0]}-{t[0][1]}/{t[1]}", frozenset(range(t[0][0], t[0][1] + 1, t[1])))
    )
    return st.one_of(every, single, steps, span, stepped, onwards)


def numbers(low: int, high: int) -> st.SearchStrategy[Field]:
    return st.lists(plain(low, high), min_size=1, max_size=3).map(
        lambda items: Field(",".join(text for text, _ in items), frozenset().union(*(values for _, values in items)))
    )


def month_days(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]


def workday(day: date, wanted: int) -> bool:
    """Whether a day is the one from Monday to Friday, of its month, that is nearest to day `wanted`."""
    if wanted > month_days(day):
        return False
    near = [day.replace(day=each) for each in range(1, month_days(day) + 1)]
    near = [each for each in near if each.weekday() < SATURDAY]
    # Saturday is nearer to Friday, Sunday to Monday: there is no tie but at the ends of a month.
    return day == min(near, key=lambda each: abs(each.day - wanted))


SPECIAL_DAYS = st.one_of(
    st.integers(0, 28).map(lambda n: (f"L-{n}" if n else "L", lambda day: day.day == month_days(day) - n)),
    st.just(("LW", lambda day: workday(day, month_days(day)))),
    st.integers(1, 31).map(lambda n: (f"{n}W", lambda day: workday(day, n))),
)
SPECIAL_WEEKDAYS = st.one_of(
    st.integers(0, 6).map(
        lambda n: (f"{WEEKDAYS[n]}L", lambda day: day.isoweekday() % 7 == n and day.day + 7 > month_days(day))
    ),
    st.tuples(st.integers(0, 7), st.integers(1, 5)).map(
        lambda t: (f"{t[0]}#{t[1]}", lambda day: day.isoweekday() % 7 == t[0] % 7 and (day.day + 6) // 7 == t[1])
    ),
)


def with_special(
    field: st.SearchStrategy[Field], special: st.SearchStrategy[tuple[str, Test]]
) -> st.SearchStrategy[Field]:
    both = st.tuples(field, special).map(lambda t: Field(f"{t[0].text},{t[1][0]}", t[0].values, (t[1][1],)))
    alone = special.map(lambda item: Field(item[0], tests=(item[1],)))
    return st.one_of(field, st.just(Field("?", frozenset(range(32)))), alone, both)


MINUTES, HOURS = numbers(0, 59), numbers(0, 23)
DAYS = with_special(numbers(1, 31), SPECIAL_DAYS)
WEEK = with_special(
    st.one_of(
        numbers(0, 6), st.sampled_from(WEEKDAYS).map(lambda name: Field(name, frozenset({WEEKDAYS.index(name)})))
    ),
    SPECIAL_WEEKDAYS,
)
YEAR = st.one_of(
    numbers(1, 12),
    st.sampled_from(MONTHS).map(lambda name: Field(name.title(), frozenset({MONTHS.index(name) + 1}))),
)


@dataclass(frozen=True)
class Expression:
    seconds: Field | None
    minutes: Field
    hours: Field
    days: Field
    months: Field
    weekdays: Field

    @property
    def text(self) -> str:
        fields = (self.seconds, self.minutes, self.hours, self.days, self.months, self.weekdays)
        return " ".join(field.text for field in fields if field)

    @property
    def interval_like(self) -> bool:
        return self.minutes.text[0] == "*" or self.hours.text[0] == "*"

    def matches(self, local: datetime) -> bool:
        second = local.second in self.seconds.values if self.seconds else local.second == 0
        return (
            second
            and local.minute in self.minutes.values
            and local.hour in self.hours.values
            and local.month in self.months.values
            and self.names(local.date())
        )

    def names(self, day: date) -> bool:
        by_day = day.day in self.days.values or any(test(day) for test in self.days.tests)
        weekday = day.isoweekday() % 7
        by_weekday = weekday in self.weekdays.values or any(test(day) for test in self.weekdays.tests)
        if self.days.starred or self.weekdays.starred:
            return by_day and by_weekday
        return by_day or by_weekday


EXPRESSIONS = st.builds(Expression, st.none(), MINUTES, HOURS, DAYS, YEAR, WEEK)
WITH_SECONDS = st.builds(Expression, numbers(0, 59), MINUTES, HOURS, DAYS, YEAR, WEEK)
OFTEN = st.builds(Expression, st.none(), MINUTES, HOURS, DAYS, st.just(Field("*", frozenset(range(1, 13)))), WEEK)
CHANGES = {name: [at for at, before, after in changes(name) if not (before % 60 or after % 60)] for name in ZONES}


@st.composite
def settings_of_a_clock(draw: st.DrawFn) -> tuple[str, int]:
    name = draw(st.sampled_from(ZONES))
    return name, draw(st.sampled_from(CHANGES[name]))


SLOWLY = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@SLOWLY
@given(OFTEN, settings_of_a_clock(), st.integers(-1200, 0))
def test_minutes_around_a_change_of_the_clock(expression: Expression, change: tuple[str, int], early: int) -> None:
    name, at = change
    try:
        due = rule(expression.text, name)
    except CronNeverDue:
        assume(False)
    start = (at // 60 + early) * 60 * US
    end = start + 2000 * 60 * US
    expected = walked(expression.matches, name, start, end, 60, interval_like=expression.interval_like)
    assert due.cron.interval_like == expression.interval_like
    assert counted(due, start, end) == expected
    assert counted_back(due, start, end) == expected


@SLOWLY
@given(WITH_SECONDS, settings_of_a_clock(), st.integers(-200, 200))
def test_seconds_around_a_change_of_the_clock(expression: Expression, change: tuple[str, int], away: int) -> None:
    name, at = change
    try:
        due = rule(expression.text, name)
    except CronNeverDue:
        assume(False)
    start, end = (at + away - 600) * US, (at + away + 600) * US
    expected = walked(expression.matches, name, start, end, 1, interval_like=expression.interval_like)
    assert counted(due, start, end) == expected
    assert counted_back(due, start, end) == expected


@SLOWLY
@given(EXPRESSIONS, st.integers(1970, 2096))
def test_days_of_some_years(expression: Expression, year: int) -> None:
    days = [date(year, 1, 1) + timedelta(days=each) for each in range(4 * 365 + 1)]
    expected = [day for day in days if day.month in expression.months.values and expression.names(day)]
    try:
        due = rule(expression.text, "UTC")
    except CronNeverDue:
        assert expected == []
        return
    found: list[date] = []
    at = (date(year, 1, 1) - date(1970, 1, 1)).days * 86_400
    while (local := due.cron.at_or_after(at)) is not None and len(found) < len(expected):
        found.append((EPOCH + timedelta(seconds=local)).date())
        at = (local // 86_400 + 1) * 86_400
    assert found == expected


@UNHURRIED
@given(EXPRESSIONS)
def test_what_is_refused_never_comes(expression: Expression) -> None:
    # All the kinds of months there are: every first weekday with every length, within 28 years.
    comes = any(
        month in expression.months.values and expression.names(date(year, month, day))
        for year in range(2000, 2028)
        for month in range(1, 13)
        for day in range(1, calendar.monthrange(year, month)[1] + 1)
    )
    try:
        parse(expression.text)
    except CronNeverDue:
        assert not comes
    else:
        assert comes


@UNHURRIED
@given(EXPRESSIONS, st.sampled_from(ZONES), st.integers(-(10**9), LAST_S + 10**9), st.integers(0, US - 1))
def test_both_ways_meet(expression: Expression, name: str, second: int, part: int) -> None:
    try:
        due = rule(expression.text, name)
    except CronNeverDue:
        assume(False)
    at = second * US + part
    following, before = due.next(at), due.previous(at)
    if following is not None:
        assert at < following.at <= LAST_S * US
        assert due.next(following.at - 1) == following
        assert due.previous(following.at + 1) == following
    if before is not None:
        assert 0 <= before.at < at
        assert due.next(before.at - 1) == before
        assert before.at == LAST_S * US or due.next(before.at) in {following, due.next(at - 1)}


@UNHURRIED
@given(st.integers(1, 366 * 86_400), st.integers(0, LAST_S * US), st.integers(-US, (LAST_S + 1) * US))
def test_intervals_count_from_their_anchor(every_s: int, anchor: int, at: int) -> None:
    due = AtIntervals(every_s, anchor)
    following, before = due.next(at), due.previous(at)
    for found in (following, before):
        if found is not None:
            assert found.at >= anchor
            assert (found.at - anchor) % (every_s * US) == 0
            assert found.at <= LAST_S * US
    if following is not None:
        assert following.at > at
        assert following.at == anchor or following.at - every_s * US <= at
    if before is not None:
        assert before.at < at <= before.at + every_s * US or before.at + every_s * US > LAST_S * US


@UNHURRIED
@given(st.integers(), st.integers())
def test_once_is_once(at: int, asked: int) -> None:
    following, before = Once(at).next(asked), Once(at).previous(asked)
    assert (following is not None) == (asked < at)
    assert (before is not None) == (at < asked)
