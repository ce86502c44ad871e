from datetime import UTC, datetime, timedelta

import pytest

from runyard.access.brake import FORGOTTEN, LONGEST, Brake, TooManyAttempts, delay

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("wrong", "seconds"), [(0, 0), (4, 0), (5, 1), (6, 2), (7, 4), (10, 32), (14, 512), (15, 900), (10_000, 900)]
)
def test_the_wait_doubles_up_to_a_quarter_of_an_hour(wrong: int, seconds: int) -> None:
    assert delay(wrong) == timedelta(seconds=seconds)


def test_ten_thousand_guesses_take_far_more_than_a_day() -> None:
    assert sum((delay(n) for n in range(10_000)), timedelta()) > timedelta(days=60)


def test_a_guesser_waits_and_others_do_not() -> None:
    brake = Brake()
    for _ in range(6):
        brake.wrong(("a",), NOW)
    with pytest.raises(TooManyAttempts) as refused:
        brake.check(("a",), NOW)
    assert refused.value.retry_after_s == 2
    brake.check(("b",), NOW)
    brake.check(("a",), NOW + timedelta(seconds=2))


def test_a_right_password_forgets_the_wrong_ones() -> None:
    brake = Brake()
    for _ in range(9):
        brake.wrong(("a",), NOW)
    brake.right(("a",))
    brake.check(("a",), NOW)
    assert len(brake) == 0


def test_a_day_without_tries_is_a_fresh_start() -> None:
    brake = Brake()
    for _ in range(30):
        brake.wrong(("a",), NOW)
    later = NOW + FORGOTTEN + timedelta(seconds=1)
    brake.wrong(("a",), later)
    brake.check(("a",), later)
    assert LONGEST < FORGOTTEN


def test_memory_is_bounded_and_the_oldest_are_forgotten_first() -> None:
    brake = Brake(kept=10)
    for n in range(25):
        for _ in range(6):
            brake.wrong((str(n),), NOW)
    assert len(brake) == 10
    brake.check(("14",), NOW)
    with pytest.raises(TooManyAttempts):
        brake.check(("15",), NOW)
