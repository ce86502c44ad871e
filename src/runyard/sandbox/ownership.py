"""Giving trees to a run's user, though an earlier run may have planted links and deep nests in them."""

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from runyard.sandbox.problems import TreeTooDeep

_DEEPEST = 200
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def give(paths: Iterable[Path], owner: int | None) -> None:
    """Make `owner` the user and group of every path and all below it; None does nothing.

    Links are given, never followed. A file of Runyard's own with several names stays as it is, since the others may lie
    outside. Raises OSError, and TreeTooDeep past 200 levels.
    """
    if owner is None:
        return
    for path in paths:
        fd = os.open(path, _DIRECTORY)
        try:
            os.fchown(fd, owner, owner)
            _below(fd, owner, 1, path)
        finally:
            os.close(fd)


def _below(directory: int, owner: int, depth: int, path: Path) -> None:
    if depth > _DEEPEST:
        raise TreeTooDeep(f"{path} is nested more than {_DEEPEST} directories deep.")
    with os.scandir(directory) as entries:
        names = [entry.name for entry in entries]
    for name in names:
        found = os.stat(name, dir_fd=directory, follow_symlinks=False)
        if stat.S_ISDIR(found.st_mode):
            fd = os.open(name, _DIRECTORY, dir_fd=directory)
            try:
                os.fchown(fd, owner, owner)
                _below(fd, owner, depth + 1, path)
            finally:
                os.close(fd)
        elif (found.st_uid, found.st_gid) != (owner, owner) and not (
            found.st_nlink > 1 and found.st_uid == os.geteuid()
        ):
            os.chown(name, owner, owner, dir_fd=directory, follow_symlinks=False)
