"""Lists of jobs: narrowed to what is asked for, in one of three orders, a page at a time."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from msgspec import Struct
from sqlalchemy import ColumnElement, Select, and_, case, exists, func, literal, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from runyard.db.types import Instant
from runyard.jobs import repository
from runyard.jobs.health import BLIND, LOOKED_AT, JobState
from runyard.jobs.models import Job, JobLabel, JobPause, JobTrigger
from runyard.jobs.pausing import Kind
from runyard.scripts.models import Script

Sort = Literal["name", "next", "updated"]
FAR = datetime(9999, 12, 31, tzinfo=UTC)
"""What stands for no next time in the order: those jobs come last."""


class Filter(Struct, frozen=True):
    """Which jobs a list shows: all conditions hold at once. `terms` are folded words."""

    project_ids: Sequence[str]
    terms: Sequence[str] = ()
    state: JobState | None = None
    target_id: str | None = None
    source_id: str | None = None
    trigger: str | None = None
    labels: Sequence[tuple[str, str | None]] = ()


class Listed(Struct, frozen=True):
    """A job in a list, with when it is due next where the list is in that order."""

    job: Job
    next_at: datetime = FAR


async def page(
    session: AsyncSession, wanted: Filter, sort: Sort, after: tuple[Any, str] | None, limit: int, now: datetime
) -> list[Listed]:
    """Return up to `limit` living jobs, beginning after the keys `after`."""
    if sort == "next":
        due = _next()
        query = _chosen(select(Job, due), wanted, now).order_by(due, Job.id)
        if after is not None:
            query = query.where(or_(due > after[0], and_(due == after[0], Job.id > after[1])))
        return [Listed(job, at) for job, at in await session.execute(query.limit(limit))]
    query = _chosen(select(Job), wanted, now)
    if sort == "updated":
        query = query.order_by(Job.updated_at.desc(), Job.id.desc())
        if after is not None:
            at, id_ = after
            query = query.where(or_(Job.updated_at < at, and_(Job.updated_at == at, Job.id < id_)))
    else:
        query = query.order_by(Job.name_key, Job.id)
        if after is not None:
            key, id_ = after
            query = query.where(Job.name_key >= key, or_(Job.name_key > key, Job.id > id_))
    return [Listed(job) for job in await session.scalars(query.limit(limit))]


def target_missing() -> ColumnElement[bool]:
    """Return the condition that what a job runs is not there."""
    there = exists().where(
        Script.id == Job.target_id,
        Script.project_id == Job.project_id,
        Script.deleted_at.is_(None),
        Script.kind == "script",
    )
    return not_(there)


def troubled() -> ColumnElement[bool]:
    """Return the condition that something is noted that keeps runs of a job from being made."""
    return and_(Job.broken.is_not(None), Job.broken.not_in(LOOKED_AT))


def stopped() -> ColumnElement[bool]:
    """Return the condition that something is noted that keeps all runs of a job from being made."""
    return and_(troubled(), Job.broken != BLIND)


def source_missing() -> ColumnElement[bool]:
    """Return the condition that a job is to run after one that is not there any more."""
    source = aliased(Job)
    return exists().where(
        JobTrigger.job_id == Job.id,
        JobTrigger.deleted_at.is_(None),
        JobTrigger.enabled,
        source.id == JobTrigger.source_job_id,
        source.deleted_at.is_not(None),
    )


def _next() -> ColumnElement[datetime]:
    soonest = (
        select(func.min(JobTrigger.next_at))
        .where(JobTrigger.job_id == Job.id, JobTrigger.deleted_at.is_(None))
        .correlate(Job)
        .scalar_subquery()
    )
    return func.coalesce(case((Job.enabled, soonest)), literal(FAR, Instant()), type_=Instant())


def _in_state(state: JobState, now: datetime) -> list[Any]:
    """Return the conditions that `health.state_of` says."""
    if state is JobState.disabled:
        return [not_(Job.enabled)]
    broken = or_(troubled(), target_missing(), source_missing())
    if state is JobState.broken:
        return [Job.enabled, broken]
    whole = and_(JobPause.job_id.is_(None), JobPause.project_id == Job.project_id)
    paused = exists().where(
        repository.in_force(now), JobPause.kind != Kind.disabled.value, or_(JobPause.job_id == Job.id, whole)
    )
    if state is JobState.paused:
        return [Job.enabled, not_(broken), paused]
    due = exists().where(JobTrigger.job_id == Job.id, JobTrigger.deleted_at.is_(None), JobTrigger.enabled)
    return [Job.enabled, not_(broken), not_(paused), due if state is JobState.on else not_(due)]


def _chosen(query: Select[*tuple[Any, ...]], wanted: Filter, now: datetime) -> Select[*tuple[Any, ...]]:
    query = query.where(Job.project_id.in_(wanted.project_ids), Job.deleted_at.is_(None))
    if wanted.target_id is not None:
        query = query.where(Job.target_id == wanted.target_id)
    if wanted.source_id is not None:
        query = query.where(
            exists().where(
                JobTrigger.job_id == Job.id,
                JobTrigger.deleted_at.is_(None),
                JobTrigger.source_job_id == wanted.source_id,
            )
        )
    if wanted.trigger is not None:
        query = query.where(
            exists().where(
                JobTrigger.job_id == Job.id, JobTrigger.deleted_at.is_(None), JobTrigger.kind == wanted.trigger
            )
        )
    for name, value in wanted.labels:
        label = and_(JobLabel.job_id == Job.id, JobLabel.name == name)
        query = query.where(exists().where(label if value is None else and_(label, JobLabel.value == value)))
    for term in wanted.terms:
        of_target = exists().where(Script.id == Job.target_id, Script.name_key.contains(term, autoescape=True))
        query = query.where(or_(Job.name_key.contains(term, autoescape=True), of_target))
    if wanted.state is not None:
        query = query.where(*_in_state(wanted.state, now))
    return query
