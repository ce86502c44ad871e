"""Follows one attempt's spool: frames in, numbered and masked lines out to the log store and the live bus."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Protocol

from runyard import clock
from runyard.live.bus import Bus
from runyard.runs.logs import Block, LogWriter
from runyard.runs.logs.lines import STDOUT
from runyard.runs.logs.threads import unbroken
from runyard.runs.output import MOST_STAGES, Assembler, last_progress, stages_in

LITTLE = 32 * 1024
"""Bytes that are taken at once, between two events: what nearly every run says in all."""
SLICE = 256 * 1024
STINT_S = 0.02
"""How long one log is written before others have their turn, and readers hear of it."""


class Frames(Protocol):
    """Where frames come from (``runner.SpoolReader``)."""

    def read(self, max_bytes: int = ...) -> Iterable[tuple[int, int, bytes]]:
        """Return the next whole frames as (µs, stream, bytes); none when there is nothing new."""


Progress = Callable[[float, str, datetime], None]


class Follower:
    """Turns what has been spooled into stored lines; lines that are stored already are skipped.

    A little is stored at once. More is taken in a thread, in stints, one log at a time: a script that floods slows
    itself down at most.
    """

    def __init__(
        self,
        frames: Frames,
        assembler: Assembler,
        writer: LogWriter,
        bus: Bus,
        topic: str,
        attempt: int,
        on_progress: Progress,
        turns: asyncio.Semaphore,
        on_stage: Callable[[str, int], None] | None = None,
    ) -> None:
        self._frames = frames
        self._assembler = assembler
        self._writer = writer
        self._bus = bus
        self._topic = topic
        self._attempt = attempt
        self._on_progress = on_progress
        self._turns = turns
        self._on_stage = on_stage
        self._stages: list[tuple[str, int]] = []
        self._stage, self._begun = "", 0
        self._told = writer.written
        self._progress: tuple[float, str, int] | None = None

    async def catch_up(self) -> None:
        """Store all that has been spooled by now."""
        seen = self._step(LITTLE)
        self._tell()
        if not seen or (not self._writer.full and not self._step(LITTLE)):
            return
        more = True
        while more:
            async with self._turns:
                more = await unbroken(self._stint)
            self._tell()

    async def finish(self) -> None:
        """Store what had no newline at the end, and close the book."""
        self._store(list(self._assembler.finish()))
        self._tell()
        if self._writer.is_worth_packing:
            await unbroken(self._writer.seal)

    def _stint(self) -> bool:
        """Store what there is for a while; False when there was nothing left. Runs in a thread."""
        until = clock.monotonic() + STINT_S
        while clock.monotonic() < until:
            if self._writer.full:
                self._writer.seal()
            elif not self._step(SLICE):
                return False
        return True

    def _step(self, most: int) -> bool:
        frames = self._frames.read(most)
        blocks: list[Block] = []
        seen = False
        for at_us, stream, data in frames:
            seen = True
            blocks.extend(self._assembler.feed(at_us, stream, data))
        self._store(blocks)
        return seen

    def _store(self, blocks: list[Block]) -> None:
        if not blocks:
            return
        for block in blocks:
            if block.stream == STDOUT:
                if said := last_progress(block):
                    self._progress = (*said, block.at_us)
                self._note_stages(block)
        self._writer.append(blocks)

    def _note_stages(self, block: Block) -> None:
        # More than the most are not told apart, so a flood of them is no flood of news.
        for name in stages_in(block) if self._begun < MOST_STAGES else ():
            if name != self._stage and self._begun < MOST_STAGES:
                self._stage, self._begun = name, self._begun + 1
                self._stages.append((name, block.at_us))

    def _tell(self) -> None:
        """Say on the bus what is new; of several progress lines the last one counts."""
        begun, self._stages = self._stages, []
        if self._on_stage is not None:
            for name, at_us in begun:
                self._on_stage(name, at_us)
        if self._progress is not None:
            percent, message, at_us = self._progress
            self._progress = None
            self._on_progress(percent, message, clock.from_us(at_us))
        if self._writer.written > self._told:
            self._told = self._writer.written
            self._bus.publish(self._topic, {"type": "log", "attempt": self._attempt, "last": self._told})
