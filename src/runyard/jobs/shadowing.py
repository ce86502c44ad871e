"""Jobs in shadow: they start nothing, and are compared with the system that they are to take over from."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock, ids
from runyard.access.permissions import Actor, Permission
from runyard.audit.record import record
from runyard.errors import Conflict, FieldError, Invalid, Missing
from runyard.ids import ProjectId
from runyard.jobs import outlook, pausing, repository
from runyard.jobs.errors import NoSuchJob
from runyard.jobs.history import note, target
from runyard.jobs.models import Job, JobShadow
from runyard.jobs.recurrence.counting import count
from runyard.jobs.recurrence.rules import between
from runyard.jobs.recurrence.zones import zone
from runyard.jobs.service import JobService
from runyard.jobs.shadow import MOST_COMPARED, Comparison, Log, compare, read


class NoShadowLog(Missing):
    """No log was given to compare this job with."""


class NotInShadow(Conflict):
    """The job is not in shadow: it starts its runs itself."""


class ShadowTooLong(Invalid):
    """There are more starts than are compared at once."""


class Compared(Struct, frozen=True):
    """What both systems started, and what only one did; `unread` lines of the log told no time."""

    found: Comparison
    unread: int


class Shadows:
    """Shadow mode of jobs. Every method works within the session that it is given."""

    def __init__(self, jobs: JobService) -> None:
        self._jobs = jobs

    async def begin(self, session: AsyncSession, actor: Actor, job_id: str) -> Job:
        """Have a job start nothing by itself until it is cut over; nothing happens if that is so already.

        Raises: NoSuchJob.
        """
        job = await self._jobs.find(session, actor, job_id, Permission.job_write, lock=True)
        now = await repository.database_now(session)
        if not await _is_shadow(session, job, now):
            await pausing.begin(session, pausing.Kind.shadow, job.project_id, job.id, now)
            await self._write_down(session, actor, job, "shadow")
        return job

    async def end(self, session: AsyncSession, actor: Actor, job_id: str) -> Job:
        """Have a job start its runs itself from now on, and forget what it was compared with.

        Raises: NoSuchJob; NotInShadow.
        """
        job = await self._jobs.find(session, actor, job_id, Permission.job_write, lock=True)
        actor.demand(Permission.run_submit, ProjectId(job.project_id), NoSuchJob)
        now = await repository.database_now(session)
        if not await pausing.end(session, [pausing.Kind.shadow], job.project_id, job.id, now):
            raise NotInShadow
        await session.execute(delete(JobShadow).where(JobShadow.job_id == job.id))
        await self._write_down(session, actor, job, "cut_over")
        return job

    async def keep(self, session: AsyncSession, actor: Actor, job_id: str, log: Log, source: str) -> None:
        """Keep what another system started, in place of what was kept before; raise `NoSuchJob`."""
        job = await self._jobs.find(session, actor, job_id, Permission.job_write, lock=True)
        await session.execute(delete(JobShadow).where(JobShadow.job_id == job.id))
        session.add(
            JobShadow(
                id=ids.new("shd"), job_id=job.id, at=clock.now(), by=actor.user_id, log=list(log.starts), source=source
            )
        )
        await session.flush()

    async def kept(self, session: AsyncSession, actor: Actor, job_id: str) -> Sequence[int]:
        """Return what is kept of the other system; raise `NoSuchJob`, `NoShadowLog`."""
        job = await self._jobs.find(session, actor, job_id, Permission.job_read)
        row = (await session.scalars(select(JobShadow).where(JobShadow.job_id == job.id))).first()
        if row is None:
            raise NoShadowLog
        return row.log

    async def compared(
        self,
        session: AsyncSession,
        actor: Actor,
        job_id: str,
        seen: Sequence[int],
        start: datetime,
        end: datetime,
        tolerance_s: float,
    ) -> Comparison:
        """Return what the job would have started beside what the other system did.

        Raises: NoSuchJob; ShadowTooLong.
        """
        job = await self._jobs.find(session, actor, job_id, Permission.job_read)
        from_us, to_us = clock.to_us(start), clock.to_us(end)
        rules = await outlook.rules_of(session, job, from_us, to_us)
        many = sum(count(rule, from_us - 1, to_us - 1) for rule, _bars in rules)
        if many > MOST_COMPARED:
            raise too_long(many)
        due = {
            each.at
            for rule, bars in rules
            for each in between(rule, from_us - 1, to_us - 1)
            if each.fires and not any(bar.holds(each.at) for bar in bars)
        }
        within = [at for at in seen if from_us <= at < to_us]
        return await asyncio.to_thread(compare, due, within, round(tolerance_s * 1_000_000))

    async def _write_down(self, session: AsyncSession, actor: Actor, job: Job, act: str) -> None:
        job.revision, job.updated_at, job.updated_by = job.revision + 1, clock.now(), actor.user_id
        now = {"shadow": act == "shadow"}
        before = {"shadow": act != "shadow"}
        note(session, actor, job, act, before, now)
        record(session, actor, f"job.{act}", target(job), before, now)
        self._jobs.tell(session, job, act)
        await session.flush()


def logged(text: str, timezone: str, start: datetime, end: datetime, contains: str) -> Log:
    """Return what a log says was started; raise `ShadowTooLong`."""
    found = read(text, zone(timezone), clock.to_us(start), clock.to_us(end), contains)
    if len(found.starts) > MOST_COMPARED:
        raise too_long(len(found.starts))
    return found


def too_long(many: int) -> ShadowTooLong:
    """Return that there are so many starts to compare."""
    sentence = f"At most {MOST_COMPARED} starts are compared at once; there are {many}."
    return ShadowTooLong(sentence, fields=[FieldError("to", sentence, ShadowTooLong.code)])


async def _is_shadow(session: AsyncSession, job: Job, now: datetime) -> bool:
    rows = await repository.open_pauses(session, [], [job.id], now)
    return any(row.kind == pausing.Kind.shadow for row in rows)
