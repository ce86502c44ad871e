"""The build log of one environment: lines of text with time and stream, numbered from 1.

Builds of the same environment follow one another in it; a build that finds it long starts it afresh.
"""

import contextlib
import os
from collections.abc import Callable
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Self

from msgspec import Struct

from runyard import clock

_AFRESH = 1024 * 1024
_CAP = 8 * 1024 * 1024


class Line(Struct, frozen=True):
    """One line: number, time, stream (``system``, ``stdout``, ``stderr``), text."""

    n: int
    t: datetime
    stream: str
    text: str


class BuildLog:
    """The writing end. `grown` is told the number of the last line after every one.

    A log that can't be written never stops a build.
    """

    def __init__(self, path: Path, grown: Callable[[int], None]) -> None:
        self._path = path
        self._grown = grown
        self._handle = -1
        self._room = _CAP
        self.last = 0

    def __enter__(self) -> Self:
        with contextlib.suppress(OSError):
            if self._path.exists() and self._path.stat().st_size > _AFRESH:
                self._path.unlink()
            self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            with self._path.open("rb") as file:
                self.last = sum(1 for _ in file)
        return self

    def __exit__(self, *_: object) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def say(self, text: str) -> None:
        """Add a note of the platform's own."""
        self.hear("system", text)

    def hear(self, stream: str, text: str) -> None:
        """Add a line that a tool printed."""
        if self._handle < 0 or self._room < 0:
            return
        line = f"{clock.rfc3339(clock.now())} {stream} {text}".replace("\n", " ").replace("\r", " ")
        data = line.encode(errors="replace") + b"\n"
        self._room -= len(data)
        if self._room < 0:
            data = f"{clock.rfc3339(clock.now())} system the build's log is full; more is not kept\n".encode()
        with contextlib.suppress(OSError):
            os.write(self._handle, data)
            self.last += 1
            self._grown(self.last)


def read_log(path: Path, after: int, limit: int) -> list[Line]:
    """Return up to `limit` lines with numbers above `after`; none if there is no log."""
    try:
        with path.open(encoding="utf-8", errors="replace", newline="\n") as file:
            return [_line(n, raw) for n, raw in enumerate(islice(file, after, after + limit), after + 1)]
    except FileNotFoundError:
        return []


def _line(n: int, raw: str) -> Line:
    at, _, rest = raw.rstrip("\n").partition(" ")
    stream, _, text = rest.partition(" ")
    try:
        return Line(n, datetime.fromisoformat(at), stream, text)
    except ValueError:
        # Torn by a crash.
        return Line(n, clock.EPOCH, "system", raw.rstrip("\n"))
