"""The agent's side of the spool: what a shim left there, and whether it still lives."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from .claim import boot_id, process_start, publish
from .protocol import (
    EXIT_FILE,
    FRAME_HEADER,
    MAX_PAYLOAD,
    OUTPUT_FILE,
    SHIM_FILE,
    STDERR,
    STDOUT,
    SYSTEM,
    ForeignMessage,
    decode,
)
from .spec import Exit, Frame, SpoolDamaged

if TYPE_CHECKING:
    from types import TracebackType

_MAX_RECORD = 1 << 20


def _record(spool: str | os.PathLike[str], name: str) -> dict[str, Any] | None:
    """A small JSON file of the spool; None when it is not there. SpoolDamaged when it is unreadable."""
    path = Path(spool) / name
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as refused:
        raise SpoolDamaged(f"{path}: {refused.strerror}") from None
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise SpoolDamaged(f"{path} is not a file")
        text = os.read(fd, min(os.fstat(fd).st_size, _MAX_RECORD))
    finally:
        os.close(fd)
    try:
        return decode(text)
    except ForeignMessage as foreign:
        raise SpoolDamaged(f"{path}: {foreign}") from None


def read_exit(spool: str | os.PathLike[str]) -> Exit | None:
    """How the attempt ended, or None while it has not. SpoolDamaged when the record is unreadable."""
    document = _record(spool, EXIT_FILE)
    if document is None:
        return None
    try:
        return Exit.from_wire(document)
    except (KeyError, TypeError, AttributeError) as missing:
        raise SpoolDamaged(f"{Path(spool) / EXIT_FILE}: {missing!r}") from None


def read_shim(spool: str | os.PathLike[str]) -> dict[str, Any] | None:
    """What the owner of the attempt published, or None; a dead attempt has `claimed` instead of a `pid`."""
    try:
        return _record(spool, SHIM_FILE)
    except SpoolDamaged:
        # after a crash of the host the file may be empty; whoever wrote it is dead
        return {}


def shim_alive(spool: str | os.PathLike[str]) -> bool:
    """Whether the very shim that took this attempt is a live process of this boot, and still at it."""
    if os.path.lexists(os.path.join(spool, EXIT_FILE)):  # noqa: PTH118 - for every look
        # it may be at another attempt by now
        return False
    shim = read_shim(spool)
    if not shim or not isinstance(shim.get("pid"), int):
        return False
    start = process_start(shim["pid"])
    return start is not None and start == shim.get("start_time") and shim.get("boot_id") == boot_id()


def claim_unstarted(spool: str | os.PathLike[str]) -> bool:
    """Declare the attempt dead unless a shim has it; True when it is now certain that it will never run.

    Exactly one of a shim and an agent wins, whatever the timing. False also when it was declared dead before.
    """
    fd = os.open(spool, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        return publish({"claimed": True, "boot_id": boot_id()}, dir_fd=fd)
    finally:
        os.close(fd)


class SpoolReader:
    """Reads the frames of an attempt's output from `offset` on, while it may still be growing."""

    def __init__(self, spool: str | os.PathLike[str], offset: int = 0) -> None:
        self._path = Path(spool) / OUTPUT_FILE
        self._fd: int | None = None
        self.offset = offset

    def read(self, max_bytes: int = 1 << 20) -> list[Frame]:
        """The next whole frames, about `max_bytes` of them; none when there is nothing whole yet.

        A torn last frame is left for later. SpoolDamaged when no frame can start at `offset`.
        """
        if self._fd is None and not self._open():
            return []
        assert self._fd is not None  # noqa: S101 - for the type checker
        data = os.pread(self._fd, max(max_bytes, FRAME_HEADER.size), self.offset)
        frames, used, wanted = self._cut(data)
        if not frames and wanted > len(data) >= max_bytes:
            frames, used, _ = self._cut(os.pread(self._fd, wanted, self.offset))
        self.offset += used
        return frames

    def _cut(self, data: bytes) -> tuple[list[Frame], int, int]:
        """Frames in `data`, the bytes they took, and the bytes that the first unfinished one would need."""
        frames: list[Frame] = []
        at, head = 0, FRAME_HEADER.size
        while at + head <= len(data):
            at_us, stream, length = FRAME_HEADER.unpack_from(data, at)
            if length > MAX_PAYLOAD or stream not in (STDOUT, STDERR, SYSTEM):
                raise SpoolDamaged(f"{self._path}: no frame at byte {self.offset + at}")
            if at + head + length > len(data):
                return frames, at, head + length
            frames.append(Frame(at_us, stream, data[at + head : at + head + length]))
            at += head + length
        return frames, at, head

    def _open(self) -> bool:
        try:
            fd = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        except OSError as refused:
            raise SpoolDamaged(f"{self._path}: {refused.strerror}") from None
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            os.close(fd)
            raise SpoolDamaged(f"{self._path} is not a file")
        self._fd = fd
        return True

    def close(self) -> None:
        """Let the file go."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        with suppress(OSError, AttributeError):
            self.close()
