"""Users, looked after by administrators, over HTTP."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from sqlalchemy.ext.asyncio import AsyncSession

from runyard.access.guards import allow
from runyard.access.identities import origins
from runyard.access.models import User
from runyard.access.people_schemas import NewUserBody, PasswordReset, UserBody, UserChange, UserCreate
from runyard.access.permissions import Actor, Permission
from runyard.access.second_factors import SecondFactors
from runyard.access.users import Changes, Users
from runyard.web.depends import Reading, Transaction, provided
from runyard.web.paging import Page, Paging, cursor_of, cut

router = APIRouter(tags=["users"])
Directory = Annotated[Users, Depends(provided(Users))]
Factors = Annotated[SecondFactors, Depends(provided(SecondFactors))]
Administrator = Annotated[Actor, allow(Permission.system_manage)]


@router.get("/users", operation_id="list_users")
async def list_users(
    _actor: Administrator,
    session: Reading,
    users: Directory,
    factors: Factors,
    window: Paging,
    q: Annotated[str, Query(max_length=64, description="A part of the name.")] = "",
    disabled: Annotated[bool | None, Query(description="Only those that are, or are not, disabled.")] = None,
) -> Page[UserBody]:
    """List users by name."""
    after = window.after(str)
    rows = await users.page(session, q, disabled=disabled, after=after[0] if after else None, limit=window.limit + 1)
    shown, last = cut(rows, window.limit)
    ids = [user.id for user in shown]
    seen, careful = await users.seen(session, ids), await factors.who_has_one(session, ids)
    items = [_body(user, seen.get(user.id), careful=user.id in careful) for user in shown]
    items = await _from_elsewhere(session, items)
    return Page(items=items, next_cursor=cursor_of(last.username_key) if last else None)


@router.post("/users", operation_id="create_user", status_code=201)
async def create_user(_actor: Administrator, users: Directory, body: UserCreate) -> NewUserBody:
    """Add a user. Without a password one is made up and told in the answer, this once."""
    given = body.password.get_secret_value() if body.password else None
    made = await users.create(
        body.username, given, display_name=body.display_name, email=body.email, is_admin=body.is_admin
    )
    return NewUserBody(**_body(made.user).model_dump(), password=made.password)


@router.get("/users/{user}", operation_id="get_user")
async def get_user(_actor: Administrator, session: Reading, users: Directory, factors: Factors, user: str) -> UserBody:
    """Get a user by id or name."""
    row = await users.find(session, user)
    seen, careful = await users.seen(session, [row.id]), await factors.who_has_one(session, [row.id])
    [body] = await _from_elsewhere(session, [_body(row, seen.get(row.id), careful=row.id in careful)])
    return body


@router.patch("/users/{user}", operation_id="change_user")
async def change_user(
    _actor: Administrator, session: Transaction, users: Directory, factors: Factors, user: str, body: UserChange
) -> UserBody:
    """Disable, enable or rename a user, or make them administrator or not any more."""
    changes = Changes(**body.model_dump())
    row = await users.change(session, user, changes)
    careful = row.id in await factors.who_has_one(session, [row.id])
    [changed] = await _from_elsewhere(session, [_body(row, careful=careful)])
    return changed


@router.post("/users/{user}/password", operation_id="reset_password")
async def reset_password(_actor: Administrator, users: Directory, user: str, body: PasswordReset) -> NewUserBody:
    """Give a user a new password and end their sessions. Without one it is made up and told in the answer."""
    made = await users.new_password(user, body.password.get_secret_value() if body.password else None)
    return NewUserBody(**_body(made.user).model_dump(), password=made.password)


def _body(user: User, seen_at: datetime | None = None, *, careful: bool = False) -> UserBody:
    return UserBody(
        id=user.id,
        username=user.username,
        display_name=user.display_name,
        email=user.email,
        is_admin=user.is_admin,
        disabled=user.disabled,
        second_factor=careful,
        has_password=user.password_hash is not None,
        created_at=user.created_at,
        seen_at=seen_at,
    )


async def _from_elsewhere(session: AsyncSession, bodies: list[UserBody]) -> list[UserBody]:
    found = await origins(session, [body.id for body in bodies])
    return [body.model_copy(update={"origins": found.get(body.id, [])}) for body in bodies]
