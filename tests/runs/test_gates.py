"""Held runs and the gates before them, as rows, on every kind of database."""

import asyncio
from typing import Any

import pytest

from runyard import clock
from runyard.db.session import Database
from runyard.runs import gates
from runyard.runs.admission import Gate, Scope
from runyard.runs.limits import Limits, gate_name
from runyard.scripts.policy import WhenBusy

from .rows import Rows

KEY = gate_name(Scope.key, "prj:k")


@pytest.fixture
async def rows(database: Database) -> Rows:
    rows = Rows(database)
    await rows.settle_in()
    return rows


def limits(*gates_: Gate) -> Limits:
    return Limits({(gate.scope, gate.name.partition(":")[2]): gate for gate in gates_})


async def held(rows: Rows, **facts: Any) -> str:
    return await rows.add(**{"gate": KEY, "gate_limit": 1, "held": True, **facts})


async def admit(rows: Rows, known: Limits) -> list[str]:
    def turn(connection: Any) -> list[str]:
        gates.take_turn(connection, clock.now())
        return [hint.run_id for hint in gates.admit(connection, known)]

    return await rows.database.transact(turn)


async def test_the_best_goes_first_and_no_more_than_may(rows: Rows) -> None:
    old, new, high = [await held(rows, priority=priority) for priority in (0, 0, 5)]
    free = await rows.add(gate="", held=True)
    assert await admit(rows, Limits()) == [high, free]
    assert [(await rows.row(run_id)).held for run_id in (old, new, high, free)] == [True, True, False, False]
    assert await admit(rows, Limits()) == []


async def test_one_that_is_not_due_keeps_nobody_out(rows: Rows) -> None:
    later = await held(rows, priority=9, not_before=clock.from_us(4 * 10**15))
    now = await held(rows)
    assert await admit(rows, Limits()) == [now]
    assert (await rows.row(later)).held


async def test_limits_of_the_yard(rows: Rows) -> None:
    queue = Gate(Scope.queue, gate_name(Scope.queue, "gpu"), 1)
    project = Gate(Scope.project, gate_name(Scope.project, rows.project), 3)
    runs = [await held(rows, gate="", gate_limit=None, queue=queue_) for queue_ in ("gpu", "gpu", "a", "a", "a")]
    assert await admit(rows, limits(queue, project)) == [runs[0], runs[2], runs[3]]
    async with rows.database.read() as session:
        connection = await session.connection()
        kinds = await connection.run_sync(gates.groups)
        closed = await connection.run_sync(lambda sync: gates.closed_for(sync, kinds, limits(queue, project)))
    assert {kind.queue: (gate.scope, count) for kind, (gate, count) in closed.items()} == {
        "gpu": (Scope.queue, 1),
        "a": (Scope.project, 3),
    }


async def test_a_lowered_limit_takes_back_what_nobody_has_claimed(rows: Rows) -> None:
    runs = [await rows.add(priority=priority) for priority in (1, 0, 0)]
    everything = Gate(Scope.installation, gate_name(Scope.installation, ""), 1, WhenBusy.queue)
    assert await rows.database.transact(lambda sync: gates.recall(sync, limits(everything))) == 2
    assert [(await rows.row(run_id)).held for run_id in runs] == [False, True, True]
    assert await admit(rows, limits(everything)) == []
    assert await admit(rows, Limits()) == runs[1:]


async def test_turns_at_once_admit_no_more_than_may(rows: Rows) -> None:
    for _ in range(6):
        await held(rows)
    found = await asyncio.gather(*(admit(rows, Limits()) for _ in range(6)))
    assert sum(map(len, found)) == 1
