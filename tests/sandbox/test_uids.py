import pytest

from runyard.sandbox import UidPool
from runyard.sandbox.problems import NoFreeUser


def test_each_live_attempt_has_its_own() -> None:
    pool = UidPool(64_000, 3)
    assert [pool.take(name) for name in ("a", "b", "a", "c")] == [64_000, 64_001, 64_000, 64_002]
    with pytest.raises(NoFreeUser):
        pool.take("d")


def test_an_id_given_back_rests_as_long_as_possible() -> None:
    pool = UidPool(64_000, 3)
    pool.take("a")
    pool.release("a")
    assert [pool.take("b"), pool.take("c"), pool.take("d")] == [64_001, 64_002, 64_000]
    pool.release("never seen")


def test_adopted_ids_are_not_lent_again() -> None:
    pool = UidPool(64_000, 2)
    pool.adopt("old", 64_000)
    assert pool.take("new") == 64_001
    assert pool.held_by("old") == 64_000
    with pytest.raises(NoFreeUser):
        pool.take("more")
    pool.release("old")
    assert pool.take("more") == 64_000
