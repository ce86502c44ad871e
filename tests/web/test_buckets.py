import pytest
from hypothesis import given
from hypothesis import strategies as st

from runyard.web.buckets import Buckets, Rate


def test_a_bucket_gives_its_burst_and_then_its_rate() -> None:
    buckets = Buckets(Rate(burst=3, per_s=30))
    taken = [buckets.take("a", 0.0) for _ in range(4)]
    assert [one.allowed for one in taken] == [True, True, True, False]
    assert [one.left for one in taken] == [2, 1, 0, 0]
    assert taken[3].next_s == pytest.approx(10)
    assert buckets.wait("a", 4.0) == pytest.approx(6)
    assert buckets.wait("b", 4.0) == 0
    assert not buckets.take("a", 9.9).allowed
    assert buckets.take("a", 20.0).allowed
    assert buckets.take("b", 0.0).allowed


def test_memory_is_bounded() -> None:
    buckets = Buckets(Rate(1, 1), kept=2)
    for name in "abc":
        buckets.take(name, 0.0)
    assert len(buckets) == 2
    assert buckets.take("a", 0.0).allowed
    assert not buckets.take("c", 0.0).allowed


@given(st.lists(st.floats(0, 5), max_size=200))
def test_never_more_than_burst_and_rate(steps: list[float]) -> None:
    buckets, now, allowed = Buckets(Rate(burst=5, per_s=10)), 0.0, 0
    for step in steps:
        now += step
        allowed += buckets.take("a", now).allowed
    assert allowed <= 5 + now * 0.5 + 1e-6
