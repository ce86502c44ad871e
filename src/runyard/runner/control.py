# pathlib would make the launcher, and with it every shim, a third bigger
# ruff: noqa: PTH104, PTH108
"""The shim's control socket: doorbells out, cancel in. It never blocks and never trusts a client to read."""

from __future__ import annotations

import os
import socket
from contextlib import suppress

from .protocol import CONTROL_SOCKET, ForeignMessage, Lines, encode_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MOST_CLIENTS = 8
_RING_S = 0.02
"""At most one doorbell per client in this time: a chatty script must not keep the agent busy."""


class _Client:
    __slots__ = ("lines", "owed", "rung_at", "socket")

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self.lines = Lines(limit=65536)
        self.rung_at = 0.0
        self.owed = True


class Control:
    """Listens in the current directory, first under a name of its own, after `take_name` under the known one."""

    __slots__ = ("_clients", "_listener", "_name", "_size")

    def __init__(self) -> None:
        self._name = f"{CONTROL_SOCKET}.{os.getpid()}"
        self._clients: dict[int, _Client] = {}
        self._size = 0
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.setblocking(False)
        self._listener.bind(self._name)
        self._listener.listen(_MOST_CLIENTS)

    def take_name(self) -> None:
        """Become reachable."""
        os.rename(self._name, CONTROL_SOCKET)
        self._name = CONTROL_SOCKET

    def withdraw(self) -> None:
        """Stop listening and take the name away."""
        self._listener.close()
        with suppress(OSError):
            os.unlink(self._name)

    def fileno(self) -> int:
        """The listening descriptor."""
        return self._listener.fileno()

    def accept(self) -> int | None:
        """Take a waiting client; its descriptor."""
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return None
        if len(self._clients) >= _MOST_CLIENTS:
            connection.close()
            return None
        connection.setblocking(False)
        self._clients[connection.fileno()] = _Client(connection)
        return connection.fileno()

    def receive(self, fd: int) -> list[dict[str, Any]] | None:
        """Messages of one client; None when it is gone (and forgotten)."""
        client = self._clients[fd]
        try:
            data = client.socket.recv(65536)
            if data:
                messages = client.lines.feed(data)
                for message in messages:
                    if message.get("kind") == "ping":
                        client.socket.send(encode_line("pong"))
                return messages
        except BlockingIOError:
            return []
        except (OSError, ForeignMessage):
            pass
        client.socket.close()
        del self._clients[fd]
        return None

    def grew(self, size: int) -> None:
        """Note the output file's new size; every client is owed a doorbell."""
        if size != self._size:
            self._size = size
            for client in self._clients.values():
                client.owed = True

    def ring(self, now: float) -> float | None:
        """Send the doorbells that are due at the monotonic time `now`; when the next one is."""
        soonest: float | None = None
        for client in self._clients.values():
            if not client.owed or not self._size:
                continue
            due = client.rung_at + _RING_S
            if due <= now:
                client.rung_at = now
                due = now + _RING_S
                try:
                    client.socket.send(encode_line("output", size=self._size))
                    client.owed = False
                    continue
                except OSError:
                    # a full buffer: the client has older doorbells to read, and is asked again
                    pass
            soonest = due if soonest is None else min(soonest, due)
        return soonest

    def close(self) -> None:
        """Tell every client that the exit record is there, and part."""
        for client in self._clients.values():
            with suppress(OSError):
                client.socket.send(encode_line("exited", size=self._size))
            client.socket.close()
        self._clients.clear()
