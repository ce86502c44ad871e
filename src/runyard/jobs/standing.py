"""What is due, and how the jobs stand whose triggers are: read before anything is decided."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from msgspec import Struct, field
from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock, log
from runyard.errors import Problem
from runyard.jobs import pausing
from runyard.jobs.blackouts import Stretch, Window, stretches
from runyard.jobs.firing import Firing, Loaded, Shared, zones_of
from runyard.jobs.models import BlackoutCalendar, Job, JobPause, JobTrigger
from runyard.jobs.plans import JobSettings
from runyard.jobs.slots import Recurrence
from runyard.jobs.specs import TimeSpec, WindowSpec, spec_of

logger = log.get("jobs")
KEPT = 20_000
INTERNAL = ("internal_error", "It could not be prepared; the server's log has the details.")


class Due(Struct, frozen=True):
    """A trigger by which something is due."""

    id: str
    job_id: str
    decided_until: datetime
    rule: Recurrence
    timezone: str | None
    kind: str


class JobStanding(Struct, frozen=True):
    """A job at one moment: what its runs are, or why there can be none; and what stops it from starting any."""

    job: Job
    settings: JobSettings
    loaded: Loaded | None
    broken: tuple[str, str] | None
    pauses: Sequence[Stretch]
    blackouts: Sequence[Stretch]


class Batch(Struct):
    """What is due at an instant, by job; `lost` are triggers that nothing can be said of, with why."""

    now: datetime
    due: dict[str, list[Due]] = field(default_factory=dict)
    jobs: dict[str, JobStanding] = field(default_factory=dict)
    lost: dict[str, str] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)

    @property
    def size(self) -> int:
        """How many triggers it holds."""
        return sum(map(len, self.due.values())) + len(self.lost) + len(self.gone)


class Standings:
    """Reads batches. What is made of specs and calendars is kept, as long as they stay the same."""

    def __init__(self, firing: Firing) -> None:
        self._firing = firing
        self._rules: dict[str, tuple[dict[str, Any], datetime, Recurrence]] = {}
        self._windows: dict[str, tuple[int, list[Window]]] = {}

    async def due(self, session: AsyncSession, now: datetime, limit: int, only: Iterable[str] | None = None) -> Batch:
        """Return what is due, the longest due first."""
        columns = (
            JobTrigger.id,
            JobTrigger.job_id,
            JobTrigger.kind,
            JobTrigger.spec,
            JobTrigger.created_at,
            JobTrigger.decided_until,
        )
        query = select(*columns).where(JobTrigger.next_at.is_not(None), JobTrigger.next_at <= now)
        if only is not None:
            query = query.where(JobTrigger.id.in_(list(only)))
        rows = (await session.execute(query.order_by(JobTrigger.next_at, JobTrigger.id).limit(limit))).all()
        batch = Batch(now)
        if not rows:
            return batch
        ids = {row.job_id for row in rows}
        jobs = {job.id: job for job in await session.scalars(select(Job).where(Job.id.in_(ids)))}
        since = min(row.decided_until for row in rows)
        for row in rows:
            job = jobs.get(row.job_id)
            if job is None or job.deleted_at is not None:
                batch.gone.append(row.id)
                continue
            try:
                rule = self.rule(row.id, row.spec, row.created_at)
            except Exception as error:
                logger.exception("jobs.trigger_unread", trigger_id=row.id)
                batch.lost[row.id] = str(error)
                continue
            due = Due(row.id, row.job_id, row.decided_until, rule, row.spec.get("timezone"), row.kind)
            batch.due.setdefault(row.job_id, []).append(due)
        # A cron expression has its own zone; no other is asked for.
        zoned = {job_id: None for job_id, dues in batch.due.items() if all(each.timezone for each in dues)}
        batch.jobs = await self.of(session, [jobs[job_id] for job_id in batch.due], since, now, zoned)
        return batch

    async def of(
        self,
        session: AsyncSession,
        jobs: Sequence[Job],
        since: datetime,
        now: datetime,
        zoned: Mapping[str, None],
    ) -> dict[str, JobStanding]:
        """Return how jobs stand, with what stopped them from `since` to `now`; the zones of some are not asked for."""
        pauses = await self.pauses(session, jobs, since)
        calendars = await self._calendars(session, jobs)
        others = [job.id for job in jobs if job.id not in zoned]
        shared = Shared(zones={**zoned, **(await zones_of(session, others) if others else {})})
        found = {}
        for job in jobs:
            settings, shut = JobSettings(), list[Stretch]()
            loaded, broken = None, None
            try:
                settings = JobSettings.model_validate(job.settings)
                shut = self._blackouts(calendars[job.project_id], settings, since, now)
                loaded = await self._firing.load(session, job, shared)
                self._firing.values_of(loaded, {})
            except Problem as problem:
                broken = (problem.code, problem.detail)
            except Exception:
                logger.exception("jobs.job_unread", job_id=job.id)
                broken = INTERNAL
            found[job.id] = JobStanding(job, settings, loaded, broken, pauses[job.id], shut)
        return found

    async def pauses(self, session: AsyncSession, jobs: Sequence[Job], since: datetime) -> Mapping[str, list[Stretch]]:
        """Return when jobs were paused after an instant, by their ids: in order and apart."""
        projects = {job.project_id for job in jobs}
        mine = or_(JobPause.job_id.in_([job.id for job in jobs]), JobPause.job_id.is_(None))
        query = select(JobPause).where(
            JobPause.project_id.in_(projects), mine, or_(JobPause.until_at.is_(None), JobPause.until_at > since)
        )
        own: dict[str, list[JobPause]] = defaultdict(list)
        for row in await session.scalars(query.order_by(JobPause.from_at, JobPause.id)):
            own[row.job_id or row.project_id].append(row)
        return {job.id: pausing.stretches([*own[job.id], *own[job.project_id]]) for job in jobs}

    async def blackouts(
        self, session: AsyncSession, jobs: Sequence[Job], since: datetime, until: datetime
    ) -> dict[str, list[Stretch]]:
        """Return when nothing of these jobs may start, by their ids: in order and apart."""
        calendars = await self._calendars(session, jobs)
        return {
            job.id: self._blackouts(calendars[job.project_id], JobSettings.model_validate(job.settings), since, until)
            for job in jobs
        }

    async def _calendars(self, session: AsyncSession, jobs: Sequence[Job]) -> Mapping[str, list[BlackoutCalendar]]:
        query = select(BlackoutCalendar).where(BlackoutCalendar.project_id.in_({job.project_id for job in jobs}))
        found: dict[str, list[BlackoutCalendar]] = defaultdict(list)
        for row in await session.scalars(query.order_by(BlackoutCalendar.id)):
            found[row.project_id].append(row)
        return found

    def _blackouts(
        self, calendars: Iterable[BlackoutCalendar], settings: JobSettings, since: datetime, until: datetime
    ) -> list[Stretch]:
        mine = [row for row in calendars if row.whole_project or row.id in settings.calendars]
        windows = [window for row in mine for window in self._windows_of(row)]
        return stretches(windows, clock.to_us(since), clock.to_us(until) + 1) if windows else []

    def _windows_of(self, row: BlackoutCalendar) -> list[Window]:
        known = self._windows.get(row.id)
        if known is None or known[0] != row.revision:
            specs: list[WindowSpec] = _windows().validate_python(row.windows)
            known = self._windows[row.id] = (row.revision, [spec.window(row.timezone) for spec in specs])
        return known[1]

    def rule(self, trigger_id: str, spec: dict[str, Any], created_at: datetime) -> Recurrence:
        """Return when a trigger is due."""
        known = self._rules.get(trigger_id)
        if known is not None and known[0] == spec and known[1] == created_at:
            return known[2]
        # Only those that go by time have a next instant.
        rule = cast("TimeSpec", spec_of(spec)).rule(created_at)
        if len(self._rules) >= KEPT:
            self._rules.clear()
        self._rules[trigger_id] = (spec, created_at, rule)
        return rule


def _windows() -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(list[WindowSpec])
