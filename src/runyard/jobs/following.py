"""What follows when a run of a job is over: its breaker is told, and jobs that run after it are started.

Each end is heard once: the same transaction that does what follows takes the mark from the run.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock, ids, log
from runyard.audit.events import Target
from runyard.audit.record import record
from runyard.db.session import Database
from runyard.errors import Problem
from runyard.jobs.breaker import Act, Breaker, End, Rule
from runyard.jobs.deciding import BREAKER, LONGEST_DETAIL
from runyard.jobs.expressions import Worked
from runyard.jobs.firing import Firing, Shot
from runyard.jobs.health import Health, Trouble
from runyard.jobs.models import Job, JobDelivery, JobPause, JobTrigger
from runyard.jobs.news import announce
from runyard.jobs.pausing import Kind
from runyard.jobs.plans import JobSettings
from runyard.jobs.specs import AfterSpec, spec_of
from runyard.jobs.standing import Standings
from runyard.live.bus import Bus
from runyard.runs import jobruns
from runyard.runs.errors import ConcurrencySkipped
from runyard.runs.jobruns import Over
from runyard.runs.lifecycle import State
from runyard.scripts.errors import InvalidParameters

logger = log.get("jobs")
BATCH = 100
ENDS = {
    State.succeeded: End.success,
    State.failed: End.failure,
    State.timed_out: End.failure,
    State.lost: End.failure,
    State.cancelled: End.neither,
}
WANTED = {"success": {End.success}, "failure": {End.failure}, "any": set(End)}


Work = Callable[[Mapping[str, str], Mapping[str, Any]], Awaitable[Worked]]
"""Works expressions out over what arrived."""


class After(Struct, frozen=True):
    """A run that is to follow another one, and what it is given by it."""

    trigger: JobTrigger
    over: Over
    parameters: Mapping[str, Any] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)


class Following:
    """Hears of the ends of jobs' runs."""

    def __init__(self, database: Database, bus: Bus, firing: Firing, work: Work) -> None:
        self._database = database
        self._bus = bus
        self._firing = firing
        self._standings = Standings(firing)
        self._work = work

    async def follow(self) -> int:
        """Hear of some ends, and do what follows; return of how many."""
        async with self._database.read() as session:
            some = await session.run_sync(lambda sync: jobruns.unheard(sync.connection(), BATCH))
            afters = await self._afters(session, some) if some else []
        if not some:
            return 0
        ready = [await self._mapped(each) for each in afters]
        async with self._database.write() as session:
            return await self._hear(session, [each.id for each in some], ready)

    async def _afters(self, session: AsyncSession, some: Sequence[Over]) -> list[After]:
        """Return what is to follow."""
        query = select(JobTrigger).where(
            JobTrigger.source_job_id.in_({each.job_id for each in some}),
            JobTrigger.kind == "after",
            JobTrigger.enabled,
            JobTrigger.deleted_at.is_(None),
        )
        waiting: dict[str, list[JobTrigger]] = defaultdict(list)
        for trigger in await session.scalars(query.order_by(JobTrigger.id)):
            waiting[trigger.source_job_id or ""].append(trigger)
        return [
            After(trigger, over)
            for over in some
            for trigger in waiting[over.job_id]
            if ENDS[over.state] in WANTED[trigger.spec.get("on", "success")]
        ]

    async def _mapped(self, after: After) -> After:
        """Return it with what its expressions make of the run that is over."""
        spec = spec_of(after.trigger.spec)
        if not isinstance(spec, AfterSpec) or not spec.mapping:
            return after
        over = after.over
        async with self._database.read() as session:
            outputs, code = await session.run_sync(
                lambda sync: jobruns.outputs(sync.connection(), over.id, over.attempt)
            )
        run = {
            "id": over.id,
            "job_id": over.job_id,
            "state": over.state.value,
            "attempt": over.attempt,
            "finished_at": clock.rfc3339(over.finished_at),
            "outputs": outputs,
            "error_code": code,
        }
        try:
            worked = await self._work(spec.mapping, {"run": run})
        except Exception:
            # Other ends have nothing to do with it.
            logger.exception("jobs.unmapped", trigger_id=after.trigger.id)
            return replace(after, errors=dict.fromkeys(spec.mapping, "It could not be worked out."))
        return replace(after, parameters=worked.values, errors=worked.errors)

    async def _hear(self, session: AsyncSession, run_ids: Sequence[str], afters: Sequence[After]) -> int:
        now = clock.now()

        def take(sync: Any) -> list[Over]:
            connection = sync.connection()
            if afters:
                self._firing.enlisting.take_turn(connection, now)
            # Those that nobody has heard of meanwhile, and nobody is about to.
            mine = [each for each in jobruns.unheard(connection, 2 * BATCH) if each.id in set(run_ids)]
            jobruns.heard(connection, [each.id for each in mine])
            return mine

        mine = await session.run_sync(take)
        if not mine:
            return 0
        ids_ = sorted({each.job_id for each in mine} | {each.trigger.job_id for each in afters})
        query = select(Job).where(Job.id.in_(ids_)).order_by(Job.id).with_for_update()
        jobs = {job.id: job for job in await session.scalars(query)}
        for over in mine:
            if (job := jobs.get(over.job_id)) is not None:
                await self._tell_breaker(session, job, over, now)
        here = {each.id for each in mine}
        for after in afters:
            if after.over.id in here and (job := jobs.get(after.trigger.job_id)) is not None:
                await self._start(session, job, after, now)
        return len(mine)

    # Breakers

    async def _tell_breaker(self, session: AsyncSession, job: Job, over: Over, now: datetime) -> None:
        said = JobSettings.model_validate(job.settings).breaker
        rule = None if said is None else Rule(said.failures, said.reset_s)
        health = Health.of(job.health)
        before = Breaker.of(health.breaker)
        after, act = before.on_end(rule, ENDS[over.state], over.id, clock.to_us(now))
        if after == before:
            return
        kept = None if after == Breaker() else after.as_json()
        await _keep(session, job, replace(health, breaker=kept))
        if act is Act.nothing or job.deleted_at is not None:
            return
        await self._pause(session, job, after, act, now)
        target = Target("job", job.id, job.name, job.project_id)
        told = {"breaker": after.state.value, "failures": after.failures}
        record(session, None, f"job.breaker_{after.state.value}", target, {"breaker": before.state.value}, told)
        announce(session, self._bus, job.project_id, job.id, f"breaker_{after.state.value}")
        logger.warning("jobs.breaker", job_id=job.id, state=after.state.value, failures=after.failures)

    async def _pause(self, session: AsyncSession, job: Job, breaker: Breaker, act: Act, now: datetime) -> None:
        """Have the breaker's pause begin, or end."""
        ends = clock.from_us(breaker.trial_at) if act is Act.pause and breaker.trial_at is not None else None
        here = (
            JobPause.job_id == job.id,
            JobPause.kind == Kind.breaker.value,
            (JobPause.until_at.is_(None)) | (JobPause.until_at > now),
        )
        changed: dict[str, Any] = {"until_at": ends if act is Act.pause else now}
        if act is Act.pause:
            times = "1 failure" if breaker.failures == 1 else f"{breaker.failures:,} failures in a row"
            changed["why"] = f"{times[0].upper()}{times[1:]}."
        going = update(JobPause).where(*here).values(changed).returning(JobPause.id)
        found = (await session.execute(going.execution_options(synchronize_session=False))).all()
        if act is Act.pause and not found:
            row = {
                "id": ids.new("pau"),
                "project_id": job.project_id,
                "job_id": job.id,
                "kind": Kind.breaker.value,
                "by": None,
                "by_name": BREAKER,
                "from_at": now,
                **changed,
            }
            await session.execute(insert(JobPause), [row])

    # Jobs that run after others

    async def _start(self, session: AsyncSession, job: Job, after: After, now: datetime) -> None:
        trigger, over = after.trigger, after.over
        known = select(JobDelivery.id).where(JobDelivery.trigger_id == trigger.id, JobDelivery.key == over.id)
        if (await session.execute(known)).first() is not None:
            return
        outcome, reason, run_id, detail = await self._fired(session, job, after, now)
        row = {
            "id": ids.new("del"),
            "trigger_id": trigger.id,
            "job_id": job.id,
            "project_id": job.project_id,
            "kind": "after",
            "key": over.id,
            "at": now,
            "outcome": outcome,
            "reason": reason,
            "status": None,
            "run_id": run_id,
            "took_ms": None,
            "detail": {"run_id": over.id, "job_id": over.job_id, "state": over.state.value, **detail},
        }
        await session.execute(insert(JobDelivery), [row])

    async def _fired(
        self, session: AsyncSession, job: Job, after: After, now: datetime
    ) -> tuple[str, str, str | None, dict[str, Any]]:
        """Start a run unless something keeps the job from it; return outcome, reason, run and details."""
        if job.deleted_at is not None:
            return "ignored", "deleted", None, {}
        if (bar := await self.barred(session, job, now)) is not None:
            return "refused", bar[0], None, {"by": bar[1]}
        if after.errors:
            return "failed", "mapping", None, {"errors": dict(after.errors)}
        shot = Shot("after", parameters=after.parameters, trigger_id=after.trigger.id)
        try:
            accepted = await self._firing.fire(session, job, shot)
        except ConcurrencySkipped as skipped:
            return "refused", skipped.code, None, {"message": skipped.detail}
        except Problem as problem:
            # What came with this one run, and does not fit, says nothing of the job.
            if not (isinstance(problem, InvalidParameters) and after.parameters):
                trouble = Trouble(problem.code, problem.detail[:LONGEST_DETAIL])
                await _keep(session, job, replace(Health.of(job.health), broken=trouble))
                announce(session, self._bus, job.project_id, job.id, "health")
            return "failed", problem.code, None, {"message": problem.detail}
        return "accepted", "", accepted.id, {}

    async def barred(self, session: AsyncSession, job: Job, now: datetime) -> tuple[str, str] | None:
        """Return what keeps a job from starting anything at an instant (``paused``, ``blackout``), and its name."""
        at = clock.to_us(now)
        pauses = (await self._standings.pauses(session, [job], now))[job.id]
        shut = (await self._standings.blackouts(session, [job], now, now))[job.id]
        for kind, stretches in (("paused", pauses), ("blackout", shut)):
            for each in stretches:
                if each.holds(at):
                    return kind, each.name
        return None


async def _keep(session: AsyncSession, job: Job, health: Health) -> None:
    job.health, job.broken = health.as_json(), health.code
    await session.flush()
