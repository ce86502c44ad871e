"""Watching a build: its log, page by page or as it grows, and its states."""

import asyncio
from collections.abc import AsyncIterator

from runyard.access.actors import TOPIC
from runyard.db.session import Database
from runyard.environments import repository
from runyard.environments.buildlog import Line, read_log
from runyard.environments.directory import Shelf
from runyard.environments.lifecycle import UNSETTLED, State
from runyard.live.bus import Bus, Subscription

_LOOK_S = 2.0
_LINES = 1000


class Watching:
    """What people see of builds."""

    def __init__(self, database: Database, bus: Bus, shelf: Shelf) -> None:
        self._database = database
        self._bus = bus
        self._shelf = shelf

    async def log(self, id_: str, after: int, limit: int) -> list[Line]:
        """Return up to `limit` lines of the build log with numbers above `after`."""
        return await asyncio.to_thread(read_log, self._shelf.log(id_), after, limit)

    async def follow(self, id_: str, after: int) -> AsyncIterator[Line | State]:
        """Yield lines of the build log above `after` and states as they come; end when the build is settled."""
        last, told = after, None
        with self._bus.subscribe(f"environment:{id_}", TOPIC) as news:
            while True:
                # The state first: what was printed before it changed is then in the log already.
                async with self._database.read() as session:
                    row = await repository.find(session, id_)
                while lines := await self.log(id_, last, _LINES):
                    for line in lines:
                        yield line
                    last = lines[-1].n
                if row is None or row.deleted_at is not None:
                    return
                state = State(row.state)
                if state is not told:
                    told = state
                    yield state
                if state not in UNSETTLED:
                    return
                if not news.pending():
                    heard = await _next(news)
                    if heard == "closing":
                        return
                    if heard == TOPIC:
                        # Said once more, so that the stream of whoever lost the right to it ends.
                        told = None


async def _next(news: Subscription) -> str:
    """Wait for news or a while; another process may be the one that builds. Tells the type of what was heard."""
    try:
        # Not `wait_for`: Python 3.11's forgets a cancellation that comes together with news.
        async with asyncio.timeout(_LOOK_S):
            _topic, message = await news.get()
    except TimeoutError:
        return ""
    return str(message["type"])
