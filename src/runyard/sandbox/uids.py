"""User ids set aside for runs, each lent to one live attempt at a time."""

import threading

from runyard.sandbox.problems import NoFreeUser


class UidPool:
    """The ids ``base … base + size - 1``; group ids are the same numbers.

    Ids go round, so that one just returned rests as long as possible before it is lent again.
    """

    def __init__(self, base: int, size: int) -> None:
        self._base = base
        self._size = size
        self._next = 0
        self._held: dict[str, int] = {}
        self._lock = threading.Lock()

    @property
    def ids(self) -> range:
        """Every id of the pool."""
        return range(self._base, self._base + self._size)

    def take(self, attempt_id: str) -> int:
        """Lend an id to an attempt; the same attempt gets the same id again. Raises NoFreeUser."""
        with self._lock:
            if attempt_id in self._held:
                return self._held[attempt_id]
            busy = set(self._held.values())
            for step in range(self._size):
                place = (self._next + step) % self._size
                uid = self._base + place
                if uid not in busy:
                    self._next = (place + 1) % self._size
                    self._held[attempt_id] = uid
                    return uid
        raise NoFreeUser

    def release(self, attempt_id: str) -> None:
        """Take an attempt's id back; unknown attempts are fine."""
        with self._lock:
            self._held.pop(attempt_id, None)

    def adopt(self, attempt_id: str, uid: int) -> None:
        """Note that a re-attached attempt still runs as `uid`; ids outside the pool are remembered all the same."""
        with self._lock:
            self._held[attempt_id] = uid

    def held_by(self, attempt_id: str) -> int | None:
        """Return the id an attempt holds."""
        with self._lock:
            return self._held.get(attempt_id)
