"""From what a shim recorded to numbered, masked lines: pure, and the same however the output was chunked.

The same frames always give the same lines, so an agent that re-attaches can replay a spool from its start and skip
what it has already stored.
"""

import re
from collections.abc import Callable, Iterator
from typing import Protocol

from runyard import clock
from runyard.runs.logs.lines import STREAMS, SYSTEM, Block

MOST_MESSAGE = 500
# In UTF-8 a letter takes up to four bytes; those after the first look like 10xxxxxx.
_LONGEST_LETTER, _CONTINUES = 4, 0x80
_PROGRESS = re.compile(r"^::progress\s+(\d+(?:\.\d+)?)%?(?:\s+(.*))?$")
_PROGRESS_SIGN = b"::progress"
_STAGE = re.compile(r"^::stage\s+(\S.*)$")
_STAGE_SIGN = b"::stage"
MOST_STAGE, MOST_STAGES = 100, 50
_CAP_NOTICE = b"output limit of "
_MASKED = b"***"


class Mask(Protocol):
    """A streaming masker: bytes in, bytes out, some held back until it is sure."""

    @property
    def held(self) -> int:
        """How many bytes are held back."""

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


def last_progress(block: Block) -> tuple[float, str] | None:
    """Return what the last progress line of a block says; None when it has none."""
    if _PROGRESS_SIGN in block.data:
        for raw in reversed(block.data.split(b"\n")):
            if said := progress_of(raw.decode("utf-8", "replace")):
                return said
    return None


def stages_in(block: Block) -> list[str]:
    """Return the names in a block's lines ``::stage Load the data``, in order."""
    if _STAGE_SIGN not in block.data:
        return []
    lines = (raw.decode("utf-8", "replace").removesuffix("\r") for raw in block.data.split(b"\n"))
    return [name for line in lines if (name := stage_of(line))]


def stage_of(text: str) -> str | None:
    """Return the name in a line ``::stage Load the data``, None for any other line."""
    found = _STAGE.match(text)
    if found is None:
        return None
    name = "".join(letter if letter.isprintable() else " " for letter in found[1]).strip()
    return name[:MOST_STAGE] or None


class Stages:
    """The parts of a run's work so far: one begins where the one before ends. At most `MOST_STAGES` are told apart."""

    def __init__(self) -> None:
        self._begun: list[tuple[str, int]] = []

    def begin(self, name: str, at_us: int) -> None:
        """Begin a part; the one that is going on is not begun again."""
        if (self._begun and self._begun[-1][0] == name) or len(self._begun) >= MOST_STAGES:
            return
        self._begun.append((name, at_us))

    def told(self, ended_us: int | None = None) -> list[dict[str, str | None]]:
        """Return the parts as progress tells them; `ended_us` is the end of the last one, if it has ended."""
        ends: list[int | None] = [*(at_us for _, at_us in self._begun[1:]), ended_us]
        return [
            {"name": name, "started_at": _instant(at_us), "finished_at": None if end is None else _instant(end)}
            for (name, at_us), end in zip(self._begun, ends, strict=False)
        ]


def _instant(at_us: int) -> str:
    return clock.rfc3339(clock.from_us(at_us))


class Assembler:
    """Turns frames into lines: masks each stream, cuts at newlines and at `line_cap` bytes, numbers across streams."""

    def __init__(self, mask: Callable[[], Mask], line_cap: int) -> None:
        self._masks = {number: mask() for number in STREAMS}
        self._rest = {number: bytearray() for number in STREAMS}
        self._last = dict.fromkeys(STREAMS, 0)
        self._cap = line_cap
        self.n = 0

    def feed(self, at_us: int, stream: int, data: bytes) -> Iterator[Block]:
        """Take one frame and yield the lines that it completes."""
        if stream == SYSTEM and data.startswith(_CAP_NOTICE):
            yield from self._cut_off()
        self._last[stream] = at_us
        yield from self._whole(at_us, stream, self._masks[stream].feed(data))

    def finish(self) -> Iterator[Block]:
        """Yield the unfinished last line of each stream."""
        for stream in STREAMS:
            yield from self._end(stream, self._masks[stream].flush())

    def _cut_off(self) -> Iterator[Block]:
        """Yield the unfinished lines, of which nothing more is kept: they come before the notice that says so.

        What is held back may be most of a secret, so none of it is shown.
        """
        for stream in STREAMS:
            mask = self._masks[stream]
            held = mask.held
            mask.flush()
            yield from self._end(stream, _MASKED if held else b"")

    def _end(self, stream: int, data: bytes) -> Iterator[Block]:
        at_us = self._last[stream]
        yield from self._whole(at_us, stream, data)
        if self._rest[stream]:
            yield self._block(at_us, stream, bytes(self._rest[stream]) + b"\n")
            self._rest[stream].clear()

    def _whole(self, at_us: int, stream: int, data: bytes) -> Iterator[Block]:
        if not data:
            return
        rest = self._rest[stream]
        end = data.rfind(b"\n") + 1
        lines = b""
        if end:
            lines = bytes(rest) + data[:end] if rest else data[:end]
            rest.clear()
            data = data[end:]
            # What stood in the buffer may already be longer than a line may be.
            if len(lines) > self._cap and max(map(len, lines.split(b"\n"))) > self._cap:
                lines = self._broken(lines)
        rest += data
        if len(rest) > self._cap:
            parts = [lines]
            while len(rest) > self._cap:
                place = self._place(rest)
                parts += (bytes(rest[:place]), b"\n")
                del rest[:place]
            lines = b"".join(parts)
        if lines:
            yield self._block(at_us, stream, lines)

    def _broken(self, lines: bytes) -> bytes:
        """Return lines of which none is longer than one may be."""
        parts = []
        for piece in lines.split(b"\n")[:-1]:
            while len(piece) > self._cap:
                place = self._place(piece)
                parts.append(piece[:place])
                piece = piece[place:]  # noqa: PLW2901 - what is left of it
            parts.append(piece)
        return b"\n".join(parts) + b"\n"

    def _place(self, piece: bytes | bytearray) -> int:
        """Return where a line that is too long is cut: at the cap, or just before a letter that stands across it."""
        for back in range(min(_LONGEST_LETTER, self._cap)):
            if piece[self._cap - back] & 0xC0 != _CONTINUES:
                return self._cap - back
        return self._cap

    def _block(self, at_us: int, stream: int, lines: bytes) -> Block:
        if b"\r" in lines:
            lines = lines.replace(b"\r\n", b"\n")
        first = self.n + 1
        total = lines.count(b"\n")
        self.n += total
        return Block(first, at_us, stream, total, lines)
