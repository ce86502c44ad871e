"""Usage over time, in bounded space."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runyard.runs.series import MOST_POINTS, Point, Sample, Series, between, merged, shifted, unpacked


def point(at_s: float, cpu: float | None = 1.0, memory: int | None = 10, read: int | None = 5) -> Point:
    return Point(at_s, 1.0, cpu, memory, read, read, 1)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (Sample(0, 0.0, 0, 0, 0, 0), Sample(2, 1.0, 100, 7, 8, 3), Point(2, 2, 0.5, 100, 7, 8, 3)),
        (Sample(2, 1.0, 100, 7, 8, 3), Sample(4, 5.0, 50, 7, 9, 1), Point(4, 2, 2.0, 50, 0, 1, 1)),
        # What could not be read is not nothing.
        (Sample(0, 0.0), Sample(1), Point(1, 1, None, None, None, None, None)),
        # A counter that fell back.
        (Sample(0, 5.0, read_bytes=9), Sample(1, 1.0, read_bytes=3), Point(1, 1, 0.0, None, 0, None, None)),
    ],
)
def test_what_happened_between(before: Sample, after: Sample, expected: Point) -> None:
    assert between(before, after) == expected


def test_neighbours_become_one() -> None:
    one = Point(1, 1, 1.0, 100, 5, None, 1)
    two = Point(4, 3, 0.0, 50, 7, 2, 4)
    assert merged(one, two) == Point(4, 4, 0.25, 100, 12, 2, 4)
    unknown = Point(5, 1, None, None, None, None, None)
    assert merged(two, unknown) == Point(5, 4, 0.0, 50, 7, 2, 4)
    assert merged(unknown, unknown).memory_bytes is None


@given(st.integers(1, 5 * MOST_POINTS))
def test_a_series_is_bounded_and_loses_no_amount(count: int) -> None:
    series = Series()
    for n in range(count):
        series.add(point(n + 1, memory=n, read=n))
    assert len(series.points) <= MOST_POINTS
    assert series.total("read_bytes") == sum(range(count))
    assert series.peak_bytes == count - 1
    assert [p.at_s for p in series.points] == sorted({p.at_s for p in series.points})
    assert sum(p.span_s for p in series.points) == pytest.approx(count)
    assert all(p.cpu == pytest.approx(1.0) for p in series.points)
    assert series.points[-1].at_s == count


def test_it_is_stored_and_read_again() -> None:
    series = Series()
    for n in range(3):
        series.add(point(n + 1))
    again = unpacked(json.loads(json.dumps(series.packed())))
    assert again.points == series.points
    assert again.step_s == series.step_s
    assert len(json.dumps(series.packed())) < 200


def test_a_series_with_nothing_known() -> None:
    assert (Series().peak_bytes, Series().total("read_bytes")) == (None, None)


def test_points_can_be_moved() -> None:
    assert [p.at_s for p in shifted([point(1), point(2)], 10)] == [11, 12]
