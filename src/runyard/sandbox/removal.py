"""Removing what user code has left, however deep, closed or full of links it is."""

import os
import stat
from contextlib import suppress
from itertools import count
from pathlib import Path

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def remove_tree(path: Path | str) -> bool:
    """Remove a directory with all below it, never following a link; whether nothing of it is left.

    A nest of any depth is taken apart from above: its inner directories are moved up until there are none, since
    neither a stack nor a path is long enough for every nest. Nothing may be running that still writes there.
    """
    path = Path(path)
    try:
        parent = os.open(path.parent, _DIRECTORY)
    except OSError:
        return not path.exists()
    try:
        return remove_below(parent, path.name)
    finally:
        os.close(parent)


def remove_below(parent: int, name: str) -> bool:
    """Do the same for the directory `name` in the open directory `parent`."""
    with suppress(OSError):
        _empty(parent, name)
    with suppress(OSError):
        os.rmdir(name, dir_fd=parent)
    try:
        os.stat(name, dir_fd=parent, follow_symlinks=False)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return False


def _empty(parent: int, name: str) -> None:
    top = _opened(parent, name)
    try:
        numbers = count()
        below = _without_files(top)
        while below:
            inner = below.pop()
            directory = _opened(top, inner)
            try:
                for one in _without_files(directory):
                    fresh = f".removed-{next(numbers)}-{os.getpid()}"
                    os.rename(one, fresh, src_dir_fd=directory, dst_dir_fd=top)
                    below.append(fresh)
            finally:
                os.close(directory)
            os.rmdir(inner, dir_fd=top)
    finally:
        os.close(top)


def _opened(parent: int, name: str) -> int:
    """Open a directory that its owner may have closed."""
    try:
        return os.open(name, _DIRECTORY, dir_fd=parent)
    except PermissionError:
        if not stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode):
            raise
        os.chmod(name, 0o700, dir_fd=parent)
        return os.open(name, _DIRECTORY, dir_fd=parent)


def _without_files(directory: int) -> list[str]:
    """Remove everything but directories and return their names."""
    with suppress(OSError):
        # for whoever is not root, a directory must be writable to be emptied
        os.fchmod(directory, 0o700)
    with os.scandir(directory) as entries:
        found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    for name, is_directory in found:
        if not is_directory:
            os.unlink(name, dir_fd=directory)
    return [name for name, is_directory in found if is_directory]
