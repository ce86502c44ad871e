"""Starting runs of jobs: by a slot, by whatever arrives, by hand. One way for all of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct, field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock, ids
from runyard.access.permissions import Actor
from runyard.db.session import after_commit
from runyard.errors import Conflict
from runyard.jobs.acting import acting_as
from runyard.jobs.errors import ProjectArchived
from runyard.jobs.models import Job, JobTrigger
from runyard.jobs.plans import JobSettings
from runyard.jobs.slots import Overlap
from runyard.jobs.values import JobValues
from runyard.projects.models import Project
from runyard.runs.bounds import Wishes
from runyard.runs.enlisting import Enlisting, Wanted
from runyard.runs.errors import ConcurrencySkipped
from runyard.runs.lifecycle import State
from runyard.runs.newruns import OfJob
from runyard.runs.schemas import Accepted
from runyard.scripts import parameters
from runyard.scripts.content import Pinned
from runyard.scripts.definitions import MASK
from runyard.scripts.errors import NoSuchScript
from runyard.scripts.policy import WhenBusy
from runyard.scripts.service import ScriptService
from runyard.secrets.service import Vault


class TargetMissing(Conflict):
    """The script that the job runs is not there any more."""


POLICIES = {
    Overlap.allow: WhenBusy.queue,
    Overlap.queue: WhenBusy.queue,
    Overlap.skip: WhenBusy.skip,
    Overlap.cancel_previous: WhenBusy.cancel_previous,
}


class Shot(Struct, frozen=True):
    """What starts one run of a job: `kind` is told as the run's trigger, `parameters` go over the job's own.

    `by` is who asked for it; without them the job runs on its own account, as its project.
    """

    kind: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    trigger_id: str | None = None
    due_at: datetime | None = None
    timezone: str | None = None
    by: Actor | None = None
    queued: bool = False
    """Whether it waits for its place, whatever the job does with runs that overlap."""
    run_id: str | None = None
    """Its id, where files lie in its workspace already; `files` are their sizes by name."""
    files: Mapping[str, int] = field(default_factory=dict)


class Loaded(Struct, frozen=True):
    """What all runs of a job share at one moment: the version, values, and what the job asks for."""

    job_id: str
    actor: Actor
    pinned: Pinned
    settings: JobSettings
    given: Mapping[str, Any]
    labels: Mapping[str, str]
    wishes: Wishes
    timezone: str | None
    whole: dict[str, Any] = field(default_factory=dict)
    """Its own values, complete; filled when they are first asked for."""


class Shared(Struct, frozen=True):
    """What several jobs have in common, looked up once: their projects' names, scripts and stages, the zones of all."""

    pinned: dict[tuple[str, str], Pinned] = field(default_factory=dict)
    stages: set[tuple[str, str]] = field(default_factory=set)
    zones: dict[str, str | None] = field(default_factory=dict)
    projects: dict[str, str] = field(default_factory=dict)


class Firing:
    """Starts runs of jobs, within the session or over the connection that it is given."""

    def __init__(self, scripts: ScriptService, values: JobValues, vault: Vault, enlisting: Enlisting) -> None:
        self._scripts = scripts
        self._values = values
        self._vault = vault
        self.enlisting = enlisting

    async def fire(self, session: AsyncSession, job: Job, shot: Shot) -> Accepted:
        """Queue a run of a job by the session's transaction; workers hear of it once that is committed.

        It asks for no permission, and not whether the job is paused.

        Raises: TargetMissing, NotPublished, NoSuchSet, NoSuchStage, InvalidParameters, BadSubmit for a job that can't
        run; ConcurrencySkipped where the job skips.
        """
        return (await self.fire_all(session, job, [shot]))[0]

    async def fire_all(self, session: AsyncSession, job: Job, shots: Sequence[Shot]) -> list[Accepted]:
        """Queue runs of a job, in this order; raises what `fire` raises, and then queues none."""
        loaded = await self.load(session, job)
        wanted = [self.make(loaded, shot) for shot in shots]
        at = clock.now()
        done = await session.run_sync(lambda sync: self.enlisting.enlist(sync.connection(), wanted, at))
        if done.skipped:
            raise ConcurrencySkipped(next(iter(done.skipped.values())))
        after_commit(session, done.tell)
        return [Accepted(id=each.new.run["id"], state=State.queued) for each in wanted]

    async def load(self, session: AsyncSession, job: Job, shared: Shared | None = None) -> Loaded:
        """Return what all runs of a job share; `shared` keeps what other jobs share with it.

        Raises: ProjectArchived, TargetMissing, NotPublished, NoSuchSet, NoSuchStage, BadSubmit.
        """
        shared = shared or Shared()
        if job.project_id not in shared.projects:
            shared.projects[job.project_id] = await _project(session, job.project_id)
        if job.id not in shared.zones:
            shared.zones.update(await zones_of(session, [job.id]))
        actor = acting_as(job.project_id, shared.projects[job.project_id], job.name)
        settings = JobSettings.model_validate(job.settings)
        key = (job.project_id, job.target_id)
        if key not in shared.pinned:
            try:
                shared.pinned[key] = await self._pin(session, actor, job.target_id)
            except NoSuchScript as error:
                raise TargetMissing from error
        pinned = shared.pinned[key]
        if settings.stage is not None and (job.project_id, settings.stage) not in shared.stages:
            await self._vault.demand_stage(session, pinned.project_id, settings.stage)
            shared.stages.add((job.project_id, settings.stage))
        asked = Wishes(settings.timeout_s, settings.priority, settings.queue, settings.limits)
        return Loaded(
            job_id=job.id,
            actor=actor,
            pinned=pinned,
            settings=settings,
            given=await self._values.given(session, job, pinned),
            labels=job.labels,
            wishes=self.enlisting.cut(asked, pinned, demanding=True),
            timezone=shared.zones.get(job.id),
        )

    async def _pin(self, session: AsyncSession, actor: Actor, script_id: str) -> Pinned:
        known = await session.run_sync(lambda sync: self._scripts.pin_known(sync.connection(), actor, script_id))
        return known or await self._scripts.pin(session, actor, script_id)

    def make(self, loaded: Loaded, shot: Shot) -> Wanted:
        """Return a run that is to be queued; raise `InvalidParameters`."""
        settings, pinned = loaded.settings, loaded.pinned
        job = OfJob(
            id=loaded.job_id,
            limit=None if settings.overlap is Overlap.allow else settings.max_active,
            policy=WhenBusy.queue if shot.queued else POLICIES[settings.overlap],
            trigger_id=shot.trigger_id,
            due_at=shot.due_at,
            timezone=shot.timezone or loaded.timezone,
            retry=settings.retry.model_dump(mode="json") if settings.retry else None,
        )
        new = self.enlisting.make(
            shot.by or loaded.actor,
            pinned,
            shot.run_id or ids.new("run"),
            shot.kind,
            values=self.values_of(loaded, shot.parameters, shot.files),
            labels=loaded.labels,
            uploads=tuple(shot.files),
            wishes=loaded.wishes,
            stage=settings.stage,
            job=job,
        )
        return Wanted(pinned, new)

    def values_of(
        self, loaded: Loaded, over: Mapping[str, Any], files: Mapping[str, int] | None = None
    ) -> Mapping[str, Any]:
        """Return the values of a run, whole; raise `InvalidParameters`."""
        if not over and loaded.whole:
            return loaded.whole
        given = {**loaded.given, **{k: v for k, v in over.items() if v != MASK or k not in loaded.given}}
        values = parameters.complete(loaded.pinned.definitions, given)
        parameters.check_files(loaded.pinned.definitions, values, files or {})
        if not over:
            loaded.whole.update(values)
        return values


async def _project(session: AsyncSession, project_id: str) -> str:
    name, archived_at = (
        await session.execute(select(Project.name, Project.archived_at).where(Project.id == project_id))
    ).one()
    if archived_at is not None:
        raise ProjectArchived
    return str(name)


async def zones_of(session: AsyncSession, job_ids: Sequence[str]) -> dict[str, str | None]:
    """Return the zone of each job's first cron trigger: what its script sees where no other is told."""
    found: dict[str, str | None] = dict.fromkeys(job_ids)
    query = (
        select(JobTrigger.job_id, JobTrigger.spec)
        .where(JobTrigger.job_id.in_(job_ids), JobTrigger.kind == "cron", JobTrigger.deleted_at.is_(None))
        .order_by(JobTrigger.position.desc(), JobTrigger.id.desc())
    )
    # The first one comes last.
    found |= {job_id: spec["timezone"] for job_id, spec in await session.execute(query)}
    return found
