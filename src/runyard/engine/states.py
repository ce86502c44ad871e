"""One writer at a time for the state directory of a script."""

import asyncio
from collections import defaultdict


class StateLocks:
    """Lends each script's state directory to one live attempt; others wait their turn in order."""

    def __init__(self) -> None:
        self._holders: dict[str, str] = {}
        self._waiting: dict[str, list[asyncio.Future[None]]] = defaultdict(list)

    def try_take(self, script_id: str, attempt_id: str) -> bool:
        """Take the directory if nobody holds it."""
        if script_id in self._holders:
            return self._holders[script_id] == attempt_id
        self._holders[script_id] = attempt_id
        return True

    async def take(self, script_id: str, attempt_id: str) -> None:
        """Wait for the directory."""
        while not self.try_take(script_id, attempt_id):
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting[script_id].append(turn)
            try:
                await turn
            finally:
                if turn in self._waiting[script_id]:
                    self._waiting[script_id].remove(turn)

    def release(self, script_id: str, attempt_id: str) -> None:
        """Give the directory back, if this attempt holds it."""
        if self._holders.get(script_id) != attempt_id:
            return
        del self._holders[script_id]
        for turn in self._waiting.pop(script_id, ()):
            if not turn.done():
                turn.set_result(None)
