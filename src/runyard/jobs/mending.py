"""Jobs that could not run are looked at again: what kept them from it may have been mended elsewhere."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import log
from runyard.db.session import Database
from runyard.errors import Problem
from runyard.jobs import repository
from runyard.jobs.firing import Firing, Shared, Shot
from runyard.jobs.health import Health
from runyard.jobs.listing import stopped
from runyard.jobs.models import Job, JobTrigger

logger = log.get("jobs")
AT_ONCE = 100
TIMED = frozenset({"cron", "interval", "date"})


class Mending:
    """Takes from jobs what is noted of them once it is so no more; some at a time, all in turn."""

    def __init__(self, database: Database, firing: Firing) -> None:
        self._database = database
        self._firing = firing
        self._after = ""

    async def mend(self) -> list[tuple[str, str]]:
        """Look at the next ones; return those that can run again, each with its project before it."""
        async with self._database.read() as session:
            query = select(Job).where(stopped(), Job.enabled, Job.deleted_at.is_(None), Job.id > self._after)
            jobs = list(await session.scalars(query.order_by(Job.id).limit(AT_ONCE)))
            self._after = jobs[-1].id if len(jobs) == AT_ONCE else ""
            triggers = await repository.triggers_of(session, [job.id for job in jobs])
            shared = Shared()
            well = [job for job in jobs if await self._can_run(session, job, triggers[job.id], shared)]
        return [(job.project_id, job.id) for job in well if await self._mended(job)]

    async def _can_run(self, session: AsyncSession, job: Job, triggers: Iterable[JobTrigger], shared: Shared) -> bool:
        try:
            loaded = await self._firing.load(session, job, shared)
            if any(row.enabled and row.kind in TIMED for row in triggers):
                # Its own values are all that such a run has.
                self._firing.make(loaded, Shot("cron"))
        except Problem:
            return False
        except Exception:
            logger.exception("jobs.job_unread", job_id=job.id)
            return False
        return True

    async def _mended(self, seen: Job) -> bool:
        """Take the note away, unless it has become another one meanwhile."""
        async with self._database.write() as session:
            job = await repository.living(session, seen.id, lock=True)
            if job is None or job.health != seen.health:
                return False
            health = Health.of(job.health).mended()
            job.health, job.broken = health.as_json(), health.code
        return True
