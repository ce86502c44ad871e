"""Calendars of blackout windows, on clocks that are set now and then."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runyard.jobs.blackouts import EVERY_DAY, BlackoutMalformed, Dates, Hours, Stretch, Window, apart, stretches
from runyard.jobs.recurrence.rules import US
from runyard.jobs.recurrence.zones import zone

from .recurrence.clocks import UNHURRIED, us

HOUR_S = 3600
BERLIN, UTC, APIA, TROLL = (zone(name) for name in ("Europe/Berlin", "UTC", "Pacific/Apia", "Antarctica/Troll"))
SUNDAY, MONDAY, FRIDAY = 1, 2, 32


NIGHTS = [("2026-05-31T04:00", "2026-06-01T04:00"), ("2026-06-07T04:00", "2026-06-08T04:00")]


def hours(start: float, end: float, weekdays: int = EVERY_DAY, name: str = "Europe/Berlin") -> Hours:
    return Hours("night", weekdays, int(start * HOUR_S), int(end * HOUR_S), zone(name))


@pytest.mark.parametrize(
    ("window", "start", "end", "expected"),
    [
        (
            hours(22, 6, FRIDAY),
            "2026-06-01",
            "2026-06-14",
            [("2026-06-05T20:00", "2026-06-06T04:00"), ("2026-06-12T20:00", "2026-06-13T04:00")],
        ),
        (hours(9, 17, MONDAY), "2026-06-01", "2026-06-02", [("2026-06-01T07:00", "2026-06-01T15:00")]),
        # What touches the stretch is there whole.
        (hours(9, 17, MONDAY), "2026-06-01T10:00", "2026-06-01T11:00", [("2026-06-01T07:00", "2026-06-01T15:00")]),
        (hours(9, 17, MONDAY), "2026-06-01T15:00", "2026-06-08T07:00", []),
        (hours(0, 24, SUNDAY), "2026-06-01", "2026-06-08", [("2026-06-06T22:00", "2026-06-07T22:00")]),
        (hours(6, 6, SUNDAY), "2026-06-01", "2026-06-08", NIGHTS),
        # The clock skips from two to three: a window shorter by an hour, one cut off, one that is not there.
        (hours(1, 4, SUNDAY), "2026-03-28", "2026-03-30", [("2026-03-29T00:00", "2026-03-29T02:00")]),
        (hours(1, 2.5, SUNDAY), "2026-03-28", "2026-03-30", [("2026-03-29T00:00", "2026-03-29T01:00")]),
        (hours(2.5, 4, SUNDAY), "2026-03-28", "2026-03-30", [("2026-03-29T01:00", "2026-03-29T02:00")]),
        (hours(2.25, 2.75, SUNDAY), "2026-03-28", "2026-03-30", []),
        # It goes back from three to two: from the first beginning to the last end.
        (hours(1, 4, SUNDAY), "2026-10-24", "2026-10-26", [("2026-10-24T23:00", "2026-10-25T03:00")]),
        (hours(2.25, 2.75, SUNDAY), "2026-10-24", "2026-10-26", [("2026-10-25T00:15", "2026-10-25T01:45")]),
        (hours(1, 2, SUNDAY), "2026-10-24", "2026-10-26", [("2026-10-24T23:00", "2026-10-25T00:00")]),
        (hours(3, 4, SUNDAY), "2026-10-24", "2026-10-26", [("2026-10-25T02:00", "2026-10-25T03:00")]),
        (
            hours(2.5, 2.75, SUNDAY, "Antarctica/Troll"),
            "2026-10-24",
            "2026-10-26",
            [("2026-10-25T00:30", "2026-10-25T02:45")],
        ),
        (
            Dates("feast", date(2026, 12, 25), date(2026, 12, 26), BERLIN),
            "2026-01-01",
            "2027-01-01",
            [("2026-12-24T23:00", "2026-12-26T23:00")],
        ),
        (Dates("feast", date(2026, 12, 25), date(2026, 12, 26), BERLIN), "2026-01-01", "2026-12-24T23:00", []),
        (Dates("feast", date(2026, 12, 25), date(2026, 12, 26), BERLIN), "2026-12-26T23:00", "2027-01-01", []),
        # Samoa had no 30 December 2011.
        (Dates("lost", date(2011, 12, 30), date(2011, 12, 30), APIA), "2011-01-01", "2012-01-01", []),
        (
            Dates("lost", date(2011, 12, 29), date(2011, 12, 30), APIA),
            "2011-01-01",
            "2012-01-01",
            [("2011-12-29T10:00", "2011-12-30T10:00")],
        ),
        (
            Stretch(us("2026-06-01"), us("2026-06-02"), "move"),
            "2026-05-01",
            "2026-07-01",
            [("2026-06-01", "2026-06-02")],
        ),
        (Stretch(us("2026-06-01"), us("2026-06-02"), "move"), "2026-06-02", "2026-07-01", []),
    ],
)
def test_windows(window: Window, start: str, end: str, expected: list[tuple[str, str]]) -> None:
    found = stretches([window], us(start), us(end))
    assert [(each.start, each.end) for each in found] == [(us(begin), us(over)) for begin, over in expected]
    assert {each.name for each in found} <= {window.name}


def test_windows_that_overlap_are_told_apart() -> None:
    both = stretches(
        [hours(9, 17, MONDAY), Stretch(us("2026-06-01T14:00"), us("2026-06-01T20:00"), "move")],
        us("2026-06-01"),
        us("2026-06-02"),
    )
    assert both == [
        Stretch(us("2026-06-01T07:00"), us("2026-06-01T15:00"), "night"),
        Stretch(us("2026-06-01T15:00"), us("2026-06-01T20:00"), "move"),
    ]


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Dates("feast", date(2026, 12, 26), date(2026, 12, 25), UTC), "ends on 2026-12-25, before it begins"),
        (lambda: hours(1, 2, 0), "no weekdays"),
        (lambda: hours(1, 2, 128), "no weekdays"),
        (lambda: hours(-1, 2), "not -3600"),
        (lambda: hours(1, 25), "not 90000"),
    ],
)
def test_what_is_no_window(make: object, says: str) -> None:
    assert callable(make)
    with pytest.raises(BlackoutMalformed, match=says):
        make()


@UNHURRIED
@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 20)), max_size=6))
def test_no_instant_is_lost_or_held_twice(pairs: list[tuple[int, int]]) -> None:
    given_ones = [Stretch(start, start + long, str(start)) for start, long in pairs]
    found = apart(given_ones)
    for at in range(80):
        assert sum(each.holds(at) for each in found) == any(each.holds(at) for each in given_ones)
    assert found == sorted(found, key=lambda each: each.start)


@pytest.mark.parametrize("second", [0, 1800, 7200, 9000, 86_399])
@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
def test_an_hour_of_every_day_holds_that_hour(day: str, second: int) -> None:
    start, end = us(day) - 86_400 * US, us(day) + 2 * 86_400 * US
    found = stretches([Hours("night", EVERY_DAY, second, (second + HOUR_S) % 86_400, TROLL)], start, end)
    for at in range(start, end, 600 * US):
        wall = at // US + TROLL.at(at // US).offset
        # Between its first and its last showing of an hour, a clock may show earlier times again.
        assert any(each.holds(at) for each in found) >= ((wall - second) % 86_400 < HOUR_S)
    assert all(each.end - each.start <= 3 * HOUR_S * US for each in found)
