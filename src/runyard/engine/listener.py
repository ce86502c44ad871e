"""Has jobs hear of the ends of their runs: at once on word of one, and by looking where word was lost."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from runyard import log, tasks
from runyard.db.session import Database
from runyard.live.bus import Bus
from runyard.runs import jobruns

if TYPE_CHECKING:
    from runyard.jobs.following import Following

logger = log.get("jobs")
SWEEP_S = 10.0
AGAIN_S = 1.0


class Listener:
    """One loop of the scheduler; several of them hear of each end once."""

    def __init__(self, database: Database, bus: Bus, make: "Callable[[], Following]") -> None:
        self._database = database
        self._bus = bus
        self._make = make
        self._following: Following | None = None
        self._loop: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin."""
        ready = asyncio.Event()
        self._loop = asyncio.create_task(self._run(ready), name="jobs.listener")
        await ready.wait()

    async def stop(self) -> None:
        """End."""
        await tasks.end(self._loop)

    async def _run(self, ready: asyncio.Event) -> None:
        with self._bus.subscribe(jobruns.TOPIC) as news:
            ready.set()
            while True:
                wait = SWEEP_S
                try:
                    await self.turn()
                except Exception:
                    logger.exception("jobs.ends_unheard")
                    wait = AGAIN_S
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await news.get()
                news.pending()

    async def turn(self) -> int:
        """Hear of all ends that there are; return of how many."""
        count = 0
        while await self._database.look(jobruns.any_unheard):
            if self._following is None:
                self._following = self._make()
            if not (some := await self._following.follow()):
                # Others are at it.
                break
            count += some
        return count
