"""Following a run's log: its lines and states as server-sent events, until its end."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from typing import Any, Self

from runyard import clock
from runyard.access.actors import TOPIC
from runyard.db.session import Database
from runyard.live.bus import CLOSING, Bus, Message, Subscription
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


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a run stands, as its followers are told. Times are RFC 3339."""

    state: State
    attempt: int
    exit_code: int | None
    started_at: str | None
    finished_at: str | None
    lines: int | None = None
    """How many lines there are in all, where that was told with the end."""

    @classmethod
    def of(cls, row: Any) -> Self:
        """Return what a row says (see `records.glimpse`)."""
        began, ended = (clock.rfc3339(at) if at else None for at in (row.started_at, row.finished_at))
        return cls(State(row.state), row.attempt, row.exit_code, began, ended)

    @classmethod
    def heard(cls, messages: list[Message]) -> Self | None:
        """Return what the last of some messages about the run says, if it says all."""
        last = messages[-1].get("run", {})
        try:
            said = {name: last[name] for name in ("attempt", "exit_code", "started_at", "finished_at")}
            return cls(State(last["state"]), **said, lines=last.get("lines"))
        except KeyError:
            return None

    def as_told(self) -> dict[str, Any]:
        """Return what an event says."""
        told = asdict(self)
        del told["lines"]
        return told

    def follows(self, other: "Standing") -> bool:
        """Whether a run can have come from the `other` to this: news may be late."""
        return (self.attempt, _STEPS[self.state]) > (other.attempt, _STEPS[other.state])


_STEPS = {State.queued: 0, State.starting: 1, State.running: 2, **dict.fromkeys(TERMINAL, 3)}


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
        with bus.subscribe(f"run:{run_id}", TOPIC) as news:
            told: tuple[State, int] | None = None
            now: Standing | None = None
            heard = "log"
            while True:
                if now is None:
                    row = await database.look(lambda connection: records.glimpse(connection, run_id))
                    if row is None:
                        return
                    now = Standing.of(row)
                if told != (now.state, now.attempt):
                    told = (now.state, now.attempt)
                    yield log_answers.event("state", now.as_told())
                number = attempt or now.attempt
                if place is None or place.attempt != number:
                    if place is not None:
                        place.reader.close()
                        after = 0
                    place = Place(runs.logs.reader(run_id, number), number, after, behind)
                over = now.state in TERMINAL or number < now.attempt
                # The state was read before the lines: a final one means that no line is missing.
                if (over or heard != "state") and not (number == now.attempt and place.after == now.lines):
                    async for part in _caught_up(place):
                        yield part
                if over:
                    yield log_answers.event("end", now.as_told())
                    return
                heard, messages = await _heard(news)
                if heard == "closing":
                    return
                if heard != "log":
                    said = Standing.heard(messages) if heard == "state" else None
                    now = said if said is not None and said.follows(now) else None
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


async def _heard(news: Subscription) -> tuple[str, list[Message]]:
    """Wait for news.

    Returns what they are and the messages: ``log`` grew; only the ``state`` may have changed; ``all``; a ``quiet``
    breath; ``closing``.
    """
    try:
        async with asyncio.timeout(BREATH_S):
            messages = [message for _topic, message in (await news.get(), *news.pending())]
    except TimeoutError:
        return "quiet", []
    if any(message is CLOSING for message in messages):
        return "closing", []
    missed, news.missed = news.missed, False
    kinds = {message["type"] for message in messages}
    if TOPIC in kinds:
        # Whoever holds the stream to its reader's rights is given the chance to end it.
        return "quiet", []
    if missed or not kinds <= {"run", "log", "progress"} or {"run", "log"} <= kinds:
        return "all", messages
    return ("state" if kinds == {"run"} else "log" if "run" not in kinds else "all"), messages
