"""Lists of runs: what they find in every mix of filters, and by which index."""

from itertools import product
from typing import Any

import pytest
from sqlalchemy import event, insert, text, update

from runyard import clock, ids
from runyard.db.session import Database
from runyard.runs import listing
from runyard.runs.lifecycle import State
from runyard.runs.listing import Filter
from runyard.runs.models import FailureGroupRow, RunRow

from .rows import Rows

STATES: tuple[tuple[State, ...], ...] = ((), (State.failed,), (State.failed, State.lost), (State.timed_out,))
LABELS: tuple[tuple[tuple[str, str | None], ...], ...] = (
    (),
    (("env", "prod"),),
    (("env", None),),
    (("env", "none"),),
    (("env", "prod"), ("odd", None)),
    (("env", "prod"), ("odd", "yes"), ("nobody", "x")),
)


@pytest.fixture
async def rows(database: Database) -> Rows:
    rows = Rows(database)
    await rows.settle_in()
    return rows


async def seed(rows: Rows, count: int) -> tuple[list[dict[str, Any]], list[str]]:
    """Put runs there, oldest first, and return what is known of them."""
    scripts = [await rows.script("one"), await rows.script("two")]
    known = []
    for n in range(count):
        state = ("succeeded", "failed", "succeeded", "lost", "queued")[n % 5]
        labels = {"env": "test" if n % 7 == 0 else "prod"} if n % 3 else {}
        if n % 2:
            labels["odd"] = "yes"
        script = (scripts[0], scripts[1], None)[n % 3]
        run_id = await rows.add(state=state, labels=labels, script_id=script)
        known.append({"id": run_id, "state": state, "labels": labels, "script": script})
    return known, scripts


def fits(run: dict[str, Any], which: Filter) -> bool:
    return (
        (not which.states or run["state"] in which.states)
        and (which.script_id is None or run["script"] == which.script_id)
        and all(n in run["labels"] and v in (None, run["labels"][n]) for n, v in which.labels)
    )


@pytest.mark.parametrize("few", [0, 2000])
async def test_every_mix_finds_what_it_should(rows: Rows, few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "FEW", few)
    known, scripts = await seed(rows, 42)
    for states, script, labels in product(STATES, (None, *scripts, "scr_none"), LABELS):
        which = Filter([rows.project], states, script, labels)
        expected = [run["id"] for run in reversed(known) if fits(run, which)]
        async with rows.database.read() as session:
            assert await listing.found_ids(session, which, None, 100) == expected
            pages: list[str] = []
            while page := await listing.listed(session, which, pages[-1] if pages else None, 4):
                pages += [row.id for row in page]
        assert pages == expected, which


async def test_a_time_narrows_a_list(rows: Rows) -> None:
    early, late = ids.floor("run", clock.from_us(10**15)), ids.floor("run", clock.from_us(2 * 10**15))
    for run_id in (early, late):
        await rows.add(run_id, labels={"a": "b"})
    middle = clock.from_us(15 * 10**14)
    for labels in ((), (("a", "b"),)):
        async with rows.database.read() as session:
            assert await listing.found_ids(session, Filter([rows.project], labels=labels, since=middle), None, 9) == [
                late
            ]
            assert await listing.found_ids(session, Filter([rows.project], labels=labels, until=middle), None, 9) == [
                early
            ]


async def test_a_foreign_script_finds_nothing(rows: Rows) -> None:
    _, scripts = await seed(rows, 6)
    async with rows.database.read() as session:
        foreign = Filter(["prj_other"], script_id=scripts[0])  # type: ignore[list-item]
        assert await listing.found_ids(session, foreign, None, 9) == []


@pytest.mark.parametrize(
    ("facts", "index"),
    [
        ({}, "ix_runs_project_id_id"),
        ({"states": [State.failed]}, "ix_runs_project_id_state_id"),
        ({"states": [State.failed, State.lost]}, "ix_runs_project_id_state_id"),
        ({"script_id": True}, "ix_runs_script_id_id"),
        ({"script_id": True, "states": [State.lost]}, "ix_runs_script_id_state_id"),
        ({"failure_id": "fail_x"}, "ix_runs_failure_id_state_id"),
        ({"failure_id": "fail_x", "states": [State.lost]}, "ix_runs_failure_id_state_id"),
        ({"labels": [("env", "prod")]}, "ix_run_labels_listed"),
        ({"labels": [("env", "prod")], "states": [State.failed]}, "ix_run_labels_listed"),
        ({"labels": [("env", None)]}, "ix_run_labels_named"),
        ({"labels": [("env", None)], "states": [State.lost]}, "ix_run_labels_named"),
        ({"labels": [("env", None)], "script_id": True}, "ix_run_labels_named_of_script"),
        ({"labels": [("env", None)], "script_id": True, "states": [State.lost]}, "ix_run_labels_named_of_script"),
        ({"labels": [("env", "prod")], "script_id": True}, "ix_run_labels_of_script"),
        ({"labels": [("env", "prod")], "script_id": True, "states": [State.lost]}, "ix_run_labels_of_script"),
    ],
)
async def test_each_mix_walks_down_one_index(sqlite: Database, facts: dict[str, Any], index: str) -> None:
    rows = Rows(sqlite)
    await rows.settle_in()
    _, scripts = await seed(rows, 30)
    async with sqlite.engine.connect() as connection:
        await (await connection.execution_options(isolation_level="AUTOCOMMIT")).execute(text("ANALYZE"))
    if "script_id" in facts:
        facts = {**facts, "script_id": scripts[0]}
    said: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        said.append((statement, parameters))

    async with sqlite.read() as session:
        connection = await session.connection()
        event.listen(connection.sync_connection, "before_cursor_execute", note)
        await listing.found_ids(session, Filter([rows.project], **facts), ids.new("run"), 5)
        statement, parameters = said[-1]
        plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        steps = [str(row["detail"]) for row in plan.mappings()]
    searches = [step for step in steps if step.startswith("SEARCH")]
    assert searches
    assert all(f" {index} " in f"{step} " for step in searches), steps
    # Nothing is read whole but what the branches have found, and only that is sorted.
    assert not [step for step in steps if step.startswith("SCAN") and " runs" in step], steps
    if len(searches) == 1:
        assert not [step for step in steps if "TEMP B-TREE" in step], steps


async def test_a_group_of_failures_in_every_mix(rows: Rows) -> None:
    known, scripts = await seed(rows, 30)
    mine = [run for run in known if run["script"] == scripts[0] and run["state"] in {"failed", "lost"}]
    async with rows.database.write() as session:
        group = {"project_id": rows.project, "script_key": scripts[0], "hash": "h", "code": "c", "title": "t"}
        times = {"first_at": clock.now(), "last_at": clock.now(), "first_run_id": "", "last_run_id": ""}
        await session.execute(
            insert(FailureGroupRow),
            [{"id": "fail_x", "script_name": "one", "text": "", "count": len(mine), **group, **times}],
        )
        await session.execute(
            update(RunRow).where(RunRow.id.in_([run["id"] for run in mine])).values(failure_id="fail_x")
        )
    assert len({run["state"] for run in mine}) == 2
    for states, script, labels in product((*STATES, (State.succeeded,)), (None, *scripts), LABELS):
        for project in (rows.project, "prj_other"):
            which = Filter([project], states, script, labels, failure_id="fail_x")  # type: ignore[list-item]
            expected = [run["id"] for run in reversed(mine) if fits(run, which) and project == rows.project]
            async with rows.database.read() as session:
                assert await listing.found_ids(session, which, None, 100) == expected, which
