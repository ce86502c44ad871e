"""Whether and when a run is tried again."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runyard import clock
from runyard.runs import retry
from runyard.runs.lifecycle import Move, State, on_claim
from runyard.scripts.policy import Backoff, Outcome, Policy

NOW = clock.from_us(1_800_000_000_000_000)
FIXED = Policy(retries=2, retry_delay_s=10)
DOUBLING = Policy(retries=50, retry_delay_s=10, backoff=Backoff.exponential)
EVERY = Policy(retries=1, retry_delay_s=0, retry_on=tuple(Outcome))


def over(state: str) -> Move:
    return Move(f"run.{state}", frozenset({State.running}), State(state), NOW)


@pytest.mark.parametrize(
    ("policy", "attempt", "state", "cancelled", "expected"),
    [
        (Policy(), 1, "failed", False, None),
        (FIXED, 1, "failed", False, 2),
        (FIXED, 2, "failed", False, 3),
        (FIXED, 3, "failed", False, None),
        (FIXED, 1, "timed_out", False, 2),
        (FIXED, 1, "succeeded", False, None),
        # A cancelled run is never retried, and neither is one that ended by itself after it was asked to.
        (EVERY, 1, "cancelled", False, None),
        (EVERY, 1, "failed", True, None),
        # Lost only where it is named: nobody knows what such a run has done.
        (FIXED, 1, "lost", False, None),
        (EVERY, 1, "lost", False, 2),
        (EVERY, 2, "lost", False, None),
        (Policy(retries=5, retry_on=(Outcome.timed_out,)), 1, "failed", False, None),
        (Policy(retries=5, retry_on=()), 1, "failed", False, None),
    ],
)
def test_retries(policy: Policy, attempt: int, state: str, *, cancelled: bool, expected: int | None) -> None:
    found = retry.after(policy, attempt, over(state), 0.0, cancel_requested=cancelled)
    assert (found.attempt if found else None) == expected


@pytest.mark.parametrize(
    ("policy", "attempt", "unit", "expected"),
    [
        (FIXED, 1, 0.0, 10),
        (FIXED, 2, 0.0, 10),
        (FIXED, 1, 0.5, 11.25),
        (DOUBLING, 1, 0.0, 10),
        (DOUBLING, 2, 0.0, 20),
        (DOUBLING, 5, 0.0, 160),
        (DOUBLING, 50, 0.0, retry.LONGEST_S),
        (Policy(retry_delay_s=200_000, backoff=Backoff.exponential), 9, 0.0, 200_000),
        (Policy(retry_delay_s=0, backoff=Backoff.exponential), 9, 0.9, 0),
    ],
)
def test_delays(policy: Policy, attempt: int, unit: float, expected: float) -> None:
    assert retry.delay_s(policy, attempt, unit) == pytest.approx(expected)


def test_a_retry_is_due_after_the_end_and_not_after_the_word_of_it() -> None:
    found = retry.after(FIXED, 1, over("failed"), 0.0, cancel_requested=False)
    assert found is not None
    assert found.at == NOW + timedelta(seconds=10)


def test_a_run_that_is_not_over_is_not_retried() -> None:
    assert retry.after(EVERY, 1, on_claim("wrk_1", NOW), 0.0, cancel_requested=False) is None


@given(st.integers(1, 60), st.floats(0, 1, exclude_max=True), st.sampled_from(Backoff), st.floats(0, 604_800))
def test_a_delay_is_never_shorter_than_asked_for(attempt: int, unit: float, backoff: Backoff, base: float) -> None:
    policy = Policy(retries=50, retry_delay_s=base, backoff=backoff)
    pause = retry.delay_s(policy, attempt, unit)
    longest = max(retry.LONGEST_S, base) * (1 + retry.JITTER)
    assert base <= pause <= longest
    assert retry.delay_s(policy, attempt + 1, unit) >= pause or backoff is Backoff.fixed
