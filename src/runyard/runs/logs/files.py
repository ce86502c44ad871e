"""Logs as files: for each attempt its sealed chunks, their index, and the open chunk.

``<run>/<attempt>.<first line>.open`` is all that a short log has. Once it is full it is compressed to the end of
``<attempt>.chunks``, an entry in ``<attempt>.index`` makes that count, and the next open chunk takes its place.
"""

import os
import shutil
import struct
import zlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from . import rewriting
from .lines import Block
from .reading import Reader, Span, Spans, sealed
from .stretch import Stretch, Unreadable, framed

CHUNK = 256 * 1024
"""Bytes after which an open chunk is full: what is read to get at one line."""
WORTH = 32 * 1024
"""A settled log's last chunk below this is left as it is: packing it would cost more than it gains."""
LEVEL = 1
"""Of zlib: three times as fast as its default, for a seventh more space."""
_ENTRY = struct.Struct(">QQQIIIIQ")
_NEW = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW


class FileLogs:
    """A `LogStore` below one directory."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def writer(self, run_id: str, attempt: int) -> "FileWriter":
        """Open an attempt's log for appending; what a crash has torn at its end is cut off first."""
        return FileWriter(self._root / run_id, attempt)

    def reader(self, run_id: str, attempt: int) -> Reader:
        """Open an attempt's log for reading; one that does not exist reads as empty."""
        return Reader(FileShelf(self._root / run_id, attempt))

    def size(self, run_id: str) -> int:
        """Return how many bytes a run's logs take."""
        total = 0
        with suppress(FileNotFoundError), os.scandir(self._root / run_id) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):
                    total += entry.stat(follow_symlinks=False).st_size
        return total

    def rewrite(self, run_id: str, change: Callable[[bytes], bytes]) -> bool:
        """Put what `change` makes of each stream's lines in their place, all of a run's logs at once.

        Returns whether any changed. It must keep the number of lines; numbers, times and streams stay. Not for a run
        that is still written.
        """
        return rewrite(self._root / run_id, change)

    def delete(self, run_id: str) -> int:
        """Remove every log of a run for good; return how many bytes that freed."""
        freed = self.size(run_id)
        with suppress(FileNotFoundError):
            shutil.rmtree(self._root / run_id)
        return freed


class Entries:
    """The index as it was at one moment, read entry by entry."""

    def __init__(self, index: int, count: int) -> None:
        self._index = index
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, place: int) -> Span:
        at = range(self._count)[place]
        return Span(*_ENTRY.unpack(os.pread(self._index, _ENTRY.size, at * _ENTRY.size))[:7])


class FileShelf:
    """An attempt's files, to read from. They may be made, sealed and removed meanwhile."""

    def __init__(self, folder: Path, attempt: int) -> None:
        self._stem = f"{folder}/{attempt}"
        self._index: int | None = None
        self._chunks: int | None = None
        self._open: tuple[int, int] | None = None

    def spans(self) -> Spans:
        """Return the sealed chunks of which there is an entry; a torn one does not count."""
        if self._index is None:
            try:
                self._index = os.open(f"{self._stem}.index", os.O_RDONLY | os.O_CLOEXEC)
                self._chunks = os.open(f"{self._stem}.chunks", os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                return ()
        return sound(self._index)

    def packed(self, span: Span) -> bytes:
        """Return the bytes of a sealed chunk, or fewer where some are missing."""
        return b"" if self._chunks is None else os.pread(self._chunks, span.packed, span.offset)

    def open_end(self, first: int, offset: int) -> bytes | None:
        """Return the open chunk that begins with line `first`, from `offset` on; None when there is none (any more)."""
        if self._open is None or self._open[0] != first:
            self._drop_open()
            try:
                fd = os.open(f"{self._stem}.{first}.open", os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                return None
            self._open = (first, fd)
        fd = self._open[1]
        return os.pread(fd, max(0, os.fstat(fd).st_size - offset), offset)

    def _drop_open(self) -> None:
        if self._open is not None:
            os.close(self._open[1])
            self._open = None

    def close(self) -> None:
        """Let everything go."""
        self._drop_open()
        for fd in (self._index, self._chunks):
            if fd is not None:
                os.close(fd)
        self._index = self._chunks = None


class FileWriter:
    """The one appender of an attempt's log. A log is made with its first line: many runs say nothing."""

    def __init__(self, folder: Path, attempt: int) -> None:
        self._folder = folder
        self._stem = f"{folder}/{attempt}"
        self.written = 0
        self._size = 0
        self._sealed = 0
        self._packed = 0
        self._open: int | None = None
        self._archive: tuple[int, int] | None = None
        try:
            names = os.listdir(folder)  # noqa: PTH208 - the quickest way to learn that there is nothing
        except FileNotFoundError:
            return
        mine = [name for name in names if name.startswith(f"{attempt}.")]
        if mine:
            self._take_up(mine)

    @property
    def full(self) -> bool:
        """Whether `seal` is due."""
        return self._size >= CHUNK

    @property
    def is_worth_packing(self) -> bool:
        """Whether `seal` gains something once no more comes."""
        return self._size >= WORTH

    def append(self, blocks: Iterable[Block]) -> None:
        """Store what of these blocks is beyond `written`; readers see it from now on."""
        fresh = bytearray()
        last = self.written
        for block in blocks:
            rest = block.beyond(last)
            if rest is not None:
                fresh += framed(rest)
                last = rest.last
        if not fresh:
            return
        _write_all(self._opened(), fresh, self._size)
        self._size += len(fresh)
        self.written = last

    def seal(self) -> None:
        """Compress what is open."""
        if self._size == 0:
            return
        stretch, _used = Stretch.framed(self._sealed + 1, os.pread(self._opened(), self._size, 0))
        raw = stretch.packed()
        packed = zlib.compress(raw, LEVEL)
        chunks, index = self._archived()
        place = (self._packed, stretch.began_us, stretch.count, len(packed), len(raw), zlib.crc32(packed), 0)
        _write_all(chunks, packed, self._packed)
        # From here on the lines are there twice, and readers take them from the chunk.
        _write_all(index, _ENTRY.pack(stretch.first, *place), os.fstat(index).st_size)
        self._drop_open()
        os.unlink(self._name(stretch.first))  # noqa: PTH108 - a text is at hand
        self._packed += len(packed)
        self._sealed = stretch.last
        self._size = 0

    def close(self) -> None:
        """Close the files."""
        self._drop_open()
        for fd in self._archive or ():
            os.close(fd)
        self._archive = None

    def _take_up(self, names: list[str]) -> None:
        """Go on where a crash has left off: after the last line that can be read."""
        if any(name.endswith(".index") for name in names):
            chunks, index = self._archived()
            spans = sound(index)
            whole = len(spans)
            while whole and not _is_readable(chunks, spans[whole - 1]):
                whole -= 1
            self._sealed = spans[whole - 1].last if whole else 0
            self._packed = spans[whole - 1].offset + spans[whole - 1].packed if whole else 0
            os.ftruncate(index, whole * _ENTRY.size)
            os.ftruncate(chunks, self._packed)
        self.written = self._sealed
        current = Path(self._name(self._sealed + 1))
        for name in names:
            if name.endswith(".open") and name != current.name:
                # Sealed before the crash, or after what has been cut off.
                os.unlink(self._folder / name)  # noqa: PTH108
        if current.name in names:
            fd = self._opened()
            stretch, self._size = Stretch.framed(self._sealed + 1, os.pread(fd, os.fstat(fd).st_size, 0))
            os.ftruncate(fd, self._size)
            self.written = stretch.last

    def _name(self, first: int) -> str:
        return f"{self._stem}.{first}.open"

    def _opened(self) -> int:
        if self._open is None:
            name = self._name(self._sealed + 1)
            try:
                self._open = os.open(name, _NEW, 0o600)
            except FileNotFoundError:
                os.makedirs(self._folder, 0o700, exist_ok=True)  # noqa: PTH103
                self._open = os.open(name, _NEW, 0o600)
        return self._open

    def _archived(self) -> tuple[int, int]:
        if self._archive is None:
            chunks = os.open(f"{self._stem}.chunks", _NEW, 0o600)
            self._archive = chunks, os.open(f"{self._stem}.index", _NEW, 0o600)
        return self._archive

    def _drop_open(self) -> None:
        if self._open is not None:
            os.close(self._open)
            self._open = None


def rewrite(folder: Path, change: Callable[[bytes], bytes]) -> bool:
    """Change what a run's logs say (see `LogStore.rewrite`)."""
    attempts = rewriting.attempts_in(folder)
    affected = set()
    for attempt in attempts:
        with Reader(FileShelf(folder, attempt)) as reader:
            if rewriting.differs(reader, change):
                affected.add(attempt)
    if not affected:
        return False
    beside = folder.with_name(f"{folder.name}{rewriting.BESIDE}")
    rewriting.clear(beside)
    beside.mkdir(0o700)
    try:
        for entry in folder.iterdir():
            if not entry.name.split(".")[0].isdigit() or int(entry.name.split(".")[0]) not in affected:
                os.link(entry, beside / entry.name)
        for attempt in sorted(affected):
            _written_anew(folder, beside, attempt, change)
        rewriting.exchange(beside, folder)
    finally:
        rewriting.clear(beside)
    return True


def _written_anew(folder: Path, beside: Path, attempt: int, change: Callable[[bytes], bytes]) -> None:
    writer = FileWriter(beside, attempt)
    try:
        with Reader(FileShelf(folder, attempt)) as reader:
            for blocks in rewriting.blocks_of(reader, change):
                writer.append(blocks)
                if writer.full:
                    writer.seal()
        if writer.is_worth_packing:
            writer.seal()
    finally:
        writer.close()


def sound(index: int) -> Entries:
    """Return the entries of an index up to the last that a crash has not spoilt."""
    spans = Entries(index, os.fstat(index).st_size // _ENTRY.size)
    whole = len(spans)
    # A machine that went down may leave zeros where an entry was to be.
    while whole and spans[whole - 1].total == 0:
        whole -= 1
    return spans if whole == len(spans) else Entries(index, whole)


def _is_readable(chunks: int, span: Span) -> bool:
    try:
        sealed(os.pread(chunks, span.packed, span.offset), span)
    except Unreadable:
        return False
    return True


def _write_all(fd: int, data: bytes | bytearray, at: int) -> None:
    """Write at a place, all of it or nothing."""
    view = memoryview(data)
    done = 0
    try:
        while done < len(view):
            done += os.pwrite(fd, view[done:], at + done)
    except OSError:
        with suppress(OSError):
            os.ftruncate(fd, at)
        raise
