"""Whether another, unprivileged user can get at a path, read from modes alone."""

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

Stat = Callable[[Path], os.stat_result]

_LINKS = 40


def closed_part(path: Path, *, leaf: bool = True, look: Stat = os.lstat) -> str:
    """Return why others can't use `path`, or an empty string if they can.

    Follows links step by step, since every directory on the way to every target must be passable. Directories need
    ``x``, the leaf ``r`` (and ``x`` if it is a directory or a program); ``leaf=False`` looks at the way only.
    Access control lists are not read: a refusal by mode counts even where a list would allow.
    """
    try:
        for step, mode, last in _steps(path, look):
            if last and not leaf:
                return ""
            if stat.S_ISDIR(mode):
                needed = stat.S_IXOTH | (stat.S_IROTH if last else 0)
            else:
                needed = stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0)
            if mode & needed != needed:
                return f"{step} is closed to other users (mode {stat.S_IMODE(mode):04o})"
    except OSError as error:
        return f"{error.filename or path}: {error.strerror}"
    return ""


def closed_leaf(path: Path, *, look: Stat = os.stat) -> str:
    """Return why others can't read `path` once they stand before it, or an empty string."""
    try:
        mode = look(path).st_mode
    except OSError as error:
        return f"{path}: {error.strerror}"
    needed = stat.S_IROTH | (stat.S_IXOTH if stat.S_ISDIR(mode) else 0)
    return "" if mode & needed == needed else f"{path} is closed to other users (mode {stat.S_IMODE(mode):04o})"


def _steps(path: Path, look: Stat) -> Iterator[tuple[Path, int, bool]]:
    """Yield every directory and at last the leaf on the way to `path`, links resolved, with their modes."""
    waiting = list(reversed(path.parts[1:]))
    here = Path("/")
    links = 0
    yield here, look(here).st_mode, not waiting
    while waiting:
        part = waiting.pop()
        if part == "..":
            here = here.parent
            continue
        mode = look(here / part).st_mode
        if stat.S_ISLNK(mode):
            links += 1
            if links > _LINKS:
                raise OSError(0, "too many links", str(path))
            target = (here / part).readlink()
            if target.is_absolute():
                here = Path("/")
                waiting.extend(reversed(target.parts[1:]))
            else:
                waiting.extend(reversed(target.parts))
            continue
        here = here / part
        yield here, mode, not waiting
