"""How long runs are kept."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runyard import clock, ids
from runyard.runs.retention import Retention, horizon, oldest_within

NOW = clock.from_us(1_800_000_000_000_000)


def of(days: float) -> str:
    return ids.floor("run", NOW - timedelta(days=days))


@pytest.mark.parametrize(
    ("rule", "nth", "heaviest", "expected"),
    [
        (Retention(), None, None, None),
        (Retention(), of(1), of(1), None),
        (Retention(max_age_days=30), None, None, of(30)),
        (Retention(max_runs=10), None, None, None),
        (Retention(max_runs=10), of(3), None, of(3)),
        (Retention(max_size_mb=10), None, of(2), of(2)),
        # The strictest counts.
        (Retention(max_age_days=30, max_runs=10, max_size_mb=10), of(20), of(40), of(20)),
        (Retention(max_age_days=5, max_runs=10, max_size_mb=10), of(20), of(40), of(5)),
        (Retention(max_age_days=30, max_runs=10), of(40), of(1), of(30)),
    ],
)
def test_a_horizon(rule: Retention, nth: str | None, heaviest: str | None, expected: str | None) -> None:
    assert horizon(rule, NOW, nth, heaviest) == expected


@pytest.mark.parametrize(
    ("sizes", "most", "expected"),
    [
        ([], 10, None),
        ([("c", 5), ("b", 5)], 10, None),
        ([("c", 5), ("b", 5), ("a", 1)], 10, "b"),
        ([("c", 11), ("b", 1)], 10, "c"),
        ([("c", 0), ("b", 11)], 10, "c"),
    ],
)
def test_what_fits(sizes: list[tuple[str, int]], most: int, expected: str | None) -> None:
    assert oldest_within(sizes, most) == expected


@given(st.lists(st.integers(0, 50), max_size=30), st.integers(1, 200))
def test_what_is_kept_fits_and_one_more_would_not(sizes: list[int], most: int) -> None:
    runs = [(f"run_{len(sizes) - n:03}", size) for n, size in enumerate(sizes)]
    cut = oldest_within(runs, most)
    kept = [size for run_id, size in runs if cut is None or run_id >= cut]
    assert sum(kept) <= most or len(kept) == 1
    if cut is not None:
        assert sum(sizes[: len(kept) + 1]) > most


@given(st.integers(0, 4_000_000_000_000), st.integers(1, 10_000))
def test_ids_sort_around_a_floor(ms: int, later: int) -> None:
    at = clock.from_us(ms * 1000)
    assert ids.floor("run", at) < ids.floor("run", at + timedelta(milliseconds=later))
    assert len(ids.floor("run", at)) == len(ids.new("run"))


def test_what_is_made_now_lies_above_the_floor_of_now() -> None:
    floor = ids.floor("run", clock.now())
    assert floor <= ids.new("run") < ids.floor("run", clock.now() + timedelta(seconds=1))


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (Retention(), True),
        (Retention(archive=True), True),
        (Retention(max_age_days=1), False),
        (Retention(max_runs=1), False),
        (Retention(max_size_mb=1), False),
    ],
)
def test_a_rule_without_bounds_keeps_all(rule: Retention, *, expected: bool) -> None:
    assert rule.keeps_all is expected
