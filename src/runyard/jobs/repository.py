"""The rows of jobs, their triggers, pauses and changes."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from runyard.access.models import User
from runyard.db.types import DatabaseNow
from runyard.jobs.models import Job, JobChange, JobLabel, JobPause, JobTrigger
from runyard.projects.models import Project
from runyard.scripts.models import Script

NEVER = "\0"


async def database_now(session: AsyncSession) -> datetime:
    """Return what the database's clock shows: due times are compared with it."""
    return (await session.execute(select(DatabaseNow()))).scalar_one()


async def living(session: AsyncSession, job_id: str, *, lock: bool = False) -> Job | None:
    """Return the job of that id unless it is deleted; with `lock`, hold it until the transaction ends."""
    if NEVER in job_id:
        # PostgreSQL refuses to even look for it.
        return None
    query = select(Job).where(Job.id == job_id, Job.deleted_at.is_(None))
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await session.scalars(query)).one_or_none()


async def some(session: AsyncSession, job_ids: Iterable[str], *, lock: bool = False) -> Sequence[Job]:
    """Return those of the jobs that are not deleted, in the order of their ids."""
    wanted = {id_ for id_ in job_ids if NEVER not in id_}
    query = select(Job).where(Job.id.in_(wanted), Job.deleted_at.is_(None)).order_by(Job.id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await session.scalars(query)).all()


async def holder_of(session: AsyncSession, project_id: str, name: str) -> str | None:
    """Return the id of the living job that has this name."""
    query = select(Job.id).where(Job.project_id == project_id, Job.live_name == name)
    return (await session.scalars(query)).one_or_none()


async def names(session: AsyncSession, project_id: str) -> set[str]:
    """Return the names of a project's living jobs."""
    return set(await session.scalars(select(Job.name).where(Job.project_id == project_id, Job.deleted_at.is_(None))))


async def names_of(session: AsyncSession, job_ids: Iterable[str]) -> dict[str, str]:
    """Return the names of jobs, deleted ones too."""
    query = select(Job.id, Job.name).where(Job.id.in_(set(job_ids)))
    return {id_: name for id_, name in await session.execute(query)}  # noqa: C416 - rows are no pairs to mypy


async def triggers_of(session: AsyncSession, job_ids: Iterable[str]) -> dict[str, list[JobTrigger]]:
    """Return the triggers of each of those jobs, in their order."""
    ids = list(job_ids)
    found: dict[str, list[JobTrigger]] = {id_: [] for id_ in ids}
    query = (
        select(JobTrigger)
        .where(JobTrigger.job_id.in_(ids), JobTrigger.deleted_at.is_(None))
        .order_by(JobTrigger.position, JobTrigger.id)
    )
    for trigger in await session.scalars(query):
        found[trigger.job_id].append(trigger)
    return found


async def trigger(session: AsyncSession, trigger_id: str, *, lock: bool = False) -> JobTrigger | None:
    """Return a trigger that is not deleted, of a job that is not."""
    if NEVER in trigger_id:
        return None
    query = (
        select(JobTrigger)
        .join(Job, Job.id == JobTrigger.job_id)
        .where(JobTrigger.id == trigger_id, JobTrigger.deleted_at.is_(None), Job.deleted_at.is_(None))
    )
    if lock:
        query = query.with_for_update(of=JobTrigger).execution_options(populate_existing=True)
    return (await session.scalars(query)).one_or_none()


async def sources(session: AsyncSession, project_id: str, but: str) -> dict[str, list[str]]:
    """Return after which jobs each job of a project runs, `but` one; the project is held until the end.

    Held, so that two saves at once can't make between them what neither makes alone.
    """
    await session.execute(select(Project.id).where(Project.id == project_id).with_for_update())
    found: dict[str, list[str]] = {}
    query = select(JobTrigger.job_id, JobTrigger.source_job_id).where(
        JobTrigger.project_id == project_id,
        JobTrigger.source_job_id.is_not(None),
        JobTrigger.deleted_at.is_(None),
        JobTrigger.job_id != but,
    )
    for job_id, source in await session.execute(query):
        found.setdefault(job_id, []).append(str(source))
    return found


async def hide_triggers(session: AsyncSession, job_id: str, now: datetime) -> None:
    """Have a job's triggers be due no more; their ledger stays."""
    await session.execute(
        update(JobTrigger)
        .where(JobTrigger.job_id == job_id, JobTrigger.deleted_at.is_(None))
        .values(deleted_at=now, next_at=None)
    )


async def set_labels(session: AsyncSession, job: Job) -> None:
    """Have a job be found by the labels that it has."""
    rows = (await session.scalars(select(JobLabel).where(JobLabel.job_id == job.id))).all()
    known = {row.name: row for row in rows}
    for name, value in job.labels.items():
        if name in known:
            known.pop(name).value = value
        else:
            session.add(JobLabel(job_id=job.id, name=name, value=value))
    for row in known.values():
        await session.delete(row)
    await session.flush()


def in_force(now: datetime) -> ColumnElement[bool]:
    """Return the condition that a pause holds at an instant."""
    return and_(JobPause.from_at <= now, or_(JobPause.until_at.is_(None), JobPause.until_at > now))


async def open_pauses(
    session: AsyncSession, project_ids: Iterable[str], job_ids: Iterable[str], now: datetime
) -> Sequence[JobPause]:
    """Return the pauses that hold for some jobs at an instant, and those of their whole projects, oldest first."""
    whole = and_(JobPause.project_id.in_(set(project_ids)), JobPause.job_id.is_(None))
    query = select(JobPause).where(in_force(now), or_(JobPause.job_id.in_(list(job_ids)), whole))
    return (await session.scalars(query.order_by(JobPause.from_at, JobPause.id))).all()


async def users(session: AsyncSession, ids: Iterable[str | None]) -> dict[str, tuple[str, bool]]:
    """Return the usernames behind ids, and whether they are disabled."""
    wanted = {id_ for id_ in ids if id_ is not None}
    query = select(User.id, User.username, User.disabled).where(User.id.in_(wanted))
    return {id_: (name, disabled) for id_, name, disabled in await session.execute(query)}


async def scripts(session: AsyncSession, ids: Iterable[str]) -> dict[str, Script]:
    """Return scripts by their ids, deleted ones too."""
    return {row.id: row for row in await session.scalars(select(Script).where(Script.id.in_(set(ids))))}


async def changes(session: AsyncSession, job_id: str, before: int | None, limit: int) -> Sequence[JobChange]:
    """Return up to `limit` revisions of a job, newest first, below the number `before`."""
    query = select(JobChange).where(JobChange.job_id == job_id)
    if before is not None:
        query = query.where(JobChange.revision < before)
    return (await session.scalars(query.order_by(JobChange.revision.desc()).limit(limit))).all()


async def changed_since(session: AsyncSession, job_id: str, revision: int, acts: Iterable[str]) -> bool:
    """Whether somebody has done one of these acts to a job after a revision."""
    query = select(func.count()).where(
        JobChange.job_id == job_id, JobChange.revision > revision, JobChange.act.in_(list(acts))
    )
    return bool((await session.execute(query)).scalar_one())
