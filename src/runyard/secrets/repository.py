"""The rows of secrets, variables, stages and uses."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from sqlalchemy import ColumnElement, delete, func, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from runyard.access.models import User
from runyard.secrets.models import Entry, ProjectStages, SecretUse


class Filter(Struct, frozen=True):
    """What a list is narrowed to; `project_ids` are those that the actor may see, `everywhere` adds the shared ones.

    `own` leaves the scripts' values out, `scripts` the projects'.
    """

    kind: str
    project_ids: Sequence[str]
    everywhere: bool
    script_id: str | None = None
    stage: str | None = None
    text: str = ""
    own: bool = False
    scripts: bool = False


async def get(session: AsyncSession, kind: str, id_: str, *, lock: bool = False) -> Entry | None:
    """Return a secret or variable."""
    if "\0" in id_:
        return None
    query = select(Entry).where(Entry.id == id_, Entry.kind == kind)
    return (await session.scalars(query.with_for_update() if lock else query)).one_or_none()


async def page(session: AsyncSession, wanted: Filter, after: tuple[str, str] | None, limit: int) -> Sequence[Entry]:
    """Return up to `limit` of them by name, after (name, id)."""
    places: list[ColumnElement[bool]] = [Entry.project_id.in_(wanted.project_ids)]
    if wanted.everywhere:
        places.append(Entry.project_id.is_(None))
    query = select(Entry).where(Entry.kind == wanted.kind, or_(*places))
    if wanted.script_id is not None:
        query = query.where(Entry.script_id == wanted.script_id)
    if wanted.own:
        query = query.where(Entry.script_id.is_(None))
    if wanted.scripts:
        query = query.where(Entry.script_id.is_not(None))
    if wanted.stage is not None:
        query = query.where(Entry.stage == wanted.stage)
    if wanted.text:
        query = query.where(Entry.name.icontains(wanted.text, autoescape=True))
    if after is not None:
        name, id_ = after
        query = query.where(or_(Entry.name > name, (Entry.name == name) & (Entry.id > id_)))
    return (await session.scalars(query.order_by(Entry.name, Entry.id).limit(limit))).all()


async def in_reach(
    session: AsyncSession, project_id: str, script_id: str | None, kind: str | None = None, names: Sequence[str] = ()
) -> Sequence[Entry]:
    """Return all that a script of a project can be given, whatever the stage; narrowed to `names` if there are any."""
    places = ["", project_id] if script_id is None else ["", project_id, script_id]
    query = select(Entry).where(Entry.place.in_(places))
    if kind is not None:
        query = query.where(Entry.kind == kind)
    if names:
        query = query.where(Entry.name.in_(names))
    return (await session.scalars(query.order_by(Entry.name, Entry.id))).all()


async def stages_of(session: AsyncSession, project_id: str) -> ProjectStages | None:
    """Return what a project says of its stages."""
    return await session.get(ProjectStages, project_id)


async def add_uses(
    session: AsyncSession,
    entries: Sequence[Entry],
    *,
    project_id: str,
    script_id: str | None,
    script_name: str,
    run_id: str,
    attempt: int,
    at: datetime,
) -> None:
    """Note that an attempt was given these secrets."""
    shared = {
        "project_id": project_id,
        "script_id": script_id,
        "script_name": script_name,
        "run_id": run_id,
        "attempt": attempt,
        "at": at,
    }
    rows = [{"secret_id": entry.id, "name": entry.name, "version": entry.version, **shared} for entry in entries]
    if rows:
        await session.execute(insert(SecretUse), rows)


async def uses(
    session: AsyncSession, secret_id: str, project_ids: Sequence[str] | None, before: int | None, limit: int
) -> Sequence[SecretUse]:
    """Return up to `limit` uses of a secret in some projects (None: all), newest first, below the number `before`."""
    query = select(SecretUse).where(SecretUse.secret_id == secret_id)
    if project_ids is not None:
        query = query.where(SecretUse.project_id.in_(project_ids))
    if before is not None:
        query = query.where(SecretUse.id < before)
    return (await session.scalars(query.order_by(SecretUse.id.desc()).limit(limit))).all()


async def last_uses(
    session: AsyncSession, secret_ids: Sequence[str], project_ids: Sequence[str]
) -> dict[str, SecretUse]:
    """Return the newest use in some projects of each of these secrets that has one."""
    newest = (
        select(func.max(SecretUse.id))
        .where(SecretUse.secret_id.in_(secret_ids), SecretUse.project_id.in_(project_ids))
        .group_by(SecretUse.secret_id)
    )
    rows = await session.scalars(select(SecretUse).where(SecretUse.id.in_(newest)))
    return {row.secret_id: row for row in rows}


async def forget_uses(session: AsyncSession, before: datetime, limit: int) -> int:
    """Remove up to `limit` uses from before then; return how many."""
    old = (await session.scalars(select(SecretUse.id).where(SecretUse.at < before).limit(limit))).all()
    if old:
        await session.execute(delete(SecretUse).where(SecretUse.id.in_(old)))
    return len(old)


async def usernames(session: AsyncSession, entries: Sequence[Entry]) -> dict[str | None, str]:
    """Return the usernames of who made and changed these."""
    known = {by for entry in entries for by in (entry.created_by, entry.updated_by) if by is not None}
    query = select(User.id, User.username).where(User.id.in_(known))
    return {id_: username for id_, username in await session.execute(query)}  # noqa: C416 - rows are no pairs to mypy
