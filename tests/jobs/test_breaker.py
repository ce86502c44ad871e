"""The circuit breaker of a job, case by case."""

import pytest

from runyard.jobs.breaker import US, Act, Breaker, End, Position, Rule

NOW = 1_000 * US
TWO = Rule(2, 60)
FOR_GOOD = Rule(1, None)
OPEN = Breaker(Position.open, 2, NOW, NOW + 60 * US)
TRIAL = OPEN.on_trial("run_t")
CLOSED, HALF = Position.closed, Position.half_open
OK, BAD, NEITHER = End.success, End.failure, End.neither

CASES = [
    # Closed, it counts; whoever cancels a run says nothing of it.
    (Breaker(), TWO, OK, "run_a", Breaker(), Act.nothing),
    (Breaker(), TWO, BAD, "run_a", Breaker(failures=1), Act.nothing),
    (Breaker(failures=1), TWO, NEITHER, "run_a", Breaker(failures=1), Act.nothing),
    (Breaker(failures=1), TWO, OK, "run_a", Breaker(), Act.nothing),
    (Breaker(failures=1), TWO, BAD, "run_a", OPEN, Act.pause),
    (Breaker(), FOR_GOOD, BAD, "run_a", Breaker(Position.open, 1, NOW), Act.pause),
    # Without a rule it counts and does no more; one that was taken away lets go.
    (Breaker(failures=7), None, BAD, "run_a", Breaker(failures=8), Act.nothing),
    (OPEN, None, BAD, "run_a", Breaker(failures=3), Act.resume),
    (OPEN, None, OK, "run_a", Breaker(), Act.resume),
    # Open, runs that were under way, or that somebody started, may still end.
    (OPEN, TWO, BAD, "run_a", Breaker(Position.open, 3, NOW, NOW + 60 * US), Act.nothing),
    (OPEN, TWO, NEITHER, "run_a", OPEN, Act.nothing),
    (OPEN, TWO, OK, "run_a", Breaker(), Act.resume),
    # On trial.
    (TRIAL, TWO, OK, "run_t", Breaker(), Act.resume),
    (TRIAL, TWO, OK, "run_a", Breaker(), Act.resume),
    (TRIAL, TWO, BAD, "run_t", Breaker(Position.open, 3, NOW, NOW + 60 * US), Act.pause),
    (TRIAL, TWO, BAD, "run_a", Breaker(HALF, 3, NOW, NOW + 60 * US, "run_t"), Act.nothing),
    (TRIAL, TWO, NEITHER, "run_t", Breaker(Position.open, 2, NOW, NOW), Act.retry),
    (TRIAL, TWO, NEITHER, "run_a", TRIAL, Act.nothing),
]


@pytest.mark.parametrize(("before", "rule", "end", "run_id", "after", "act"), CASES)
def test_ends(before: Breaker, rule: Rule | None, end: End, run_id: str, after: Breaker, act: Act) -> None:
    assert before.on_end(rule, end, run_id, NOW) == (after, act)


@pytest.mark.parametrize(
    ("breaker", "now", "allowed"),
    [
        (Breaker(), NOW, False),
        (OPEN, NOW + 60 * US - 1, False),
        (OPEN, NOW + 60 * US, True),
        (TRIAL, NOW + 600 * US, False),
        (Breaker(Position.open, 1, NOW), NOW + 10**12, False),
    ],
)
def test_when_a_trial_may_be(breaker: Breaker, now: int, allowed: bool) -> None:  # noqa: FBT001 - a table
    assert breaker.allows_trial(now) is allowed


@pytest.mark.parametrize("breaker", [Breaker(), OPEN, TRIAL, Breaker(failures=3)])
def test_it_is_kept(breaker: Breaker) -> None:
    assert Breaker.of(breaker.as_json()) == breaker


def test_nothing_kept_is_closed() -> None:
    assert Breaker.of(None) == Breaker.of({}) == Breaker(CLOSED)
