from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runyard.access.brake import (
    FORGOTTEN,
    LONGEST,
    STRANGE_CODES,
    STRANGERS,
    Tries,
    delay,
    one_more,
    one_spent,
    patience,
    patience_of_all,
)
from runyard.web.buckets import Rate

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NONE = timedelta(0)


@pytest.mark.parametrize(
    ("wrong", "seconds"), [(0, 0), (4, 0), (5, 1), (6, 2), (7, 4), (10, 32), (14, 512), (15, 900), (10_000, 900)]
)
def test_the_wait_doubles_up_to_a_quarter_of_an_hour(wrong: int, seconds: int) -> None:
    assert delay(wrong) == timedelta(seconds=seconds)


def test_ten_thousand_guesses_take_far_more_than_a_day() -> None:
    assert sum((delay(n) for n in range(10_000)), timedelta()) > timedelta(days=60)


def counted(times: int) -> Tries:
    tries = None
    for _ in range(times):
        tries = one_more(tries, NOW)
    assert tries is not None
    return tries


def test_a_guesser_waits_after_some_wrong_guesses() -> None:
    assert patience(None, NOW) <= NONE
    assert patience(counted(4), NOW) <= NONE
    assert patience(counted(6), NOW) == timedelta(seconds=2)
    assert patience(counted(6), NOW + timedelta(seconds=2)) <= NONE


def test_a_day_without_tries_is_a_fresh_start() -> None:
    later = NOW + FORGOTTEN + timedelta(seconds=1)
    assert one_more(counted(30), later).wrong == 1
    assert one_more(counted(30), later - timedelta(seconds=1)).wrong == 31
    assert LONGEST < FORGOTTEN


@pytest.mark.parametrize("rate", [STRANGERS, STRANGE_CODES])
def test_strangers_have_so_many_at_once_and_then_one_after_another(rate: Rate) -> None:
    tries = None
    for _ in range(rate.burst):
        assert patience_of_all(tries, rate, NOW) <= NONE
        tries = one_spent(tries, rate, NOW)
    wait = patience_of_all(tries, rate, NOW)
    assert wait == timedelta(seconds=rate.per_s / rate.burst)
    assert patience_of_all(tries, rate, NOW + wait) <= NONE
    assert patience_of_all(one_spent(tries, rate, NOW + wait), rate, NOW + wait) == wait


@given(
    processes=st.integers(1, 12),
    pauses=st.lists(st.integers(0, 3600), min_size=1, max_size=60),
    rate=st.sampled_from([STRANGERS, STRANGE_CODES]),
)
def test_however_many_processes_let_a_guess_pass_at_the_same_moment_the_rate_holds(
    processes: int, pauses: list[int], rate: Rate
) -> None:
    """Each process looks before any of them counts: what is too much then is owed."""
    tries, now, guesses = None, NOW, 0
    for pause in pauses:
        now += timedelta(seconds=pause)
        if patience_of_all(tries, rate, now) <= NONE:
            for _ in range(processes):
                tries = one_spent(tries, rate, now)
            guesses += processes
    filled = (now - NOW).total_seconds() * rate.tokens_per_s
    assert guesses <= rate.burst + filled + processes
