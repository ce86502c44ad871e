"""Every state against every event."""

import pytest

from runyard.environments.lifecycle import UNSETTLED, Event, State, WrongMoment, after, move

P, B, R, F = State.pending, State.building, State.ready, State.failed

TABLE = {
    Event.ask: {R: P, F: P},
    Event.begin: {P: B},
    Event.succeed: {B: R},
    Event.fail: {B: F},
    Event.cancel: {P: F, B: F},
    Event.abandon: {B: P},
}


@pytest.mark.parametrize("event", Event)
@pytest.mark.parametrize("state", State)
def test_moves(state: State, event: Event) -> None:
    if state in TABLE[event]:
        assert after(state, event) is TABLE[event][state]
    else:
        with pytest.raises(WrongMoment, match=f"The environment is {state.value}: "):
            after(state, event)


@pytest.mark.parametrize("event", Event)
def test_a_guarded_move_names_all_its_sources(event: Event) -> None:
    made = move(event)
    assert made.event is event
    assert set(made.sources) == set(TABLE[event])
    assert {made.target} == set(TABLE[event].values())


def test_unsettled_is_what_a_build_is_due_for() -> None:
    assert {P, B} == UNSETTLED
