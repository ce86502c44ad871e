"""What may become of an environment. Pure: states, events and the one table of moves."""

from enum import StrEnum

from msgspec import Struct

from runyard.errors import Conflict


class State(StrEnum):
    """Where an environment stands."""

    pending = "pending"
    building = "building"
    ready = "ready"
    failed = "failed"


class Event(StrEnum):
    """What happens to an environment.

    ``ask``: it is wanted (again), by a request or a button. ``begin``: a builder took it. ``succeed``, ``fail``,
    ``cancel``: how the build ended. ``abandon``: its builder went away in the middle.
    """

    ask = "ask"
    begin = "begin"
    succeed = "succeed"
    fail = "fail"
    cancel = "cancel"
    abandon = "abandon"


class WrongMoment(Conflict):
    """The environment is not in a state that allows this."""


class Move(Struct, frozen=True):
    """A decided change of state: holds only while the row is still in one of `sources`."""

    event: Event
    sources: tuple[State, ...]
    target: State


_MOVES: dict[tuple[State, Event], State] = {
    (State.ready, Event.ask): State.pending,
    (State.failed, Event.ask): State.pending,
    (State.pending, Event.begin): State.building,
    (State.building, Event.succeed): State.ready,
    (State.building, Event.fail): State.failed,
    (State.pending, Event.cancel): State.failed,
    (State.building, Event.cancel): State.failed,
    (State.building, Event.abandon): State.pending,
}

UNSETTLED = frozenset({State.pending, State.building})
"""States in which a build is due or going on."""


def after(state: State, event: Event) -> State:
    """Return the state that `event` leads to from `state`; raise `WrongMoment` where it leads nowhere."""
    try:
        return _MOVES[state, event]
    except KeyError:
        raise WrongMoment(f"The environment is {state.value}: {_REFUSALS[event]}.") from None


def move(event: Event) -> Move:
    """Return the guarded move that `event` makes, from whichever states allow it (all of them end alike)."""
    sources = tuple(state for state, known in _MOVES if known is event)
    return Move(event, sources, _MOVES[sources[0], event])


_REFUSALS: dict[Event, str] = {
    Event.ask: "a build is due or going on already",
    Event.begin: "no build is due",
    Event.succeed: "no build is going on",
    Event.fail: "no build is going on",
    Event.cancel: "there is no build to cancel",
    Event.abandon: "no build is going on",
}
