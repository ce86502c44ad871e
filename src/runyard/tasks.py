"""Ending what goes on beside everything else."""

import asyncio
from contextlib import suppress
from typing import Any


async def end(task: asyncio.Task[Any] | None) -> None:
    """Cancel a task and wait until it is over; None is one that was never begun. What it raises is raised here."""
    if task is not None:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
