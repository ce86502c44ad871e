"""How busy the hours to come will be."""

import pytest

from runyard.jobs.calendar import Cells, Mark, hourly, marks
from runyard.jobs.forecast import HOUR, Load, forecast, typical
from runyard.jobs.recurrence.rules import US
from runyard.jobs.recurrence.zones import zone
from runyard.jobs.slots import Outcome

from .recurrence.clocks import rule, us

START = us("2026-03-02T00:00")
HOURS = Cells(zone("UTC"), 3600)


def load(expression: str, typical_s: float, at_once: int | None = None, *, from_hour: int = 0) -> Load:
    found = marks(rule(expression, "UTC"), START + from_hour * HOUR, START + 4 * HOUR, HOURS)
    return Load(tuple(found), typical_s, at_once)


@pytest.mark.parametrize(
    ("loads", "runs", "busy", "used"),
    [
        ([], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]),
        # Within its hour.
        ([load("0 1 * * *", 600)], [0, 1, 0, 0], [0, 600, 0, 0], [0, 1 / 6, 0, 0]),
        # Beyond it: what it takes counts where it starts, what it spends where it goes on.
        ([load("30 0 * * *", 5400)], [1, 0, 0, 0], [5400, 0, 0, 0], [0.5, 1, 0, 0]),
        # Beyond the end.
        ([load("0 3 * * *", 36_000)], [0, 0, 0, 1], [0, 0, 0, 36_000], [0, 0, 0, 1]),
        # Started before.
        ([load("0 22 * * *", 3 * 3600, from_hour=-2)], [0, 0, 0, 0], [0, 0, 0, 0], [1, 0, 0, 0]),
        # Many in an hour.
        ([load("* 2 * * *", 30)], [0, 0, 60, 0], [0, 0, 1800, 0], [0, 0, 0.5, 0]),
        # No more than may go on at once.
        ([load("* * * * *", 120, 1)], [60] * 4, [7200] * 4, [1] * 4),
        # Jobs add up.
        ([load("0 1 * * *", 1800), load("15 1 * * *", 1800)], [0, 2, 0, 0], [0, 3600, 0, 0], [0, 1, 0, 0]),
        # Nobody knows yet how long it takes.
        ([load("0 * * * *", 0)], [1, 1, 1, 1], [0, 0, 0, 0], [0, 0, 0, 0]),
    ],
)
def test_hours(loads: list[Load], runs: list[int], busy: list[float], used: list[float]) -> None:
    found = forecast(loads, START, 4)
    assert [hour.at for hour in found] == [START + number * HOUR for number in range(4)]
    assert [hour.runs for hour in found] == runs
    assert [hour.busy_s for hour in found] == pytest.approx(busy)
    assert [hour.slots_used for hour in found] == pytest.approx(used, abs=0.03)


def test_what_is_spent_is_what_is_taken() -> None:
    mark = Mark(START + 10 * 60 * US, START + 59 * 60 * US, 50, Outcome.fired)
    found = forecast([Load((mark,), 1500)], START, 3)
    assert sum(hour.slots_used for hour in found) * 3600 == pytest.approx(50 * 1500)
    assert found[1].slots_used > 0


@pytest.mark.parametrize(("durations", "expected"), [([], 0), ([3], 3), ([1, 100, 3], 3), ([1, 3], 2)])
def test_one_long_run_does_not_say_how_long_they_take(durations: list[float], expected: float) -> None:
    assert typical(durations) == expected


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kolkata", "America/New_York"])
@pytest.mark.parametrize(
    "expression",
    ["30 2 * * *", "0 0 * * *", "15 1 * * *", "59 23 * * *", "10 1,2 * * *", "30 2 * * 7", "5 * * * *", "*/20 2 * * *"],
)
def test_what_is_told_quickly_is_what_there_is(name: str, expression: str) -> None:
    # Clocks are set forward and back within.
    start, end = us("2026-02-20T01:17"), us("2026-11-30T13:00")
    found = hourly(rule(expression, name), start, end)
    expected = [mark for mark in marks(rule(expression, name), start, end, HOURS) if mark.outcome is Outcome.fired]
    spread = [(mark.at, mark.until, mark.count) for mark in found]
    assert spread == sorted(spread)
    assert sum(count for _at, _until, count in spread) == sum(mark.count for mark in expected)
    assert {at for at, _until, _count in spread} >= {mark.at for mark in expected}
    assert {until for _at, until, _count in spread} >= {mark.until for mark in expected}
