"""Directories made ahead of time: one rename takes what would otherwise be made while a run waits for its start."""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from runyard import ids
from runyard.sandbox.removal import remove_tree

_PARTS = (("", 0o711), ("1", 0o711), ("1/files", 0o700), ("1/code", 0o755), ("1/io", 0o700))


class Spares:
    """A run's directory with its first attempt's, and a spool: at the most one of each lies ready below ``.spare``.

    They have the modes that `Workspaces.prepare` gives, hold nothing, and belong to the process that made them.
    """

    def __init__(self, work: Path) -> None:
        self._home = work / ".spare"
        self._run = self._spool = ""

    def restock(self) -> None:
        """Begin afresh: what an earlier life of this worker has left is removed."""
        remove_tree(self._home)
        self._run = self._spool = ""
        self.stock()

    def stock(self) -> None:
        """Make what was taken; where that fails, whoever needs it makes it, and says what is wrong."""
        with suppress(OSError):
            self._run = self._run or self._made(_PARTS)
            self._spool = self._spool or self._made((("", 0o700),))

    def _made(self, parts: Iterable[tuple[str, int]]) -> str:
        # Strings and calls of the system: this is done for every run.
        os.makedirs(self._home, mode=0o700, exist_ok=True)  # noqa: PTH103
        path = f"{self._home}/{ids.new('spare')}"
        for part, mode in parts:
            folder = f"{path}/{part}"
            os.mkdir(folder, mode)  # noqa: PTH102
            # The mode has passed through the umask; the run's own user must be able to walk in.
            os.chmod(folder, mode)  # noqa: PTH101
        return path

    def take_run(self, run: Path) -> bool:
        """Put a run's directory in place; False if none is ready, or one with something in it is there."""
        if not _moved(self._run, run):
            return False
        self._run = ""
        return True

    def take_spool(self, spool: Path) -> None:
        """Put an attempt's spool in place; raise `FileExistsError` if there is one."""
        if spool.exists() or not _moved(self._spool, spool):
            spool.mkdir(mode=0o700)
        else:
            self._spool = ""


def _moved(path: str, place: Path) -> bool:
    if not path:
        return False
    # The place is taken, or somebody has cleared the spares away.
    with suppress(OSError):
        os.rename(path, place)  # noqa: PTH104
        return True
    return False
