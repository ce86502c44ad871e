"""Clearing the machine's temporary directories of what a run's own user has left there."""

import os
from collections.abc import Iterable
from contextlib import suppress

from runyard.sandbox.removal import remove_below


def remove(directories: Iterable[str], owner: int) -> None:
    """Remove everything directly in `directories` that belongs to the user `owner`, with all below it.

    The user must have no processes any more: its id is lent to another run, which must not find any of this.
    """
    for directory in directories:
        with suppress(OSError):
            fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                _below(fd, owner)
            finally:
                os.close(fd)


def _below(directory: int, owner: int) -> None:
    with os.scandir(directory) as entries:
        found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries if _is_of(entry, owner)]
    for name, is_folder in found:
        with suppress(OSError):
            if is_folder:
                remove_below(directory, name)
            else:
                os.unlink(name, dir_fd=directory)


def _is_of(entry: os.DirEntry[str], owner: int) -> bool:
    try:
        return entry.stat(follow_symlinks=False).st_uid == owner
    except OSError:
        return False
