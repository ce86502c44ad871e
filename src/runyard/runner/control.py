# pathlib would make the launcher, and with it every shim, a third bigger
# ruff: noqa: PTH104, PTH108
"""The shim's control socket: doorbells out, cancel in. It never blocks and never trusts a client to read."""

from __future__ import annotations

# the bare module: the one on top of it brings enumerations and selectors that a shim has no use for
import _socket
import os
from contextlib import suppress

from .protocol import CONTROL_SOCKET, ForeignMessage, Lines, encode_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MOST_CLIENTS = 8
_RING_S = 0.02
"""At most one doorbell per client in this time: a chatty script must not keep the agent busy."""


class _Client:
    __slots__ = ("lines", "owed", "rung_at")

    def __init__(self) -> None:
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
        self._listener = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
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
            fd: int = self._listener._accept()[0]  # type: ignore[attr-defined]  # noqa: SLF001 - a bare descriptor does
        except OSError:
            return None
        if len(self._clients) >= _MOST_CLIENTS:
            os.close(fd)
            return None
        os.set_blocking(fd, False)
        self._clients[fd] = _Client()
        return fd

    def receive(self, fd: int) -> list[dict[str, Any]] | None:
        """Messages of one client; None when it is gone (and forgotten)."""
        client = self._clients[fd]
        try:
            data = os.read(fd, 65536)
            if data:
                messages = client.lines.feed(data)
                for message in messages:
                    if message.get("kind") == "ping":
                        os.write(fd, encode_line("pong"))
                return messages
        except BlockingIOError:
            return []
        except (OSError, ForeignMessage):
            pass
        os.close(fd)
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
        for fd, client in self._clients.items():
            if not client.owed or not self._size:
                continue
            due = client.rung_at + _RING_S
            if due <= now:
                client.rung_at = now
                due = now + _RING_S
                try:
                    os.write(fd, encode_line("output", size=self._size))
                    client.owed = False
                    continue
                except OSError:
                    # a full buffer: the client has older doorbells to read, and is asked again
                    pass
            soonest = due if soonest is None else min(soonest, due)
        return soonest

    def tell(self, kind: str) -> None:
        """Say something to every client that can take it at once."""
        for fd in self._clients:
            with suppress(OSError):
                os.write(fd, encode_line(kind))

    def close(self) -> None:
        """Tell every client that the exit record is there, and part."""
        for fd in self._clients:
            with suppress(OSError):
                os.write(fd, encode_line("exited", size=self._size))
            os.close(fd)
        self._clients.clear()
