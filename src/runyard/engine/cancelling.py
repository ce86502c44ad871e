"""Giving up what is waited for when a run is cancelled before its command was started."""

import asyncio
from contextlib import suppress
from typing import Any

from runyard.errors import Problem


class CancelledEarly(Exception):  # noqa: N818 - a signal, not a fault
    """The run was cancelled before its command was started."""


async def unless(cancelled: asyncio.Event, work: Any) -> Any:
    """Return what `work` gives; raise `CancelledEarly`, with the work given up, as soon as `cancelled` is set."""
    task = asyncio.ensure_future(work)
    stop = asyncio.create_task(cancelled.wait())
    try:
        await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise CancelledEarly
        return task.result()
    finally:
        stop.cancel()
        if not task.done():
            task.cancel()
            with suppress(asyncio.CancelledError, Problem):
                await task
