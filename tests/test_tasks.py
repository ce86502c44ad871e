"""Ending what goes on beside everything else."""

import asyncio

import pytest

from runyard import tasks


async def test_a_task_is_over_once_it_is_ended() -> None:
    left: list[str] = []

    async def going() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            left.append("tidy")

    task = asyncio.create_task(going())
    await asyncio.sleep(0)
    await tasks.end(task)
    assert (task.done(), left) == (True, ["tidy"])
    # What is over, and what never was.
    await tasks.end(task)
    await tasks.end(None)


async def test_what_a_task_raises_is_not_lost() -> None:
    async def going() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise OSError("the disk is full") from None

    task = asyncio.create_task(going())
    await asyncio.sleep(0)
    with pytest.raises(OSError, match="full"):
        await tasks.end(task)
