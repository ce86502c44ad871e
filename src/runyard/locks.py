"""One data directory, one process for each role: exclusive locks that say who holds them."""

import fcntl
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from runyard.errors import Conflict


class AlreadyRunning(Conflict):
    """Another Runyard process serves this data directory."""


class Locks:
    """The lock files of some roles, taken together or not at all."""

    def __init__(self, folder: Path, roles: Iterable[str]) -> None:
        self._folder = folder
        self._roles = sorted(roles)
        self._held: dict[str, int] = {}

    def take(self) -> None:
        """Take every role's lock; raise `AlreadyRunning` naming the process that is in the way."""
        for role in self._roles:
            path = self._folder / role
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                os.close(fd)
                self.release()
                raise AlreadyRunning(_words(self._folder, read(path))) from error
            self._held[role] = fd
            self.tell({})

    def tell(self, facts: dict[str, Any]) -> None:
        """Write who we are, and `facts` (the address, say), into the files for others to read."""
        text = json.dumps({"pid": os.getpid(), "roles": self._roles, **facts}).encode()
        for fd in self._held.values():
            os.ftruncate(fd, 0)
            os.pwrite(fd, text, 0)

    def release(self) -> None:
        """Let go."""
        for fd in self._held.values():
            os.ftruncate(fd, 0)
            os.close(fd)
        self._held = {}


def demand_free(folder: Path, roles: Iterable[str]) -> None:
    """Raise `AlreadyRunning` if a process holds one of the roles now. Takes nothing, so it may change at once."""
    found = holders(folder)
    for role in sorted(roles):
        if role in found:
            raise AlreadyRunning(_words(folder, found[role]))


def _words(folder: Path, holder: dict[str, Any]) -> str:
    return f"Another Runyard process (pid {holder.get('pid', '?')}) already serves {folder.parent}."


def read(path: Path) -> dict[str, Any]:
    """Return what the holder of a lock file wrote into it; empty when there is none."""
    try:
        found = json.loads(path.read_text() or "{}")
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def holders(folder: Path) -> dict[str, dict[str, Any]]:
    """Return who holds which role's lock now: role → {pid, roles, …}. Takes nothing."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            found[path.name] = read(path)
        finally:
            os.close(fd)
    return found
