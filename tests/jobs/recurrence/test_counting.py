"""How often something is due, counted without walking, held against walking."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from runyard.jobs.recurrence.counting import count
from runyard.jobs.recurrence.problems import CronNeverDue
from runyard.jobs.recurrence.rules import LAST_S, US, AtIntervals, Once, Rule, between
from runyard.jobs.recurrence.zones import zone

from .clocks import UNHURRIED, rule, us
from .test_dst import ZONES, changes
from .test_reference import EXPRESSIONS, OFTEN, SLOWLY, Expression, settings_of_a_clock

YEAR = 366 * 86_400 * US
SECONDS = st.integers(0, LAST_S)


@pytest.mark.parametrize(
    ("expression", "name", "after", "until", "expected"),
    [
        ("* * * * * *", "UTC", "1970-01-01T00:00", "2100-12-31T23:59:59", LAST_S),
        ("* * * * * *", "UTC", "1960-01-01T00:00", "2200-01-01T00:00", LAST_S + 1),
        ("* * * * *", "Europe/Berlin", "2026-01-01T00:00", "2027-01-01T00:00", 365 * 1440),
        ("30 2 * * *", "Europe/Berlin", "2026-01-01T00:00", "2027-01-01T00:00", 366),
        ("0 12 * * *", "Pacific/Apia", "2011-12-01T10:00", "2012-01-01T10:00", 32),
        ("0 0 29 2 *", "UTC", "1970-01-01T00:00", "2100-12-31T00:00", 32),
        ("* * * * *", "UTC", "2026-01-01T00:00", "2026-01-01T00:00", 0),
        ("* * * * *", "UTC", "2026-01-02T00:00", "2026-01-01T00:00", 0),
    ],
)
def test_stretches(expression: str, name: str, after: str, until: str, expected: int) -> None:
    assert count(rule(expression, name), us(after), us(until)) == expected


def walk(due: Rule, after: int, until: int) -> int:
    return sum(1 for _ in between(due, after, until))


@SLOWLY
@given(OFTEN, settings_of_a_clock(), st.integers(-90_000, 90_000), st.integers(0, 180_000))
def test_around_a_change_of_the_clock(expression: Expression, change: tuple[str, int], away: int, long: int) -> None:
    name, at = change
    try:
        due = rule(expression.text, name)
    except CronNeverDue:
        assume(False)
    start = (at + away) * US
    assert count(due, start, start + long * US) == walk(due, start, start + long * US)


@SLOWLY
@given(EXPRESSIONS, st.sampled_from(ZONES), SECONDS, st.integers(0, 40 * 86_400))
def test_anywhere(expression: Expression, name: str, start: int, long: int) -> None:
    try:
        due = rule(expression.text, name)
    except CronNeverDue:
        assume(False)
    assert count(due, start * US, (start + long) * US) == walk(due, start * US, (start + long) * US)


@UNHURRIED
@given(st.integers(3600, 10**7), SECONDS, SECONDS, st.integers(-YEAR, YEAR))
def test_intervals_and_dates(every_s: int, anchor: int, after: int, long: int) -> None:
    after *= US
    for due in (AtIntervals(every_s, anchor * US), Once(anchor * US)):
        assert count(due, after, after + long) == walk(due, after, after + long)


@pytest.mark.parametrize("name", ZONES)
def test_a_local_time_has_a_first_and_a_last_instant(name: str) -> None:
    offsets = zone(name)
    for at, before, after in changes(name):
        middle = at + (before + after) // 2
        gap = after > before
        assert offsets.first(middle) == (at if gap else middle - before)
        assert offsets.last(middle) == (at if gap else middle - after)
        for wall, instant in (
            (at + min(before, after) - 1, at - 1 - max(before - after, 0)),
            (at + max(before, after), None),
        ):
            expected = at + max(before - after, 0) if instant is None else instant
            assert offsets.first(wall) == offsets.last(wall) == expected
