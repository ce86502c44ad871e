"""Whatever arrives at a trigger starts a run of its job, once; what became of it is written down with the run."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock
from runyard.access.permissions import Actor
from runyard.db.session import Database
from runyard.errors import Conflict, Invalid, Problem
from runyard.jobs import deliveries, repository
from runyard.jobs.deliveries import Outcome
from runyard.jobs.errors import NoSuchTrigger
from runyard.jobs.expressions import Expressions
from runyard.jobs.firing import Firing, Loaded, Shot
from runyard.jobs.health import Health, Trouble
from runyard.jobs.mapping import Arrived, Mapped, mapped
from runyard.jobs.models import Job, JobTrigger
from runyard.jobs.news import announce
from runyard.jobs.standing import Standings
from runyard.live.bus import Bus
from runyard.runs.errors import ConcurrencySkipped
from runyard.scripts import parameters
from runyard.scripts.definitions import MASK
from runyard.scripts.errors import InvalidParameters
from runyard.secrets.masking import Masker

LONGEST_PAYLOAD = 8192
"""Characters of what arrived that are kept."""
LONGEST_KEPT = 32_768
"""Bytes of parameters that are kept with it; the run keeps all of them."""


class JobPaused(Conflict):
    """The job is paused."""


class JobInBlackout(Conflict):
    """Nothing of the job starts now: a blackout is in force."""


class JobBroken(Conflict):
    """The job can't run as it is."""


class MappingFailed(Invalid):
    """What arrived could not be made into parameters."""


class Arrival(Struct, frozen=True):
    """Something that arrived. `kind` is what the run is said to be started by; with the same `key` it counts once.

    `payload` is what it said, as text. `files` are the sizes of files that lie in the workspace of the run `run_id`.
    What `comes_again` by itself is written down only where it is at fault itself, and then it is for good.
    """

    kind: str
    what: Arrived
    key: str | None = None
    payload: str | None = None
    told: Mapping[str, Any] = field(default_factory=dict)
    run_id: str | None = None
    files: Mapping[str, int] = field(default_factory=dict)
    comes_again: bool = False
    status: int | None = 202
    """What a call is answered with where it starts a run; None where that is known later."""
    began: float = field(default_factory=clock.monotonic)

    @property
    def took_ms(self) -> int:
        """How long it has been worked on."""
        return round((clock.monotonic() - self.began) * 1000)

    def with_files(self, files: Mapping[str, int]) -> "Arrival":
        """Return it with files that lie there by now."""
        return replace(self, files=files)


class Delivered(Struct, frozen=True):
    """What became of it; `problem` is why there is no run, unless there was to be none."""

    outcome: Outcome
    reason: str = ""
    run_id: str | None = None
    problem: Problem | None = None
    delivery_id: str | None = None
    """Where it is written down that a run was started."""


class Tried(Struct, frozen=True):
    """What a payload would give: the parameters as they may be shown, and what is wrong with them."""

    mapped: Mapped
    run_id: str | None = None


class Arrivals:
    """Has runs started by what arrives."""

    def __init__(self, database: Database, firing: Firing, expressions: Expressions, bus: Bus) -> None:
        self._database = database
        self._bus = bus
        self._firing = firing
        self._expressions = expressions
        self._standings = Standings(firing)

    async def deliver(self, trigger_id: str, arrival: Arrival) -> Delivered:
        """Start a run of a trigger's job and write it down by the same transaction; raise `NoSuchTrigger`.

        Under a key that has arrived before nothing is started or written down.
        """
        async with self._database.read() as session:
            trigger, job = await self._found(session, trigger_id)
            if (before := await self._before(session, trigger_id, arrival)) is not None:
                return before
            loaded = await self._loaded(session, job)
        if isinstance(loaded, Problem):
            return await self._write_down(trigger, arrival, _refusal(loaded), {})
        spec = trigger.spec
        found = await mapped(
            self._expressions, arrival.what, spec["mapping"], spec.get("condition"), loaded.pinned.definitions
        )
        detail = _detail(arrival, found, loaded)
        if found.errors:
            said = " ".join(f"{error.field.removeprefix('parameters.')}: {error.message}" for error in found.errors[:3])
            problem = MappingFailed(said, fields=found.errors)
            return await self._write_down(trigger, arrival, _failure(problem), detail)
        if not found.fires:
            return await self._write_down(trigger, arrival, Delivered(Outcome.ignored, "condition"), detail)
        return await self._start(trigger, arrival, found, detail)

    async def _start(
        self, trigger: JobTrigger, arrival: Arrival, found: Mapped, detail: Mapping[str, Any]
    ) -> Delivered:
        shot = Shot(
            kind=arrival.kind,
            parameters=found.parameters,
            trigger_id=trigger.id,
            run_id=arrival.run_id,
            files=arrival.files,
        )
        try:
            async with self._database.write() as session:
                _, job = await self._found(session, trigger.id)
                if (bar := await self._barred(session, job)) is not None:
                    raise bar
                run = await self._firing.fire(session, job, shot)
                row = deliveries.add(
                    session,
                    trigger,
                    Outcome.accepted,
                    "",
                    kind=arrival.kind,
                    key=arrival.key,
                    status=None if arrival.comes_again else arrival.status,
                    run_id=run.id,
                    took_ms=arrival.took_ms,
                    detail=detail,
                )
                await session.flush()
        except IntegrityError:
            async with self._database.read() as session:
                before = await self._before(session, trigger.id, arrival)
            if before is None:
                raise
            return before
        except ConcurrencySkipped as problem:
            done = Delivered(Outcome.ignored, problem.code, problem=problem)
            return await self._write_down(trigger, arrival, done, detail)
        except (JobPaused, JobInBlackout) as problem:
            return await self._write_down(trigger, arrival, _refusal(problem), detail)
        except InvalidParameters as problem:
            return await self._write_down(trigger, arrival, _failure(problem), detail)
        except NoSuchTrigger:
            raise
        except Problem as problem:
            return await self._write_down(trigger, arrival, _refusal(_broken(problem)), detail)
        return Delivered(Outcome.accepted, run_id=run.id, delivery_id=row.id)

    async def watching(self) -> Sequence[tuple[JobTrigger, Health]]:
        """Return the triggers that wait for files, of jobs that are switched on; with what is known of their jobs."""
        query = (
            select(JobTrigger, Job.health)
            .join(Job, Job.id == JobTrigger.job_id)
            .where(JobTrigger.kind == "file", JobTrigger.deleted_at.is_(None), Job.enabled, Job.deleted_at.is_(None))
            .order_by(JobTrigger.id)
        )
        async with self._database.read() as session:
            return [(row, Health.of(kept)) for row, kept in await session.execute(query) if row.enabled]

    async def watched(self, row: JobTrigger, trouble: Trouble | None) -> None:
        """Note of a job what keeps the files of a trigger from being seen, or that nothing does any more."""
        async with self._database.write() as session:
            job = await repository.living(session, row.job_id, lock=True)
            now = await repository.trigger(session, row.id)
            if job is None or now is None or now.spec != row.spec:
                return
            health = Health.of(job.health).watched(row.id, trouble)
            if health.as_json() != job.health:
                job.health, job.broken = health.as_json(), health.code
                announce(session, self._bus, job.project_id, job.id, "health")

    async def barred(self, trigger_id: str) -> JobPaused | JobInBlackout | None:
        """Return why what arrives now would start nothing; raise `NoSuchTrigger`."""
        async with self._database.read() as session:
            _, job = await self._found(session, trigger_id)
            return await self._barred(session, job)

    async def turn_away(self, trigger: JobTrigger, arrival: Arrival, problem: Problem) -> Delivered:
        """Write down that no run can be made of something."""
        return await self._write_down(trigger, arrival, _failure(problem), arrival.told)

    async def try_out(
        self, session: AsyncSession, job: Job, trigger: JobTrigger, what: Arrived, run_by: Actor | None
    ) -> Tried:
        """Return what something would give, and start a run of it in somebody's name if that is asked for."""
        loaded = await self._firing.load(session, job)
        spec = trigger.spec
        found = await mapped(
            self._expressions, what, spec.get("mapping", {}), spec.get("condition"), loaded.pinned.definitions
        )
        run_id = None
        if found.fires:
            shot = Shot(kind=trigger.kind, parameters=found.parameters, trigger_id=trigger.id, by=run_by)
            try:
                self._firing.values_of(loaded, found.parameters)
                if run_by is not None:
                    run_id = (await self._firing.fire(session, job, shot)).id
            except InvalidParameters as problem:
                found = replace(found, errors=tuple(problem.fields))
        shown = parameters.public(loaded.pinned.definitions, found.parameters)
        return Tried(replace(found, parameters=shown), run_id)

    async def _found(self, session: AsyncSession, trigger_id: str) -> tuple[JobTrigger, Job]:
        trigger = await repository.trigger(session, trigger_id)
        job = await repository.living(session, trigger.job_id) if trigger is not None else None
        if trigger is None or job is None or not trigger.enabled:
            raise NoSuchTrigger
        return trigger, job

    async def _before(self, session: AsyncSession, trigger_id: str, arrival: Arrival) -> Delivered | None:
        if arrival.key is None:
            return None
        row = await deliveries.by_key(session, trigger_id, arrival.key)
        return None if row is None else Delivered(Outcome.duplicate, run_id=row.run_id)

    async def _loaded(self, session: AsyncSession, job: Job) -> Loaded | Problem:
        if (bar := await self._barred(session, job)) is not None:
            return bar
        try:
            return await self._firing.load(session, job)
        except Problem as problem:
            return _broken(problem)

    async def _barred(self, session: AsyncSession, job: Job) -> JobPaused | JobInBlackout | None:
        now = await repository.database_now(session)
        if not job.enabled:
            return JobPaused("The job is switched off.")
        if pauses := await repository.open_pauses(session, [job.project_id], [job.id], now):
            by = pauses[0].by_name
            return JobPaused(f"The job is paused by {by}." if by else None)
        for each in (await self._standings.blackouts(session, [job], now, now))[job.id]:
            if each.holds(clock.to_us(now)):
                return JobInBlackout(f"Nothing of the job starts in the blackout {each.name}.")
        return None

    async def _write_down(
        self, trigger: JobTrigger, arrival: Arrival, done: Delivered, detail: Mapping[str, Any]
    ) -> Delivered:
        """Write down that there is no run. It may arrive again: then there may be one."""
        problem = done.problem
        if arrival.comes_again and isinstance(problem, Conflict):
            return done
        told = dict(detail)
        if problem is not None:
            told["message"] = problem.detail[:1000]
            told["errors"] = [{"field": each.field, "message": each.message} for each in problem.fields[:20]]
        status = 200 if problem is None else 409 if isinstance(problem, Conflict) else 422
        async with self._database.write() as session:
            deliveries.add(
                session,
                trigger,
                done.outcome,
                done.reason,
                kind=arrival.kind,
                key=arrival.key if arrival.comes_again else None,
                status=None if arrival.comes_again else status,
                took_ms=arrival.took_ms,
                detail=told,
            )
        return done


def _refusal(problem: Problem) -> Delivered:
    return Delivered(Outcome.refused, problem.code, problem=problem)


def _failure(problem: Problem) -> Delivered:
    return Delivered(Outcome.failed, problem.code, problem=problem)


def _broken(problem: Problem) -> JobBroken:
    return JobBroken(f"The job can't run: {problem.detail}")


def _detail(arrival: Arrival, found: Mapped, loaded: Loaded) -> dict[str, Any]:
    """Return what is kept of an arrival: nothing that is, or may hold, the value of a password."""
    definitions = loaded.pinned.definitions
    detail = {**arrival.told, "parameters": _kept(parameters.public(definitions, found.parameters))}
    hidden = {d.key for d in definitions if d.secret}
    # Where it did not come to values, nobody can tell which of its words would have been one.
    if arrival.payload is not None and (not hidden or found.fires):
        values = [str(found.parameters[key]) for key in hidden if key in found.parameters]
        detail["payload"] = (
            Masker(values).mask_text(arrival.payload)[:LONGEST_PAYLOAD]
            if values
            else (arrival.payload[:LONGEST_PAYLOAD])
        )
    elif arrival.payload is not None:
        detail["payload"] = MASK
    return detail


def _kept(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return values as they are kept: not what is too long to be looked at, or can't be written at all."""
    try:
        fits = len(json.dumps(values, ensure_ascii=False).encode()) <= LONGEST_KEPT
    except (ValueError, RecursionError):
        fits = False
    return values if fits else {}
