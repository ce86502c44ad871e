"""Pausing and resuming jobs over HTTP."""

from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select

from runyard import clock
from runyard.access.permissions import Permission
from runyard.db.session import Database
from runyard.jobs import pausing
from runyard.jobs.models import JobPause
from runyard.jobs.pausing import Kind

from .yard import Yard, fields, furnished, job

PERMISSION = Permission.job_read
EVERY = {"type": "interval", "every_s": 60}


@pytest.fixture
async def yard(database: Database) -> Yard:
    return await furnished(database)


async def test_a_job_is_paused_until_it_is_resumed(yard: Yard, api: httpx.AsyncClient) -> None:
    made = await job(api, triggers=[EVERY])
    path = f"/jobs/{made['id']}"
    with yard.bus.subscribe("project:prj_default") as news:
        paused = (await api.post(f"{path}/pause", json={"why": "a repair"})).json()
        _topic, message = await news.get()
        assert message["job"] == {"id": made["id"], "project": "prj_default", "change": "pause"}
    assert (paused["state"], paused["next"]) == ("paused", None)
    told = {key: paused["paused"][key] for key in ("kind", "by", "why", "until", "whole_project")}
    assert told == {"kind": "person", "by": "ada", "why": "a repair", "until": None, "whole_project": False}
    assert [row["name"] for row in (await api.get("/jobs", params={"state": "paused"})).json()["items"]] == [
        made["name"]
    ]
    resumed = (await api.post(f"{path}/resume")).json()
    assert (resumed["state"], resumed["paused"]) == ("on", None)
    # Asking twice is fine, and leaves no trace.
    assert (await api.post(f"{path}/resume")).json()["revision"] == resumed["revision"]
    acts = [row["act"] for row in (await api.get(f"{path}/changes")).json()["items"]]
    assert acts == ["resume", "pause", "create"]


async def test_a_pause_does_not_make_what_somebody_works_on_stale(api: httpx.AsyncClient) -> None:
    made = await job(api)
    path = f"/jobs/{made['id']}"
    await api.post(f"{path}/pause")
    saved = await api.patch(path, json={"description": "x", "revision": made["revision"]})
    assert (saved.status_code, saved.json()["revision"]) == (200, 3)


async def test_a_pause_with_an_end_says_what_is_due_after_it(api: httpx.AsyncClient) -> None:
    made = await job(api, triggers=[EVERY])
    until = clock.now() + timedelta(days=1)
    paused = (await api.post(f"/jobs/{made['id']}/pause", json={"until": clock.rfc3339(until)})).json()
    assert paused["state"] == "paused"
    assert paused["next"]["at"] >= paused["paused"]["until"]
    late = await api.post(f"/jobs/{made['id']}/pause", json={"until": "2020-01-01T00:00:00Z"})
    assert fields(late) == {"until": "past"}


async def test_some_and_all_are_paused(yard: Yard, api: httpx.AsyncClient) -> None:
    one, two, three = [await job(api, name=name, triggers=[EVERY]) for name in ("one", "two", "three")]
    aside = await job(api, name="aside", project="side", triggers=[EVERY])
    some = (await api.post("/jobs/pause", json={"ids": [one["id"], two["id"]], "why": "x"})).json()
    assert (sorted(some["changed"]), some["all"]) == (sorted([one["id"], two["id"]]), False)
    every = (await api.post("/jobs/pause", json={"project": "default", "why": "all of it"})).json()
    assert every == {"changed": [], "all": True}
    new = await job(api, name="new", triggers=[EVERY])
    assert (new["state"], new["paused"]["whole_project"]) == ("paused", True)
    listed = (await api.get("/jobs/pauses", params={"project": "default"})).json()["items"]
    assert [(row["job_name"], row["kind"]) for row in listed] == [
        (None, "project"),
        ("two", "person"),
        ("one", "person"),
    ]
    resumed = (await api.post("/jobs/resume", json={"ids": [one["id"], three["id"]]})).json()
    assert resumed == {"changed": [one["id"]], "all": False}
    await api.post("/jobs/resume", json={"project": "default"})
    states = {row["name"]: row["state"] for row in (await api.get("/jobs")).json()["items"]}
    assert states == {"one": "on", "two": "paused", "three": "on", "new": "on", "aside": "on"}
    for wrong in ({}, {"ids": [one["id"]], "project": "default"}):
        assert fields(await api.post("/jobs/pause", json=wrong)) == {"ids": "one_of"}
    missing = await api.post("/jobs/pause", json={"ids": [one["id"], "job_none"]})
    assert (missing.status_code, missing.json()["errors"][0]["field"]) == (404, "ids.1")
    async with yard.client("bob") as bob:
        assert (await bob.post("/jobs/pause", json={"ids": [aside["id"]]})).status_code == 404
        assert (await bob.post("/jobs/pause", json={"project": "side"})).status_code == 404


async def test_switching_off_is_a_stretch_that_is_kept(yard: Yard, api: httpx.AsyncClient) -> None:
    made = await job(api, triggers=[EVERY])
    for enabled in (False, True, False):
        await api.patch(f"/jobs/{made['id']}", json={"enabled": enabled})
    async with yard.database.read() as session:
        rows = (await session.scalars(select(JobPause).order_by(JobPause.id))).all()
    assert [(row.kind, row.until_at is None) for row in rows] == [("disabled", False), ("disabled", True)]
    first, second = pausing.stretches(rows)
    assert (first.name, second.end) == ("ada", pausing.ALWAYS)
    assert first.end <= second.start


async def test_resuming_closes_the_breaker(yard: Yard, api: httpx.AsyncClient) -> None:
    made = await job(api, triggers=[EVERY])
    async with yard.database.write() as session:
        row = await yard.jobs.find(session, yard.actors["ada"], made["id"], PERMISSION)
        row.health = {"breaker": {"state": "open", "failures": 3, "opened_at": clock.to_us(clock.now())}}
        await pausing.begin(session, Kind.breaker, row.project_id, row.id, clock.now() - timedelta(seconds=1))
    found = (await api.get(f"/jobs/{made['id']}")).json()
    assert (found["breaker"]["state"], found["breaker"]["failures"], found["breaker"]["trial_at"]) == ("open", 3, None)
    assert (found["paused"]["kind"], found["paused"]["by"]) == ("breaker", "the circuit breaker")
    resumed = (await api.post(f"/jobs/{made['id']}/resume")).json()
    assert (resumed["state"], resumed["breaker"]["state"]) == ("on", "closed")
