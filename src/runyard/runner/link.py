"""An agent's line to one live shim."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, cast

from .protocol import CONTROL_SOCKET, ForeignMessage, Lines, encode_line
from .spec import ShimGone
from .spool import read_exit, shim_alive

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

Event = tuple[Literal["output"], int] | tuple[Literal["ending"]] | tuple[Literal["exited"]]

_PATH_BYTES = 100
_PATIENCE_S = 2.0


class _Wire(asyncio.Protocol):
    """Keeps the newest of what the shim said; the reader of events comes when it likes."""

    def __init__(self) -> None:
        self.size = 0
        self.told = 0
        self.closed = False
        self.ending = False
        self.pongs = 0
        self.news = asyncio.Event()
        self._lines = Lines()
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # other event loops have transports of their own, so only the type checker is told
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        try:
            for message in self._lines.feed(data):
                self._hear(message)
        except ForeignMessage:
            if self.transport is not None:
                self.transport.abort()

    def _hear(self, message: dict[str, Any]) -> None:
        kind = message.get("kind")
        if kind == "output":
            self.size = max(self.size, int(message["size"]))
        elif kind == "ending":
            self.ending = True
        elif kind == "pong":
            self.pongs += 1
        self.news.set()

    def connection_lost(self, _error: Exception | None) -> None:
        self.closed = True
        self.news.set()


class ShimLink:
    """A connection to the shim that keeps one attempt.

    A shim that has already settled gives a link too: its only event is `exited`.
    """

    def __init__(self, spool: Path, wire: _Wire | None) -> None:
        self.spool = spool
        self._wire = wire
        self._parted = False

    @classmethod
    async def attach(cls, spool: Path) -> Self:
        """Connect to the attempt's shim. ShimGone when it is dead and left no exit record, or never was."""
        loop = asyncio.get_running_loop()
        until = loop.time() + _PATIENCE_S
        while True:
            try:
                wire = await _connect(spool)
            except OSError:
                alive = shim_alive(spool)
                if read_exit(spool) is not None:
                    return cls(spool, None)
                if not alive:
                    raise ShimGone(f"no shim keeps {spool.name}") from None
                if loop.time() >= until:
                    raise ShimGone(f"the shim of {spool.name} does not answer") from None
                # between its claim and its socket's name, or between its socket's end and the exit record
                await asyncio.sleep(0.01)
            else:
                return cls(spool, wire)

    async def events(self) -> AsyncIterator[Event]:
        """`("output", size)` when the output file has grown, then `("exited",)` once the exit record is there.

        In between comes `("ending",)` when the command has ended by itself: what is left is to clear up.
        After `close` it ends without a word.
        Doorbells are merged: a slow reader gets only the newest size. ShimGone when the shim dies without a record.
        """
        wire = self._wire
        while wire is not None:
            await wire.news.wait()
            wire.news.clear()
            if self._parted:
                return
            if wire.size > wire.told:
                wire.told = wire.size
                yield ("output", wire.size)
            if wire.ending:
                wire.ending = False
                yield ("ending",)
            if wire.closed:
                break
        await self._settled()
        yield ("exited",)

    async def _settled(self) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + _PATIENCE_S
        while read_exit(self.spool) is None:
            if not shim_alive(self.spool) or loop.time() >= until:
                if read_exit(self.spool) is not None:
                    return
                raise ShimGone(f"the shim of {self.spool.name} left no exit record")
            await asyncio.sleep(0.01)

    async def cancel(self, grace_s: float = 5.0) -> None:
        """Ask the shim to end the run: SIGTERM, `grace_s` seconds, SIGKILL. Nothing happens when it is over already."""
        self._write(encode_line("cancel", grace_s=grace_s))

    async def ping(self) -> None:
        """Return once the shim has answered. ShimGone when it is gone."""
        wire = self._wire
        seen = wire.pongs if wire is not None else 0
        self._write(encode_line("ping"))
        while wire is not None and not wire.closed:
            if wire.pongs > seen:
                return
            await asyncio.sleep(0.005)
        raise ShimGone(f"no shim keeps {self.spool.name}")

    def _write(self, line: bytes) -> None:
        if self._wire is not None and self._wire.transport is not None and not self._wire.closed:
            self._wire.transport.write(line)

    def close(self) -> None:
        """Part; the shim goes on."""
        self._parted = True
        if self._wire is not None and self._wire.transport is not None:
            self._wire.transport.abort()


async def _connect(spool: Path) -> _Wire:
    """A wire to the control socket, however long its path is (the kernel takes 108 bytes, macOS 104)."""
    loop = asyncio.get_running_loop()
    path = spool / CONTROL_SOCKET
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.setblocking(False)
    try:
        if len(os.fsencode(path)) < _PATH_BYTES:
            await loop.sock_connect(connection, str(path))
        elif sys.platform == "linux":
            directory = os.open(spool, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                await loop.sock_connect(connection, f"/proc/self/fd/{directory}/{CONTROL_SOCKET}")
            finally:
                os.close(directory)
        else:
            with tempfile.TemporaryDirectory(prefix="ry") as near:
                os.symlink(spool, f"{near}/s")  # noqa: PTH211 - one quick call
                await loop.sock_connect(connection, f"{near}/s/{CONTROL_SOCKET}")
        _, wire = await loop.create_unix_connection(_Wire, sock=connection)
    except BaseException:
        with suppress(OSError):
            connection.close()
        raise
    return wire
