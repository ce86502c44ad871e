"""The live bus between the processes of one data directory: a Unix datagram socket for each of them.

Whoever publishes sends to every other socket in ``<data>/live``. A peer that is gone is swept away. One that does not
read fast enough misses messages, which the bus allows; it is told so as soon as it reads again.
"""

import asyncio
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from runyard import ids, log, tasks
from runyard.live.bus import LocalBus, Message, Subscription

logger = log.get("live")

_MOST = 60_000
_SCAN_S = 2.0
_TELL_S = 0.05
_MISSED = b'["live.missed",{"type":"missed"}]'


class PeerBus:
    """A `LocalBus` that also speaks with its peers."""

    def __init__(self, directory: Path) -> None:
        self._here = LocalBus()
        self._directory = directory
        self._name = ids.new("peer") + ".sock"
        self._peers: set[str] = set()
        self._slow: set[str] = set()
        self._telling: asyncio.TimerHandle | None = None
        self._folder = -1
        self._socket: socket.socket | None = None
        self._scan: asyncio.Task[None] | None = None

    def publish(self, topic: str, message: Message) -> None:
        """Tell listeners here and in the other processes."""
        self._here.publish(topic, message)
        if self._socket is None or not self._peers:
            return
        data = json.dumps([topic, message], separators=(",", ":"), default=str).encode()
        if len(data) > _MOST:
            logger.warning("live.message_too_large", topic=topic, size=len(data))
            return
        for peer in tuple(self._peers):
            if peer in self._slow and not self._send(peer, _MISSED):
                continue
            self._send(peer, data)

    def _send(self, peer: str, data: bytes) -> bool:
        assert self._socket is not None  # noqa: S101 - its callers have looked
        try:
            self._socket.sendto(data, self._address(peer))
        except (ConnectionRefusedError, FileNotFoundError):
            self._sweep(peer)
        except OSError as error:
            # Its queue is full (a kernel may allow as few as ten messages), or there is no memory for one more.
            logger.debug("live.peer_slow", peer=peer, why=error.strerror)
            self._slow.add(peer)
            if self._telling is None:
                self._telling = asyncio.get_running_loop().call_later(_TELL_S, self._tell_slow)
        else:
            self._slow.discard(peer)
            return True
        return False

    def _tell_slow(self) -> None:
        """Tell peers that have missed something, until they have heard it."""
        self._telling = None
        for peer in tuple(self._slow):
            self._send(peer, _MISSED)

    @contextmanager
    def subscribe(self, *topics: str) -> Iterator[Subscription]:
        """Listen to `topics` while the block lasts."""
        with self._here.subscribe(*topics) as subscription:
            yield subscription

    def farewell(self) -> None:
        """Tell this process's listeners that it is about to stop."""
        self._here.farewell()

    async def start(self) -> None:
        """Bind this process's socket and find the peers."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._socket.setblocking(False)
        self._socket.bind(self._address(self._name))
        asyncio.get_running_loop().add_reader(self._socket, self._receive)
        self._find()
        self._announce()
        self._scan = asyncio.create_task(self._rescan(), name="live.scan")

    async def close(self) -> None:
        """Leave."""
        await tasks.end(self._scan)
        if self._telling is not None:
            self._telling.cancel()
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None
            (self._directory / self._name).unlink(missing_ok=True)
            os.close(self._folder)

    def _address(self, name: str) -> str:
        # A socket's address is at most 107 bytes long; a data directory's path may be longer.
        if Path("/proc/self/fd").exists():
            return f"/proc/self/fd/{self._folder}/{name}"
        return str(self._directory / name)

    def _find(self) -> None:
        self._peers = {path.name for path in self._directory.glob("*.sock") if path.name != self._name}

    def _announce(self) -> None:
        self.publish("live.hello", {"type": "hello", "peer": self._name})

    def _sweep(self, peer: str) -> None:
        self._peers.discard(peer)
        self._slow.discard(peer)
        (self._directory / peer).unlink(missing_ok=True)

    async def _rescan(self) -> None:
        while True:
            await asyncio.sleep(_SCAN_S)
            self._find()

    def _receive(self) -> None:
        assert self._socket is not None  # noqa: S101 - the reader is removed before the socket
        for _ in range(1000):
            try:
                data = self._socket.recv(_MOST + 1)
            except BlockingIOError:
                return
            try:
                topic, message = json.loads(data)
                kind = message["type"]
            except (ValueError, TypeError, KeyError):
                logger.warning("live.bad_message", size=len(data))
                continue
            if kind == "hello":
                self._peers.add(str(message["peer"]))
            elif kind == "missed":
                self._here.miss()
            else:
                self._here.publish(topic, message)


def opened(directory: Path, *, alone: bool) -> Any:
    """Return the bus for a process that is (`alone`) or is not the only one of its data directory."""
    return LocalBus() if alone else PeerBus(directory)
