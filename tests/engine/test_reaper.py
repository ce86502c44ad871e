"""Housekeeping over rows."""

import asyncio
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from runyard import clock
from runyard.db.session import Database
from runyard.engine import reaper as module
from runyard.engine.reaper import Reaper
from runyard.engine.workspace import Workspaces
from runyard.live.bus import LocalBus
from runyard.runs import repository
from runyard.runs.lifecycle import Ending, on_claim, on_exit, on_started
from runyard.workers import repository as workers
from tests.runs.rows import Rows

from .yard import options


class Hints:
    """A dispatch that only listens."""

    def __init__(self) -> None:
        self.cancelled: list[str] = []

    def cancel(self, run_id: str) -> None:
        self.cancelled.append(run_id)


class Yard:
    def __init__(self, rows: Rows, folder: Path) -> None:
        self.rows = rows
        self.data = folder
        self.bus = LocalBus()
        self.hints = Hints()
        for name in ("work", "state", "tmp"):
            (folder / name).mkdir()
        spaces = Workspaces(folder / "work", folder / "state")
        settings = options(folder, worker={"lease_s": 10.0})
        self.reaper = Reaper(settings, rows.database, self.bus, self.hints, spaces)  # type: ignore[arg-type]

    async def live(self, worker: str = "wrk_1") -> str:
        run_id = await self.rows.add()
        async with self.rows.database.write() as session:
            claim = await repository.claim(session, run_id, on_claim(worker, clock.now()), worker)
            assert claim is not None
            await repository.apply(session, claim.token, on_started(clock.now()))
        return run_id

    async def enlist(self, lease_s: float, worker: str = "wrk_1") -> None:
        row: dict[str, Any] = {"id": worker, "name": worker, "host": "h", "version": "1", "slots": 1}
        row |= {"queues": [], "info": {}, "started_at": clock.now()}
        async with self.rows.database.write() as session:
            await workers.enlist(session, row, lease_s)


@pytest.fixture
async def yard(database: Database, tmp_path: Path) -> Yard:
    rows = Rows(database)
    await rows.settle_in()
    (tmp_path / "data").mkdir()
    return Yard(rows, tmp_path / "data")


async def test_what_a_dead_worker_held_is_lost(yard: Yard) -> None:
    mine, other = await yard.live("wrk_1"), await yard.live("wrk_2")
    await yard.enlist(-1, "wrk_1")
    await yard.enlist(60, "wrk_2")
    with yard.bus.subscribe(f"run:{mine}", f"project:{yard.rows.project}") as news:
        assert await yard.reaper.reap() == 1
        told = [(topic, message["run"]["state"]) for topic, message in news.pending()]
    assert told == [(f"run:{mine}", "lost"), (f"project:{yard.rows.project}", "lost")]
    row = await yard.rows.row(mine)
    assert (row.state, row.error_code) == ("lost", "lost")
    assert (await yard.rows.row(other)).state == "running"
    assert await yard.reaper.reap() == 0


async def test_cancels_that_nobody_heard_are_told_again(yard: Yard) -> None:
    run_id = await yard.live()
    async with yard.rows.database.write() as session:
        await repository.ask_cancel(session, run_id, clock.now())
    await yard.reaper.reap()
    await yard.reaper.reap()
    assert yard.hints.cancelled == [run_id, run_id]


async def test_after_a_pause_of_its_own_it_waits_with_verdicts(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = await yard.live()
    await yard.enlist(60)
    assert await yard.reaper.reap() == 0
    # the machine sleeps: the lease runs out, and nobody was there to renew it
    began = clock.now()
    now = began + timedelta(seconds=3600)
    monkeypatch.setattr(clock, "now", lambda: now)
    await yard.enlist(-1)
    assert await yard.reaper.reap() == 0
    now += timedelta(seconds=9)
    assert await yard.reaper.reap() == 0
    assert (await yard.rows.row(run_id)).state == "running"
    # whoever is not heard of within a lease from then on is gone
    now += timedelta(seconds=2)
    assert await yard.reaper.reap() == 1


async def ended(yard: Yard, days_ago: float) -> str:
    run_id = await yard.rows.add()
    at = clock.now() - timedelta(days=days_ago)
    async with yard.rows.database.write() as session:
        claim = await repository.claim(session, run_id, on_claim("wrk_1", at), "wrk_1")
        assert claim is not None
        await repository.apply(session, claim.token, on_started(at))
        await repository.apply(session, claim.token, on_exit(Ending(reason="exit", exit_code=0, at=at)))
    (yard.data / "work" / run_id).mkdir()
    return run_id


def kept(yard: Yard) -> set[str]:
    return {path.name for path in (yard.data / "work").iterdir()}


async def test_workspaces_go_when_their_time_is_over(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BATCH", 2)
    old = [await ended(yard, 40) for _ in range(3)]
    young = await ended(yard, 20)
    last = await ended(yard, 40)
    assert [await yard.reaper.tidy() for _ in range(3)] == [2, 2, 0]
    assert kept(yard) == {young}
    assert old
    assert last
    # for the next hour it rests; then it begins anew, for runs do not end in the order of their ids
    again = await ended(yard, 40)
    assert await yard.reaper.tidy() == 0
    now = clock.now() + timedelta(hours=2)
    monkeypatch.setattr(clock, "now", lambda: now)
    while await yard.reaper.tidy():
        pass
    assert again not in kept(yard)


async def test_leftovers_of_crashes_go_from_the_temporary_directory(yard: Yard) -> None:
    tmp = yard.data / "tmp"
    for name in ("old", "new"):
        (tmp / name).touch()
    (tmp / "folder").mkdir()
    (tmp / "folder" / "x").touch()
    for name in ("old", "folder"):
        os.utime(tmp / name, (1, 1))
    await yard.reaper.tidy()
    assert [path.name for path in tmp.iterdir()] == ["new"]
    module._sweep_tmp(yard.data / "gone")


async def test_the_loop_goes_on_whatever_happens(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EVERY_S", 0.005)
    calls: list[int] = []
    done = asyncio.Event()

    async def reap() -> int:
        calls.append(1)
        if len(calls) == 1:
            raise OSError("away")
        if len(calls) > 2:
            done.set()
        return 0

    monkeypatch.setattr(yard.reaper, "reap", reap)
    await yard.reaper.start()
    await done.wait()
    await yard.reaper.stop()
    await Reaper.stop(yard.reaper)


async def test_daily_chores_are_done_once_a_day(yard: Yard) -> None:
    done: list[int] = []

    async def chore() -> None:
        done.append(1)

    yard.reaper._daily = (chore,)
    await yard.reaper._do_daily()
    await yard.reaper._do_daily()
    assert done == [1]
