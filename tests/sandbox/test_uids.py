from pathlib import Path

import pytest

from runyard.sandbox import UidPool
from runyard.sandbox.claims import claim
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


def test_two_installations_get_users_of_their_own_and_keep_them(tmp_path: Path) -> None:
    register = tmp_path / "register"
    first = claim(register, 64_000, 100, tmp_path / "a")
    second = claim(register, 63_950, 100, tmp_path / "b")
    third = claim(register, 64_050, 10, tmp_path / "c")
    assert (first.first, second.first, third.first) == (64_000, 63_850, 63_990)
    for taken in (first, second, third):
        taken.release()
    # Whoever comes back first gets what it had, for runs that still live.
    assert claim(register, 63_950, 100, tmp_path / "b").first == 63_850
    assert claim(register, 64_000, 100, tmp_path / "b").first == 64_000


def test_other_users_asked_for_count_more_than_those_of_last_time(tmp_path: Path) -> None:
    claim(tmp_path / "register", 64_000, 100, tmp_path / "a").release()
    assert claim(tmp_path / "register", 70_000, 100, tmp_path / "a").first == 70_000


def test_ids_are_as_asked_for_where_nothing_can_be_claimed(tmp_path: Path) -> None:
    assert claim(tmp_path / "missing" / "register", 64_000, 100, tmp_path / "a").first == 64_000
    held = [claim(tmp_path / "register", 1_000, 100, tmp_path / name) for name in ("a", "b")]
    assert [one.first for one in held] == [1_000, 1_000]
    held[0].release()
    held[1].release()
