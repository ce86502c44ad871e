from datetime import UTC, datetime
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runyard.runs.lifecycle import (
    ACTIVE,
    LEGAL,
    TERMINAL,
    Ending,
    Failure,
    Move,
    State,
    on_cancelled_early,
    on_claim,
    on_exit,
    on_lost,
    on_not_started,
    on_returned,
    on_started,
)

AT = datetime(2026, 1, 2, tzinfo=UTC)
REASONS = ("exit", "timeout", "cancel", "start_failed")


def ending(reason: str = "exit", code: int | None = 0, **facts: Any) -> Ending:
    return Ending(reason=cast("Any", reason), exit_code=code, at=AT, **facts)


MOVES = {
    "claim": on_claim("wrk", AT),
    "started": on_started(AT),
    "returned": on_returned("worker stopping", AT),
    "not started": on_not_started(Failure("build_failed", "No."), AT),
    "lost": on_lost("gone", AT),
    "cancelled early": on_cancelled_early("ada", AT),
    "succeeded": on_exit(ending()),
    "failed": on_exit(ending(code=1)),
    "timed out": on_exit(ending("timeout")),
    "cancelled": on_exit(ending("cancel")),
    "start failed": on_exit(ending("start_failed", None)),
}
# Where each move leads from each state; what is not listed does not move.
TABLE: dict[tuple[str, State], State] = {
    ("claim", State.queued): State.starting,
    ("started", State.starting): State.running,
    ("returned", State.starting): State.queued,
    ("not started", State.starting): State.failed,
    ("lost", State.starting): State.lost,
    ("lost", State.running): State.lost,
    ("cancelled early", State.queued): State.cancelled,
    ("cancelled early", State.starting): State.cancelled,
    ("succeeded", State.running): State.succeeded,
    ("failed", State.starting): State.failed,
    ("failed", State.running): State.failed,
    ("timed out", State.running): State.timed_out,
    ("cancelled", State.starting): State.cancelled,
    ("cancelled", State.running): State.cancelled,
    ("start failed", State.starting): State.failed,
    ("start failed", State.running): State.failed,
}


@pytest.mark.parametrize("name", MOVES)
@pytest.mark.parametrize("state", State)
def test_every_state_and_every_move(name: str, state: State) -> None:
    move = MOVES[name]
    moved = move.target if state in move.sources else None
    assert moved == TABLE.get((name, state))


def test_the_edges_are_those_of_the_contract() -> None:
    assert LEGAL[State.queued] == {State.starting, State.cancelled}
    assert LEGAL[State.starting] == {State.running, State.cancelled, State.failed, State.lost, State.queued}
    assert LEGAL[State.running] == TERMINAL | {State.queued}
    assert all(LEGAL[state] == frozenset() for state in TERMINAL)
    assert set(LEGAL) == set(State)
    assert {*TERMINAL, *ACTIVE, State.queued} == set(State)


@given(
    reason=st.sampled_from(REASONS),
    code=st.none() | st.integers(0, 255),
    oom=st.booleans(),
    message=st.none() | st.text(max_size=20),
    timeout_s=st.none() | st.floats(0.01, 1e6),
    trouble=st.none() | st.text(min_size=1, max_size=20),
)
def test_no_ending_leads_over_an_illegal_edge(
    reason: str, code: int | None, *, oom: bool, message: str | None, timeout_s: float | None, trouble: str | None
) -> None:
    move = on_exit(ending(reason, code, oom=oom, message=message, timeout_s=timeout_s, outputs_problem=trouble))
    assert move.is_terminal
    assert State.running in move.sources
    assert all(move.target in LEGAL[source] for source in move.sources)
    assert move.event == f"run.{move.target}"
    assert (move.failure is None) == (move.target in {State.succeeded, State.cancelled})
    if move.failure is not None:
        assert move.failure.code
        assert move.failure.message


@given(st.lists(st.sampled_from(sorted(MOVES))))
def test_whatever_happens_a_terminal_state_stays(names: list[str]) -> None:
    state = State.queued
    for name in names:
        move = MOVES[name]
        if state in move.sources:
            assert state not in TERMINAL
            assert move.target in LEGAL[state]
            state = move.target


@given(st.sampled_from(State), st.sampled_from(State))
def test_a_move_over_an_illegal_edge_can_not_be_made(source: State, target: State) -> None:
    if target in LEGAL[source]:
        assert Move("x", frozenset({source}), target, AT).target is target
    else:
        with pytest.raises(ValueError, match=f"from {source} to {target}"):
            Move("x", frozenset({source}), target, AT)


@pytest.mark.parametrize(
    ("given_", "state", "failure"),
    [
        (ending(), State.succeeded, None),
        (ending(oom=True), State.succeeded, None),
        (ending(crowded=True), State.succeeded, None),
        (
            ending(code=254, crowded=True),
            State.failed,
            Failure("process_limit", "It failed after it wanted more processes than its limit."),
        ),
        (
            ending(code=137, oom=True, crowded=True),
            State.failed,
            Failure("out_of_memory", "It was killed for using more memory than its limit."),
        ),
        (ending(code=3), State.failed, Failure("exit_code", "It exited with code 3.")),
        (ending(code=128), State.failed, Failure("exit_code", "It exited with code 128.")),
        (ending(code=192), State.failed, Failure("signal", "It was ended by signal 64.")),
        (ending(code=193), State.failed, Failure("exit_code", "It exited with code 193.")),
        (ending(code=255), State.failed, Failure("exit_code", "It exited with code 255.")),
        (ending(code=137), State.failed, Failure("signal", "It was ended by signal 9.")),
        (
            ending(code=137, oom=True),
            State.failed,
            Failure("out_of_memory", "It was killed for using more memory than its limit."),
        ),
        (ending(code=None), State.failed, Failure("exit_code", "It exited with code None.")),
        (ending(outputs_problem="Not JSON."), State.failed, Failure("bad_outputs", "Not JSON.")),
        # what the script itself says counts before what it wrote
        (ending(code=2, outputs_problem="Not JSON."), State.failed, Failure("exit_code", "It exited with code 2.")),
        (ending("cancel", 143), State.cancelled, None),
        (
            ending("timeout", 143, timeout_s=1.5),
            State.timed_out,
            Failure("timeout", "It was stopped by its time limit after 1.5 s."),
        ),
        (ending("timeout", 143), State.timed_out, Failure("timeout", "It was stopped by its time limit.")),
        (
            ending("start_failed", None),
            State.failed,
            Failure("start_failed", "The command could not be started."),
        ),
        (ending("disk", 137), State.failed, Failure("disk_limit", "It took more of the disk than it may.")),
        (ending("disk", 137, message="More than 5 MB."), State.failed, Failure("disk_limit", "More than 5 MB.")),
        (ending("start_failed", None, message="no bash"), State.failed, Failure("start_failed", "no bash")),
    ],
)
def test_what_an_ending_means(given_: Ending, state: State, failure: Failure | None) -> None:
    move = on_exit(given_)
    assert (move.target, move.failure, move.exit_code, move.at) == (state, failure, given_.exit_code, AT)


def test_what_moves_carry() -> None:
    assert MOVES["claim"].facts == {"worker_id": "wrk"}
    assert MOVES["returned"].facts == {"reason": "worker stopping"}
    assert MOVES["cancelled early"].facts == {"by": "ada"}
    assert MOVES["lost"].failure == Failure("lost", "gone")
    assert not MOVES["started"].is_terminal
