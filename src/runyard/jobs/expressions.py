"""Expressions in CEL over what arrived, worked out by a process beside the server that can take its time, or die."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from runyard import log
from runyard.jobs import expression_process

logger = log.get("jobs")
PATIENCE_S = 2.0
START_S = 10.0
"""What a process may take to begin."""
IDLE_S = 30.0
MOST = 2
"""How many work at once; others wait."""
LONGEST_ANSWER = 4 * 1024 * 1024


class Worked(Struct, frozen=True):
    """What came of expressions, by their names: a JSON value, or why there is none."""

    values: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)


class Expressions:
    """Works expressions out. Processes are started when they are needed and end when nobody asks for a while."""

    def __init__(self, patience_s: float = PATIENCE_S, idle_s: float = IDLE_S) -> None:
        self._patience_s = patience_s
        self._idle_s = idle_s
        self._turns = asyncio.Semaphore(MOST)
        self._idle: list[asyncio.subprocess.Process] = []
        self._timer: asyncio.TimerHandle | None = None
        self._ending: asyncio.Task[None] | None = None

    async def work(self, expressions: Mapping[str, str], context: Mapping[str, Any]) -> Worked:
        """Return what each expression gives over `context`: JSON values under the names that it may use."""
        return await self._ask({"expressions": dict(expressions), "context": dict(context)})

    async def problems(self, expressions: Mapping[str, str]) -> dict[str, str]:
        """Return what is wrong with expressions as such, by their names."""
        return (await self._ask({"expressions": dict(expressions), "check": True})).errors

    async def close(self) -> None:
        """End what is idle."""
        if self._timer is not None:
            self._timer.cancel()
        if self._ending is not None:
            await self._ending
        await self._end_idle()

    async def _ask(self, question: dict[str, Any]) -> Worked:
        if not question["expressions"]:
            return Worked()
        async with self._turns:
            process = self._idle.pop() if self._idle else await _begin()
            try:
                async with asyncio.timeout(self._patience_s):
                    answer = await _told(process, question)
            except TimeoutError:
                answer = f"It took longer than {self._patience_s:g} seconds."
            except (OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                # Memory, processor time or stack: what is told of it is the same.
                answer = "It needs more memory or time than there is for it, or is nested too deep."
            except BaseException:
                await _end(process)
                raise
            if isinstance(answer, str):
                logger.warning("jobs.expressions_died", why=answer)
                await _end(process)
                return Worked({}, dict.fromkeys(question["expressions"], answer))
            self._keep(process)
            return Worked(answer["values"], answer["errors"])

    def _keep(self, process: asyncio.subprocess.Process) -> None:
        self._idle.append(process)
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(self._idle_s, self._let_go)

    def _let_go(self) -> None:
        self._ending = asyncio.create_task(self._end_idle())

    async def _end_idle(self) -> None:
        while self._idle:
            await _end(self._idle.pop())


async def _told(process: asyncio.subprocess.Process, question: dict[str, Any]) -> Any:
    assert process.stdin is not None  # noqa: S101 - both were asked for
    assert process.stdout is not None  # noqa: S101
    process.stdin.write(json.dumps(question).encode() + b"\n")
    await process.stdin.drain()
    return json.loads(await process.stdout.readuntil())


async def _begin() -> asyncio.subprocess.Process:
    found = PathFinder.find_spec("cel")
    assert found is not None  # noqa: S101 - it is installed with us
    assert found.submodule_search_locations  # noqa: S101 - it is a package
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-S",
        str(Path(expression_process.__file__)),
        found.submodule_search_locations[0],
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={},
        cwd="/",
        start_new_session=True,
        limit=LONGEST_ANSWER,
    )
    try:
        async with asyncio.timeout(START_S):
            assert process.stdout is not None  # noqa: S101 - it was asked for
            await process.stdout.readuntil()
    except BaseException:
        await _end(process)
        raise
    return process


async def _end(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
