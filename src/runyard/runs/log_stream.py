"""Following a run's log: its lines and states as server-sent events, until its end."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from runyard import clock
from runyard.db.session import Database
from runyard.live.bus import CLOSING, Bus, Subscription
from runyard.runs import log_answers, records
from runyard.runs.lifecycle import TERMINAL, State
from runyard.runs.logs import LogReader
from runyard.runs.logs.threads import unbroken
from runyard.runs.service import RunService

BREATH_S = 15.0
BATCH = 1000
BATCH_BYTES = 256 * 1024
PAUSE_S = 0.02
"""Between two full batches: so one reader takes at most 50,000 lines, or some 12 MB, of a second."""
KEPT = 200
SKIP_PAUSE_S = 0.2


@dataclass
class Place:
    """How far a reader is, and what it is sent next."""

    reader: LogReader
    attempt: int
    after: int
    behind: int | None

    def next(self) -> tuple[str, float]:
        """Return the next events, and how long to wait before more of them; 0 at the end. Reads files."""
        pause = PAUSE_S
        told = ""
        if self.behind is not None:
            total = self.reader.total
            if total - self.after > self.behind:
                skipped = {"from": self.after + 1, "to": total - KEPT, "count": total - KEPT - self.after}
                told = log_answers.event("skipped", skipped)
                self.after = total - KEPT
                pause = SKIP_PAUSE_S
        lines = self.reader.after(self.after, BATCH, BATCH_BYTES)
        if lines:
            self.after = lines[-1].n
        return told + log_answers.events(lines), 0.0 if self.after >= self.reader.total else pause


async def follow(  # noqa: C901, PLR0912 - one loop, in the order in which a reader hears of things
    runs: RunService,
    database: Database,
    bus: Bus,
    run_id: str,
    attempt: int | None,
    after: int,
    behind: int | None = None,
) -> AsyncIterator[str]:
    """Yield events. With `behind`, a reader that is more than so many lines behind is sent only the last ones."""
    place: Place | None = None
    try:
        with bus.subscribe(f"run:{run_id}") as news:
            told: tuple[str, int] | None = None
            row: Any = None
            heard = "log"
            while True:
                if row is None:
                    row = await database.look(lambda connection: records.glimpse(connection, run_id))
                    if row is None:
                        return
                    if told != (row.state, row.attempt):
                        told = (row.state, row.attempt)
                        yield log_answers.event("state", _state_of(row))
                number = attempt or row.attempt
                if place is None or place.attempt != number:
                    if place is not None:
                        place.reader.close()
                        after = 0
                    place = Place(runs.logs.reader(run_id, number), number, after, behind)
                over = State(row.state) in TERMINAL or number < row.attempt
                # The state was read before the lines: a final one means that no line is missing.
                if over or heard != "state":
                    async for part in _caught_up(place):
                        yield part
                if over:
                    yield log_answers.event("end", _state_of(row))
                    return
                heard = await _heard(news)
                if heard == "closing":
                    return
                if heard != "log":
                    row = None
                if heard == "quiet":
                    # News may be lost on its way: whoever hears nothing looks at the row again.
                    yield ": still here\n\n"
    finally:
        if place is not None:
            place.reader.close()


async def _caught_up(place: Place) -> AsyncIterator[str]:
    while True:
        part, pause = await unbroken(place.next)
        if part:
            yield part
        if not pause:
            return
        await asyncio.sleep(pause)


async def _heard(news: Subscription) -> str:
    """Wait for news: ``log`` grew; only the ``state`` may have changed; ``all``; a ``quiet`` breath; ``closing``."""
    try:
        async with asyncio.timeout(BREATH_S):
            messages = [await news.get(), *news.pending()]
    except TimeoutError:
        return "quiet"
    if any(message is CLOSING for _topic, message in messages):
        return "closing"
    missed, news.missed = news.missed, False
    kinds = {message["type"] for _topic, message in messages}
    if missed or not kinds <= {"run", "log", "progress"} or {"run", "log"} <= kinds:
        return "all"
    return "state" if "run" in kinds else "log"


def _state_of(row: Any) -> dict[str, Any]:
    return {
        "state": row.state,
        "attempt": row.attempt,
        "exit_code": row.exit_code,
        "started_at": clock.rfc3339(row.started_at) if row.started_at else None,
        "finished_at": clock.rfc3339(row.finished_at) if row.finished_at else None,
    }
