"""Three schedulers on one database, clocks that differ and jump, processes that die anywhere: each due instant is
accounted for once, and each slot that fired has one run. What is due is asked of the rule instant by instant.
"""

import asyncio
import random
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from runyard import clock
from runyard.db.base import Base
from runyard.db.session import Database
from runyard.jobs.models import BlackoutCalendar, JobSlot, JobTrigger
from runyard.jobs.recurrence.rules import between
from runyard.jobs.specs import spec_of
from runyard.runs.models import RunRow

from .clockwork import BEGIN, PROJECT, Killed, Mortal, World

OFFSETS = (timedelta(0), timedelta(seconds=-41), timedelta(minutes=7))
JOBS: tuple[tuple[tuple[dict[str, Any], ...], dict[str, Any]], ...] = (
    (({"type": "cron", "cron": "*/10 * * * *", "timezone": "Europe/Berlin"},), {}),
    (({"type": "cron", "cron": "30 2 * * *", "timezone": "Europe/Berlin"},), {"catch_up": "all", "catch_up_most": 3}),
    (({"type": "interval", "every_s": 3607},), {"overlap": "skip"}),
    (({"type": "cron", "cron": "0 */2 * * *"}, {"type": "interval", "every_s": 7200}), {"overlap": "cancel_previous"}),
    (({"type": "cron", "cron": "15 * * * *"},), {"catch_up": "none", "overlap": "allow", "grace_s": 1}),
    (({"type": "cron", "cron": "5 */3 * * *"},), {"overlap": "skip", "max_active": 2, "calendars": ["cal_nights"]}),
    (({"type": "date", "at": (BEGIN + timedelta(hours=30)).isoformat()},), {"catch_up": "all"}),
    (({"type": "cron", "cron": "20 * * * *"},), {"breaker": {"failures": 2, "reset_s": 5000}}),
)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    database = Database.connect(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}", synchronous="off")
    async with database.engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    world = World(database)
    await world.furnish()
    yield world
    await database.close()


async def live(world: World, dice: random.Random, until: timedelta) -> None:
    """Let time pass in strides of all lengths, with everything that may go wrong."""
    end = BEGIN + until
    paused = False
    while world.now < end:
        stride = dice.choice((20.0, 300.0, 300.0, 1200.0, 1200.0, 7200.0, 30_000.0))
        world.now += timedelta(seconds=dice.random() * stride)
        if dice.random() < 0.1:
            if paused:
                await world.resume()
            else:
                jobs = [row.job_id for row in await world.all(JobTrigger, JobTrigger.id)]
                await world.pause(dice.choice([None, *jobs]))
            paused = not paused
        for run_id in await world.going_on():
            if dice.random() < 0.4:
                await world.end(run_id, dice.choice(("succeeded", "failed", "cancelled", "lost")))
        mortal = [Mortal(world.database, dice.choice((0.0, 0.03, 0.2)), dice) for _ in OFFSETS]
        tickers = [
            world.scheduler(offset, database) for offset, database in zip(OFFSETS, mortal, strict=True)
            if dice.random() < 0.7
        ]  # fmt: skip
        await asyncio.gather(*(until_killed(ticker.turn()) for ticker in tickers))
        await world.following.follow()
    # Whoever is left decides what is left.
    world.now = max(world.now, end) + max(OFFSETS)
    await world.scheduler().turn()


async def until_killed(work: Any) -> None:
    with suppress(Killed):
        await work


async def account(world: World) -> None:
    """Hold the ledger beside what was due, and the runs beside what fired."""
    rows = await world.slots()
    runs = await world.runs()
    inputs = await world.inputs()
    by_trigger: dict[str, list[JobSlot]] = {}
    for row in rows:
        by_trigger.setdefault(row.trigger_id, []).append(row)
    for trigger in await world.all(JobTrigger, JobTrigger.id):
        rule = spec_of(trigger.spec).rule(trigger.created_at)  # type: ignore[union-attr]
        due = [each.at for each in between(rule, clock.to_us(BEGIN), clock.to_us(trigger.decided_until))]
        told: list[int] = []
        for row in by_trigger.get(trigger.id, []):
            held = due[bisect_left(due, clock.to_us(row.due_from)) : bisect_right(due, clock.to_us(row.due_to))]
            assert len(held) == row.count, (row.outcome, row.due_from, row.due_to)
            told += held
        assert told == due
    fired = {(row.trigger_id, row.due_from): row.run_id for row in rows if row.outcome == "fired"}
    started = {(inputs[run.id].trigger_id, inputs[run.id].slot_due_at): run.id for run in runs}
    assert started == fired
    assert len(started) == len(runs)
    ids = {run.id for run in runs}
    assert all(row.run_id in ids for row in rows if row.run_id is not None)
    assert all(row.run_id is not None for row in rows if row.outcome == "coalesced")


async def furnish(world: World) -> None:
    nights = [{"type": "hours", "name": "night", "weekdays": [1, 2, 3], "start": "22:00", "end": "06:00"}]
    async with world.database.write() as session:
        session.add(
            BlackoutCalendar(
                id="cal_nights",
                project_id=PROJECT,
                name="nights",
                timezone="Asia/Shanghai",
                windows=nights,
                created_at=BEGIN,
                updated_at=BEGIN,
            )
        )
    for triggers, settings in JOBS:
        await world.job(*triggers, **settings)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_three_schedulers_that_die(world: World, seed: int) -> None:
    dice = random.Random(seed)
    await furnish(world)
    await live(world, dice, timedelta(days=4))
    await account(world)
    outcomes = Counter(row.outcome for row in await world.slots())
    assert {"fired", "skipped", "coalesced", "missed", "paused", "blackout"} <= set(outcomes), outcomes


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("seed", [11, 12])
async def test_months_of_it(world: World, seed: int) -> None:
    await furnish(world)
    # Two months, with a change of the clocks in between; what is looked at grows faster than the time that passes.
    await live(world, random.Random(seed), timedelta(days=60))
    await account(world)
    # The clocks were set forward in the meantime: what was wanted at 02:30 stood once in the ledger, at the gap's end.
    [nightly] = [row.id for row in await world.all(JobTrigger, JobTrigger.id) if row.spec.get("cron") == "30 2 * * *"]
    gap = datetime(2026, 3, 29, 1, tzinfo=UTC)
    [slot] = [r for r in await world.slots() if r.trigger_id == nightly and r.due_from <= gap <= r.due_to]
    assert (slot.outcome == "fired") == (slot.reason == "moved"), (slot.outcome, slot.reason)


async def test_every_second_of_a_minute(world: World) -> None:
    dice = random.Random(5)
    job = await world.job({"type": "interval", "every_s": 1}, overlap="allow")
    while world.now < BEGIN + timedelta(seconds=60):
        world.now = min(world.now + timedelta(seconds=dice.random() * 0.8), BEGIN + timedelta(seconds=60))
        await asyncio.gather(*(world.scheduler().turn() for _ in range(3)))
    assert await world.outcomes(job) == [("fired", "on_time", 1)] * 60
    assert len(await world.runs(job)) == 60
    await account(world)


async def test_a_machine_that_slept_and_a_clock_that_goes_back(world: World) -> None:
    job = await world.job({"type": "cron", "cron": "0 * * * *"})
    await world.tick(hours=2, seconds=1)
    await world.tick(hours=24)
    before = [(row.due_from, row.due_to, row.count, row.outcome, row.run_id) for row in await world.slots(job)]
    await world.tick(hours=-20)
    await world.tick(hours=19)
    assert [(row.due_from, row.due_to, row.count, row.outcome, row.run_id) for row in await world.slots(job)] == before
    await world.tick(hours=2)
    assert sum(row.count for row in await world.slots(job)) == 27
    await account(world)


async def test_more_than_are_decided_at_once(world: World) -> None:
    """What is left over of very many that are due is decided next, within the same turn."""
    await world.job({"type": "interval", "every_s": 1}, overlap="skip", grace_s=4000)
    await world.tick(seconds=2500)
    assert sum(row.count for row in await world.slots()) == 2500
    await account(world)


async def test_a_job_that_nobody_can_read_stops_no_other(world: World) -> None:
    bad, good = [await world.job({"type": "interval", "every_s": 60}) for _ in range(2)]
    async with world.database.write() as session:
        broken = update(JobTrigger).where(JobTrigger.job_id == bad).values(spec={"type": "cron", "cron": "?"})
        await session.execute(broken)
    await world.tick(seconds=61)
    assert [row.job_id for row in await world.slots()] == [good]
    async with world.database.write() as session:
        whole = update(JobTrigger).where(JobTrigger.job_id == bad).values(spec={"type": "interval", "every_s": 60})
        await session.execute(whole)
    await world.tick(seconds=61)
    assert sum(row.count for row in await world.slots(bad)) == 2
    await account(world)


async def test_a_row_that_is_there_already_stops_no_other(world: World) -> None:
    """Whatever a transaction stumbles over, the others of its batch are decided."""
    bad, good = [await world.job({"type": "interval", "every_s": 60}) for _ in range(2)]
    [trigger] = [row for row in await world.all(JobTrigger, JobTrigger.id) if row.job_id == bad]
    at = BEGIN + timedelta(seconds=60)
    row = JobSlot(
        trigger_id=trigger.id, due_from=at, due_to=at, count=1, outcome="fired", reason="on_time", job_id=bad,
        project_id=PROJECT, decided_at=at,
    )  # fmt: skip
    async with world.database.write() as session:
        session.add(row)
    await world.tick(seconds=61)
    assert [run.job_id for run in await world.all(RunRow, RunRow.id)] == [good]
