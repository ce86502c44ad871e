"""The calendar and the forecast over HTTP, on every kind of database."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from runyard import clock, ids
from runyard.access.permissions import Permission
from runyard.db.session import Database
from runyard.ids import ProjectId
from runyard.jobs.models import BlackoutCalendar, Job, JobSlot
from runyard.runs.models import RunRow
from runyard.scripts.models import Script
from runyard.workers.models import WorkerRow
from tests.runs.rows import Rows

from .yard import Yard, furnished, job, script

PERMISSION = Permission.job_read
HOUR = timedelta(hours=1)
NOW = clock.now()
TODAY = NOW.replace(hour=0, minute=0, second=0, microsecond=0)
TOMORROW = TODAY + timedelta(days=1)


@pytest.fixture
async def yard(database: Database) -> Yard:
    return await furnished(database)


def stretch(start: datetime, end: datetime, **more: Any) -> dict[str, Any]:
    return {"from": start.isoformat(), "to": end.isoformat(), **more}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def calendar(api: httpx.AsyncClient, start: datetime, end: datetime, **more: Any) -> dict[str, Any]:
    answer = await api.get("/jobs/calendar", params=stretch(start, end, **more))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_what_is_to_come_is_told_by_the_quarter_the_hour_or_the_day(api: httpx.AsyncClient) -> None:
    made = await job(api, name="often", triggers=[{"type": "cron", "cron": "*/5 * * * *"}])
    day = await calendar(api, TOMORROW, TOMORROW + timedelta(days=1))
    assert [item["count"] for item in day["items"]] == [3] * 96
    first = day["items"][0]
    assert (first["kind"], first["outcome"], first["job_id"], first["job_name"]) == ("due", None, made["id"], "often")
    assert first["trigger_id"] == made["triggers"][0]["id"]
    assert (at(first["at"]), at(first["until"])) == (TOMORROW, TOMORROW + timedelta(minutes=10))
    week = await calendar(api, TOMORROW, TOMORROW + timedelta(days=7))
    assert [item["count"] for item in week["items"]] == [12] * 24 * 7
    month = await calendar(api, TOMORROW, TOMORROW + timedelta(days=30))
    assert [item["count"] for item in month["items"]] == [288] * 30
    assert not month["capped"]
    some = await calendar(api, TOMORROW, TOMORROW + timedelta(days=30), most=10)
    assert (some["items"], some["capped"]) == (month["items"][:10], True)


async def test_what_will_not_fire_is_told_with_why(api: httpx.AsyncClient, yard: Yard) -> None:
    async with yard.database.write() as session:
        window = {
            "type": "between",
            "name": "release",
            "start": TOMORROW.isoformat(),
            "end": (TOMORROW + 2 * HOUR).isoformat(),
        }
        session.add(
            BlackoutCalendar(
                id="cal_1",
                project_id="prj_default",
                name="releases",
                timezone="UTC",
                windows=[window],
                created_at=NOW,
                updated_at=NOW,
            )
        )
    hourly = {"type": "cron", "cron": "0 * * * *"}
    barred = await job(api, triggers=[hourly], settings={"calendars": ["cal_1"]})
    free = await job(api, triggers=[hourly])
    shadowed = await job(api, triggers=[hourly])
    off = await job(api, triggers=[hourly], enabled=False)
    await api.post(f"/jobs/{shadowed['id']}/shadow/begin")
    found = (await calendar(api, TOMORROW, TOMORROW + 4 * HOUR))["items"]

    def of(one: dict[str, Any]) -> list[tuple[str | None, str]]:
        return [(item["outcome"], item["name"]) for item in found if item["job_id"] == one["id"]]

    assert of(barred) == [("blackout", "release")] * 2 + [(None, "")] * 2
    assert of(free) == [(None, "")] * 4
    assert of(shadowed) == [("paused", "shadow mode")] * 4
    assert of(off) == []
    mine = await calendar(api, TOMORROW, TOMORROW + 4 * HOUR, job_id=free["id"])
    assert {item["job_id"] for item in mine["items"]} == {free["id"]}


async def test_what_became_of_what_was_due_and_what_else_ran(api: httpx.AsyncClient, yard: Yard) -> None:
    made = await job(api, name="nightly", triggers=[{"type": "webhook"}])
    trigger, job_id = made["triggers"][0]["id"], made["id"]
    day = TODAY - timedelta(days=3)
    rows = await _rows(yard, made)
    ran = [await _run(rows, job_id, day + number * HOUR) for number in range(3)]
    async with yard.database.write() as session:
        for number in range(2):
            session.add(_slot(trigger, job_id, day + number * HOUR, "fired", run_id=ran[number]))
        session.add(_slot(trigger, job_id, day - HOUR, "paused", until=day + 5 * HOUR, count=7, name="ada"))
    found = (await calendar(api, day, day + timedelta(days=1)))["items"]
    assert [(item["kind"], item["outcome"], item["count"], item["run_id"]) for item in found] == [
        ("slot", "paused", 7, None),
        ("ran", "fired", 1, ran[0]),
        ("ran", "fired", 1, ran[1]),
        ("ran", None, 1, ran[2]),
    ]
    assert (found[0]["name"], at(found[0]["until"])) == ("ada", day + 5 * HOUR)
    assert {item["run_state"] for item in found[1:]} == {"queued"}
    month = (await calendar(api, day - timedelta(days=20), day + timedelta(days=20)))["items"]
    assert [(item["kind"], item["outcome"], item["count"]) for item in month] == [
        ("slot", "paused", 7),
        ("ran", "fired", 2),
        ("ran", None, 1),
    ]
    assert (await calendar(api, day - timedelta(days=2), day - timedelta(days=1)))["items"] == []


async def test_others_see_nothing_of_it(api: httpx.AsyncClient, yard: Yard) -> None:
    await job(api, triggers=[{"type": "cron", "cron": "0 * * * *"}])
    async with yard.client("zoe") as zoe:
        assert (await calendar(zoe, TOMORROW, TOMORROW + HOUR))["items"] == []
        assert sum(hour["runs"] for hour in (await zoe.get("/jobs/forecast")).json()["hours"]) == 0


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-03-02T00:00:00Z", "2026-03-02T00:00:00Z"),
        ("2026-03-02T00:00:00Z", "2026-03-01T00:00:00Z"),
        ("2026-01-01T00:00:00Z", "2028-01-01T00:00:00Z"),
        ("0001-01-01T00:00:00Z", "0001-02-01T00:00:00Z"),
        ("9999-01-01T00:00:00Z", "9999-12-31T00:00:00Z"),
    ],
)
async def test_stretches_that_can_not_be_shown(api: httpx.AsyncClient, start: str, end: str) -> None:
    for path in ("/jobs/calendar", "/jobs/forecast"):
        answer = await api.get(path, params={"from": start, "to": end})
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_stretch")


async def test_broken_jobs_are_not_told_as_if_they_would_fire(api: httpx.AsyncClient, yard: Yard) -> None:
    hourly = {"type": "cron", "cron": "0 * * * *"}
    id_ = await script(api)
    gone, noted = await job(api, script=id_, triggers=[hourly]), await job(api, triggers=[hourly])
    archived = await job(api, triggers=[hourly])
    assert (await api.delete(f"/scripts/{id_}")).status_code == 204
    async with yard.database.write() as session:
        (await session.get_one(Job, noted["id"])).broken = "invalid_parameters"
        # What was noted of this is looked at anew.
        (await session.get_one(Job, archived["id"])).broken = "project_archived"
    found = (await calendar(api, TOMORROW, TOMORROW + 2 * HOUR))["items"]
    told = {one["id"]: [item["outcome"] for item in found if item["job_id"] == one["id"]] for one in (gone, noted)}
    assert told == {gone["id"]: ["skipped"] * 2, noted["id"]: ["skipped"] * 2}
    assert [item["outcome"] for item in found if item["job_id"] == archived["id"]] == [None] * 2
    answer = (await api.get("/jobs/forecast", params=stretch(TOMORROW, TOMORROW + 2 * HOUR))).json()
    assert [hour["runs"] for hour in answer["hours"]] == [1, 1]
    assert (await api.get(f"/jobs/{gone['id']}")).json()["next"] is None


async def test_what_still_fires_has_a_next_time(api: httpx.AsyncClient) -> None:
    first = await job(api)
    after = {"type": "after", "job_id": first["id"], "on": "any"}
    both = await job(api, triggers=[{"type": "cron", "cron": "0 * * * *"}, after])
    assert (await api.delete(f"/jobs/{first['id']}")).status_code == 204
    shown = (await api.get(f"/jobs/{both['id']}")).json()
    assert (shown["broken"]["code"], shown["next"]["trigger_id"]) == ("source_missing", both["triggers"][0]["id"])


async def test_a_forecast_goes_by_how_long_runs_took(api: httpx.AsyncClient, yard: Yard) -> None:
    made = await job(api, triggers=[{"type": "cron", "cron": "0 * * * *"}], settings={"overlap": "allow"})
    await job(api, triggers=[{"type": "cron", "cron": "30 * * * *"}])
    rows = await _rows(yard, made)
    for took in (600, 900, 90_000):
        run_id = await _run(rows, made["id"], NOW - timedelta(days=2))
        async with yard.database.write() as session:
            row = await session.get_one(RunRow, run_id)
            row.state, row.started_at, row.finished_at = "succeeded", NOW, NOW + timedelta(seconds=took)
    async with yard.database.write() as session:
        session.add(_worker(NOW + timedelta(days=3650)))
    answer = (await api.get("/jobs/forecast", params=stretch(TOMORROW, TOMORROW + 3 * HOUR))).json()
    assert (answer["capacity_slots"], answer["capped"]) == (4, False)
    assert [(at(hour["at"]), hour["runs"], hour["busy_s"], hour["slots_used"]) for hour in answer["hours"]] == [
        (TOMORROW + number * HOUR, 2, 900, 0.25) for number in range(3)
    ]


async def _rows(yard: Yard, made: dict[str, Any]) -> Rows:
    """Put runs of a job's script there."""
    rows = Rows(yard.database)
    rows.project = ProjectId("prj_default")
    async with yard.database.read() as session:
        rows.version_id = (await session.get_one(Script, made["target"]["id"])).version_id or ""
    return rows


async def _run(rows: Rows, job_id: str, at: datetime) -> str:
    run_id = ids.floor("run", at + timedelta(milliseconds=1))[:-16] + ids.new("run")[-16:]
    return await rows.add(run_id, at=at, job_id=job_id)


def _slot(trigger: str, job_id: str, at: datetime, outcome: str, **more: Any) -> JobSlot:
    until = more.pop("until", at)
    return JobSlot(
        trigger_id=trigger,
        due_from=at,
        due_to=until,
        outcome=outcome,
        reason="on_time",
        job_id=job_id,
        project_id="prj_default",
        decided_at=at,
        **{"count": 1, **more},
    )


def _worker(until: datetime) -> WorkerRow:
    return WorkerRow(
        id="wrk_1",
        name="w",
        host="h",
        version="1",
        state="online",
        slots=4,
        queues=["default"],
        info={},
        started_at=datetime(2026, 1, 1, tzinfo=UTC),
        heartbeat_at=NOW,
        lease_until=until,
    )
