"""Clocks that are set: gaps, folds, half hours, lost days and midnights that do not exist."""

import functools
from datetime import datetime

import pytest

from runyard.jobs.recurrence.problems import IntervalMalformed
from runyard.jobs.recurrence.rules import LAST_S, US, AtIntervals, between, next_fire
from runyard.jobs.recurrence.zones import zone

from .clocks import counted, counted_back, rule, shown, times, us, walked

CASES = [
    # Berlin: an hour is skipped at 02:00 and repeated at 03:00.
    (
        "30 2 * * *",
        "Europe/Berlin",
        "2026-03-28T12:00",
        [("2026-03-29T03:00+02:00", "moved"), ("2026-03-30T02:30+02:00", None)],
    ),
    ("0 3 * * *", "Europe/Berlin", "2026-03-28T12:00", [("2026-03-29T03:00+02:00", None)]),
    (
        "15,45 2 * * *",
        "Europe/Berlin",
        "2026-03-28T12:00",
        [("2026-03-29T03:00+02:00", "moved"), ("2026-03-30T02:15+02:00", None)],
    ),
    (
        "0 2,3 * * *",
        "Europe/Berlin",
        "2026-03-28T12:00",
        [("2026-03-29T03:00+02:00", "merged"), ("2026-03-30T02:00+02:00", None)],
    ),
    (
        "30 * * * *",
        "Europe/Berlin",
        "2026-03-29T00:00",
        [("2026-03-29T01:30+01:00", None), ("2026-03-29T03:00+02:00", "moved"), ("2026-03-29T03:30+02:00", None)],
    ),
    (
        "*/20 * * * *",
        "Europe/Berlin",
        "2026-03-29T00:40",
        [("2026-03-29T03:00+02:00", "merged"), ("2026-03-29T03:20+02:00", None)],
    ),
    (
        "30 2 * * *",
        "Europe/Berlin",
        "2026-10-24T12:00",
        [("2026-10-25T02:30+02:00", None), ("2026-10-25T02:30+01:00", "suppressed"), ("2026-10-26T02:30+01:00", None)],
    ),
    (
        "30 * * * *",
        "Europe/Berlin",
        "2026-10-25T00:00",
        [("2026-10-25T02:30+02:00", None), ("2026-10-25T02:30+01:00", "repeated"), ("2026-10-25T03:30+01:00", None)],
    ),
    (
        "*/30 2 * * *",
        "Europe/Berlin",
        "2026-10-24T23:30",
        [
            ("2026-10-25T02:00+02:00", None),
            ("2026-10-25T02:30+02:00", None),
            ("2026-10-25T02:00+01:00", "repeated"),
            ("2026-10-25T02:30+01:00", "repeated"),
            ("2026-10-26T02:00+01:00", None),
        ],
    ),
    ("0 3 * * *", "Europe/Berlin", "2026-10-24T12:00", [("2026-10-25T03:00+01:00", None)]),
    # Seconds within a gap and a fold.
    (
        "10 59 2 * * *",
        "Europe/Berlin",
        "2026-03-29T00:59:59",
        [("2026-03-29T03:00+02:00", "moved"), ("2026-03-30T02:59:10+02:00", None)],
    ),
    # New York, Dublin (where winter is the exception) and Tehran (where midnight goes).
    ("30 2 * * *", "America/New_York", "2026-03-07T12:00", [("2026-03-08T03:00-04:00", "moved")]),
    (
        "30 1 * * *",
        "Europe/Dublin",
        "2026-10-24T12:00",
        [("2026-10-25T01:30+01:00", None), ("2026-10-25T01:30+00:00", "suppressed")],
    ),
    (
        "0 0 * * *",
        "Asia/Tehran",
        "2021-03-20T21:00",
        [("2021-03-22T01:00+04:30", "moved"), ("2021-03-23T00:00+04:30", None)],
    ),
    # Midnight that does not exist: the day begins at one, and what belongs to it stays on it.
    (
        "0 0 * * *",
        "America/Sao_Paulo",
        "2018-11-03T12:00",
        [("2018-11-04T01:00-02:00", "moved"), ("2018-11-05T00:00-02:00", None)],
    ),
    (
        "0 0 4 11 *",
        "America/Sao_Paulo",
        "2018-11-03T12:00",
        [("2018-11-04T01:00-02:00", "moved"), ("2019-11-04T00:00-03:00", None)],
    ),
    (
        "30 23 * * *",
        "America/Sao_Paulo",
        "2018-02-17T12:00",
        [("2018-02-17T23:30-02:00", None), ("2018-02-17T23:30-03:00", "suppressed"), ("2018-02-18T23:30-03:00", None)],
    ),
    ("0 0 * * *", "America/Santiago", "2026-09-05T12:00", [("2026-09-06T01:00-03:00", "moved")]),
    ("0 0 * * *", "Africa/Cairo", "2026-04-23T12:00", [("2026-04-24T01:00+03:00", "moved")]),
    ("0 0 * * *", "Asia/Beirut", "2026-03-28T12:00", [("2026-03-29T01:00+03:00", "moved")]),
    # Lord Howe sets its clocks by half an hour.
    (
        "15 2 * * *",
        "Australia/Lord_Howe",
        "2026-10-03T12:00",
        [("2026-10-04T02:30+11:00", "moved"), ("2026-10-05T02:15+11:00", None)],
    ),
    ("45 2 * * *", "Australia/Lord_Howe", "2026-10-03T12:00", [("2026-10-04T02:45+11:00", None)]),
    (
        "*/15 * * * *",
        "Australia/Lord_Howe",
        "2026-10-03T15:10",
        [("2026-10-04T01:45+10:30", None), ("2026-10-04T02:30+11:00", "merged"), ("2026-10-04T02:45+11:00", None)],
    ),
    (
        "45 1 * * *",
        "Australia/Lord_Howe",
        "2026-04-04T12:00",
        [("2026-04-05T01:45+11:00", None), ("2026-04-05T01:45+10:30", "suppressed"), ("2026-04-06T01:45+10:30", None)],
    ),
    # Samoa had no 30 December 2011, Kwajalein no 21 August 1993.
    (
        "0 12 * * *",
        "Pacific/Apia",
        "2011-12-29T12:00",
        [("2011-12-29T12:00-10:00", None), ("2011-12-31T00:00+14:00", "moved"), ("2011-12-31T12:00+14:00", None)],
    ),
    (
        "0 0 * * *",
        "Pacific/Apia",
        "2011-12-29T12:00",
        [("2011-12-31T00:00+14:00", "merged"), ("2012-01-01T00:00+14:00", None)],
    ),
    (
        "0 9 * * FRI",
        "Pacific/Apia",
        "2011-12-24T00:00",
        [("2011-12-31T00:00+14:00", "moved"), ("2012-01-06T09:00+14:00", None)],
    ),
    (
        "0 9 30 12 *",
        "Pacific/Apia",
        "2011-12-24T00:00",
        [("2011-12-31T00:00+14:00", "moved"), ("2012-12-30T09:00+14:00", None)],
    ),
    (
        "0 9 * * *",
        "Pacific/Kwajalein",
        "1993-08-20T00:00",
        [("1993-08-20T09:00-12:00", None), ("1993-08-22T00:00+12:00", "moved")],
    ),
    # Casablanca sets its clock back for Ramadan, and forward again after it.
    (
        "30 2 * * *",
        "Africa/Casablanca",
        "2026-02-14T12:00",
        [("2026-02-15T02:30+01:00", None), ("2026-02-15T02:30+00:00", "suppressed"), ("2026-02-16T02:30+00:00", None)],
    ),
    (
        "30 2 * * *",
        "Africa/Casablanca",
        "2026-03-21T12:00",
        [("2026-03-22T03:00+01:00", "moved"), ("2026-03-23T02:30+01:00", None)],
    ),
    # Troll sets its clocks by two hours.
    (
        "30 2 * * *",
        "Antarctica/Troll",
        "2026-03-28T12:00",
        [("2026-03-29T03:00+02:00", "moved"), ("2026-03-30T02:30+02:00", None)],
    ),
    (
        "0 1,2 * * *",
        "Antarctica/Troll",
        "2026-03-28T12:00",
        [("2026-03-29T03:00+02:00", "moved"), ("2026-03-30T01:00+02:00", None)],
    ),
    (
        "0 */2 * * *",
        "Antarctica/Troll",
        "2026-10-24T23:30",
        [("2026-10-25T02:00+02:00", None), ("2026-10-25T02:00+00:00", "repeated"), ("2026-10-25T04:00+00:00", None)],
    ),
    # Liberia was 44 minutes and 30 seconds behind until 1972.
    (
        "20 0 7 1 *",
        "Africa/Monrovia",
        "1972-01-06T12:00",
        [("1972-01-07T00:44:30+00:00", "moved"), ("1973-01-07T00:20+00:00", None)],
    ),
    # North Korea moved its clock by half an hour; zones without such days have none of it.
    ("45 23 4 5 *", "Asia/Pyongyang", "2018-05-01T00:00", [("2018-05-05T00:00+09:00", "moved")]),
    ("30 2 * * *", "Asia/Shanghai", "2026-03-28T12:00", [("2026-03-29T02:30+08:00", None)]),
    ("30 2 * * *", "UTC", "2026-03-29T00:00", [("2026-03-29T02:30+00:00", None)]),
]


@pytest.mark.parametrize(("expression", "name", "after", "expected"), CASES)
def test_what_is_due_when_a_clock_is_set(
    expression: str, name: str, after: str, expected: list[tuple[str, str | None]]
) -> None:
    assert times(rule(expression, name), after, len(expected)) == expected


@pytest.mark.parametrize(("expression", "name", "after", "expected"), CASES)
def test_the_way_back_is_the_same(
    expression: str, name: str, after: str, expected: list[tuple[str, str | None]]
) -> None:
    due = rule(expression, name)
    found = list(between(due, us(after), us(after) + 3 * 86_400 * US))
    assert [due.previous(each.at) for each in found[1:]] == found[:-1]


def test_what_was_wanted_is_said() -> None:
    moved = rule("15,45 2 * * *", "Europe/Berlin").next(us("2026-03-28T12:00"))
    merged = rule("*/20 * * * *", "Europe/Berlin").next(us("2026-03-29T00:40"))
    for found, minute in ((moved, 15), (merged, 0)):
        assert found is not None
        assert found.wanted == us(f"2026-03-29T02:{minute:02}") // US
        assert found.fires


def test_a_suppressed_one_does_not_fire() -> None:
    due = rule("30 2 * * *", "Europe/Berlin")
    second = due.next(us("2026-10-25T02:30+02:00"))
    assert second is not None
    assert not second.fires
    following = next_fire(due, us("2026-10-25T02:30+02:00"))
    assert following is not None
    assert shown(following) == "2026-10-26T02:30+01:00"
    assert next_fire(rule("0 0 1 1 *", "UTC"), us("2100-06-01T00:00")) is None


@pytest.mark.parametrize("every_s", [0, -1, 366 * 86_400 + 1])
def test_an_interval_can_not_be_kept(every_s: int) -> None:
    with pytest.raises(IntervalMalformed, match=f"not {every_s}"):
        AtIntervals(every_s, 0)


ZONES = [
    "Europe/Berlin",
    "Europe/London",
    "Europe/Dublin",
    "America/New_York",
    "America/Sao_Paulo",
    "America/St_Johns",
    "America/Havana",
    "Africa/Casablanca",
    "Africa/Cairo",
    "Antarctica/Troll",
    "Asia/Gaza",
    "Asia/Shanghai",
    "Asia/Tehran",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Pacific/Kwajalein",
]


def changes(name: str) -> list[tuple[int, int, int]]:
    """Return each change of a zone's clock from 1971 to 2100: when, and the offsets before and after."""
    offsets, at, found = zone(name), 366 * 86_400, []
    while at < LAST_S:
        span = offsets.at(at)
        if span.before != span.offset and span.start == at:
            found.append((at, span.before, span.offset))
        at = span.end
    return found


def is_at(second: int, local: datetime) -> bool:
    return (local.hour * 60 + local.minute) * 60 + local.second == second


def is_quarter(local: datetime) -> bool:
    return local.minute % 15 == 0 and local.second == 0


@pytest.mark.parametrize("name", ZONES)
def test_every_gap_and_fold_agrees_with_a_walk_of_the_clock(name: str) -> None:
    quarters = rule("*/15 * * * *", name)
    found = 0
    for at, before, after in changes(name):
        if after % 900 or before % 900:
            # Offsets of odd seconds have tables of their own.
            continue
        # Some set their clocks a minute after midnight.
        step = 900 if at % 900 == 0 else 60
        start = (at - 7200) // 900 * 900 * US
        stop = start + (14_400 + abs(after - before)) * US
        # A fixed time in the middle of what is skipped or repeated, one at its end, and one that counts on.
        middle, end = (at + (before + after) // 2) // 900 * 900, at + after // 60 * 60
        for wall in (middle, end):
            fixed = rule(f"{wall // 60 % 60} {wall // 3600 % 24} * * *", name)
            matches = functools.partial(is_at, wall % 86_400)
            expected = walked(matches, name, start, stop, step, interval_like=False)
            assert counted(fixed, start, stop) == expected
            assert counted_back(fixed, start, stop) == expected
        expected = walked(is_quarter, name, start, stop, step, interval_like=True)
        assert counted(quarters, start, stop) == expected
        assert counted_back(quarters, start, stop) == expected
        found += 1
    assert found >= {"Asia/Shanghai": 12, "Pacific/Kwajalein": 1}.get(name, 20)
