"""Has due slots decided: sleeps until something is due, and is woken when jobs change.

Any number of them may work on one database. What decides is loaded when something is due for the first time: who has no
jobs pays nothing for them.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace
from sqlalchemy import Connection, select, text
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock, log, tasks
from runyard.db.session import Database, DatabaseUnavailable
from runyard.db.types import DatabaseNow, Instant
from runyard.jobs.news import TOPIC
from runyard.live.bus import Bus

if TYPE_CHECKING:
    from runyard.jobs.deciding import Decided, Deciding
    from runyard.jobs.firing import Firing
    from runyard.jobs.mending import Mending
    from runyard.jobs.standing import Batch, Standings

logger = log.get("jobs")

SWEEP_S = 5.0
"""At the longest it sleeps so long: clocks that are set, and machines that slept, are found out about by looking."""
AGAIN_S = 1.0
MEND_S = 30.0
"""How often jobs are looked at again of which it is noted that they can't run."""
BATCH = 250
TOLD = 50
"""How many triggers one transaction decides about: others want to write in between."""
_NEXT = text("SELECT min(next_at) AS next_at FROM job_triggers WHERE next_at IS NOT NULL").columns(next_at=Instant)
_ANY = text("SELECT 1 FROM job_slots UNION ALL SELECT 1 FROM job_deliveries UNION ALL SELECT 1 FROM job_pauses LIMIT 1")
_ILL = text("SELECT 1 FROM jobs WHERE broken IS NOT NULL AND deleted_at IS NULL LIMIT 1")
_NOW = select(DatabaseNow())
AWAY = (OperationalError, InterfaceError, DatabaseUnavailable, OSError)
"""What is no trigger's fault."""
Now = Callable[[Connection], datetime]


def database_now(connection: Connection) -> datetime:
    """Return what the database's clock shows; an embedded one has ours."""
    if connection.dialect.name == "sqlite":
        return clock.now()
    found: datetime = connection.execute(_NOW).scalar_one()
    return found


class Ticker:
    """The scheduler's clockwork."""

    def __init__(
        self, database: Database, bus: Bus, firing: "Callable[[], Firing]", *, now: Now = database_now
    ) -> None:
        self._database = database
        self._bus = bus
        self._make_firing = firing
        self._now = now
        self._parts: tuple[Standings, Deciding] | None = None
        self._mending: Mending | None = None
        self._mend_at = 0.0
        self._loop: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin."""
        ready = asyncio.Event()
        self._loop = asyncio.create_task(self._run(ready), name="jobs.ticker")
        await ready.wait()

    async def stop(self) -> None:
        """End; a transaction that has begun is seen through."""
        await tasks.end(self._loop)

    async def _run(self, ready: asyncio.Event) -> None:
        with self._bus.subscribe(TOPIC) as news:
            ready.set()
            while True:
                try:
                    wait = await self.turn()
                    await self._mend()
                except Exception:
                    # The database may be away: what is due meanwhile is decided once it is back.
                    logger.exception("jobs.tick_failed")
                    wait = AGAIN_S
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await news.get()
                news.pending()

    async def turn(self) -> float:
        """Have all that is due decided; return for how many seconds nothing is."""
        while True:
            now, next_at = await self._database.look(self._glance)
            if next_at is None:
                return SWEEP_S
            if next_at > now:
                return min(SWEEP_S, (next_at - now).total_seconds())
            if not await self.tick():
                # Others are at it.
                return 0.05

    async def _mend(self) -> None:
        if clock.monotonic() < self._mend_at:
            return
        self._mend_at = clock.monotonic() + MEND_S
        if await self._database.look(lambda connection: connection.execute(_ILL).first()):
            for project_id, job_id in await self._menders().mend():
                self._tell_health(project_id, job_id)

    async def prune(self, before: datetime) -> None:
        """Remove what the ledger has that is older."""
        if not await self._database.look(lambda connection: connection.execute(_ANY).first()):
            return
        from runyard.jobs import ledger

        while await self._database.transact(partial(ledger.prune, before=before)):
            await asyncio.sleep(0)

    def _glance(self, connection: Connection) -> tuple[datetime, datetime | None]:
        return self._now(connection), connection.execute(_NEXT).scalar_one()

    async def tick(self) -> int:
        """Decide about one batch of what is due; return about how many triggers it was."""
        standings, _deciding = self._made()
        async with self._database.read() as session:
            batch = await standings.due(session, await self._at(session), BATCH)
        if not batch.size:
            return 0
        try:
            return await self._decide(batch)
        except AWAY:
            raise
        except Exception:
            logger.exception("jobs.batch_failed", size=batch.size)
        # One of them is in the way of all: each gets a transaction of its own.
        return await self._one_by_one(batch)

    async def _at(self, session: AsyncSession) -> datetime:
        return await session.run_sync(lambda sync: self._now(sync.connection()))

    async def _decide(self, batch: "Batch") -> int:
        _standings, deciding = self._made()
        decided = await self._database.transact(partial(deciding.work, batch=batch))
        decided.enlisted.tell()
        self._tell(decided, batch.now)
        return decided.triggers + decided.aside

    async def _one_by_one(self, batch: "Batch") -> int:
        standings, _deciding = self._made()
        count = 0
        every = [due.id for dues in batch.due.values() for due in dues]
        for trigger_id in [*every, *batch.gone, *batch.lost]:
            async with self._database.read() as session:
                alone = await standings.due(session, await self._at(session), 1, only=[trigger_id])
            try:
                count += await self._decide(alone)
            except AWAY:
                raise
            except Exception as error:
                logger.exception("jobs.trigger_failed", trigger_id=trigger_id)
                aside = replace(alone, due={}, jobs={}, lost={trigger_id: str(error)})
                count += await self._decide(aside)
        return count

    def _tell(self, decided: "Decided", now: datetime) -> None:
        at = clock.rfc3339(now)
        for project_id, jobs in decided.told.items():
            # Whoever hears of many jobs at once asks for all that is shown.
            slot = {"project": project_id, "jobs": sorted(jobs) if len(jobs) <= TOLD else [], "at": at}
            self._bus.publish(f"project:{project_id}", {"type": "slot", "slot": slot})
        for project_id, job_id in decided.changed:
            self._tell_health(project_id, job_id)
        if decided.slots:
            logger.debug("jobs.decided", triggers=decided.triggers, slots=decided.slots)

    def _tell_health(self, project_id: str, job_id: str) -> None:
        told = {"id": job_id, "project": project_id, "change": "health"}
        self._bus.publish(f"project:{project_id}", {"type": "job", "job": told})

    def _menders(self) -> "Mending":
        if self._mending is None:
            from runyard.jobs.mending import Mending

            self._mending = Mending(self._database, self._make_firing())
        return self._mending

    def _made(self) -> "tuple[Standings, Deciding]":
        if self._parts is None:
            from runyard.jobs.deciding import Deciding
            from runyard.jobs.standing import Standings

            firing = self._make_firing()
            self._parts = (Standings(firing), Deciding(firing))
        return self._parts
