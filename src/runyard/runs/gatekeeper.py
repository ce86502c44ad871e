"""Where limited runs are received, and who lets the held ones in."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock, log, tasks
from runyard.db.session import Database, after_commit
from runyard.dispatch.contract import Dispatch
from runyard.live.bus import Bus
from runyard.runs import gates, queue, repository
from runyard.runs.admission import Answer, Gate, Scope, on_submit
from runyard.runs.errors import ConcurrencySkipped
from runyard.runs.lifecycle import State, on_cancelled_early
from runyard.runs.limits import LimitBook, read_limits

logger = log.get("runs")

TOPIC = "admission"
SWEEP_S = 2.0
REST = 4.0
"""After a turn the gatekeeper rests that many times as long as it took: a crowd is let in by fewer, longer turns."""
WHOSE = {
    Scope.job: "this job",
    Scope.script: "this script",
    Scope.key: "this concurrency key",
    Scope.queue: "this queue",
    Scope.project: "this project",
    Scope.installation: "the installation",
}
Tell = Callable[[Mapping[str, Any], State], None]


def sentence(gate: Gate, count: int) -> str:
    """Say which limit holds a run."""
    going = "1 is under way" if count == 1 else f"{count:,} are under way"
    if gate.scope is Scope.key:
        key = gate.name.split(":", 2)[2]
        return f"At most {gate.limit:,} with the concurrency key “{key}” may run at once; {going}."
    return f"At most {gate.limit:,} of {WHOSE[gate.scope]} may run at once; {going}."


def freed(bus: Bus) -> None:
    """Tell the gatekeeper that a run which counted at a gate is over."""
    bus.publish(TOPIC, {"type": "freed"})


def due(bus: Bus) -> None:
    """Tell the gatekeeper that the time has come for a run which waits before a gate."""
    bus.publish(TOPIC, {"type": "due"})


Effect = Callable[[], None]
"""What is done once a transaction is committed."""


class Entry(Struct, frozen=True):
    """What the row of a new run tells of its gates, and what is to be done after the commit."""

    columns: dict[str, Any]
    effects: list[Effect]


class Room:
    """How many runs are inside of some gates, and before them: looked up once, counted on from there."""

    def __init__(self, connection: Connection, passes: Iterable[Gate]) -> None:
        self.inside: dict[str, int] = {}
        self.waiting: dict[str, int] = {}
        self.look(connection, {gate.name: gate for gate in passes}.values())

    def look(self, connection: Connection, passes: Iterable[Gate]) -> None:
        """Look some gates up anew."""
        passes = tuple(passes)
        self.inside |= gates.inside(connection, passes)
        self.waiting |= gates.waiting(connection, passes)

    def enter(self, passes: Iterable[Gate], *, held: bool) -> None:
        """Count a run that has come."""
        counts = self.waiting if held else self.inside
        for gate in passes:
            counts[gate.name] += 1


class Desk:
    """Receives runs that must pass gates; the others never come here."""

    def __init__(self, bus: Bus, dispatch: Dispatch, tell: Tell) -> None:
        self._bus = bus
        self._dispatch = dispatch
        self._tell = tell

    async def receive(self, session: AsyncSession, passes: tuple[Gate, ...], at: datetime) -> dict[str, Any]:
        """Return what the row of a new run tells of its gates, once room was made for it.

        Raises: ConcurrencySkipped.
        """

        def enter(connection: Connection) -> Entry:
            self.take_turn(connection, at)
            return self.enter(connection, passes, at, Room(connection, passes))

        entry = await (await session.connection()).run_sync(enter)
        for effect in entry.effects:
            after_commit(session, effect)
        return entry.columns

    def take_turn(self, connection: Connection, at: datetime) -> None:
        """Have decisions about limited runs made one after the other, until the transaction ends."""
        gates.take_turn(connection, at)

    def enter(self, connection: Connection, passes: tuple[Gate, ...], at: datetime, room: Room) -> Entry:
        """Decide about one new run, and make room for it where that is what its gates want.

        Raises: ConcurrencySkipped.
        """
        verdict = on_submit(passes, room.inside, room.waiting)
        if verdict.answer is Answer.skip:
            assert verdict.gate is not None  # noqa: S101 - a refusal names its gate
            raise ConcurrencySkipped(f"At most {verdict.gate.limit:,} of {WHOSE[verdict.gate.scope]} may run at once.")
        by_name = {gate.name: gate for gate in passes}
        effects: list[Effect] = []
        for name, count in verdict.replace.items():
            effects += self._end_previous(connection, by_name[name], count, at)
        held = verdict.answer is Answer.hold
        if held:
            effects.append(lambda: self._bus.publish(TOPIC, {"type": "held"}))
        if verdict.replace:
            room.look(connection, passes)
        room.enter(passes, held=held)
        own = next((gate for gate in passes if gate.scope in {Scope.script, Scope.key}), None)
        columns = {"gate": own.name if own else "", "gate_limit": own.limit if own else None, "held": held}
        return Entry(columns, effects)

    def _end_previous(self, connection: Connection, gate: Gate, count: int, at: datetime) -> Iterator[Effect]:
        for row in gates.previous(connection, gate, count):
            if row.state == State.queued:
                move = replace(on_cancelled_early("a newer run", at), sources=frozenset({State.queued}))
                if repository.write_move(connection, row.id, move):
                    told = dict(row._mapping)  # noqa: SLF001 - a row's public way to its mapping
                    yield partial(self._tell, told, State.cancelled)
                    continue
            if repository.flag_cancel(connection, row.id, at):
                by = {"by": "a newer run"}
                repository.add_event(connection, row.id, row.attempt, at, "run.cancel_requested", by)
            yield partial(self._dispatch.cancel, row.id)


class Gatekeeper:
    """Lets held runs in as places come free: at once on word of it, and every two seconds without."""

    def __init__(self, database: Database, bus: Bus, dispatch: Dispatch, book: LimitBook) -> None:
        self._database = database
        self._bus = bus
        self._dispatch = dispatch
        self._book = book
        self._anybody = True
        self._loop: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin."""
        ready = asyncio.Event()
        self._loop = asyncio.create_task(self._run(ready), name="runs.gatekeeper")
        await ready.wait()

    async def stop(self) -> None:
        """End."""
        await tasks.end(self._loop)

    async def _run(self, ready: asyncio.Event) -> None:
        with self._bus.subscribe(TOPIC) as news:
            ready.set()
            while True:
                heard = None
                with suppress(TimeoutError):
                    async with asyncio.timeout(SWEEP_S):
                        _topic, heard = await news.get()
                kinds = {(heard or {}).get("type"), *(message.get("type") for _, message in news.pending())}
                if heard is not None and not self._anybody and kinds <= {"freed"}:
                    # Nobody waits: that a place came free is no news.
                    continue
                began = clock.monotonic()
                try:
                    await self.turn()
                except Exception:
                    logger.exception("runs.admission_failed")
                    await asyncio.sleep(1)
                await asyncio.sleep(min(1.0, REST * (clock.monotonic() - began)))

    async def turn(self) -> int:
        """Hold back what limits no longer let through, let in whom they do; return how many were let in."""
        async with self._database.read() as session:
            connection = await session.connection()
            self._anybody = await connection.run_sync(gates.any_held)
        if not self._anybody and not self._book.now.gates:
            return 0
        at = clock.now()

        def decide(sync: Connection) -> list[queue.Hint]:
            gates.take_turn(sync, at)
            limits = read_limits(sync)
            gates.recall(sync, limits)
            return gates.admit(sync, limits)

        admitted = await self._database.transact(decide)
        for hint in admitted:
            self._dispatch.wake(hint.run_id, queue=hint.queue, priority=hint.priority)
        if admitted:
            logger.info("runs.admitted", count=len(admitted))
        return len(admitted)
