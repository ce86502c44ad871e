"""Which user ids of this machine are ours: two installations must never lend the same one."""

import fcntl
import os
import struct
from pathlib import Path

import structlog

_log = structlog.get_logger(room="sandbox")
# Blocks are tried downwards, since ids above 65533 often have no meaning in a container.
_BLOCKS, _LOWEST = 16, 1_000


class UserClaim:
    """A range of ids claimed among all Runyard processes of a machine, until it is released or the process ends."""

    def __init__(self, first: int, fd: int | None) -> None:
        self.first = first
        self._fd = fd

    def release(self) -> None:
        """Let others have the range."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def claim(register: Path, first: int, size: int, memory: Path) -> UserClaim:
    """Claim `size` ids from `first` on, or the next lower block that nobody has.

    `register` is the file through which all processes of the machine agree; `memory` keeps what we had last,
    since runs of then may live on. Where nothing can be claimed the ids asked for are returned, and the log says so.
    """
    wanted = (first, size)
    try:
        fd = os.open(register, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        _log.warning("users.unclaimed", register=str(register), error=str(error))
        return UserClaim(first, None)
    for start in _candidates(wanted, memory):
        if _locked(fd, start, size):
            if start != first:
                _log.info("users.moved", asked=first, first=start, count=size)
            memory.write_text(f"{first} {size} {start}")
            return UserClaim(start, fd)
    os.close(fd)
    _log.warning("users.unclaimed", register=str(register), error="every block is taken")
    return UserClaim(first, None)


def _candidates(wanted: tuple[int, int], memory: Path) -> list[int]:
    first, size = wanted
    blocks = [start for start in (first - step * size for step in range(_BLOCKS)) if start >= _LOWEST]
    try:
        *asked, last = map(int, memory.read_text().split())
    except (OSError, ValueError):
        return blocks or [first]
    return [last, *blocks] if tuple(asked) == wanted else blocks or [first]


def _locked(fd: int, start: int, size: int) -> bool:
    # Locks of an open file, not of a process: a process may hold several claims.
    order = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, start, size, 0)
    try:
        fcntl.fcntl(fd, fcntl.F_OFD_SETLK, order)
    except OSError:
        return False
    return True
