"""Writing an act down: one line where it is done, in the transaction that does it."""

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncSession

from runyard.access.permissions import Actor
from runyard.audit.changes import changed
from runyard.audit.events import SYSTEM, Event, Outcome, Target, Who
from runyard.audit.origin import present

PENDING = "runyard.audit"


def record(
    session: AsyncSession,
    by: Actor | Who | None,
    action: str,
    target: Target,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    *,
    outcome: Outcome = Outcome.ok,
    code: str = "",
) -> None:
    """Have an act written down when the session's transaction is committed, and never if it is not.

    `before` and `after` are fields by name, as people know them; what is secret among them is hidden here. Without
    `by` it was Runyard itself. Where the present request is the actor's, it says from where they came.
    """
    act = present()
    if act is not None:
        act.told = True
    event = Event(_who(by), action, target, changed(before, after), outcome, code)
    session.info.setdefault(PENDING, []).append(event)


def about(target: Target, before: Mapping[str, Any] | None = None, after: Mapping[str, Any] | None = None) -> None:
    """Say what the present request's act is about, where its route alone tells too little; no act, no effect."""
    act = present()
    if act is not None:
        act.target = target
        act.changes |= changed(before, after)


def beside(
    session: AsyncSession,
    action: str,
    target: Target,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Have something written down that comes of the present request's act, beside the act's own event."""
    act = present()
    event = Event(SYSTEM if act is None else act.who, action, target, changed(before, after))
    session.info.setdefault(PENDING, []).append(event)


def _who(by: Actor | Who | None) -> Who:
    if by is None:
        return SYSTEM
    if isinstance(by, Who):
        return by
    act = present()
    if act is not None and act.who.id == by.user_id:
        return act.who
    return replace(Who(), id=by.user_id, name=by.username, session_id=by.session_id, token_id=by.token_id or "")
