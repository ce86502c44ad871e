"""Sessions over HTTP: one's own, and anybody's for administrators."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from runyard import clock
from runyard.access.guards import allow
from runyard.access.models import Session
from runyard.access.permissions import Actor, Permission
from runyard.access.proving import demand_person
from runyard.access.sessions import Sessions
from runyard.access.users import Users
from runyard.web.depends import Reading, Transaction, provided
from runyard.web.paging import Page

router = APIRouter(tags=["access"])
Places = Annotated[Sessions, Depends(provided(Sessions))]
Directory = Annotated[Users, Depends(provided(Users))]
Myself = Annotated[Actor, allow(Permission.self_manage)]
Administrator = Annotated[Actor, allow(Permission.system_manage)]


class SessionBody(BaseModel):
    """A place where somebody is signed in; `current` is the one that asks."""

    id: str
    address: str
    user_agent: str
    created_at: datetime
    used_at: datetime
    expires_at: datetime
    current: bool


@router.get("/me/sessions", operation_id="list_my_sessions")
async def list_my_sessions(actor: Myself, session: Reading, places: Places) -> Page[SessionBody]:
    """List where you are signed in, the last used first."""
    return _page(await places.of(session, actor.user_id, clock.now()), actor)


@router.delete("/me/sessions/{session_id}", operation_id="end_my_session", status_code=204)
async def end_my_session(actor: Myself, session: Transaction, places: Places, session_id: str) -> None:
    """Sign yourself out of one place."""
    demand_person(actor)
    await places.end(session, actor, actor.user_id, session_id)


@router.get("/users/{user}/sessions", operation_id="list_user_sessions")
async def list_user_sessions(
    actor: Administrator, session: Reading, places: Places, users: Directory, user: str
) -> Page[SessionBody]:
    """List where a user is signed in."""
    row = await users.find(session, user)
    return _page(await places.of(session, row.id, clock.now()), actor)


@router.delete("/users/{user}/sessions/{session_id}", operation_id="end_user_session", status_code=204)
async def end_user_session(
    actor: Administrator, session: Transaction, places: Places, users: Directory, user: str, session_id: str
) -> None:
    """Sign a user out of one place."""
    row = await users.find(session, user)
    await places.end(session, actor, row.id, session_id)


def _page(rows: Sequence[Session], actor: Actor) -> Page[SessionBody]:
    items = [
        SessionBody(
            id=row.id,
            address=row.address,
            user_agent=row.user_agent,
            created_at=row.created_at,
            used_at=row.used_at,
            expires_at=row.expires_at,
            current=row.id == actor.session_id,
        )
        for row in rows
    ]
    return Page(items=items)
