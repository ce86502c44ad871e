"""Who asks about runs that are not over goes by indexes over these alone, and adds nothing to runs that are gone."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock, ids
from runyard.db.session import Database
from runyard.runs import burying, keeping, listing, queue, records, usage
from runyard.runs.errors import NoSuchRun
from runyard.runs.lifecycle import State
from runyard.runs.listing import Filter
from runyard.runs.repository import Token
from runyard.runs.series import Series
from runyard.runs.walking import MOST_BRANCHES

from .rows import Rows

LIVE = (State.queued, State.starting, State.running)


@pytest.fixture
async def rows(database: Database) -> Rows:
    rows = Rows(database)
    await rows.settle_in()
    return rows


@pytest.mark.parametrize(
    ("ask", "index"),
    [
        (lambda session: queue.due(session, 10), "ix_runs_open_state"),
        (queue.unheard_cancels, "ix_runs_open_state"),
        (lambda session: queue.counts(session, LIVE, None), "ix_runs_open_state"),
        (lambda session: queue.held_by(session, "wrk_1"), "ix_runs_open_worker_id"),
        (queue.held, "ix_runs_open_"),
    ],
)
async def test_history_is_not_walked_over(
    sqlite: Database, ask: Callable[[AsyncSession], Awaitable[Any]], index: str
) -> None:
    said: list[tuple[str, Any]] = []
    async with sqlite.read() as session:
        connection = await session.connection()
        event.listen(
            connection.sync_connection,
            "before_cursor_execute",
            lambda _c, _k, sql, given, *_: said.append((sql, given)),
        )
        await ask(session)
        statement, given = said[-1]
        plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given)
        steps = [str(row["detail"]) for row in plan.mappings()]
    assert [step for step in steps if " runs " in f"{step} " and index in step], steps


async def test_live_runs_are_told_from_others(rows: Rows) -> None:
    for state in ("queued", "queued", "running", "succeeded"):
        over: dict[str, Any] = {"finished_at": clock.now()} if state == "succeeded" else {}
        await rows.add(state=state, worker_id="wrk_1", **over)
    async with rows.database.read() as session:
        assert await queue.counts(session, LIVE, None) == {State.queued: 2, State.starting: 0, State.running: 1}
        assert [row.state for row in await queue.held_by(session, "wrk_1")] == ["running"]
        assert len(await queue.due(session, 10)) == 2


async def test_nothing_is_added_to_a_run_that_is_gone(rows: Rows) -> None:
    here, gone = await rows.add(state="failed"), await rows.add(state="failed")
    row = await rows.row(gone)
    await rows.database.transact(lambda sync: burying.bury(sync, [gone], clock.now()))
    some = [(Token(run_id, 1, 1), Series()) for run_id in (gone, here)]
    await rows.database.transact(lambda sync: usage.store(sync, some, clock.now()))
    await rows.database.transact(lambda sync: burying.note_sizes(sync, rows.project, [(gone, 1), (here, 2)]))
    with pytest.raises(NoSuchRun):
        async with rows.database.write() as session:
            await keeping.keep(session, row, "", rows.actor, clock.now())
    async with rows.database.read() as session:
        for table, left in (("run_usage", [here]), ("run_sizes", [here]), ("run_keeps", [])):
            assert (await session.execute(text(f"SELECT run_id FROM {table}"))).scalars().all() == left  # noqa: S608


async def test_a_text_that_very_many_scripts_bear(rows: Rows) -> None:
    scripts = [await rows.script(f"nightly {n}") for n in range(MOST_BRANCHES // 2 + 2)]
    runs = [await rows.add(script_id=script, state="failed") for script in scripts]
    await rows.add(script_id=await rows.script("daily"), state="failed")
    which = Filter([rows.project], (State.failed, State.lost), text="NIGHT")
    async with rows.database.read() as session:
        assert await listing.found_ids(session, which, None, 100) == runs[::-1]
        assert await listing.found_ids(session, which, runs[-1], 3) == runs[-4:-1][::-1]


async def test_the_newest_run_of_each_script(rows: Rows) -> None:
    scripts = [await rows.script(name) for name in ("one", "two", "none")]
    runs = [await rows.add(script_id=scripts[n % 2]) for n in range(5)]
    async with rows.database.read() as session:
        found = await records.latest_of(session, [rows.project], [*scripts, "scr_none"])
        assert [row.id for row in found] == [runs[4], runs[3]]
        assert await records.latest_of(session, ["prj_other"], scripts) == []
        assert await records.rows_of(session, [ids.new("run")]) == []
