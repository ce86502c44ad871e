"""Admission: a table of cases, and what holds for every one."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runyard.runs.admission import Answer, Candidate, Gate, Scope, Verdict, first_full, on_submit, open_up, overfull
from runyard.scripts.policy import WhenBusy

QUEUE, SKIP, CANCEL = WhenBusy.queue, WhenBusy.skip, WhenBusy.cancel_previous


def gate(name: str, limit: int, policy: WhenBusy = QUEUE, scope: Scope = Scope.script) -> Gate:
    return Gate(scope, name, limit, policy)


A1, A2, B1 = gate("a", 1), gate("a", 2), gate("b", 1)
SKIP1, CANCEL1, CANCEL3 = gate("s", 1, SKIP), gate("c", 1, CANCEL), gate("d", 3, CANCEL)


@pytest.mark.parametrize(
    ("gates", "inside", "waiting", "expected"),
    [
        ((), {}, {}, Verdict(Answer.admit)),
        ((A1,), {}, {}, Verdict(Answer.admit)),
        ((A1,), {"a": 1}, {}, Verdict(Answer.hold, A1)),
        ((A2,), {"a": 1}, {}, Verdict(Answer.admit)),
        # Those who wait already are not overtaken.
        ((A2,), {"a": 1}, {"a": 1}, Verdict(Answer.hold, A2)),
        ((A1, B1), {"b": 1}, {}, Verdict(Answer.hold, B1)),
        ((A1, B1), {"a": 1, "b": 1}, {}, Verdict(Answer.hold, A1)),
        ((SKIP1,), {}, {}, Verdict(Answer.admit)),
        ((SKIP1,), {"s": 1}, {}, Verdict(Answer.skip, SKIP1)),
        # A refusal comes first: nothing is cancelled for a run that does not come to be.
        ((CANCEL1, SKIP1), {"c": 1, "s": 1}, {}, Verdict(Answer.skip, SKIP1)),
        ((SKIP1, A1), {"a": 1}, {}, Verdict(Answer.hold, A1)),
        ((CANCEL1,), {}, {}, Verdict(Answer.admit)),
        ((CANCEL1,), {"c": 1}, {}, Verdict(Answer.hold, CANCEL1, {"c": 1})),
        ((CANCEL3,), {"d": 3}, {"d": 2}, Verdict(Answer.hold, CANCEL3, {"d": 3})),
        # The limit was lowered meanwhile.
        ((CANCEL1,), {"c": 4}, {}, Verdict(Answer.hold, CANCEL1, {"c": 4})),
        ((A1, CANCEL1), {"a": 1, "c": 1}, {}, Verdict(Answer.hold, A1, {"c": 1})),
    ],
)
def test_a_submit(gates: tuple[Gate, ...], inside: Any, waiting: Any, expected: Verdict) -> None:
    assert on_submit(gates, inside, waiting) == expected


@pytest.mark.parametrize(
    ("candidates", "inside", "expected"),
    [
        ([("r1", 0, (A1,)), ("r2", 0, (A1,))], {}, ["r1"]),
        ([("r1", 0, (A1,)), ("r2", 5, (A1,))], {}, ["r2"]),
        ([("r1", 0, (A1,)), ("r2", 0, (A1,))], {"a": 1}, []),
        # A full gate keeps out only those who must pass it.
        ([("r1", 9, (A1,)), ("r2", 0, (B1,))], {"a": 1}, ["r2"]),
        ([("r1", 9, (A1, B1)), ("r2", 0, (B1,))], {"a": 1}, ["r2"]),
        ([("r1", 0, ()), ("r2", -9, ())], {"a": 1}, ["r1", "r2"]),
        # Versions of one script may have stated different limits.
        ([("r1", 0, (A2,)), ("r2", 0, (A1,)), ("r3", 0, (A2,))], {}, ["r1", "r3"]),
    ],
)
def test_an_opening(candidates: list[tuple[str, int, Any]], inside: dict[str, int], expected: list[str]) -> None:
    assert open_up([Candidate(*one) for one in candidates], inside) == expected


GATES = st.builds(
    Gate,
    scope=st.sampled_from(Scope),
    name=st.sampled_from(["a", "b", "c", "d"]),
    limit=st.integers(1, 4),
    policy=st.sampled_from(WhenBusy),
)
PASSES = st.lists(GATES, max_size=4, unique_by=lambda one: one.name).map(tuple)
COUNTS = st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), st.integers(0, 6))
HELD = st.lists(st.tuples(st.integers(-2, 2), PASSES), max_size=12).map(
    lambda rows: [Candidate(f"run_{n:03}", priority, gates) for n, (priority, gates) in enumerate(rows)]
)


@given(HELD, COUNTS)
def test_no_gate_is_ever_passed_by_more_than_it_lets(candidates: list[Candidate], inside: dict[str, int]) -> None:
    admitted = set(open_up(candidates, inside))
    for one in candidates:
        if one.run_id in admitted:
            for passed in one.gates:
                through = sum(passed.name in {g.name for g in o.gates} for o in candidates if o.run_id in admitted)
                # Others may have stated a higher limit of the same gate, and come in before.
                highest = max(g.limit for o in candidates for g in o.gates if g.name == passed.name)
                assert inside.get(passed.name, 0) + through <= max(highest, inside.get(passed.name, 0))


@given(HELD, COUNTS)
def test_nobody_waits_without_a_reason(candidates: list[Candidate], inside: dict[str, int]) -> None:
    admitted = set(open_up(candidates, inside))
    counts = dict(inside)
    for one in candidates:
        if one.run_id in admitted:
            for passed in one.gates:
                counts[passed.name] = counts.get(passed.name, 0) + 1
    for one in candidates:
        assert (one.run_id in admitted) or first_full(one.gates, counts) is not None


@given(HELD, COUNTS)
def test_of_two_alike_the_better_goes_first(candidates: list[Candidate], inside: dict[str, int]) -> None:
    admitted = set(open_up(candidates, inside))
    for one in candidates:
        for other in candidates:
            if one.gates == other.gates and one.rank < other.rank and other.run_id in admitted:
                assert one.run_id in admitted


@given(HELD, COUNTS)
def test_the_order_in_which_they_are_told_is_nothing(candidates: list[Candidate], inside: dict[str, int]) -> None:
    assert open_up(candidates, inside) == open_up(list(reversed(candidates)), inside)
    again = [one for one in candidates if one.run_id not in set(open_up(candidates, inside))]
    counts = dict(inside)
    for one in candidates:
        if one not in again:
            for passed in one.gates:
                counts[passed.name] = counts.get(passed.name, 0) + 1
    assert open_up(again, counts) == []


@given(PASSES, COUNTS, COUNTS)
def test_what_a_submit_may_do(gates: tuple[Gate, ...], inside: dict[str, int], waiting: dict[str, int]) -> None:
    verdict = on_submit(gates, inside, waiting)
    if verdict.answer is Answer.admit:
        assert first_full(gates, inside) is None
    else:
        assert verdict.gate in gates
    if verdict.answer is Answer.skip:
        assert not verdict.replace
    policies = {one.name: one.policy for one in gates}
    assert all(policies[name] is CANCEL and count > 0 for name, count in verdict.replace.items())


@given(PASSES, COUNTS)
def test_what_is_over_a_limit(gates: tuple[Gate, ...], inside: dict[str, int]) -> None:
    over = overfull(gates, inside)
    after = {name: count - over.get(name, 0) for name, count in inside.items()}
    assert all(after.get(one.name, 0) <= one.limit for one in gates)
    assert all(after[name] == next(g.limit for g in gates if g.name == name) for name in over)
