"""Keeps the promise that every run ends: settles what dead workers held, and tidies what has grown old."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from runyard import clock, log, tasks
from runyard.db.session import Database, after_commit
from runyard.dispatch.contract import Dispatch
from runyard.engine.workspace import Workspaces
from runyard.live.bus import Bus
from runyard.runs import jobruns, keys, queue, records, settling
from runyard.runs.lifecycle import on_lost
from runyard.runs.models import RunRow
from runyard.runs.retry import Retry
from runyard.settings import Settings
from runyard.workers import repository as workers

logger = log.get("reaper")

Chore = Callable[[], Awaitable[object]]
"""Something that another room wants done once a day."""

EVERY_S = 5.0
SWEEP_S = 3600.0
DAY_S = 86_400
KEYS_DAYS = 2
BATCH = 200


class Reaper:
    """The scheduler's housekeeping: a loop over rows, safe to run in several processes at once."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        bus: Bus,
        dispatch: Dispatch,
        workspaces: Workspaces,
        daily: Sequence[Chore] = (),
    ) -> None:
        self._settings = settings
        self._database = database
        self._bus = bus
        self._dispatch = dispatch
        self._workspaces = workspaces
        self._daily = tuple(daily)
        self._next_day = 0.0
        self._seen: datetime | None = None
        self._patient_until = clock.EPOCH
        self._loop: asyncio.Task[None] | None = None
        self._swept = ""
        self._sweep_from = clock.EPOCH

    async def start(self) -> None:
        """Begin."""
        self._loop = asyncio.create_task(self._run(), name="reaper")

    async def stop(self) -> None:
        """End."""
        await tasks.end(self._loop)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(EVERY_S)
            try:
                await self.reap()
                await self.tidy()
                # In time and beside writers, so that it falls to none of them.
                await self._database.checkpoint()
                await self._do_daily()
            except Exception:
                logger.exception("reaper.failed")

    async def _do_daily(self) -> None:
        if clock.monotonic() < self._next_day:
            return
        self._next_day = clock.monotonic() + DAY_S
        for chore in self._daily:
            await chore()

    async def reap(self) -> int:
        """Declare lost what expired workers held, and send hints again; return how many runs were lost."""
        lost = 0
        patient = self._is_patient()
        async with self._database.write() as session:
            for worker_id in () if patient else await workers.expire(session):
                logger.warning("worker.expired", worker_id=worker_id)
                for row in await queue.held_by(session, worker_id):
                    reason = "Its worker has not been heard of for longer than its lease."
                    move, again = await settling.lose(session, row, on_lost(reason, clock.now()))
                    if move is not None:
                        lost += again is None
                        after_commit(session, partial(self._announce, row, clock.rfc3339(move.at), again))
        self._seen = clock.now()
        async with self._database.read() as session:
            heard = await queue.unheard_cancels(session)
        for run_id in heard:
            self._dispatch.cancel(run_id)
        return lost

    async def tidy(self) -> int:
        """Remove workspaces of runs that ended longer ago than they are kept, a batch at a time; return how many."""
        now = clock.now()
        before = now - timedelta(days=self._settings.runs.keep_files_days)
        if now < self._sweep_from:
            return 0
        async with self._database.read() as session:
            old = await records.finished_before(session, before, self._swept, BATCH)
        for run_id in old:
            await asyncio.to_thread(self._workspaces.discard, run_id)
        # Runs do not end in the order of their ids: after the last one the sweep begins anew, though not at once.
        if len(old) == BATCH:
            self._swept = old[-1]
        else:
            self._swept, self._sweep_from = "", now + timedelta(seconds=SWEEP_S)
        async with self._database.write() as session:
            await keys.forget(session, now - timedelta(days=KEYS_DAYS))
        await asyncio.to_thread(_sweep_tmp, self._settings.data / "tmp")
        return len(old)

    def _is_patient(self) -> bool:
        """Whether to wait with verdicts.

        After a pause of our own (the database was away, the machine slept) workers must first have the time of a
        lease to be heard of again. Leases go by the time of day, and so does this: other clocks stop in sleep.
        """
        now = clock.now()
        lease_s = self._settings.worker.lease_s
        if self._seen is not None and (now - self._seen).total_seconds() > max(lease_s / 2, 2 * EVERY_S):
            self._patient_until = now + timedelta(seconds=lease_s)
        return now < self._patient_until

    def _announce(self, row: RunRow, at: str, again: Retry | None) -> None:
        run = {
            "id": row.id,
            "project_id": row.project_id,
            "script_id": row.script_id,
            "script_name": row.script_name,
            "state": "queued" if again else "lost",
            "attempt": again.attempt if again else row.attempt,
            "at": at,
        }
        if row.job_id is not None:
            run["job_id"] = row.job_id
            if again is None:
                jobruns.over(self._bus)
        message = {"type": "run", "run": run}
        self._bus.publish(f"run:{row.id}", message)
        self._bus.publish(f"project:{row.project_id}", message)


def _sweep_tmp(tmp: Path, max_age_s: float = 86_400) -> None:
    """Remove what a crash has left among temporary files."""
    limit = clock.now().timestamp() - max_age_s
    for path in tmp.iterdir() if tmp.exists() else ():
        with suppress(FileNotFoundError):
            if path.lstat().st_mtime < limit:
                shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink()
