"""Open conversations with language servers: few in all, few for each user, and none that nobody uses."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from runyard.editor.problems import ServersBusy

# An editor that has been silent for so long gives its place to one that asks.
SPARE_AFTER_S = 60.0
MOST_EACH = 4


class Session:
    """One editor's conversation; `ended` is set when it has to give its place to another."""

    def __init__(self, user_id: str, now: float) -> None:
        self.user_id = user_id
        self.spoke_at = now
        self.ended = asyncio.Event()

    def spoke(self, now: float) -> None:
        """Note that the editor has asked for something."""
        self.spoke_at = now


class Sessions:
    """Counts conversations; at most `most` at a time."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._open: set[Session] = set()

    def __len__(self) -> int:
        return len(self._open)

    @contextmanager
    def joined(self, user_id: str, now: float) -> Iterator[Session]:
        """Take a place; one's own longest silent editor, or anybody's that has been silent for a minute, makes room.

        Raises: ServersBusy.
        """
        self._make_room(user_id, now)
        session = Session(user_id, now)
        self._open.add(session)
        try:
            yield session
        finally:
            self._open.discard(session)

    def _make_room(self, user_id: str, now: float) -> None:
        own = [one for one in self._open if one.user_id == user_id]
        if len(own) >= MOST_EACH:
            self._end(min(own, key=lambda one: one.spoke_at))
        if len(self._open) < self._most:
            return
        silent = min(self._open, key=lambda one: one.spoke_at, default=None)
        if silent is None or now - silent.spoke_at < SPARE_AFTER_S:
            raise ServersBusy
        self._end(silent)

    def _end(self, session: Session) -> None:
        self._open.discard(session)
        session.ended.set()
