"""The rows that a calendar and a forecast are made of."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import BigInteger, Select, exists, func, literal_column, null, or_, select, type_coerce, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from runyard.jobs import listing
from runyard.jobs.models import BlackoutCalendar, Job, JobPause, JobSlot, JobTrigger
from runyard.jobs.recurrence.rules import US
from runyard.runs import spans

TIMED = ("cron", "interval", "date")


class Timed(Struct, frozen=True):
    """A trigger that goes by time, with what of its job decides what becomes of it."""

    id: str
    job_id: str
    job_name: str
    project_id: str
    spec: dict[str, Any]
    made_at: datetime
    settings: dict[str, Any]
    broken: bool = False
    """Whether no run of it can be made, as far as is known."""


class Past(Struct, frozen=True):
    """Rows of the ledger, or runs that no due slot started, that share a cell, an outcome and how the runs stand."""

    job_id: str
    job_name: str
    trigger_id: str | None
    outcome: str | None
    name: str
    run_state: str | None
    at: datetime
    until: datetime
    count: int
    run_id: str | None


async def timed(
    session: AsyncSession, project_ids: Sequence[str], job_id: str | None, before: datetime, most: int
) -> list[Timed]:
    """Return the triggers that are due before an instant and whose jobs are switched on, those due first coming first.

    Of more than `most` the others are left out: none of them is due before those that are returned.
    """
    query = (
        select(JobTrigger, Job.name, Job.settings, or_(listing.stopped(), listing.target_missing()))
        .join(Job, Job.id == JobTrigger.job_id)
        .where(
            JobTrigger.next_at < before,
            JobTrigger.kind.in_(TIMED),
            JobTrigger.project_id.in_(project_ids),
            Job.enabled,
            Job.deleted_at.is_(None),
        )
        .order_by(JobTrigger.next_at, JobTrigger.id)
        .limit(most)
    )
    if job_id is not None:
        query = query.where(JobTrigger.job_id == job_id)
    return [
        Timed(row.id, row.job_id, name, row.project_id, row.spec, row.created_at, settings, bool(broken))
        for row, name, settings, broken in await session.execute(query)
    ]


async def calendars(session: AsyncSession, project_ids: Iterable[str]) -> Sequence[BlackoutCalendar]:
    """Return the blackout calendars of projects."""
    query = select(BlackoutCalendar).where(BlackoutCalendar.project_id.in_(set(project_ids)))
    return (await session.scalars(query.order_by(BlackoutCalendar.id))).all()


async def pauses(session: AsyncSession, project_ids: Iterable[str], after: datetime) -> Sequence[JobPause]:
    """Return the pauses of projects and of their jobs that reach beyond an instant, the oldest first."""
    query = select(JobPause).where(
        JobPause.project_id.in_(set(project_ids)), or_(JobPause.until_at.is_(None), JobPause.until_at > after)
    )
    return (await session.scalars(query.order_by(JobPause.from_at, JobPause.id))).all()


async def past(
    session: AsyncSession,
    project_ids: Sequence[str],
    job_id: str | None,
    start: datetime,
    end: datetime,
    *,
    part_s: int,
    shift_s: int,
    most: int,
) -> list[Past]:
    """Return what became of what was due, and the runs that something else started, newest first and up to `most`.

    Rows of one part of `part_s` seconds, counted from `shift_s` before 1970, are one.
    """
    slots = _slots(project_ids, job_id, start, end).subquery()
    part = (type_coerce(slots.c.at, BigInteger) + literal_column(str(shift_s * US))).op("/")(
        literal_column(str(part_s * US))
    )
    runs = spans.states()
    state = func.coalesce(runs.c.state, "")
    query = (
        select(
            slots.c.job_id,
            Job.name,
            slots.c.trigger_id,
            slots.c.outcome,
            slots.c.name,
            state,
            func.min(slots.c.at),
            func.max(slots.c.until),
            func.sum(slots.c.count),
            func.max(slots.c.run_id),
        )
        .join(Job, Job.id == slots.c.job_id)
        .outerjoin(runs, runs.c.id == slots.c.run_id)
        .group_by(slots.c.job_id, Job.name, slots.c.trigger_id, slots.c.outcome, slots.c.name, state, part)
        .order_by(func.min(slots.c.at).desc(), slots.c.job_id)
        .limit(most)
    )
    return [
        Past(job, name, trigger or None, outcome or None, why, run_state or None, at, until, int(count), run)
        for job, name, trigger, outcome, why, run_state, at, until, count, run in await session.execute(query)
    ]


def _slots(project_ids: Sequence[str], job_id: str | None, start: datetime, end: datetime) -> Any:
    columns = (
        JobSlot.job_id,
        JobSlot.trigger_id,
        JobSlot.outcome,
        JobSlot.name,
        JobSlot.due_from.label("at"),
        JobSlot.due_to.label("until"),
        JobSlot.count.label("count"),
        JobSlot.run_id,
    )
    whose = [JobSlot.project_id.in_(project_ids), *([JobSlot.job_id == job_id] if job_id is not None else [])]
    within = select(*columns).where(*whose, JobSlot.due_from >= start, JobSlot.due_from < end)
    # A stretch may have begun before, and reach in.
    reaching = select(*columns).where(*whose, JobSlot.due_from < start, JobSlot.due_to >= start)
    runs = spans.queued(project_ids, job_id, start, end)
    others: Select[*tuple[Any, ...]] = select(
        runs.c.job_id,
        literal_column("''").label("trigger_id"),
        literal_column("''").label("outcome"),
        literal_column("''").label("name"),
        runs.c.at,
        runs.c.at.label("until"),
        literal_column("1").label("count"),
        runs.c.id.label("run_id"),
    ).where(~exists(select(null()).where(JobSlot.run_id == runs.c.id)))
    return union_all(within, reaching, others)
