"""Follows one attempt's spool: frames in, numbered and masked lines out to the log store and the live bus."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Protocol

from runyard import clock
from runyard.live.bus import Bus
from runyard.runs.logs import Line, LogWriter
from runyard.runs.output import Assembler, progress_of

SLICE = 256 * 1024


class Frames(Protocol):
    """Where frames come from (``runner.SpoolReader``)."""

    def read(self, max_bytes: int = ...) -> Iterable[tuple[int, int, bytes]]:
        """Return the next whole frames as (µs, stream, bytes); none when there is nothing new."""


Progress = Callable[[float, str, datetime], None]


class Follower:
    """Turns what has been spooled since the last step into stored lines; lines that are stored already are skipped."""

    def __init__(
        self,
        frames: Frames,
        assembler: Assembler,
        writer: LogWriter,
        bus: Bus,
        topic: str,
        attempt: int,
        on_progress: Progress,
    ) -> None:
        self._frames = frames
        self._assembler = assembler
        self._writer = writer
        self._bus = bus
        self._topic = topic
        self._attempt = attempt
        self._on_progress = on_progress

    @property
    def last(self) -> int:
        """Number of the last stored line."""
        return self._writer.written

    def step(self) -> bool:
        """Take up to `SLICE` bytes; False when there was nothing. Call again after a breath until it says so."""
        frames = self._frames.read(SLICE)
        lines: list[Line] = []
        seen = False
        for at_us, stream, data in frames:
            seen = True
            lines.extend(self._assembler.feed(at_us, stream, data))
        self._store(lines)
        return seen

    def finish(self) -> None:
        """Store what had no newline at the end."""
        self._store(list(self._assembler.finish()))

    def _store(self, lines: list[Line]) -> None:
        if not lines:
            return
        for line in lines:
            if line.stream == "stdout" and (said := progress_of(line.text)):
                self._on_progress(*said, clock.from_us(line.at_us))
        fresh = [line for line in lines if line.n > self._writer.written]
        if fresh:
            self._writer.append(fresh)
            message = {"type": "log", "attempt": self._attempt, "last": self._writer.written}
            self._bus.publish(self._topic, message)
