r"""The log store: numbered lines of an attempt, appended while it runs, read by number from anywhere.

On disk ``logs/<run>/<attempt>.log`` holds one line per line, ``<µs> <o|e|s> <text>\n``, and ``.idx`` beside it one
16-byte entry (first line number, byte offset) about every 64 KiB, so that a tail or a jump reads one block whatever
the log's size. Writers append only; readers need no lock and no writer.
"""

import bisect
import os
import shutil
import struct
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Self

_ENTRY = struct.Struct(">QQ")
_STRIDE = 64 * 1024
_READ = 256 * 1024
_MARKS = {"stdout": b"o", "stderr": b"e", "system": b"s"}
_NAMES = {mark[0]: name for name, mark in _MARKS.items()}


@dataclass(frozen=True, slots=True)
class Line:
    """One line: number from 1, µs since 1970 of its printing, stream name, text without its newline."""

    n: int
    at_us: int
    stream: str
    text: str


@dataclass(frozen=True, slots=True)
class Found:
    """Result of a search: matching lines, the last line number looked at, and how many lines there are."""

    hits: tuple[Line, ...]
    scanned: int
    total: int


class LogStore:
    """Logs of all attempts below one directory."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def path(self, run_id: str, attempt: int) -> Path:
        """Return where an attempt's lines lie."""
        return self._root / run_id / f"{attempt}.log"

    def writer(self, run_id: str, attempt: int) -> "LogWriter":
        """Open an attempt's log for appending; a torn last line is cut off first."""
        return LogWriter.open(self.path(run_id, attempt))

    def reader(self, run_id: str, attempt: int) -> "LogReader":
        """Open an attempt's log for reading; one that does not exist reads as empty."""
        return LogReader.open(self.path(run_id, attempt))

    def delete(self, run_id: str) -> None:
        """Remove every log of a run."""
        shutil.rmtree(self._root / run_id, ignore_errors=True)


class LogWriter:
    """The one appender of an attempt's log."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines: BinaryIO | None = None
        self._index: BinaryIO | None = None
        self.written = 0
        self._size = 0
        self._marked = -_STRIDE

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open for appending after the last whole line; `written` says how many there are.

        A log that is not there yet is made with its first line: many runs say nothing.
        """
        writer = cls(path)
        if path.exists():
            writer._open()
        return writer

    def _open(self) -> tuple[BinaryIO, BinaryIO]:
        path = self._path
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lines = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+b", buffering=0)
        index_fd = os.open(path.with_suffix(".idx"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        index = os.fdopen(index_fd, "r+b", buffering=0)
        with LogReader.open(path) as reader:
            written, size, entries = reader.whole()
        lines.truncate(size)
        lines.seek(size)
        index.truncate(len(entries) * _ENTRY.size)
        index.seek(0, os.SEEK_END)
        self.written, self._size = written, size
        self._marked = entries[-1][1] if entries else -_STRIDE
        self._lines, self._index = lines, index
        return lines, index

    def append(self, lines: Iterable[Line]) -> None:
        """Append lines numbered from ``written + 1`` on; index entries follow the bytes that they point at."""
        file, index = (self._lines, self._index) if self._lines and self._index else self._open()
        chunk = bytearray()
        marks = bytearray()
        for line in lines:
            here = self._size + len(chunk)
            if here - self._marked >= _STRIDE:
                marks += _ENTRY.pack(line.n, here)
                self._marked = here
            chunk += b"%d %s %s\n" % (line.at_us, _MARKS[line.stream], line.text.encode("utf-8", "replace"))
            self.written = line.n
        _write_all(file, chunk)
        self._size += len(chunk)
        if marks:
            _write_all(index, marks)

    def close(self) -> None:
        """Close the files."""
        for file in (self._lines, self._index):
            if file is not None:
                file.close()


class LogReader:
    """Reads lines by number: memory and time do not grow with the log."""

    def __init__(self, lines: BinaryIO | None, entries: list[tuple[int, int]]) -> None:
        self._lines = lines
        self._entries = entries

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open what is there now."""
        try:
            lines = path.open("rb", buffering=0)
        except FileNotFoundError:
            return cls(None, [])
        size = os.fstat(lines.fileno()).st_size
        try:
            raw = path.with_suffix(".idx").read_bytes()
        except FileNotFoundError:
            raw = b""
        whole = len(raw) // _ENTRY.size * _ENTRY.size
        return cls(lines, _sound(_ENTRY.iter_unpack(raw[:whole]), size))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        if self._lines is not None:
            self._lines.close()

    def whole(self) -> tuple[int, int, list[tuple[int, int]]]:
        """Return how many whole lines there are, the bytes they take, and the index entries that hold."""
        n, at = self._entries[-1] if self._entries else (1, 0)
        count, size = n - 1, at
        for raw in self._raw_from(at):
            count += 1
            size += len(raw)
        return count, size, self._entries

    @property
    def total(self) -> int:
        """How many whole lines there are now; reads at most one block."""
        return self.whole()[0]

    def after(self, n: int, limit: int) -> list[Line]:
        """Return up to `limit` lines with numbers above `n`."""
        return list(islice(self._from(n + 1), limit))

    def sifted(self, streams: Container[str], after: int, limit: int, budget: int) -> Found:
        """Find lines above `after` of some streams; stop at `limit` of them or at `budget` bytes read."""
        hits: list[Line] = []
        scanned = after
        spent = 0
        for line in self._from(after + 1):
            scanned = line.n
            spent += len(line.text) + 20
            if line.stream in streams:
                hits.append(line)
            if len(hits) >= limit or spent >= budget:
                break
        return Found(tuple(hits), scanned, self.total)

    def tail(self, count: int) -> list[Line]:
        """Return the last `count` lines."""
        return self.after(max(0, self.total - count), count)

    def all(self) -> Iterator[Line]:
        """Yield every line in order, reading as it goes."""
        yield from self._from(1)

    def search(self, text: str, after: int, limit: int, budget: int) -> Found:
        """Find lines above `after` that contain `text`, ignoring case; stop at `limit` hits or `budget` bytes read."""
        needle = text.casefold()
        hits: list[Line] = []
        scanned = after
        spent = 0
        for line in self._from(after + 1):
            scanned = line.n
            spent += len(line.text) + 20
            if needle in line.text.casefold():
                hits.append(line)
            if len(hits) >= limit or spent >= budget:
                break
        return Found(tuple(hits), scanned, self.total)

    def _from(self, n: int) -> Iterator[Line]:
        place = bisect.bisect_right(self._entries, (n, 1 << 63)) - 1
        number, at = self._entries[place] if place >= 0 else (1, 0)
        for raw in self._raw_from(at):
            if number >= n:
                stamp, _, rest = raw.partition(b" ")
                text = rest[2:-1].decode("utf-8", "replace")
                yield Line(number, int(stamp), _NAMES[rest[0]], text)
            number += 1

    def _raw_from(self, at: int) -> Iterator[bytes]:
        if self._lines is None:
            return
        self._lines.seek(at)
        rest = b""
        while chunk := self._lines.read(_READ):
            pieces = (rest + chunk).split(b"\n")
            rest = pieces.pop()
            for piece in pieces:
                yield piece + b"\n"


def _sound(entries: Iterable[tuple[int, int]], size: int) -> list[tuple[int, int]]:
    """Return the index entries up to the first that a crash has spoilt; one past the end points at bytes it took."""
    found: list[tuple[int, int]] = []
    for n, at in entries:
        follows = n > found[-1][0] and at > found[-1][1] if found else n >= 1 and (n == 1) == (at == 0)
        if at >= size or not follows:
            break
        found.append((n, at))
    return found


def _write_all(file: BinaryIO, data: bytes | bytearray) -> None:
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]
