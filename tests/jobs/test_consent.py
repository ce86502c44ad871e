"""A job over a script whose runs wait for a second person waits when it is saved, and its runs never do."""

import httpx
import pytest

from runyard.db.session import Database
from runyard.projects.models import Project
from runyard.scripts.models import Script

from .yard import Yard, furnished, job, script

NIGHTLY = {"type": "cron", "cron": "0 3 * * *"}


@pytest.fixture
async def yard(database: Database) -> Yard:
    return await furnished(database)


async def marked(yard: Yard, api: httpx.AsyncClient) -> str:
    id_ = await script(api)
    async with yard.database.write() as session:
        (await session.get_one(Project, "prj_default")).second_person = ["script.run"]
        row = await session.get_one(Script, id_)
        row.marked = row.gated = True
    return id_


async def test_a_job_that_would_run_waits(yard: Yard, api: httpx.AsyncClient) -> None:
    id_ = await marked(yard, api)
    body = {"name": "Nightly", "target": {"id": id_}, "triggers": [NIGHTLY]}
    waiting = await api.post("/jobs", json=body)
    assert (waiting.status_code, "runyard-approval" in waiting.headers) == (202, True)
    told = waiting.json()["approval"]
    assert told["kind"] == "script.run"
    assert told["changes"]["job"] == [None, "Nightly"]
    assert told["changes"]["triggers"][1][0]["cron"] == "0 3 * * *"
    assert (await api.get("/jobs")).json()["items"] == []


async def test_what_changes_no_run_does_not_wait(yard: Yard, api: httpx.AsyncClient) -> None:
    made = await job(api, script=await marked(yard, api), enabled=False, triggers=[NIGHTLY])
    path = f"/jobs/{made['id']}"
    assert (await api.patch(path, json={"description": "x"})).status_code == 200
    assert (await api.patch(path, json={"settings": {"grace_s": 5}})).status_code == 200
    assert (await api.patch(path, json={"enabled": True})).status_code == 202
    assert (await api.get(path)).json()["state"] == "disabled"
