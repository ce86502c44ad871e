"""Pausing jobs and resuming them: one, some, or all of a project."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock
from runyard.access.permissions import Actor, Permission
from runyard.audit.events import Target
from runyard.audit.record import record
from runyard.errors import FieldError
from runyard.ids import ProjectId
from runyard.jobs import pausing, repository
from runyard.jobs.errors import InvalidJob, NoSuchJob
from runyard.jobs.health import Health
from runyard.jobs.history import note, target
from runyard.jobs.models import Job, JobPause
from runyard.jobs.pausing import Kind
from runyard.jobs.service import JobService

if TYPE_CHECKING:
    from runyard.jobs.schemas import PauseBody, PauseMany, ResumeMany

BY_HAND = (Kind.person, Kind.breaker)
"""The pauses of a job that somebody ends by resuming it."""


class JobPauses:
    """What people do about pauses. Every method works within the session that it is given."""

    def __init__(self, jobs: JobService) -> None:
        self._jobs = jobs

    async def pause(self, session: AsyncSession, actor: Actor, job_id: str, body: "PauseBody") -> Job:
        """Have a job start nothing; what is due meanwhile stands in its ledger as paused.

        Raises: NoSuchJob; InvalidJob for an end that is over.
        """
        now = await repository.database_now(session)
        _demand_ahead(body.until, now)
        job = await self._jobs.find(session, actor, job_id, Permission.job_write, lock=True)
        await self._pause(session, actor, job, body, now)
        return job

    async def resume(self, session: AsyncSession, actor: Actor, job_id: str) -> Job:
        """Have a job go on; a pause of its whole project stays. Asking twice is fine."""
        job = await self._jobs.find(session, actor, job_id, Permission.job_write, lock=True)
        await self._resume(session, actor, job, await repository.database_now(session))
        return job

    async def pause_many(self, session: AsyncSession, actor: Actor, body: "PauseMany") -> list[str]:
        """Pause some jobs, or all of a project, and those that it gets meanwhile; return the ids of the first.

        Raises: NoSuchJob; NoSuchProject; InvalidJob unless it names either.
        """
        now = await repository.database_now(session)
        _demand_ahead(body.until, now)
        if body.ids is not None and body.project is None:
            rows = await self._some(session, actor, body.ids)
            for job in rows:
                await self._pause(session, actor, job, body, now)
            return [job.id for job in rows]
        project_id = self._project(actor, body.ids, body.project)
        await pausing.end(session, [Kind.project], project_id, None, now)
        await pausing.begin(session, Kind.project, project_id, None, now, by=actor, why=body.why, until=body.until)
        after = _facts(body)
        record(session, actor, "job.pause", _whole(actor, project_id), after=after)
        self._jobs.tell_project(session, project_id, "pause")
        return []

    async def resume_many(self, session: AsyncSession, actor: Actor, body: "ResumeMany") -> list[str]:
        """Have some jobs go on, or end the pause of a whole project; return the ids of those that were paused."""
        now = await repository.database_now(session)
        if body.ids is not None and body.project is None:
            rows = await self._some(session, actor, body.ids)
            return [job.id for job in rows if await self._resume(session, actor, job, now)]
        project_id = self._project(actor, body.ids, body.project)
        if await pausing.end(session, [Kind.project], project_id, None, now):
            record(session, actor, "job.resume", _whole(actor, project_id))
            self._jobs.tell_project(session, project_id, "resume")
        return []

    async def open(
        self, session: AsyncSession, actor: Actor, project: str | None, before: str | None, limit: int
    ) -> Sequence[JobPause]:
        """Return the pauses that are in force, the newest first, with ids below `before`; raise `NoSuchProject`."""
        projects = actor.projects(Permission.job_read, project)
        return await pausing.in_projects(session, projects, await repository.database_now(session), before, limit)

    async def _pause(self, session: AsyncSession, actor: Actor, job: Job, body: "PauseBody", now: datetime) -> None:
        await pausing.end(session, [Kind.person], job.project_id, job.id, now)
        await pausing.begin(session, Kind.person, job.project_id, job.id, now, by=actor, why=body.why, until=body.until)
        self._note(session, actor, job, "pause", _facts(body))

    async def _resume(self, session: AsyncSession, actor: Actor, job: Job, now: datetime) -> bool:
        ended = await pausing.end(session, BY_HAND, job.project_id, job.id, now)
        health = Health.of(job.health)
        if health.breaker is not None:
            job.health = replace(health, breaker=None).as_json()
        if ended or health.breaker is not None:
            self._note(session, actor, job, "resume", {})
        return bool(ended)

    def _note(self, session: AsyncSession, actor: Actor, job: Job, act: str, after: dict[str, str | None]) -> None:
        job.revision += 1
        note(session, actor, job, act, {}, after)
        record(session, actor, f"job.{act}", target(job), after=after)
        self._jobs.tell(session, job, act)

    async def _some(self, session: AsyncSession, actor: Actor, ids: Sequence[str]) -> Sequence[Job]:
        """Return jobs, held in one order whoever asks, so that nobody waits for each other."""
        mine = {each.project_id for each in actor.memberships}
        # To foreign ones the answer is that of ids which nobody has.
        rows = [row for row in await repository.some(session, ids, lock=True) if row.project_id in mine]
        known = {row.id for row in rows}
        for row in rows:
            actor.demand(Permission.job_write, ProjectId(row.project_id), NoSuchJob)
        wrong = [n for n, id_ in enumerate(ids) if id_ not in known]
        if wrong:
            raise NoSuchJob(fields=[FieldError(f"ids.{n}", NoSuchJob.__doc__ or "", NoSuchJob.code) for n in wrong])
        return rows

    def _project(self, actor: Actor, ids: Sequence[str] | None, project: str | None) -> ProjectId:
        if project is None or ids is not None:
            sentence = "Name either ids or a project."
            raise InvalidJob(sentence, fields=[FieldError("ids", sentence, "one_of")])
        return actor.project(project, Permission.job_write)


def _facts(body: "PauseBody") -> dict[str, str | None]:
    return {"why": body.why, "until": None if body.until is None else clock.rfc3339(body.until)}


def _whole(actor: Actor, project_id: ProjectId) -> Target:
    return Target("project", project_id, actor.project_name(project_id), project_id)


def _demand_ahead(until: datetime | None, now: datetime) -> None:
    if until is not None and until <= now:
        sentence = "That is over already."
        raise InvalidJob(sentence, fields=[FieldError("until", sentence, "past")])
