"""True figures only: aggregates over rows, on every kind of database."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from runyard import clock, ids
from runyard.db.session import Database
from runyard.insights import repository
from runyard.insights.machine import Gauge
from runyard.runs import repository as runs
from runyard.runs.lifecycle import Ending, on_claim, on_exit, on_lost, on_started
from runyard.runs.models import FailureGroupRow, RunRow
from tests.runs.rows import Rows

NOW = datetime(2026, 3, 4, 12, 30, tzinfo=UTC)


@pytest.fixture
async def rows(database: Database) -> Rows:
    rows = Rows(database)
    await rows.settle_in()
    return rows


def _id_of(at: datetime) -> str:
    """Make an id as it was made then: figures go by ids, which sort by time."""
    return ids.floor("run", at)[:-16] + ids.new("run")[-16:]


async def ran(rows: Rows, at: datetime, code: int | None = 0, **facts: Any) -> str:
    """A run that was queued at `at` and ended at once; None: it was lost."""
    run_id = await rows.add(_id_of(at), at=at, **facts)
    async with rows.database.write() as session:
        claim = await runs.claim(session, run_id, on_claim("wrk_1", at), "wrk_1")
        assert claim is not None
        await runs.apply(session, claim.token, on_started(at))
        move = on_lost("gone", at) if code is None else on_exit(Ending(reason="exit", exit_code=code, at=at))
        assert await runs.apply(session, claim.token, move)
    return run_id


async def test_nothing_yet(rows: Rows) -> None:
    async with rows.database.read() as session:
        mine = [rows.project]
        assert await repository.states_since(session, mine, NOW) == {}
        assert (await repository.rate(session, mine, NOW, NOW)).rate is None
        assert await repository.broke(session, mine, NOW) == []
        assert not await repository.ever_ran(session, mine)
        assert await repository.scripts(session, mine) == 0
        hours = await repository.hours(session, mine, NOW)
    assert len(hours) == 24
    assert {(hour.succeeded, hour.failed, hour.other) for hour in hours} == {(0, 0, 0)}


async def test_hours_states_and_rates(rows: Rows) -> None:
    await ran(rows, NOW)
    await ran(rows, NOW.replace(minute=0))
    await ran(rows, NOW.replace(minute=0) - timedelta(microseconds=1), 2)
    await rows.add(_id_of(NOW - timedelta(minutes=1)), at=NOW - timedelta(minutes=1))
    await ran(rows, NOW - timedelta(hours=23), None)
    # one hour too old
    await ran(rows, NOW.replace(minute=59) - timedelta(hours=24), 1)
    async with rows.database.read() as session:
        mine = [rows.project]
        hours = await repository.hours(session, mine, NOW)
        shown = {hour.hour.hour: (hour.succeeded, hour.failed, hour.other) for hour in hours}
        assert (hours[0].hour, hours[-1].hour) == (datetime(2026, 3, 3, 13, tzinfo=UTC), NOW.replace(minute=0))
        assert shown[12] == (2, 0, 1)
        assert shown[11] == (0, 1, 0)
        assert shown[13] == (0, 1, 0)
        assert sum(sum(counts) for counts in shown.values()) == 5
        today = NOW.replace(hour=0, minute=0)
        assert await repository.states_since(session, mine, today) == {"succeeded": 2, "failed": 1, "queued": 1}
        rate = await repository.rate(session, mine, NOW - timedelta(days=7), NOW)
        # queued ones have no part in it, and the end of the time is not within it
        assert (rate.finished, rate.rate) == (4, 0.25)
        assert await repository.states_since(session, ["prj_x"], today) == {}
        assert await repository.ever_ran(session, mine)
        assert not await repository.ever_ran(session, ["prj_x"])


async def test_what_broke_is_grouped(rows: Rows) -> None:
    script = await rows.script("nightly")
    for minute in (1, 2, 3):
        last = await ran(rows, NOW + timedelta(minutes=minute), 3, script_id=script, script_name="nightly")
    other = await ran(rows, NOW + timedelta(minutes=4), None, script_id=script, script_name="nightly")
    await ran(rows, NOW, 0, script_id=script, script_name="nightly")
    async with rows.database.read() as session:
        found = await repository.broke(session, [rows.project], NOW)
        scripts = await repository.scripts(session, [rows.project])
    assert [(b.last_run_id, b.error_code, b.count, b.message) for b in found] == [
        (other, "lost", 1, "gone"),
        (last, "exit_code", 3, "It exited with code 3."),
    ]
    assert (found[1].first_at, found[1].last_at) == (NOW + timedelta(minutes=1), NOW + timedelta(minutes=3))
    assert (found[1].script_id, found[1].script_name) == (script, "nightly")
    assert scripts == 1


async def test_what_broke_goes_by_what_was_wrong(rows: Rows) -> None:
    """Failures that ended with the same code and were of two sorts are two, and are called what they are."""
    script = await rows.script("nightly")
    ids_ = [await ran(rows, NOW + timedelta(minutes=n), 1, script_id=script, script_name="nightly") for n in range(3)]
    facts = {"project_id": rows.project, "script_key": script, "script_name": "nightly", "code": "exit_code"}
    seen = {"text": "", "first_at": NOW, "last_at": NOW, "first_run_id": ids_[0], "last_run_id": ids_[2]}
    async with rows.database.write() as session:
        for group, title, of in (("flr_key", "KeyError: 'price'", ids_[:2]), ("flr_disk", "OSError: full", ids_[2:])):
            session.add(FailureGroupRow(id=group, hash=group, title=title, count=len(of), **facts, **seen))
            await session.execute(update(RunRow).where(RunRow.id.in_(of)).values(failure_id=group))
    async with rows.database.read() as session:
        found = await repository.broke(session, [rows.project], NOW)
    assert [(one.failure_id, one.title, one.count, one.last_run_id) for one in found] == [
        ("flr_disk", "OSError: full", 1, ids_[2]),
        ("flr_key", "KeyError: 'price'", 2, ids_[1]),
    ]


async def test_a_deleted_script_is_counted_no_more(rows: Rows) -> None:
    script = await rows.script("gone soon")
    async with rows.database.write() as session:
        await rows.scripts.delete(session, rows.actor, script)
    async with rows.database.read() as session:
        assert await repository.scripts(session, [rows.project]) == 0


def test_the_machine(tmp_path: Any) -> None:
    machine = Gauge(tmp_path).read()
    assert machine.cpus >= 1
    assert 0 < machine.memory_used < machine.memory_total
    assert 0 < machine.disk_used <= machine.disk_total
    assert 0 <= machine.cpu_percent <= 100
    assert clock.now() > NOW - timedelta(days=1000)
