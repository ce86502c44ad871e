"""Runs that wait for their next try are woken when it is due, not at the next look at the rows."""

import asyncio
from datetime import datetime

from runyard import clock
from runyard.dispatch.contract import Dispatch
from runyard.live.bus import Bus
from runyard.runs.gatekeeper import due

LATE_S = 0.005
"""The database reads its own clock in milliseconds: an alarm on time would now and then be one too early."""


class Alarm:
    """Timers of this process. One that is lost with it is made up for by the next look at the rows."""

    def __init__(self, bus: Bus, dispatch: Dispatch) -> None:
        self._bus = bus
        self._dispatch = dispatch
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def set(self, run_id: str, queue: str, priority: int, gate: str | None, at: datetime) -> None:
        """Wake a queued run at `at`; one that must pass a gate first is brought before it."""
        wait = max(0.0, (at - clock.now()).total_seconds()) + LATE_S
        self.drop(run_id)
        loop = asyncio.get_running_loop()
        self._timers[run_id] = loop.call_later(wait, self._ring, run_id, queue, priority, gate)

    def drop(self, run_id: str) -> None:
        """Forget a run."""
        if (timer := self._timers.pop(run_id, None)) is not None:
            timer.cancel()

    def close(self) -> None:
        """Forget all."""
        for run_id in tuple(self._timers):
            self.drop(run_id)

    def _ring(self, run_id: str, queue: str, priority: int, gate: str | None) -> None:
        self._timers.pop(run_id, None)
        if gate is None:
            self._dispatch.wake(run_id, queue=queue, priority=priority)
        else:
            due(self._bus)
