"""From what a shim recorded to numbered, masked lines: pure, and the same however the output was chunked.

The same frames always give the same lines, so an agent that re-attaches can replay a spool from its start and skip
what it has already stored.
"""

import re
from collections.abc import Callable, Iterator
from typing import Protocol

from runyard.runs.logs import Line

MOST_MESSAGE = 500
STREAMS = {1: "stdout", 2: "stderr", 3: "system"}
# In UTF-8 a letter takes up to four bytes; those after the first look like 10xxxxxx.
_LONGEST_LETTER, _CONTINUES = 4, 0x80
_PROGRESS = re.compile(r"^::progress\s+(\d+(?:\.\d+)?)%?(?:\s+(.*))?$")


class Mask(Protocol):
    """A streaming masker: bytes in, bytes out, some held back until it is sure."""

    def feed(self, data: bytes) -> bytes:
        """Take bytes and return what can be shown already."""

    def flush(self) -> bytes:
        """Return what was held back."""


def progress_of(text: str) -> tuple[float, str] | None:
    """Return (percent 0-100, message) for a line ``::progress 40 message``, None for any other line."""
    found = _PROGRESS.match(text) if text.startswith("::progress") else None
    if found is None:
        return None
    message = "".join(letter if letter.isprintable() else " " for letter in found[2] or "")
    return min(100.0, float(found[1])), message.strip()[:MOST_MESSAGE]


class Assembler:
    """Turns frames into lines: masks each stream, cuts at newlines and at `line_cap` bytes, numbers across streams."""

    def __init__(self, mask: Callable[[], Mask], line_cap: int) -> None:
        self._masks = {number: mask() for number in STREAMS}
        self._rest = dict.fromkeys(STREAMS, b"")
        self._last = dict.fromkeys(STREAMS, 0)
        self._cap = line_cap
        self.n = 0

    def feed(self, at_us: int, stream: int, data: bytes) -> Iterator[Line]:
        """Take one frame and yield the lines that it completes."""
        self._last[stream] = at_us
        yield from self._cut(at_us, stream, self._masks[stream].feed(data))

    def finish(self) -> Iterator[Line]:
        """Yield the unfinished last line of each stream."""
        for stream in STREAMS:
            at_us = self._last[stream]
            yield from self._cut(at_us, stream, self._masks[stream].flush())
            if self._rest[stream]:
                yield self._line(at_us, stream, self._rest[stream])
                self._rest[stream] = b""

    def _cut(self, at_us: int, stream: int, data: bytes) -> Iterator[Line]:
        if not data:
            return
        pieces = (self._rest[stream] + data).split(b"\n")
        rest = pieces.pop()
        for piece in pieces:
            # What stood in the buffer may already be longer than a line may be.
            for part in self._parts(piece):
                yield self._line(at_us, stream, part)
        while len(rest) > self._cap:
            place = self._place(rest)
            yield self._line(at_us, stream, rest[:place])
            rest = rest[place:]
        self._rest[stream] = rest

    def _parts(self, piece: bytes) -> Iterator[bytes]:
        while len(piece) > self._cap:
            place = self._place(piece)
            yield piece[:place]
            piece = piece[place:]
        yield piece

    def _place(self, piece: bytes) -> int:
        """Return where a line that is too long is cut: at the cap, or just before a letter that stands across it."""
        for back in range(min(_LONGEST_LETTER, self._cap)):
            if piece[self._cap - back] & 0xC0 != _CONTINUES:
                return self._cap - back
        return self._cap

    def _line(self, at_us: int, stream: int, raw: bytes) -> Line:
        self.n += 1
        return Line(self.n, at_us, STREAMS[stream], raw.removesuffix(b"\r").decode("utf-8", "replace"))
