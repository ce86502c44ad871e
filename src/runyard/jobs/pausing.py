"""Stretches in which jobs start nothing: switched off, or paused by somebody or something. All of them are kept."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock, ids
from runyard.access.permissions import Actor
from runyard.jobs.blackouts import Stretch, apart
from runyard.jobs.models import Job, JobPause

ALWAYS = clock.to_us(datetime(9999, 12, 31, tzinfo=UTC))
"""When a stretch ends that has no end."""


class Kind(StrEnum):
    """Who or what pauses a job."""

    disabled = "disabled"
    person = "person"
    project = "project"
    breaker = "breaker"
    shadow = "shadow"


NAMES = {Kind.breaker: "the circuit breaker", Kind.shadow: "shadow mode"}
"""What is told where nobody is named."""


async def begin(
    session: AsyncSession,
    kind: Kind,
    project_id: str,
    job_id: str | None,
    now: datetime,
    *,
    by: Actor | None = None,
    why: str = "",
    until: datetime | None = None,
) -> JobPause:
    """Pause a job, or without one all of a project, from now on; `now` is by the database's clock."""
    row = JobPause(
        id=ids.new("pau"),
        project_id=project_id,
        job_id=job_id,
        kind=kind.value,
        why=why,
        by=by.user_id if by is not None else None,
        by_name=by.username if by is not None else NAMES.get(kind, ""),
        from_at=now,
        until_at=until,
    )
    session.add(row)
    await session.flush()
    return row


async def end(session: AsyncSession, kinds: Iterable[Kind], project_id: str, job_id: str | None, now: datetime) -> int:
    """End the pauses of some kinds that are in force; return how many were."""
    ending = (
        update(JobPause)
        .where(
            JobPause.project_id == project_id,
            JobPause.job_id.is_(None) if job_id is None else JobPause.job_id == job_id,
            JobPause.kind.in_([kind.value for kind in kinds]),
            (JobPause.until_at.is_(None)) | (JobPause.until_at > now),
        )
        .values(until_at=now)
        .returning(JobPause.id)
        .execution_options(synchronize_session=False)
    )
    return len((await session.execute(ending)).all())


async def switch(session: AsyncSession, actor: Actor, job: Job, now: datetime, *, on: bool) -> None:
    """Switch a job on or off: what is due while it is off stands in its ledger as paused."""
    job.enabled = on
    await end(session, [Kind.disabled], job.project_id, job.id, now)
    if not on:
        await begin(session, Kind.disabled, job.project_id, job.id, now, by=actor)


async def in_projects(
    session: AsyncSession, project_ids: Sequence[str], now: datetime, before: str | None, limit: int
) -> Sequence[JobPause]:
    """Return pauses that are in force in some projects, but those of jobs that are switched off, newest first."""
    query = select(JobPause).where(
        JobPause.project_id.in_(project_ids),
        JobPause.kind != Kind.disabled.value,
        (JobPause.until_at.is_(None)) | (JobPause.until_at > now),
        (JobPause.job_id.is_(None)) | JobPause.job_id.in_(select(Job.id).where(Job.deleted_at.is_(None))),
    )
    if before is not None:
        query = query.where(JobPause.id < before)
    return (await session.scalars(query.order_by(JobPause.id.desc()).limit(limit))).all()


def stretches(rows: Iterable[JobPause]) -> list[Stretch]:
    """Return pauses as `slots.decide` wants them: in order and apart, each under the name of who or what did it."""
    return apart(
        Stretch(
            clock.to_us(row.from_at),
            ALWAYS if row.until_at is None else clock.to_us(row.until_at),
            row.by_name or NAMES.get(Kind(row.kind), row.kind),
        )
        for row in rows
    )
