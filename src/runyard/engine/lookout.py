"""Begins to watch for files once there is a trigger that waits for some: what does it is loaded then, not before."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlalchemy import text

from runyard import log, tasks
from runyard.db.session import Database

if TYPE_CHECKING:
    from runyard.engine.watcher import Watcher

logger = log.get("jobs")
LOOK_S = 5.0
_ANY = text("SELECT 1 FROM job_triggers WHERE kind = 'file' AND deleted_at IS NULL LIMIT 1")


class Lookout:
    """Waits for the first such trigger, and has it and all others watched from then on."""

    def __init__(self, database: Database, make: "Callable[[], Watcher]", look_s: float = LOOK_S) -> None:
        self._database = database
        self._make = make
        self._look_s = look_s
        self._task: asyncio.Task[None] | None = None
        self._watcher: Watcher | None = None

    async def start(self) -> None:
        """Begin to wait."""
        self._task = asyncio.create_task(self._wait())

    async def stop(self) -> None:
        """Stop waiting, or watching."""
        await tasks.end(self._task)
        if self._watcher is not None:
            await self._watcher.stop()

    async def _wait(self) -> None:
        while not await self._wanted():
            await asyncio.sleep(self._look_s)
        # Loading it takes a moment in which others want to be answered.
        self._watcher = await asyncio.to_thread(self._make)
        await self._watcher.start()

    async def _wanted(self) -> bool:
        try:
            async with self._database.read() as session:
                return (await session.execute(_ANY)).first() is not None
        except Exception:
            logger.exception("jobs.lookout_failed")
            return False
