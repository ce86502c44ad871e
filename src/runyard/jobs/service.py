"""What can be done with jobs."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock, ids
from runyard.access.permissions import Actor, Permission
from runyard.audit.record import record
from runyard.db.session import after_commit
from runyard.errors import FieldError, Invalid
from runyard.ids import ProjectId
from runyard.jobs import calendars, listing, pausing, repository, views
from runyard.jobs.errors import InvalidJob, JobChanged, JobTaken, NoSuchJob, NoSuchTrigger
from runyard.jobs.health import Health, JobState
from runyard.jobs.history import facts, note, target
from runyard.jobs.models import Job, JobChange, JobTrigger
from runyard.jobs.news import announce, wake
from runyard.jobs.plans import JobSettings
from runyard.jobs.triggers import Saved, Triggers, arriving, demand_sound
from runyard.jobs.values import JobValues
from runyard.jobs.watching import NOWHERE, Folders
from runyard.live.bus import Bus
from runyard.runs import bounds, consent, policies
from runyard.runs.bounds import Wishes
from runyard.scripts.content import Pinned, copy_name
from runyard.scripts.errors import NoSuchScript, NoSuchSet
from runyard.scripts.folding import name_key, terms
from runyard.scripts.service import ScriptService
from runyard.secrets.sealing import Sealer
from runyard.secrets.service import Vault

if TYPE_CHECKING:
    from runyard.jobs.schemas import JobBody, NewJob
    from runyard.jobs.schemas import JobChange as JobChangeBody

SAVES = ("create", "update", "copy")
"""The acts that change what a job is: whoever works on an older revision would undo them."""


class JobService:
    """Jobs and their triggers. Every method works within the session that it is given."""

    def __init__(
        self, scripts: ScriptService, sealer: Sealer, bus: Bus, vault: Vault, folders: Folders = NOWHERE
    ) -> None:
        self._scripts = scripts
        self._bus = bus
        self._vault = vault
        self.values = JobValues(sealer, scripts.sets)
        self.triggers = Triggers(sealer, folders)

    # Reading

    async def find(
        self, session: AsyncSession, actor: Actor, job_id: str, permission: Permission, *, lock: bool = False
    ) -> Job:
        """Return a living job for which the actor holds `permission`; raise `NoSuchJob`, `Forbidden`."""
        job = await repository.living(session, job_id, lock=lock)
        if job is None:
            raise NoSuchJob
        actor.demand(permission, ProjectId(job.project_id), NoSuchJob)
        return job

    async def trigger(
        self, session: AsyncSession, actor: Actor, trigger_id: str, permission: Permission, *, lock: bool = False
    ) -> JobTrigger:
        """Return a trigger of a living job; raise `NoSuchTrigger`, `Forbidden`."""
        row = await repository.trigger(session, trigger_id, lock=lock)
        if row is None:
            raise NoSuchTrigger
        actor.demand(permission, ProjectId(row.project_id), NoSuchTrigger)
        return row

    async def get(self, session: AsyncSession, actor: Actor, job_id: str) -> "JobBody":
        """Return a job as it is answered; raise `NoSuchJob`."""
        return (await views.bodies(session, actor, [await self.find(session, actor, job_id, Permission.job_read)]))[0]

    async def page(
        self,
        session: AsyncSession,
        actor: Actor,
        *,
        project: str | None,
        query: str,
        state: JobState | None,
        target_id: str | None,
        source_id: str | None,
        trigger: str | None,
        labels: Sequence[tuple[str, str | None]],
        sort: listing.Sort,
        after: tuple[Any, str] | None,
        limit: int,
    ) -> list[listing.Listed]:
        """Return up to `limit` living jobs that the actor may see and that meet every condition."""
        wanted = listing.Filter(
            project_ids=actor.projects(Permission.job_read, project),
            terms=terms(query),
            state=state,
            target_id=target_id,
            source_id=source_id,
            trigger=trigger,
            labels=labels,
        )
        return await listing.page(session, wanted, sort, after, limit, await repository.database_now(session))

    async def changes(
        self, session: AsyncSession, actor: Actor, job_id: str, before: int | None, limit: int
    ) -> Sequence[JobChange]:
        """Return up to `limit` revisions of a job, newest first, below the number `before`; raise `NoSuchJob`."""
        job = await self.find(session, actor, job_id, Permission.job_read)
        return await repository.changes(session, job.id, before, limit)

    # Writing

    async def create(self, session: AsyncSession, actor: Actor, body: "NewJob") -> tuple[Job, Saved]:
        """Save a new job.

        Raises: NoSuchProject; NoSuchScript; InvalidJob, InvalidParameters, naming each field; JobTaken;
        NeedsSecondPerson where runs of the script wait for one.
        """
        project_id = actor.project(body.project, Permission.job_write)
        now, at = await repository.database_now(session), clock.now()
        job = Job(
            id=ids.new("job"),
            project_id=project_id,
            description=body.description,
            target_kind=body.target.kind,
            target_id=body.target.id,
            values={},
            labels=body.labels,
            settings=_stored(body.settings),
            enabled=True,
            health={},
            revision=1,
            owner_id=actor.user_id,
            created_at=at,
            updated_at=at,
            updated_by=actor.user_id,
        )
        pinned = await self._pinned(session, actor, job)
        await self._choose_set(session, job, body.parameter_set)
        self.values.keep(job, pinned, body.parameters, {})
        await self._name(session, job, body.name)
        demand_sound(body.triggers, pinned)
        saved = await self.triggers.save(session, job, [], body.triggers, now)
        if not body.enabled:
            await pausing.switch(session, actor, job, now, on=False)
        await self._demand_runnable(session, actor, job, pinned, saved.rows)
        await repository.set_labels(session, job)
        self._write_down(session, actor, job, "create", {}, facts(job, saved.rows))
        return job, saved

    async def change(
        self, session: AsyncSession, actor: Actor, job_id: str, body: "JobChangeBody"
    ) -> tuple[Job, Saved]:
        """Change what `body` names; what stays the same is no new revision.

        Raises: NoSuchJob; JobChanged for a stale revision; and what `create` raises.
        """
        job = await self.find(session, actor, job_id, Permission.job_write, lock=True)
        await self._demand_base(session, job, body.revision)
        now = await repository.database_now(session)
        rows = (await repository.triggers_of(session, [job.id]))[job.id]
        before, saved, pinned = facts(job, rows), Saved(rows), None
        known, specs = self.values.opened(job), {row.id: row.spec for row in rows}
        if body.target is not None and body.target.id != job.target_id:
            # What was a password for one script goes to no other.
            job.values = {key: value for key, value in job.values.items() if key not in known}
            job.target_kind, job.target_id, job.parameter_set_id, known = body.target.kind, body.target.id, None, {}
        if body.name is not None and body.name != job.name:
            await self._name(session, job, body.name)
        job.description = job.description if body.description is None else body.description
        job.labels = job.labels if body.labels is None else body.labels
        job.settings = job.settings if body.settings is None else _stored(body.settings)
        if body.model_fields_set & _OF_RUNS or (body.enabled and not job.enabled):
            pinned = await self._pinned(session, actor, job)
            saved = await self._take(session, job, pinned, body, known, rows, now)
        if body.enabled is not None and body.enabled != job.enabled:
            await pausing.switch(session, actor, job, now, on=body.enabled)
        after = facts(job, saved.rows)
        if after == before:
            return job, saved
        if pinned is not None:
            await self._demand_runnable(session, actor, job, pinned, saved.rows)
            same = {row.id for row in saved.rows if row.enabled and specs.get(row.id) == row.spec}
            health = Health.of(job.health).mended().waiting_by(same)
            job.health, job.broken = health.as_json(), health.code
        await repository.set_labels(session, job)
        job.revision, job.updated_at, job.updated_by = job.revision + 1, clock.now(), actor.user_id
        self._write_down(session, actor, job, "update", before, after)
        return job, saved

    async def delete(self, session: AsyncSession, actor: Actor, job_id: str) -> None:
        """Hide a job and give its name free; its runs and its ledger stay, and nothing of it is due any more."""
        job = await self.find(session, actor, job_id, Permission.job_write, lock=True)
        now = await repository.database_now(session)
        before = {"name": job.name, "target": job.target_id}
        job.deleted_at, job.live_name = now, None
        await repository.hide_triggers(session, job.id, now)
        job.revision, job.updated_at, job.updated_by = job.revision + 1, clock.now(), actor.user_id
        self._write_down(session, actor, job, "delete", before, {})

    async def copy(self, session: AsyncSession, actor: Actor, job_id: str, name: str | None) -> tuple[Job, Saved]:
        """Make a new job like this one, switched off; its webhooks have secrets of their own.

        Raises: NoSuchJob; JobTaken for a name that was asked for.
        """
        # Locked, so that two copies made at once find different names.
        source = await self.find(session, actor, job_id, Permission.job_write, lock=True)
        actor.demand(Permission.run_submit, ProjectId(source.project_id), NoSuchJob)
        now, at = await repository.database_now(session), clock.now()
        job = Job(
            id=ids.new("job"),
            **{key: getattr(source, key) for key in _COPIED},
            enabled=True,
            health={},
            revision=1,
            owner_id=actor.user_id,
            created_at=at,
            updated_at=at,
            updated_by=actor.user_id,
        )
        self.values.seal(job, self.values.opened(source))
        await self._name(session, job, name or copy_name(source.name, await repository.names(session, job.project_id)))
        rows = (await repository.triggers_of(session, [source.id]))[source.id]
        saved = await self.triggers.copy(session, job, rows, now)
        await pausing.switch(session, actor, job, now, on=False)
        await repository.set_labels(session, job)
        self._write_down(session, actor, job, "copy", {}, {**facts(job, saved.rows), "copy_of": source.id})
        return job, saved

    async def rotate(self, session: AsyncSession, actor: Actor, trigger_id: str) -> str:
        """Give a webhook another secret; the one before is good for nothing from now on.

        Raises: NoSuchTrigger, also for a trigger that is no webhook.
        """
        row = await self.trigger(session, actor, trigger_id, Permission.job_write, lock=True)
        if row.kind != "webhook":
            raise NoSuchTrigger
        job = await self.find(session, actor, row.job_id, Permission.job_write, lock=True)
        secret = self.triggers.rotate(row)
        job.revision, job.updated_at, job.updated_by = job.revision + 1, clock.now(), actor.user_id
        self._write_down(session, actor, job, "rotate_secret", {}, {"trigger": row.id})
        await session.flush()
        return secret

    def tell(self, session: AsyncSession, job: Job, change: str) -> None:
        """Have whoever looks at the project hear of a change, once it is committed."""
        self._tell(session, job.project_id, job.id, change)

    def tell_project(self, session: AsyncSession, project_id: str, change: str) -> None:
        """Have whoever looks at a project hear of what concerns all its jobs, once it is committed."""
        self._tell(session, project_id, None, change)

    def _tell(self, session: AsyncSession, project_id: str, job_id: str | None, change: str) -> None:
        announce(session, self._bus, project_id, job_id, change)
        after_commit(session, lambda: wake(self._bus))

    # Parts

    async def _demand_base(self, session: AsyncSession, job: Job, base: int | None) -> None:
        """Raise `JobChanged` unless nobody has saved the job since the revision that somebody worked on."""
        if base is None or base == job.revision:
            return
        if base > job.revision or await repository.changed_since(session, job.id, base, SAVES):
            sentence = f"Revision {job.revision} was saved in the meantime; you were working on {base}."
            raise JobChanged(sentence, fields=[FieldError("revision", sentence, JobChanged.code)])

    async def _take(
        self,
        session: AsyncSession,
        job: Job,
        pinned: Pinned,
        body: "JobChangeBody",
        known: Mapping[str, Any],
        rows: list[JobTrigger],
        now: datetime,
    ) -> Saved:
        if "parameter_set" in body.model_fields_set:
            await self._choose_set(session, job, body.parameter_set)
        if body.parameters is not None or not known:
            self.values.keep(job, pinned, job.values if body.parameters is None else body.parameters, known)
        if body.triggers is None:
            return Saved(rows)
        demand_sound(body.triggers, pinned)
        return await self.triggers.save(session, job, rows, body.triggers, now)

    async def _pinned(self, session: AsyncSession, actor: Actor, job: Job) -> Pinned:
        try:
            pinned = await self._scripts.pin(session, actor, job.target_id)
        except NoSuchScript as error:
            raise NoSuchScript(fields=[FieldError("target.id", error.detail, "unknown")]) from error
        if pinned.project_id != job.project_id:
            sentence = "The script belongs to another project."
            raise InvalidJob(sentence, fields=[FieldError("target.id", sentence, "foreign")])
        return pinned

    async def _choose_set(self, session: AsyncSession, job: Job, chosen: str | None) -> None:
        job.parameter_set_id = None
        if chosen is None:
            return
        try:
            job.parameter_set_id = await self._scripts.sets.id_of(session, job.target_id, chosen)
        except NoSuchSet as error:
            sentence = "The script has no such saved set of parameters."
            raise InvalidJob(sentence, fields=[FieldError("parameter_set", sentence, "unknown")]) from error

    async def _demand_runnable(
        self, session: AsyncSession, actor: Actor, job: Job, pinned: Pinned, rows: Sequence[JobTrigger]
    ) -> None:
        """Refuse what no run could be made of; have what waits for a second person wait."""
        settings = JobSettings.model_validate(job.settings)
        await calendars.demand_known(session, job.project_id, settings.calendars)
        wishes = Wishes(settings.timeout_s, settings.priority, settings.queue, settings.limits)
        try:
            if not wishes.is_empty:
                bounds.demand(wishes, pinned.policy, await policies.bounds_of(session, job.project_id))
            if settings.stage is not None:
                await self._vault.demand_stage(session, job.project_id, settings.stage)
        except Invalid as error:
            fields = [FieldError(f"settings.{each.field}", each.message, each.code) for each in error.fields]
            raise InvalidJob(error.detail, fields=fields) from error
        coming = arriving((row.spec for row in rows if row.enabled), pinned)
        values = await self.values.demand(session, job, pinned, coming)
        if job.enabled and pinned.gated:
            told = {"job": job.name, "triggers": [row.spec for row in rows]}
            await consent.demand_run(session, actor, pinned, settings.stage, values, told)

    async def _name(self, session: AsyncSession, job: Job, name: str) -> None:
        holder = await repository.holder_of(session, job.project_id, name)
        if holder is not None and holder != job.id:
            raise _taken(name)
        job.name, job.live_name, job.name_key = name, name, name_key(name)
        session.add(job)
        try:
            await session.flush()
        except IntegrityError as error:
            if "live_name" in str(error.orig):
                raise _taken(name) from error
            raise

    def _write_down(
        self,
        session: AsyncSession,
        actor: Actor,
        job: Job,
        act: str,
        before: Mapping[str, Any],
        after: Mapping[str, Any],
    ) -> None:
        note(session, actor, job, act, before, after)
        record(session, actor, f"job.{act}", target(job), before, after)
        self.tell(session, job, act)


_COPIED = (
    "project_id",
    "description",
    "target_kind",
    "target_id",
    "parameter_set_id",
    "values",
    "labels",
    "settings",
)
_OF_RUNS = frozenset({"target", "parameters", "parameter_set", "settings", "triggers"})
"""What a run of the job depends on."""


def _stored(settings: JobSettings) -> dict[str, Any]:
    return settings.model_dump(mode="json", exclude_defaults=True)


def _taken(name: str) -> JobTaken:
    return JobTaken(
        f"Another job of this project is called {name}.",
        fields=[FieldError("name", JobTaken.__doc__ or "", JobTaken.code)],
    )
