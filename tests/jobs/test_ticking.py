"""What becomes of due slots, with the rows of jobs, runs and pauses that it depends on; on every kind of database."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from runyard import clock
from runyard.db.session import Database
from runyard.jobs.mending import Mending
from runyard.jobs.models import BlackoutCalendar, Job, JobPause, JobSlot, JobTrigger
from runyard.runs.models import RunRow
from runyard.scripts.models import Script

from .clockwork import BEGIN, PROJECT, World

MINUTELY = {"type": "interval", "every_s": 60}
SIZE = {"key": "SIZE", "label": "Size", "type": "number", "required": True}


@pytest.fixture
async def world(database: Database) -> World:
    world = World(database)
    await world.furnish()
    return world


async def test_a_slot_has_a_run_that_tells_of_it(world: World) -> None:
    cron = {"type": "cron", "cron": "0 12 * * *", "timezone": "Asia/Shanghai"}
    retry = {"retries": 2, "retry_delay_s": 1.0, "backoff": "fixed", "retry_on": ["failed"]}
    asked: dict[str, Any] = {"queue": "nights", "priority": 4, "timeout_s": 7.5, "retry": retry}
    job = await world.job(cron, labels={"team": "a"}, **asked)
    await world.tick(hours=4, seconds=2)
    [slot], [run] = await world.slots(), await world.runs()
    assert (slot.outcome, slot.reason, slot.run_id, slot.due_to) == ("fired", "on_time", run.id, slot.due_from)
    assert slot.due_from == BEGIN + timedelta(hours=4)
    assert (run.job_id, run.job_limit, run.trigger_kind, run.queue, run.priority) == (job, 1, "cron", "nights", 4)
    assert (run.created_by, run.created_by_name, run.gate, run.held) == (None, f"job {job}", "", False)
    given = (await world.inputs())[run.id]
    assert (given.trigger_id, given.slot_due_at, given.timezone) == (slot.trigger_id, slot.due_from, "Asia/Shanghai")
    assert (given.retry, given.labels, given.timeout_s) == (retry, {"team": "a"}, 7.5)
    assert world.queued == [run.id]
    [trigger] = await world.all(JobTrigger, JobTrigger.id)
    assert (trigger.decided_until, trigger.next_at) == (world.now, BEGIN + timedelta(hours=28))


async def test_stretches_are_one_row_however_often_they_are_looked_at(world: World) -> None:
    job = await world.job(MINUTELY)
    await world.pause(job)
    for _ in range(5):
        await world.tick(seconds=60)
    [slot] = await world.slots()
    assert (slot.count, slot.outcome, slot.name) == (5, "paused", "ada")
    assert (slot.due_from, slot.due_to) == (BEGIN + timedelta(seconds=60), BEGIN + timedelta(seconds=300))
    await world.resume()
    await world.tick(seconds=60)
    assert [slot.outcome for slot in await world.slots()] == ["paused", "fired"]


async def test_a_pause_of_the_whole_project_and_a_blackout(world: World) -> None:
    await world.job(MINUTELY, calendars=["cal_1"])
    window = {"type": "between", "name": "moving", "start": "2026-03-01T00:02:30Z", "end": "2026-03-01T00:04:30Z"}
    calendar = BlackoutCalendar(
        id="cal_1", project_id=PROJECT, name="x", timezone="UTC", windows=[window], created_at=BEGIN, updated_at=BEGIN
    )
    async with world.database.write() as session:
        session.add(calendar)
    await world.pause(None, kind="project", from_at=BEGIN + timedelta(minutes=6), until_at=BEGIN + timedelta(minutes=8))
    for _ in range(9):
        await world.tick(seconds=60)
        for run in await world.runs():
            await world.end(run.id)
    told = [(row.outcome, row.name, row.count) for row in await world.slots()]
    fired = ("fired", "", 1)
    assert told == [fired, fired, ("blackout", "moving", 2), fired, ("paused", "ada", 2), fired, fired]


async def test_skipping_names_the_run_in_the_way(world: World) -> None:
    job = await world.job(MINUTELY, overlap="skip", max_active=1)
    for _ in range(3):
        await world.tick(seconds=60)
    [run] = await world.runs(job)
    fired, skipped = await world.slots()
    assert (fired.run_id, skipped.run_id) == (run.id, run.id)
    assert (skipped.outcome, skipped.reason, skipped.count) == ("skipped", "overlap", 2)
    await world.end(run.id)
    await world.tick(seconds=60)
    assert [row.outcome for row in await world.slots()] == ["fired", "skipped", "fired"]


async def test_queueing_holds_back_what_is_over_the_limit(world: World) -> None:
    job = await world.job(MINUTELY, overlap="queue", max_active=2)
    for _ in range(4):
        await world.tick(seconds=60)
    assert [run.held for run in await world.runs(job)] == [False, False, True, True]


async def test_a_newer_run_takes_the_place_of_the_one_before(world: World) -> None:
    job = await world.job(MINUTELY, overlap="cancel_previous", catch_up="all")
    await world.tick(seconds=60)
    await world.tick(seconds=180)
    states = [run.state for run in await world.runs(job)]
    assert states == ["cancelled", "cancelled", "cancelled", "queued"]


async def test_a_late_one_stands_for_all(world: World) -> None:
    job = await world.job(MINUTELY, grace_s=5)
    await world.tick(seconds=600 + 30)
    [run] = await world.runs(job)
    coalesced, fired = await world.slots()
    assert (coalesced.outcome, coalesced.count, coalesced.run_id) == ("coalesced", 9, run.id)
    assert (fired.reason, coalesced.stood_for_by) == ("caught_up", fired.due_from)


async def test_a_job_that_cannot_run_is_broken_and_says_why(world: World) -> None:
    script = await world.add_script("doomed")
    job = await world.job(MINUTELY, script=script)
    other = await world.job(MINUTELY)
    async with world.database.write() as session:
        await session.execute(update(Script).where(Script.id == script).values(deleted_at=BEGIN, live_name=None))
    for _ in range(3):
        await world.tick(seconds=60)
    [slot] = await world.slots(job)
    assert (slot.outcome, slot.reason, slot.count, slot.run_id) == ("skipped", "broken", 3, None)
    assert slot.detail == "The script that the job runs is not there any more."
    row = await world.get(job)
    assert (row.broken, row.health["broken"]["code"]) == ("target_missing", "target_missing")
    assert len(await world.runs(other)) == 3
    # Once it can run again, it is whole again.
    async with world.database.write() as session:
        await session.execute(update(Script).where(Script.id == script).values(deleted_at=None, live_name="doomed"))
    await world.tick(seconds=60)
    assert [row.outcome for row in await world.slots(job)] == ["skipped", "fired"]
    assert ((await world.get(job)).broken, (await world.get(job)).health) == (None, {})


async def test_parameters_that_fit_no_more(world: World) -> None:
    script = await world.add_script("sized", parameters=[SIZE])
    job = await world.job(MINUTELY, script=script)
    await world.tick(seconds=60)
    assert [(row.reason, "SIZE" in row.detail) for row in await world.slots(job)] == [("broken", True)]
    assert await world.runs(job) == []


async def test_a_job_is_mended_when_its_cause_is(world: World) -> None:
    script = await world.add_script("published")
    ill = {"broken": {"code": "invalid_parameters", "message": "x"}, "breaker": {"state": "closed", "failures": 2}}
    by_time, by_call = await world.job(MINUTELY, script=script), await world.job({"type": "webhook"}, script=script)
    needs = await world.add_script("needs", parameters=[SIZE])
    still = await world.job(MINUTELY, script=needs)
    mapped = await world.job({"type": "webhook"}, script=needs)
    every = [by_time, by_call, still, mapped]
    async with world.database.write() as session:
        await session.execute(update(Job).values(broken="invalid_parameters", health=ill))
    mending = Mending(world.database, world.firing)
    assert {job for _project, job in await mending.mend()} == {by_time, by_call, mapped}
    assert [(await world.get(job)).broken for job in every] == [None, None, "invalid_parameters", None]
    assert (await world.get(by_time)).health == {"breaker": ill["breaker"]}
    assert await mending.mend() == []


async def test_a_deleted_job_is_due_no_more(world: World) -> None:
    job = await world.job(MINUTELY)
    async with world.database.write() as session:
        await session.execute(update(Job).where(Job.id == job).values(deleted_at=BEGIN))
    await world.tick(seconds=60)
    assert await world.slots() == []
    assert [row.next_at for row in await world.all(JobTrigger, JobTrigger.id)] == [None]


async def test_a_limit_of_the_script_that_skips(world: World) -> None:
    """A gate that is not the job's own may turn a run away as well: no run, and no slot that says it fired."""
    script = await world.add_script("alone", concurrency={"limit": 1, "policy": "skip"})
    job = await world.job(MINUTELY, script=script, overlap="allow", catch_up="all", grace_s=5)
    await world.tick(seconds=125)
    assert [(row.outcome, row.count) for row in await world.slots(job)] == [("fired", 1), ("skipped", 1)]
    assert (await world.slots(job))[1].detail == "At most 1 of this script may run at once."
    assert len(await world.runs(job)) == 1


async def test_many_due_at_one_instant(world: World) -> None:
    for _ in range(30):
        await world.job(MINUTELY)
    await world.tick(seconds=60)
    assert len(await world.runs()) == len(await world.slots()) == 30


async def test_failures_open_the_breaker_and_a_trial_closes_it(world: World) -> None:
    job = await world.job(MINUTELY, breaker={"failures": 2, "reset_s": 150})
    for _ in range(2):
        await world.tick(seconds=60)
        await world.end((await world.runs(job))[-1].id, "failed")
        assert await world.following.follow() == 1
    opened = await world.get(job)
    assert opened.health["breaker"]["state"] == "open"
    [pause] = await world.all(JobPause, JobPause.id)
    assert (pause.kind, pause.why, pause.until_at is None) == ("breaker", "2 failures in a row.", False)
    # The clock of these rows is the world's; the pause was made by ours.
    await set_trial(world, job)
    await world.tick(seconds=60)
    trial = (await world.runs(job))[-1]
    health = (await world.get(job)).health["breaker"]
    assert (health["state"], health["run_id"]) == ("half_open", trial.id)
    await world.tick(seconds=120)
    assert [row.outcome for row in await world.slots(job)] == ["fired", "fired", "fired", "paused"]
    await world.end(trial.id)
    await world.following.follow()
    assert (await world.get(job)).health == {}
    assert all(row.until_at is not None for row in await world.all(JobPause, JobPause.id))


async def set_trial(world: World, job: str) -> None:
    """Have a job's trial be due, and its pause be over."""
    row = await world.get(job)
    breaker = {**row.health["breaker"], "trial_at": clock.to_us(world.now)}
    async with world.database.write() as session:
        await session.execute(update(Job).where(Job.id == job).values(health={"breaker": breaker}))
        await session.execute(update(JobPause).where(JobPause.job_id == job).values(from_at=BEGIN, until_at=BEGIN))


async def test_one_trial_and_no_more(world: World) -> None:
    job = await world.job(MINUTELY, MINUTELY, overlap="allow", catch_up="all", breaker={"failures": 1})
    await world.tick(seconds=60)
    for run in await world.runs(job):
        await world.end(run.id, "failed")
    await world.following.follow()
    await set_trial(world, job)
    await world.tick(seconds=180)
    started = await world.runs(job)
    assert len(started) == 3
    assert sum(row.count for row in await world.slots(job) if row.outcome == "paused") == 5
    # One that was cancelled says nothing: the next slot is another trial.
    await world.end(started[-1].id, "cancelled")
    await world.following.follow()
    async with world.database.write() as session:
        await session.execute(update(JobPause).where(JobPause.job_id == job).values(from_at=BEGIN, until_at=world.now))
    breaker = {**(await world.get(job)).health["breaker"], "trial_at": clock.to_us(world.now)}
    assert breaker["state"] == "open"
    async with world.database.write() as session:
        await session.execute(update(Job).where(Job.id == job).values(health={"breaker": breaker}))
    await world.tick(seconds=60)
    assert len(await world.runs(job)) == 4


async def test_jobs_after_others_start_once(world: World) -> None:
    first = await world.job(MINUTELY)
    params = [{"key": "FROM", "label": "From", "type": "text"}]
    script = await world.add_script("after", parameters=params)
    good = await world.job({"type": "after", "job_id": first, "mapping": {"FROM": "run.id"}}, script=script)
    bad = await world.job({"type": "after", "job_id": first, "on": "failure"})
    paused = await world.job({"type": "after", "job_id": first, "on": "any"})
    await world.pause(paused)
    await world.tick(seconds=60)
    [run] = await world.runs(first)
    await world.end(run.id)
    while await world.following.follow():
        pass
    [after] = await world.runs(good)
    assert after.trigger_kind == "after"
    assert (await world.inputs())[after.id].parameters == {"FROM": run.id}
    assert await world.runs(bad) == await world.runs(paused) == []
    told = {row.job_id: (row.outcome, row.reason, row.run_id, row.key) for row in await world.deliveries()}
    assert told == {good: ("accepted", "", after.id, run.id), paused: ("refused", "paused", None, run.id)}
    # What was heard once is heard no more, though the mark be set again.
    async with world.database.write() as session:
        await session.execute(update(RunRow).where(RunRow.id == run.id).values(watched=True))
    await world.following.follow()
    assert len(await world.runs(good)) == 1


async def test_what_follows_a_job_that_cannot_run_is_told(world: World) -> None:
    first = await world.job(MINUTELY)
    doomed = await world.add_script("doomed")
    after = await world.job({"type": "after", "job_id": first}, script=doomed)
    async with world.database.write() as session:
        await session.execute(update(Script).where(Script.id == doomed).values(deleted_at=BEGIN, live_name=None))
    await world.tick(seconds=60)
    await world.end((await world.runs(first))[0].id)
    await world.following.follow()
    [told] = await world.deliveries()
    assert (told.outcome, told.reason) == ("failed", "target_missing")
    assert (await world.get(after)).broken == "target_missing"


async def test_old_slots_are_removed(world: World) -> None:
    from runyard.jobs import ledger

    await world.job(MINUTELY)
    await world.tick(seconds=60)
    await world.tick(seconds=60)
    assert await world.database.transact(lambda sync: ledger.prune(sync, BEGIN + timedelta(seconds=70))) == 1
    assert [row.due_from for row in await world.all(JobSlot)] == [BEGIN + timedelta(seconds=120)]


async def test_pauses_that_ended_are_removed(world: World) -> None:
    from runyard.jobs import ledger

    job = await world.job(MINUTELY)
    for _ in range(2):
        await world.pause(job)
        await world.tick(seconds=60)
        await world.resume()
    await world.pause(job)
    await world.database.transact(lambda sync: ledger.prune(sync, BEGIN + timedelta(seconds=70)))
    ends = await world.all(JobPause, JobPause.from_at)
    assert [row.until_at for row in ends] == [BEGIN + timedelta(seconds=120), None]
