"""What followers of a run are told, and what they can take from news without asking."""

from itertools import product
from typing import Any

import pytest

from runyard.runs.lifecycle import TERMINAL, State
from runyard.runs.log_stream import Standing

WHOLE = {"state": "succeeded", "attempt": 2, "exit_code": 0, "started_at": "a", "finished_at": "b"}


def at(state: State, attempt: int = 1) -> Standing:
    return Standing(state, attempt, None, None, None)


def test_news_that_say_all_are_believed() -> None:
    older = {"type": "run", "run": {**WHOLE, "state": "running", "exit_code": None, "finished_at": None}}
    assert Standing.heard([older, {"type": "run", "run": WHOLE}]) == Standing(State.succeeded, 2, 0, "a", "b")


@pytest.mark.parametrize("missing", sorted(WHOLE))
def test_news_that_leave_something_out_are_not(missing: str) -> None:
    run: dict[str, Any] = {name: value for name, value in WHOLE.items() if name != missing}
    assert Standing.heard([{"type": "run", "run": run}]) is None
    assert Standing.heard([{"type": "missed"}]) is None


def test_late_news_are_no_news() -> None:
    order = [State.queued, State.starting, State.running, State.succeeded]
    for (n, earlier), (m, later) in product(enumerate(order), repeat=2):
        assert at(later).follows(at(earlier)) == (m > n)
        assert at(later, 2).follows(at(earlier, 1))
        assert not at(later, 1).follows(at(earlier, 2))
    for one, other in product(TERMINAL, repeat=2):
        assert not at(one).follows(at(other))
