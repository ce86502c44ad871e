"""The live bus: small facts about what has just changed, to whoever listens. Lossy by design; rows are the truth.

Topics: ``run:<id>`` (log grew, state changed), ``environment:<id>`` (build log grew, state changed),
``project:<id>`` (state changes that lists show), ``worker`` (hints between roles).
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import contextmanager
from typing import Any, Protocol

Message = dict[str, Any]
"""A JSON object with a ``type``."""

BACKLOG = 1000
CLOSING: Message = {"type": "closing"}


class Subscription:
    """Messages on some topics, in order of arrival.

    When a reader falls behind, the oldest are dropped and `missed` is set: it should look at the rows again.
    """

    def __init__(self, topics: Iterable[str]) -> None:
        self.topics = frozenset(topics)
        self.missed = False
        self._queue: asyncio.Queue[tuple[str, Message]] = asyncio.Queue(BACKLOG)

    def put(self, topic: str, message: Message) -> None:
        """Hand a message over without waiting."""
        if self._queue.full():
            self._queue.get_nowait()
            self.missed = True
        self._queue.put_nowait((topic, message))

    def miss(self) -> None:
        """Note that messages were lost on their way here, and wake whoever waits for one."""
        self.missed = True
        self.put("live.missed", {"type": "missed"})

    async def get(self) -> tuple[str, Message]:
        """Wait for the next message. One of type ``missed`` only says that others were lost."""
        return await self._queue.get()

    def pending(self) -> list[tuple[str, Message]]:
        """Take what is there without waiting."""
        taken = []
        while not self._queue.empty():
            taken.append(self._queue.get_nowait())
        return taken

    def __aiter__(self) -> AsyncIterator[tuple[str, Message]]:
        return self

    async def __anext__(self) -> tuple[str, Message]:
        return await self.get()


class Bus(Protocol):
    """What every backend of the live bus does."""

    def publish(self, topic: str, message: Message) -> None:
        """Tell listeners of `topic`; never waits and never fails for want of one."""

    def subscribe(self, *topics: str) -> Any:
        """Return a context manager that yields a `Subscription`; a topic that ends in ``*`` matches a prefix."""

    async def start(self) -> None:
        """Begin to exchange messages with other processes, where the backend does that."""

    def farewell(self) -> None:
        """Tell every listener of this process, whatever its topics, that it is about to stop: `CLOSING`."""

    async def close(self) -> None:
        """Stop."""


class LocalBus:
    """Listeners within this process."""

    def __init__(self) -> None:
        self._exact: dict[str, set[Subscription]] = defaultdict(set)
        self._prefix: dict[str, set[Subscription]] = defaultdict(set)

    def publish(self, topic: str, message: Message) -> None:
        """Tell listeners of `topic`."""
        for subscription in tuple(self._exact.get(topic, ())):
            subscription.put(topic, message)
        for prefix, subscriptions in tuple(self._prefix.items()):
            if topic.startswith(prefix):
                for subscription in tuple(subscriptions):
                    subscription.put(topic, message)

    def miss(self) -> None:
        """Tell every listener that messages were lost."""
        tables = (*self._exact.values(), *self._prefix.values())
        for subscription in {subscription for table in tables for subscription in table}:
            subscription.miss()

    @contextmanager
    def subscribe(self, *topics: str) -> Any:
        """Listen to `topics` while the block lasts."""
        subscription = Subscription(topics)
        tables = [(self._prefix, t[:-1]) if t.endswith("*") else (self._exact, t) for t in topics]
        for table, key in tables:
            table[key].add(subscription)
        try:
            yield subscription
        finally:
            for table, key in tables:
                table[key].discard(subscription)
                if not table[key]:
                    del table[key]

    def farewell(self) -> None:
        """Tell every listener that this process is about to stop."""
        listening = {s for table in (self._exact, self._prefix) for group in table.values() for s in group}
        for subscription in listening:
            subscription.put("", CLOSING)

    async def start(self) -> None:
        """Nothing to start."""

    async def close(self) -> None:
        """Nothing to stop."""
