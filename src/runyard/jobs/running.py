"""Runs of jobs that somebody asks for: now, for a slot that is past, or for all slots of a stretch."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock
from runyard.access.permissions import Actor, Permission
from runyard.db.session import Database
from runyard.errors import FieldError, Invalid
from runyard.ids import ProjectId
from runyard.jobs import backfill, ledger, repository
from runyard.jobs.backfill import Item, Wanted
from runyard.jobs.errors import NoSuchJob, NoSuchTrigger
from runyard.jobs.firing import Firing, Shot
from runyard.jobs.models import Job, JobTrigger
from runyard.jobs.service import JobService
from runyard.jobs.triggers import timed_rule
from runyard.runs import consent, keys, records
from runyard.runs.errors import KeyReused
from runyard.runs.lifecycle import State
from runyard.runs.schemas import Accepted


class NotASlot(Invalid):
    """The trigger was not due at that instant."""

    code = "not_a_slot"


class BadStretch(Invalid):
    """The stretch can't be filled."""


class Filled(Struct, frozen=True):
    """What would be started, or was."""

    items: list[Item]
    capped: bool
    runs: list[Accepted]


class JobRuns:
    """Starts runs of jobs for people and programs; each has `job:read` and `run:submit` in the job's project."""

    def __init__(self, database: Database, jobs: JobService, firing: Firing) -> None:
        self._database = database
        self._jobs = jobs
        self._firing = firing

    async def now(
        self, actor: Actor, job_id: str, parameters: Mapping[str, Any], *, key: str | None, kind: str
    ) -> Accepted:
        """Start a run of a job at once, whether it is paused or not; `parameters` go over its own.

        Raises: NoSuchJob, Forbidden, KeyReused, ConcurrencySkipped; NeedsSecondPerson where other parameters were not
        agreed to; and what `Firing.fire` raises.
        """
        text = json.dumps(["job", job_id, dict(parameters)], sort_keys=True, default=str)
        print_ = hashlib.sha256(text.encode()).hexdigest()
        try:
            async with self._database.write() as session:
                job = await self._job(session, actor, job_id)
                if key is not None and (known := await _recalled(session, actor, key, print_)):
                    return known
                shot = Shot(kind, parameters=parameters, by=actor)
                if parameters:
                    await self._demand_consent(session, actor, job, parameters)
                accepted = await self._firing.fire(session, job, shot)
                if key is not None:
                    await keys.keep(session, actor.user_id, key, print_, accepted.id)
        except IntegrityError:
            if key is None:
                raise
            # Two requests with one key raced; the other one won.
            async with self._database.read() as session:
                if (known := await _recalled(session, actor, key, print_)) is None:
                    raise
                return known
        return accepted

    async def for_slot(self, actor: Actor, job_id: str, trigger_id: str, due_at: datetime) -> Accepted:
        """Start a run for an instant that is past; what became of the slot stays as it is told.

        Raises: NoSuchJob, NoSuchTrigger, NotASlot, Forbidden, and what `Firing.fire` raises.
        """
        async with self._database.write() as session:
            job = await self._job(session, actor, job_id)
            trigger = await _trigger(session, job, trigger_id)
            await self._demand_slot(session, trigger, due_at)
            return await self._firing.fire(session, job, _shot("slot", actor, trigger, due_at, queued=False))

    async def fill(self, actor: Actor, job_id: str, wanted: Wanted, *, dry_run: bool) -> Filled:
        """Start a run for each instant of a stretch at which the job was due, or tell only which these are.

        They wait for one another, whatever else the job does with runs that overlap.

        Raises: NoSuchJob, NoSuchTrigger, BadStretch, Forbidden, and what `Firing.fire` raises.
        """
        opened = self._database.read() if dry_run else self._database.write()
        async with opened as session:
            job = await self._job(session, actor, job_id)
            now = await repository.database_now(session)
            if wanted.until < wanted.since or wanted.since > now:
                sentence = "The stretch begins later than now, or than it ends."
                raise BadStretch(sentence, fields=[FieldError("from", sentence, "stretch")])
            triggers = await self._triggers(session, job, wanted)
            rules = {row.id: timed_rule(row) for row in triggers}
            items, capped = backfill.choose(rules, wanted, now)
            told = await self._had(session, items)
            if dry_run:
                return Filled(told, capped, [])
            by_id = {row.id: row for row in triggers}
            shots = [
                _shot("backfill", actor, by_id[item.trigger_id], clock.from_us(item.due_at), queued=True)
                for item in items
            ]
            return Filled(told, capped, await self._firing.fire_all(session, job, shots) if shots else [])

    async def _job(self, session: AsyncSession, actor: Actor, job_id: str) -> Job:
        job = await self._jobs.find(session, actor, job_id, Permission.job_read)
        actor.demand(Permission.run_submit, ProjectId(job.project_id), NoSuchJob)
        return job

    async def _demand_consent(
        self, session: AsyncSession, actor: Actor, job: Job, parameters: Mapping[str, Any]
    ) -> None:
        """Have a second person agree to other parameters than those that were agreed to with the job."""
        loaded = await self._firing.load(session, job)
        if loaded.pinned.gated:
            values = self._firing.values_of(loaded, parameters)
            await consent.demand_run(session, actor, loaded.pinned, loaded.settings.stage, values)

    async def _demand_slot(self, session: AsyncSession, trigger: JobTrigger, due_at: datetime) -> None:
        at = clock.to_us(due_at)
        now = await repository.database_now(session)
        if due_at > now:
            raise NotASlot("It is due only then.", fields=[FieldError("due_at", "It is due only then.", "future")])
        # By what it was due then may have changed since: the ledger knows.
        row = await ledger.at(session, trigger.id, due_at)
        if row is not None and due_at in {row.due_from, row.due_to}:
            return
        rule = timed_rule(trigger)
        found = None if rule is None else rule.next(at - 1)
        if found is None or found.at != at:
            raise NotASlot(fields=[FieldError("due_at", NotASlot.__doc__ or "", NotASlot.code)])

    async def _triggers(self, session: AsyncSession, job: Job, wanted: Wanted) -> list[JobTrigger]:
        rows = (await repository.triggers_of(session, [job.id]))[job.id]
        if wanted.trigger_ids is not None:
            if not set(wanted.trigger_ids) <= {row.id for row in rows}:
                raise NoSuchTrigger
            rows = [row for row in rows if row.id in wanted.trigger_ids]
        return [row for row in rows if timed_rule(row) is not None]

    async def _had(self, session: AsyncSession, items: Sequence[Item]) -> list[Item]:
        """Return instants with what became of them."""
        found: dict[tuple[str, int], str] = {}
        for trigger_id in {item.trigger_id for item in items}:
            ats = [item.due_at for item in items if item.trigger_id == trigger_id]
            rows = await ledger.between(session, trigger_id, clock.from_us(min(ats)), clock.from_us(max(ats)))
            for row in rows:
                first, last = clock.to_us(row.due_from), clock.to_us(row.due_to)
                found |= {(trigger_id, at): row.outcome for at in ats if first <= at <= last}
        return [Item(item.trigger_id, item.due_at, found.get((item.trigger_id, item.due_at))) for item in items]


def _shot(kind: str, actor: Actor, trigger: JobTrigger, due_at: datetime, *, queued: bool) -> Shot:
    zone = trigger.spec.get("timezone")
    return Shot(kind, trigger_id=trigger.id, due_at=due_at, timezone=zone, by=actor, queued=queued)


async def _trigger(session: AsyncSession, job: Job, trigger_id: str) -> JobTrigger:
    found = [row for row in (await repository.triggers_of(session, [job.id]))[job.id] if row.id == trigger_id]
    if not found:
        raise NoSuchTrigger
    return found[0]


async def _recalled(session: AsyncSession, actor: Actor, key: str, print_: str) -> Accepted | None:
    known = await keys.recall(session, actor.user_id, key)
    if known is None:
        return None
    if known.fingerprint != print_:
        raise KeyReused
    row = await records.get(session, known.run_id)
    return Accepted(id=known.run_id, state=State(row.state)) if row else None
