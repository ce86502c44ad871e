"""Sessions over HTTP: one's own, and anybody's for administrators."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock
from runyard.access.guards import allow
from runyard.access.permissions import Actor, Permission
from runyard.access.proving import demand_person
from runyard.access.sessions import Sessions
from runyard.access.users import Users
from runyard.web.depends import Reading, Transaction, provided
from runyard.web.paging import Page, Paging, Window, cursor_of, cut

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
async def list_my_sessions(actor: Myself, session: Reading, places: Places, window: Paging) -> Page[SessionBody]:
    """List where you are signed in, the last used first."""
    return await _page(session, places, actor, actor.user_id, window)


@router.delete("/me/sessions/{session_id}", operation_id="end_my_session", status_code=204)
async def end_my_session(actor: Myself, session: Transaction, places: Places, session_id: str) -> None:
    """Sign yourself out of one place."""
    demand_person(actor)
    await places.end(session, actor, actor.user_id, session_id)


@router.get("/users/{user}/sessions", operation_id="list_user_sessions")
async def list_user_sessions(
    actor: Administrator, session: Reading, places: Places, users: Directory, window: Paging, user: str
) -> Page[SessionBody]:
    """List where a user is signed in, the last used first."""
    return await _page(session, places, actor, (await users.find(session, user)).id, window)


@router.delete("/users/{user}/sessions/{session_id}", operation_id="end_user_session", status_code=204)
async def end_user_session(
    actor: Administrator, session: Transaction, places: Places, users: Directory, user: str, session_id: str
) -> None:
    """Sign a user out of one place."""
    row = await users.find(session, user)
    await places.end(session, actor, row.id, session_id)


async def _page(
    session: AsyncSession, places: Sessions, actor: Actor, user_id: str, window: Window
) -> Page[SessionBody]:
    keys = window.after(int, str)
    after = (clock.from_us(keys[0]), keys[1]) if keys else None
    rows, last = cut(await places.of(session, user_id, clock.now(), after, window.limit + 1), window.limit)
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
    return Page(items=items, next_cursor=cursor_of(clock.to_us(last.used_at), last.id) if last else None)
