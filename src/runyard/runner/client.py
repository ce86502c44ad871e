"""The agent's hold on its launcher process."""

from __future__ import annotations

import asyncio
import itertools
import os
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

from .protocol import MAX_LINE, ForeignMessage, Lines, encode_line
from .spec import Exit, Spec, Started, StartFailed
from .spool import read_exit, read_shim

# the launcher must see neither site-packages nor our package's own __init__, which loads what it does not need
_BOOTSTRAP = """\
import sys
for name, path in (("runyard", []), ("runyard.runner", [sys.argv[1]])):
    sys.modules[name] = type(sys)(name)
    sys.modules[name].__path__ = path
from runyard.runner.launcher import main
main()
"""
_KEPT_VARIABLES = ("PATH", "LANG", "TZ", "TMPDIR", "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
_READY_S = 30.0
_ANSWER_S = 60.0
_LEAVE_S = 5.0


class _LauncherLost(Exception):  # noqa: N818 - errors are nouns here
    """The launcher went away before it answered."""


class _Channel(asyncio.Protocol):
    """Orders out, answers in, matched by ticket."""

    def __init__(self) -> None:
        self._lines = Lines()
        self._tickets = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._transport: asyncio.Transport | None = None
        self.ready: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.open = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # other event loops have transports of their own, so only the type checker is told
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        try:
            for message in self._lines.feed(data):
                self._hear(message)
        except ForeignMessage:
            self.abort()

    def _hear(self, message: dict[str, Any]) -> None:
        if message.get("kind") == "ready":
            if not self.ready.done():
                self.ready.set_result(int(message["pid"]))
            return
        answer = self._waiting.pop(message.get("ticket", 0), None)
        if answer is not None and not answer.done():
            answer.set_result(message)

    def connection_lost(self, _error: Exception | None) -> None:
        self.open = False
        waiting: list[asyncio.Future[Any]] = [self.ready, *self._waiting.values()]
        for answer in waiting:
            if not answer.done():
                answer.set_exception(_LauncherLost())
                # nobody may be waiting any more, and that is no error
                answer.exception()
        self._waiting.clear()

    async def ask(self, kind: str, **fields: object) -> dict[str, Any]:
        """Send one order and wait for its answer; _LauncherLost when none can come."""
        if not self.open or self._transport is None:
            raise _LauncherLost
        ticket = next(self._tickets)
        line = encode_line(kind, ticket=ticket, **fields)
        if len(line) > MAX_LINE:
            raise StartFailed(f"the order is {len(line)} bytes long; at most {MAX_LINE} can be sent")
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[ticket] = answer
        self._transport.write(line)
        try:
            # not `wait_for`: Python 3.11's forgets a cancellation that comes together with the answer
            async with asyncio.timeout(_ANSWER_S):
                return await answer
        except TimeoutError:
            self.abort()
            raise _LauncherLost from None
        finally:
            self._waiting.pop(ticket, None)

    def abort(self) -> None:
        """Cut the line; a launcher that hears it leaves."""
        if self._transport is not None:
            self._transport.abort()


class Launcher:
    """Starts attempts through one launcher process, and replaces that process when it dies.

    Any number of spawns may be under way at once. The attempts outlive this object, the launcher and the agent.
    """

    def __init__(self, python: str = sys.executable) -> None:
        self._python = python
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: _Channel | None = None
        self._starting = asyncio.Lock()

    @property
    def pid(self) -> int | None:
        """The launcher's process id while it serves."""
        return (
            self._process.pid
            if self._process is not None and self._channel is not None and self._channel.open
            else None
        )

    async def start(self) -> None:
        """Have a launcher that serves; StartFailed when none comes up. Optional: the first spawn does it too."""
        await self._serving()

    async def spawn(self, spec: Spec) -> Started:
        """Start one attempt and return once its command runs. StartFailed says why it does not.

        Asking twice for the same spool never runs it twice: the second time answers for the attempt that is there.
        """
        wire = spec.as_wire()
        for _ in range(2):
            channel = await self._serving()
            try:
                answer = await channel.ask("exec", spec=wire)
            except _LauncherLost:
                continue
            if answer["kind"] == "started":
                return Started(answer["pid"], answer["started_at_us"])
            if answer["kind"] == "taken":
                return _already(spec)
            raise StartFailed(str(answer.get("message")))
        raise StartFailed("the launcher died twice over this attempt")

    async def close(self) -> None:
        """End the launcher; running attempts go on."""
        async with self._starting:
            await self._drop()

    async def _serving(self) -> _Channel:
        if self._channel is not None and self._channel.open:
            return self._channel
        async with self._starting:
            if self._channel is None or not self._channel.open:
                await self._drop()
                await self._launch()
            assert self._channel is not None  # noqa: S101 - for the type checker
            return self._channel

    async def _launch(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        room = str(Path(__file__).parent)
        kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
        try:
            with theirs:
                # without -X utf8 a legacy locale would re-encode scripts' arguments and environments
                self._process = subprocess.Popen(  # noqa: ASYNC220 - takes a millisecond or two, once
                    [self._python, "-I", "-S", "-X", "utf8", "-c", _BOOTSTRAP, room],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    env=kept,
                    start_new_session=True,
                )
            ours.setblocking(False)
            _, self._channel = await asyncio.get_running_loop().create_unix_connection(_Channel, sock=ours)
            async with asyncio.timeout(_READY_S):
                await self._channel.ready
        except (OSError, TimeoutError, _LauncherLost) as failure:
            with suppress(OSError):
                ours.close()
            await self._drop()
            raise StartFailed(f"the launcher did not start: {str(failure) or type(failure).__name__}") from None

    async def _drop(self) -> None:
        """Part from the launcher that was, and bury it."""
        channel, process = self._channel, self._process
        self._channel = self._process = None
        if channel is not None:
            channel.abort()
        if process is None:
            return
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(None, process.wait, _LEAVE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            await loop.run_in_executor(None, process.wait)


def _already(spec: Spec) -> Started:
    """The answer for an attempt that somebody else has taken."""
    shim = read_shim(spec.spool) or {}
    if "pid" not in shim:
        raise StartFailed("the attempt was declared dead before it could start")
    ended: Exit | None = read_exit(spec.spool)
    if ended is not None and ended.reason == "start_failed":
        raise StartFailed(ended.message or "the attempt could not be started")
    return Started(shim["pid"], shim["started_at_us"])
