"""The life of a request for a second person's consent, and who may do what to it when. Pure.

Two sorts live by these rules. An **operation** is carried out the moment somebody else agrees. A **review** is of
something that goes on changing: consent is to one revision of it, and is lost when there is another.
"""

from enum import StrEnum

from msgspec import Struct

from runyard.errors import Conflict, Forbidden, Problem


class State(StrEnum):
    """How a request stands. `carrying` lasts as long as the act itself does."""

    waiting = "waiting"
    approved = "approved"
    carrying = "carrying"
    done = "done"
    rejected = "rejected"
    withdrawn = "withdrawn"
    expired = "expired"
    failed = "failed"


OPEN = frozenset({State.waiting, State.approved})
OVER = frozenset(State) - OPEN - {State.carrying}


class Act(StrEnum):
    """What may happen to a request."""

    approve = "approve"
    carry = "carry"
    reject = "reject"
    withdraw = "withdraw"
    expire = "expire"
    change = "change"
    finish = "finish"
    fail = "fail"


MOVES: dict[tuple[State, Act], State] = {
    (State.waiting, Act.approve): State.approved,
    (State.waiting, Act.carry): State.carrying,
    (State.waiting, Act.reject): State.rejected,
    (State.waiting, Act.withdraw): State.withdrawn,
    (State.waiting, Act.expire): State.expired,
    (State.waiting, Act.change): State.waiting,
    (State.approved, Act.change): State.waiting,
    (State.approved, Act.reject): State.rejected,
    (State.approved, Act.withdraw): State.withdrawn,
    (State.approved, Act.finish): State.done,
    (State.carrying, Act.finish): State.done,
    (State.carrying, Act.fail): State.failed,
}
"""Every move that there is; no other one is made."""


class NotOpen(Conflict):
    """This request has been decided on, withdrawn, or has expired."""


class OwnRequest(Forbidden):
    """You have asked for this yourself; somebody else must decide."""


class OwnChange(Forbidden):
    """Part of what is to be published is your own change; somebody else must decide."""


class PersonsOnly(Forbidden):
    """A token of the API can't give consent; sign in."""


class NotTheAsker(Forbidden):
    """Only who has asked, or who looks after the project, takes a request back."""


class ChangedSince(Conflict):
    """There is a newer revision than the one you have looked at."""


class Standing(Struct, frozen=True):
    """What of a request decides: its state, who asked, who wrote what is reviewed, and at which revision it is."""

    state: State
    asked_by: str | None
    expired: bool = False
    authors: frozenset[str] = frozenset()
    revision: int | None = None


class Person(Struct, frozen=True):
    """Who wants to do something: whether they hold the right to decide, and whether they look after the project."""

    id: str
    decides: bool
    manages: bool = False
    by_token: bool = False


def after(state: State, act: Act) -> State:
    """Return the state that an act leads to; raise `NotOpen` where there is no such move."""
    try:
        return MOVES[state, act]
    except KeyError:
        raise NotOpen from None


def refusal(act: Act, on: Standing, by: Person, seen: int | None = None) -> type[Problem] | None:
    """Return why somebody may not approve, reject or withdraw; None if they may. `seen` is the revision they judge."""
    if act is Act.withdraw:
        if on.asked_by != by.id and not by.manages:
            return NotTheAsker
        return None if on.state in OPEN else NotOpen
    if not by.decides:
        return Forbidden
    if by.by_token:
        return PersonsOnly
    if on.asked_by == by.id:
        return OwnRequest
    if by.id in on.authors:
        return OwnChange
    if on.expired or on.state not in ({State.waiting} if act is Act.approve else OPEN):
        return NotOpen
    if act is Act.approve and on.revision is not None and seen != on.revision:
        return ChangedSince
    return None
