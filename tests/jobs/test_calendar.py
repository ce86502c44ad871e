"""What a calendar shows of what is to come, against a walk through it."""

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runyard.jobs.blackouts import Stretch
from runyard.jobs.calendar import Cells, Mark, cell_s, hourly, marks
from runyard.jobs.recurrence.rules import US, AtIntervals, Once, between
from runyard.jobs.recurrence.zones import zone
from runyard.jobs.slots import Outcome

from .recurrence.clocks import UNHURRIED, rule, us

HOUR, DAY = 3600, 86_400
UTC_HOURS = Cells(zone("UTC"), HOUR)


def told(found: list[Mark]) -> list[tuple[str, int, str]]:
    from runyard.clock import from_us

    return [(f"{from_us(mark.at):%dT%H:%M}", mark.count, mark.outcome.value) for mark in found]


def test_dense_triggers_are_one_mark_a_cell_and_sparse_ones_stand_alone() -> None:
    start, end = us("2026-03-02T00:00"), us("2026-03-02T03:00")
    assert told(list(marks(rule("*/5 * * * *", "UTC"), start, end, UTC_HOURS))) == [
        ("02T00:00", 12, "fired"),
        ("02T01:00", 12, "fired"),
        ("02T02:00", 12, "fired"),
    ]
    [one] = marks(rule("30 2 * * *", "UTC"), start, end, UTC_HOURS)
    assert (one.at, one.until, one.count) == (us("2026-03-02T02:30"), us("2026-03-02T02:30"), 1)
    assert list(marks(Once(us("2026-03-02T03:00")), start, end, UTC_HOURS)) == []


def test_what_pauses_and_blackouts_take_is_told_apart() -> None:
    start, end = us("2026-03-02T00:00"), us("2026-03-02T02:00")
    blackout = Stretch(us("2026-03-02T00:30"), us("2026-03-02T01:15"), "release")
    paused = Stretch(us("2026-03-02T01:50"), us("2026-03-03T00:00"), "ada")
    found = list(marks(rule("*/10 * * * *", "UTC"), start, end, UTC_HOURS, pauses=[paused], blackouts=[blackout]))
    assert [(mark.count, mark.outcome.value, mark.name) for mark in found] == [
        (3, "fired", ""),
        (3, "blackout", "release"),
        (2, "blackout", "release"),
        (3, "fired", ""),
        (1, "paused", "ada"),
    ]


def test_a_time_that_comes_twice_is_told_as_such() -> None:
    start, end = us("2026-10-25T00:00"), us("2026-10-25T06:00")
    found = list(marks(rule("30 2 * * *", "Europe/Berlin"), start, end, Cells(zone("Europe/Berlin"), HOUR)))
    assert told(found) == [("25T00:30", 1, "fired"), ("25T01:30", 1, "dst")]


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "America/New_York"])
@pytest.mark.parametrize("long_s", [900, HOUR, DAY])
@given(hours=st.integers(0, 366 * 24), minutes=st.integers(0, 59))
@UNHURRIED
def test_cells_end_later_than_what_is_in_them_and_soon(name: str, long_s: int, hours: int, minutes: int) -> None:
    at = us("2026-01-01T00:00") + (hours * HOUR + minutes * 60) * US
    end = Cells(zone(name), long_s).end(at)
    assert at < end <= at + (long_s + 2 * HOUR) * US


def test_a_day_of_a_zone_is_a_cell_however_long() -> None:
    days = Cells(zone("Europe/Berlin"), DAY)
    short, long = us("2026-03-29T00:00+01:00"), us("2026-10-25T00:00+02:00")
    assert days.end(short) - short == 23 * HOUR * US
    assert days.end(long) - long == 25 * HOUR * US


@given(
    expression=st.sampled_from(
        ["* * * * *", "*/7 1-5 * * *", "0 9 * * 1-5", "30 2 * * *", "15,45 */2 L * *", "0 0 1 * *"]
    ),
    name=st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kolkata"]),
    day=st.integers(0, 400),
    days=st.integers(1, 5),
    long_s=st.sampled_from([900, HOUR, DAY]),
    bars=st.lists(st.tuples(st.integers(0, 120), st.integers(1, 30)), max_size=3),
)
@UNHURRIED
def test_nothing_is_lost_and_nothing_is_twice(
    expression: str, name: str, day: int, days: int, long_s: int, bars: list[tuple[int, int]]
) -> None:
    start = us("2026-01-01T00:00") + day * DAY * US
    end = start + days * DAY * US
    taken, reached = [], start
    for wait, long in bars:
        taken.append(Stretch(reached + wait * HOUR * US, reached + (wait + long) * HOUR * US, "bar"))
        reached = taken[-1].end
    found = list(marks(rule(expression, name), start, end, Cells(zone(name), long_s), blackouts=taken))
    walked = list(between(rule(expression, name), start - 1, end - 1))
    assert sum(mark.count for mark in found) == len(walked)
    assert sum(mark.count for mark in found if mark.outcome is Outcome.dst) == sum(not due.fires for due in walked)
    barred = sum(due.fires and any(bar.holds(due.at) for bar in taken) for due in walked)
    assert sum(mark.count for mark in found if mark.outcome is Outcome.blackout) == barred
    assert all(before.until < mark.at for before, mark in pairwise(found))


def test_a_trigger_for_every_second_costs_as_much_as_its_cells() -> None:
    asked = 0

    class Counted(AtIntervals, frozen=True):
        def next(self, after: int):  # type: ignore[no-untyped-def]  # noqa: ANN202
            nonlocal asked
            asked += 1
            return super().next(after)

    start = us("2026-03-01T00:00")
    found = list(marks(Counted(1, 0), start, start + 31 * DAY * US, Cells(zone("UTC"), DAY)))
    assert [mark.count for mark in found] == [DAY] * 31
    assert asked < 100


@pytest.mark.parametrize(("days", "long_s"), [(1, 900), (7, HOUR), (31, DAY), (366, DAY)])
def test_the_longer_a_calendar_the_longer_its_cells(days: int, long_s: int) -> None:
    assert cell_s(0, days * DAY * US) == long_s


@UNHURRIED
@given(
    st.sampled_from(["*/20 * * * *", "15 * * * *", "30 2 * * *", "0 3 1 * *"]),
    st.sampled_from(["UTC", "Europe/Berlin", "Australia/Lord_Howe"]),
    st.integers(0, 364),
    st.integers(1, 40),
    st.booleans(),
)
@example("30 2 * * *", "Europe/Berlin", 290, 20, False)
@example("30 2 * * *", "Europe/Berlin", 80, 20, True)
def test_the_hours_of_what_fires_hold_all_that_does(
    expression: str,
    name: str,
    day: int,
    days: int,
    paused: bool,  # noqa: FBT001 - a case
) -> None:
    start = us("2026-01-01T00:00") + day * DAY * US
    end = start + days * DAY * US
    bars = [Stretch(start + 5 * HOUR * US, start + 9 * HOUR * US, "bar")] if paused else []
    found = list(hourly(rule(expression, name), start, end, pauses=bars))
    walked = [
        due.at
        for due in between(rule(expression, name), start - 1, end - 1)
        if due.fires and not any(bar.holds(due.at) for bar in bars)
    ]
    assert {mark.outcome for mark in found} <= {Outcome.fired}
    assert sum(mark.count for mark in found) == len(walked)
    assert {mark.at for mark in found} <= set(walked)
    assert [mark.at for mark in found][:1] == walked[:1]
