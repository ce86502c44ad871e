"""What answers about secrets, variables and connections have in common: how lists are narrowed, and what is told."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Depends, Query
from sqlalchemy.ext.asyncio import AsyncSession

from runyard.access.permissions import Actor
from runyard.ids import ProjectId
from runyard.secrets.models import Entry, SecretUse
from runyard.secrets.schemas import LastUse, LevelName, ScriptUser, SecretUseBody
from runyard.secrets.service import Asked, Kind, Shelf, Vault
from runyard.web.depends import provided
from runyard.web.paging import Page, Window, cursor_of, cut, sliced

Values = Annotated[Vault, Depends(provided(Vault))]
Force = Annotated[bool, Query(description="Delete it even though scripts list it.")]


def _asked(
    project: Annotated[
        str | None, Query(max_length=64, description="Its values, its scripts', and those of all.")
    ] = None,
    level: Annotated[LevelName | None, Query(description="Only those that belong there.")] = None,
    script_id: Annotated[str | None, Query(max_length=32, description="Only this script's own.")] = None,
    stage: Annotated[
        str | None, Query(max_length=32, description="Only those for this stage; empty: every stage.")
    ] = None,
    q: Annotated[str, Query(max_length=64, description="Part of the name.")] = "",
) -> Asked:
    return Asked(project=project, level=level, script_id=script_id, stage=stage, text=q)


Narrowed = Annotated[Asked, Depends(_asked)]


async def page_of(
    session: AsyncSession, vault: Vault, actor: Actor, kind: Kind, asked: Asked, window: Window
) -> tuple[Sequence[Entry], str | None]:
    """Return a page of them by name, and where the next one begins."""
    after = window.after(str, str)
    found = await vault.page(session, actor, kind, asked, (after[0], after[1]) if after else None, window.limit + 1)
    rows, last = cut(found, window.limit)
    return rows, cursor_of(last.name, last.id) if last else None


async def uses_of(
    session: AsyncSession, vault: Vault, actor: Actor, kind: Kind, id_: str, window: Window
) -> Page[SecretUseBody]:
    """Return a page of the runs that were given one, newest first."""
    after = window.after(int)
    found = await vault.uses(session, actor, id_, after[0] if after else None, window.limit + 1, kind)
    rows, last = cut(found, window.limit)
    names = {m.project_id: m.name for m in actor.memberships}
    items = [SecretUseBody(id=row.id, project=names.get(ProjectId(row.project_id)), **_use(row)) for row in rows]
    return Page(items=items, next_cursor=cursor_of(last.id) if last else None)


async def users_of(
    session: AsyncSession, vault: Vault, actor: Actor, kind: Kind, id_: str, window: Window
) -> Page[ScriptUser]:
    """Return a page of the scripts that use one, by name."""
    found = await vault.users(session, actor, kind, id_)
    shown, cursor = sliced(found, window, lambda user: (user.name, user.id), 2)
    items = [
        ScriptUser(id=user.id, name=user.name, project=actor.project_name(ProjectId(user.project_id))) for user in shown
    ]
    return Page(items=items, next_cursor=cursor)


def entry_of(actor: Actor, row: Entry, shelf: Shelf) -> dict[str, Any]:
    """Return what is told of every one of them."""
    return {
        "id": row.id,
        "name": row.name,
        "level": row.level.value,
        "project": actor.project_name(ProjectId(row.project_id)) if row.project_id is not None else None,
        "script_id": row.script_id,
        "script_name": shelf.scripts.get(row.script_id),
        "stage": row.stage or None,
        "description": row.description,
        "version": row.version,
        "created_at": row.created_at,
        "created_by": shelf.usernames.get(row.created_by),
        "updated_at": row.updated_at,
        "updated_by": shelf.usernames.get(row.updated_by),
        "valued_at": row.valued_at,
    }


def last_use_of(row: Entry, shelf: Shelf) -> LastUse | None:
    """Return when a run was given one last, as far as the actor may know."""
    use = shelf.last_uses.get(row.id)
    return LastUse(**_use(use)) if use is not None else None


def _use(row: SecretUse) -> dict[str, Any]:
    names = ("run_id", "attempt", "script_id", "script_name", "version", "at")
    return {name: getattr(row, name) for name in names}
