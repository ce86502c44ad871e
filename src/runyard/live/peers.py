"""The live bus between the processes of one data directory: a Unix datagram socket for each of them.

Whoever publishes sends to every other socket in ``<data>/live``. A peer that is gone is swept away, one that does
not read fast enough misses messages, which the bus allows.
"""

import asyncio
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from runyard import ids, log
from runyard.live.bus import LocalBus, Message, Subscription

logger = log.get("live")

_MOST = 60_000
_SCAN_S = 2.0


class PeerBus:
    """A `LocalBus` that also speaks with its peers."""

    def __init__(self, directory: Path) -> None:
        self._here = LocalBus()
        self._directory = directory
        self._name = ids.new("peer") + ".sock"
        self._peers: set[str] = set()
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
            try:
                self._socket.sendto(data, self._address(peer))
            except BlockingIOError:
                logger.debug("live.peer_slow", peer=peer)
            except (ConnectionRefusedError, FileNotFoundError):
                self._sweep(peer)

    @contextmanager
    def subscribe(self, *topics: str) -> Iterator[Subscription]:
        """Listen to `topics` while the block lasts."""
        with self._here.subscribe(*topics) as subscription:
            yield subscription

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
        if self._scan is not None:
            self._scan.cancel()
            with suppress(asyncio.CancelledError):
                await self._scan
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
            except ValueError:
                logger.warning("live.bad_message", size=len(data))
                continue
            if topic == "live.hello":
                self._peers.add(str(message["peer"]))
                continue
            self._here.publish(topic, message)


def opened(directory: Path, *, alone: bool) -> Any:
    """Return the bus for a process that is (`alone`) or is not the only one of its data directory."""
    return LocalBus() if alone else PeerBus(directory)
