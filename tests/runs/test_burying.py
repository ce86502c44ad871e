"""Removing the rows of runs, on every database."""

import pytest
from sqlalchemy import inspect, text

from runyard import clock, ids
from runyard.db.base import Base
from runyard.db.session import Database
from runyard.runs import burying, keeping
from runyard.runs.models import RunRow

from .rows import Rows


@pytest.fixture
async def rows(database: Database) -> Rows:
    rows = Rows(database)
    await rows.settle_in()
    return rows


def belongings() -> dict[str, str]:
    """Return the tables whose rows go with their run, and which column names it."""
    return {
        table.name: key.parent.name
        for table in Base.metadata.sorted_tables
        for key in table.foreign_keys
        if key.column is RunRow.__table__.c.id
    }


async def test_databases_know_what_goes_with_a_run_as_far_as_they_are_told(database: Database) -> None:
    async with database.engine.connect() as connection:
        known = await connection.run_sync(
            lambda sync: {
                table: key["constrained_columns"][0]
                for table in inspect(sync).get_table_names()
                for key in inspect(sync).get_foreign_keys(table)
                if key["referred_table"] == "runs"
            }
        )
    assert known == (belongings() if database.dialect == "sqlite" else {})


async def test_all_rows_of_a_run_go_and_a_tombstone_stays(rows: Rows) -> None:
    gone = [await rows.add(state="succeeded", labels={"a": "b", "c": "d"}) for _ in range(3)]
    stays = await rows.add(state="succeeded", labels={"a": "b"})
    async with rows.database.write() as session:
        for run_id in (*gone, stays):
            await session.execute(
                text("INSERT INTO run_sizes (run_id, project_id, bytes) VALUES (:run, :project, 5)"),
                {"run": run_id, "project": rows.project},
            )
    buried = await rows.database.transact(lambda sync: burying.bury(sync, gone, clock.now()))
    assert sorted(buried) == gone
    tables = belongings()
    assert {"run_inputs", "run_labels", "run_events", "run_sizes", "script_run_modules"} <= set(tables)
    async with rows.database.read() as session:
        for table, column in {**tables, "runs": "id"}.items():
            left = (await session.execute(text(f"SELECT {column} FROM {table}"))).scalars().all()  # noqa: S608
            assert set(left) <= {stays}, table
        assert (await session.execute(text("SELECT id FROM runs"))).scalars().all() == [stays]
        told = (await session.execute(text("SELECT run_id FROM run_tombstones ORDER BY run_id"))).scalars().all()
    assert told == gone


async def test_live_kept_and_unknown_runs_are_left_alone(rows: Rows) -> None:
    over, kept = await rows.add(state="failed"), await rows.add(state="failed")
    live = [await rows.add(state=state) for state in ("queued", "starting", "running")]
    async with rows.database.write() as session:
        await keeping.keep(session, await rows.row(kept), "", rows.actor, clock.now())
    wanted = [kept, *live, ids.new("run"), over, 'run_"]']
    assert await rows.database.transact(lambda sync: burying.bury(sync, wanted, clock.now())) == [over]
    assert await rows.database.transact(lambda sync: burying.bury(sync, wanted, clock.now())) == []
    for run_id in (kept, *live):
        assert (await rows.row(run_id)).id == run_id


async def test_each_table_is_asked_by_an_index(sqlite: Database) -> None:
    tables = {**belongings(), "runs": "id"}
    async with sqlite.engine.connect() as connection:
        for table, column in tables.items():
            statement = f"DELETE FROM {table} WHERE {column} IN (SELECT value FROM json_each('[]'))"  # noqa: S608
            plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}")
            steps = [str(row["detail"]) for row in plan.mappings()]
            assert any(step.startswith(f"SEARCH {table} USING") for step in steps), steps
            assert not [step for step in steps if step.startswith("SCAN") and "json_each" not in step], steps


async def test_runs_are_looked_at_in_steps(rows: Rows) -> None:
    runs = [await rows.add(state=state) for state in ("failed", "running", "failed", "failed", "lost")]
    async with rows.database.write() as session:
        await keeping.keep(session, await rows.row(runs[2]), "", rows.actor, clock.now())

    async def look(after: str) -> tuple[list[str], str | None]:
        return await rows.database.look(lambda sync: burying.given_up(sync, rows.project, runs[4], after, 3))

    assert await look("") == ([runs[0]], runs[2])
    assert await look(runs[2]) == ([runs[3]], runs[3])
    assert await look(runs[3]) == ([], None)
