"""Groups of failures that are the same: first seen, how often, the last good run before, and what has changed since."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from pydantic import BaseModel, Field
from sqlalchemy import delete, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from runyard.access.permissions import Actor, Permission
from runyard.ids import ProjectId
from runyard.runs import comparing, records
from runyard.runs.comparing import Change
from runyard.runs.errors import NoSuchFailure
from runyard.runs.lifecycle import State
from runyard.runs.models import FailureGroupRow, RunRow
from runyard.secrets.sealing import Sealer

Row = FailureGroupRow


class Failure(BaseModel):
    """Failures of one script that are the same but for times, ids and numbers."""

    id: str
    project: str
    script_id: str | None
    script_name: str
    code: str
    title: str = Field(description="The error as it was first seen.")
    count: int
    first_at: datetime
    first_run_id: str
    last_at: datetime
    last_run_id: str


class Good(BaseModel):
    """The last run that succeeded before the failure was first seen."""

    id: str
    version: int | None
    finished_at: datetime | None


class FailureDetail(Failure):
    """A group, with what may have brought it about."""

    text: str = Field(description="What its failures have in common.")
    last_good: Good | None
    changed: list[Change] = Field(description="What differs between the last good run and the first failed one.")
    also_in: list[Failure] = Field(description="The same failure in other scripts of the project.")


class Wanted(Struct, frozen=True):
    """What a list of groups is narrowed to."""

    projects: Sequence[ProjectId]
    script_id: str | None = None
    text: str | None = None
    since: datetime | None = None


async def listed(
    session: AsyncSession, which: Wanted, before: tuple[datetime, str] | None, limit: int
) -> Sequence[Row]:
    """Return groups, those that were seen last first."""
    statement = select(Row).where(Row.project_id.in_(which.projects))
    if which.script_id is not None:
        statement = statement.where(Row.script_key == which.script_id)
    if which.since is not None:
        statement = statement.where(Row.last_at >= which.since)
    if which.text:
        # Groups are few: a project's failures fall into tens of them, and old ones are forgotten.
        named = [
            func.lower(column).contains(which.text.lower(), autoescape=True) for column in (Row.title, Row.script_name)
        ]
        statement = statement.where(or_(*named))
    if before is not None:
        at, group_id = before
        statement = statement.where(or_(Row.last_at < at, (Row.last_at == at) & (Row.id < group_id)))
    return (await session.execute(statement.order_by(Row.last_at.desc(), Row.id.desc()).limit(limit))).scalars().all()


def shown(row: Row, actor: Actor) -> Failure:
    """Return a group as the API shows it."""
    return Failure(**_facts(row, actor))


def _facts(row: Row, actor: Actor) -> dict[str, Any]:
    names = ("id", "script_name", "code", "title", "count", "first_at", "first_run_id", "last_at", "last_run_id")
    facts = {name: getattr(row, name) for name in names}
    return {**facts, "project": actor.project_name(ProjectId(row.project_id)), "script_id": row.script_key or None}


async def detail(session: AsyncSession, actor: Actor, sealer: Sealer, group_id: str) -> FailureDetail:
    """Return a group, whole; raise `NoSuchFailure`."""
    row = (await session.execute(select(Row).where(Row.id == group_id))).scalar_one_or_none()
    if row is None:
        raise NoSuchFailure
    actor.demand(Permission.run_read, ProjectId(row.project_id), NoSuchFailure)
    good = await _last_good(session, row)
    first = await records.get(session, row.first_run_id)
    changed = await comparing.changes(session, sealer, good, first) if good is not None and first is not None else []
    others = select(Row).where(Row.project_id == row.project_id, Row.hash == row.hash, Row.id != row.id)
    also = (await session.execute(others.order_by(Row.last_at.desc()).limit(20))).scalars().all()
    return FailureDetail(
        **_facts(row, actor),
        text=row.text,
        last_good=Good(id=good.id, version=good.version, finished_at=good.finished_at) if good else None,
        changed=changed,
        also_in=[shown(other, actor) for other in also],
    )


async def _last_good(session: AsyncSession, row: Row) -> RunRow | None:
    if not row.script_key:
        return None
    statement = select(RunRow).where(
        RunRow.script_id == row.script_key, RunRow.state == State.succeeded.value, RunRow.id < row.first_run_id
    )
    return (await session.execute(statement.order_by(RunRow.id.desc()).limit(1))).scalar_one_or_none()


async def forget(session: AsyncSession, before: datetime, limit: int) -> int:
    """Drop groups that were not seen since `before`; return how many."""
    old = select(Row.id).where(Row.last_at < before).order_by(Row.last_at).limit(limit)
    ids = (await session.execute(old)).scalars().all()
    if ids:
        await session.execute(delete(Row).where(Row.id.in_(ids)))
    return len(ids)
