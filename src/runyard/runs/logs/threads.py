"""Working on files in a thread, for callers that may be cancelled."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def unbroken(work: Callable[[], T]) -> T:
    """Do something in a thread and wait for its end even when cancelled: it uses files that are closed after that."""
    doing = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(doing)
    except asyncio.CancelledError:
        await asyncio.wait({doing})
        # What went wrong meanwhile will be met again when the log is taken up.
        doing.exception()
        raise
