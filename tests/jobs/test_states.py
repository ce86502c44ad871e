"""What lists find by a state is what each job says of itself; and what is told of the runs of jobs."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from runyard import clock, ids
from runyard.access.permissions import Permission
from runyard.db.session import Database
from runyard.ids import ProjectId
from runyard.jobs.health import JobState
from runyard.runs.models import RunRow
from runyard.scripts.models import Script
from tests.runs.rows import Rows

from .yard import Yard, furnished, job, script

EVERY = {"type": "interval", "every_s": 60}
READ = Permission.job_read


@pytest.fixture
async def yard(database: Database) -> Yard:
    return await furnished(database)


async def test_lists_and_jobs_agree_about_states(yard: Yard, api: httpx.AsyncClient) -> None:
    gone = await script(api)
    source = await job(api, name="source")
    made: dict[str, dict[str, Any]] = {}
    cases: tuple[tuple[str, dict[str, Any]], ...] = (
        ("plain", {}),
        ("bare", {"triggers": []}),
        ("idle", {"triggers": [{**EVERY, "enabled": False}]}),
        ("off", {"enabled": False}),
        ("held", {}),
        ("lost", {"script": gone}),
        ("lost and off", {"script": gone, "enabled": False}),
        ("ill", {}),
        ("healed", {}),
        ("back", {}),
        ("late", {"triggers": [{"type": "after", "job_id": source["id"]}]}),
    )
    for name, more in cases:
        made[name] = await job(api, name=name, **{"triggers": [EVERY], **more})
    await api.post(f"/jobs/{made['held']['id']}/pause")
    await api.delete(f"/scripts/{gone}")
    await api.delete(f"/jobs/{source['id']}")
    async with yard.database.write() as session:
        for name, code in (("ill", "invalid_parameters"), ("healed", "target_missing"), ("back", "project_archived")):
            row = await yard.jobs.find(session, yard.actors["ada"], made[name]["id"], READ)
            row.broken, row.health = code, {"broken": {"code": code, "message": "x"}}
    said = {row["name"]: row["state"] for row in (await api.get("/jobs")).json()["items"]}
    assert said == {
        "plain": "on",
        "bare": "no_triggers",
        "idle": "no_triggers",
        "off": "disabled",
        "held": "paused",
        "lost": "broken",
        "lost and off": "disabled",
        "ill": "broken",
        "healed": "on",
        "back": "on",
        "late": "broken",
    }
    for state in JobState:
        found = (await api.get("/jobs", params={"state": state.value})).json()["items"]
        assert {row["name"] for row in found} == {name for name, its in said.items() if its == state}


async def test_a_save_mends_what_kept_a_job_from_running(yard: Yard, api: httpx.AsyncClient) -> None:
    made = await job(api, triggers=[EVERY])
    async with yard.database.write() as session:
        row = await yard.jobs.find(session, yard.actors["ada"], made["id"], READ)
        row.broken, row.health = "invalid_parameters", {"broken": {"code": "invalid_parameters", "message": "x"}}
    saved = (await api.patch(f"/jobs/{made['id']}", json={"settings": {"grace_s": 90}})).json()
    assert (saved["state"], saved["broken"]) == ("on", None)


async def test_what_became_of_runs_is_told(yard: Yard, api: httpx.AsyncClient) -> None:
    made = await job(api, settings={"alert_after_s": 3600}, triggers=[EVERY])
    rows, now = await _rows(yard, made), clock.now()
    runs = []
    for number, state in enumerate(["succeeded", "failed", "cancelled", "failed", "running"]):
        at = now - timedelta(hours=5 - number)
        runs.append(await rows.add(ids.floor("run", at)[:-4] + f"000{number}", at=at, job_id=made["id"]))
        async with yard.database.write() as session:
            row = await session.get_one(RunRow, runs[-1])
            row.state, row.finished_at = state, None if state == "running" else at
    async with yard.database.write() as session:
        kept = await yard.jobs.find(session, yard.actors["ada"], made["id"], READ)
        kept.created_at = now - timedelta(days=1)
    found = (await api.get(f"/jobs/{made['id']}")).json()
    assert [run["run_id"] for run in found["last"]] == runs[::-1]
    assert [run["state"] for run in found["last"]][:2] == ["running", "failed"]
    # Whoever cancels a run has their reasons.
    assert (found["success_rate"], found["runs_counted"]) == (pytest.approx(1 / 3), 3)
    assert found["alert"]["since"] == clock.rfc3339(now - timedelta(hours=5))
    await api.post(f"/jobs/{made['id']}/pause")
    assert (await api.get(f"/jobs/{made['id']}")).json()["alert"] is None


async def test_a_page_of_jobs_takes_as_many_statements_as_one_job(yard: Yard, api: httpx.AsyncClient) -> None:
    from sqlalchemy import event

    counted: list[str] = []
    engines = {yard.database.engine.sync_engine, yard.database._reader.sync_engine}
    for engine in engines:
        event.listen(engine, "before_cursor_execute", lambda *given: counted.append(given[2]))
    sizes = []
    for _ in range(2):
        for _ in range(3):
            await job(api, triggers=[EVERY], settings={"alert_after_s": 3600})
        counted.clear()
        assert (await api.get("/jobs")).status_code == 200
        sizes.append(len([text for text in counted if text.lstrip().upper().startswith("SELECT")]))
    assert sizes[0] == sizes[1] <= 12


async def _rows(yard: Yard, made: dict[str, Any]) -> Rows:
    rows = Rows(yard.database)
    rows.project = ProjectId("prj_default")
    async with yard.database.read() as session:
        rows.version_id = (await session.get_one(Script, made["target"]["id"])).version_id or ""
    return rows
