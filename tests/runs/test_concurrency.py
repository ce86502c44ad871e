"""Limits of how many runs go at once, in a yard that runs."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import event

from tests.engine.yard import Running, opened, options, place

LONG = "sleep 30"


@pytest.fixture
async def yard() -> AsyncIterator[Running]:
    async with place() as data, opened(options(data, slots=4)) as running:
        yield running


async def start(yard: Running, script: str, status: int = 202, **body: Any) -> Any:
    return await yard.post(f"/scripts/{script}/runs", body, status)


async def states(yard: Running, *runs: Any) -> list[str]:
    return [(await yard.get(f"/runs/{run['id']}"))["state"] for run in runs]


async def end(yard: Running, *runs: Any) -> None:
    for run in runs:
        if (await yard.get(f"/runs/{run['id']}"))["state"] in {"queued", "starting", "running"}:
            await yard.cancel(run["id"])
    for run in runs:
        await yard.finished(run["id"])


async def test_one_at_a_time_in_order(yard: Running) -> None:
    script = await yard.script(LONG, concurrency={"limit": 1})
    first, second, third = [await start(yard, script) for _ in range(3)]
    await yard.running(first["id"])
    assert await states(yard, second, third) == ["queued", "queued"]
    waits = (await yard.get(f"/runs/{second['id']}"))["waiting_for"]
    assert waits == {"code": "script_limit", "message": "At most 1 of this script may run at once; 1 is under way."}
    (listed,) = [r for r in (await yard.get("/runs"))["items"] if r["id"] == third["id"]]
    assert listed["waiting_for"]["code"] == "script_limit"
    # Others are not kept waiting by it.
    assert (await yard.run("true"))["state"] == "succeeded"
    await end(yard, first)
    await yard.running(second["id"])
    assert await states(yard, third) == ["queued"]
    await end(yard, third, second)


async def test_skipping(yard: Running) -> None:
    script = await yard.script(LONG, concurrency={"limit": 1, "policy": "skip"})
    first = await start(yard, script)
    refused = await start(yard, script, 409)
    assert refused["code"] == "concurrency_skipped"
    assert refused["detail"] == "At most 1 of this script may run at once."
    assert len((await yard.get("/runs"))["items"]) == 1
    await end(yard, first)
    await end(yard, await start(yard, script))


async def test_a_newer_one_takes_the_place(yard: Running) -> None:
    script = await yard.script(LONG, concurrency={"limit": 1, "policy": "cancel_previous"})
    first = await start(yard, script)
    await yard.running(first["id"])
    second, third = await start(yard, script), await start(yard, script)
    await yard.running(third["id"])
    assert await states(yard, first, second) == ["cancelled", "cancelled"]
    events = (await yard.get(f"/runs/{first['id']}/events"))["items"]
    assert next(e for e in events if e["kind"] == "run.cancel_requested")["data"] == {"by": "a newer run"}
    await end(yard, third)


async def test_keys_are_shared_between_scripts_and_told_apart_by_parameters(yard: Running) -> None:
    limit = {"key": "site-{SITE}", "limit": 1}
    site = [{"key": "SITE", "label": "Site", "type": "text"}]
    one, two = [await yard.script(LONG, concurrency=limit, parameters=site) for _ in range(2)]
    first = await start(yard, one, parameters={"SITE": "a"})
    other = await start(yard, two, parameters={"SITE": "b"})
    second = await start(yard, two, parameters={"SITE": "a"})
    await yard.running(first["id"])
    await yard.running(other["id"])
    waits = (await yard.get(f"/runs/{second['id']}"))["waiting_for"]
    assert waits["code"] == "key_limit"
    assert "“site-a”" in waits["message"]
    await end(yard, second, first, other)


async def test_limits_of_project_queue_and_installation(yard: Running) -> None:
    policy = await yard.client.put("/projects/default/run-policy", json={"concurrency": {"limit": 1}})
    assert policy.status_code == 200, policy.text
    script = await yard.script(LONG)
    await yard.yard.limits.refresh()
    first, second = await start(yard, script), await start(yard, script, priority=1)
    await yard.running(first["id"])
    waits = (await yard.get(f"/runs/{second['id']}"))["waiting_for"]
    assert waits == {"code": "project_limit", "message": "At most 1 of this project may run at once; 1 is under way."}
    # Another limit comes, the first one goes: what waits is told so, then let in.
    await yard.client.put("/run-limits", json={"queues": [{"queue": "default", "limit": 1}]})
    await yard.client.put("/projects/default/run-policy", json={})
    assert (await yard.get(f"/runs/{second['id']}"))["waiting_for"]["code"] == "queue_limit"
    await yard.client.put("/run-limits", json={"installation": {"limit": 1}})
    assert (await yard.get(f"/runs/{second['id']}"))["waiting_for"]["code"] == "installation_limit"
    assert await yard.get("/run-limits") == {"installation": {"limit": 1, "policy": "queue"}, "queues": []}
    await yard.client.put("/run-limits", json={})
    await yard.running(second["id"])
    await end(yard, first, second)


async def test_a_limit_that_is_set_late_holds_back_what_was_not_claimed() -> None:
    async with place() as data, opened(options(data, slots=1)) as yard:
        script = await yard.script(LONG)
        first, second, third = [await start(yard, script) for _ in range(3)]
        await yard.running(first["id"])
        await yard.client.put("/projects/default/run-policy", json={"concurrency": {"limit": 2}})
        await until_held(yard, third["id"])
        assert (second["id"], 0) in await yard.rows("SELECT id, held FROM runs")
        await end(yard, third, second, first)


async def until_held(yard: Running, run_id: str) -> None:
    while (run_id, 1) not in await yard.rows("SELECT id, held FROM runs"):
        await asyncio.sleep(0.01)


async def test_a_run_that_no_limit_concerns_asks_nobody(yard: Running) -> None:
    script = await yard.script("true")
    await yard.finished((await start(yard, script))["id"])
    said: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        said.append(statement)

    lane = yard.yard.database._writing
    assert lane is not None
    await yard.yard.database.transact(lambda c: c.connection.dbapi_connection.set_trace_callback(said.append))  # type: ignore[union-attr]
    event.listen(yard.yard.database._writer.sync_engine, "before_cursor_execute", note)
    await yard.finished((await start(yard, script))["id"])
    assert any("INSERT INTO runs" in statement for statement in said)
    assert not [s for s in said if "run_limits" in s or "count(" in s or "run_policies" in s]


async def test_what_a_submit_may_not_ask_for(yard: Running) -> None:
    bounds = {"timeout_s": 60, "priority": 5, "queues": ["default"], "limits": {"memory_mb": 256}}
    await yard.client.put("/projects/default/run-policy", json={"bounds": bounds})
    script = await yard.script("true")
    wishes = {"timeout_s": 61, "priority": 6, "queue": "gpu", "limits": {"memory_mb": 512}}
    refused = await start(yard, script, 422, **wishes)
    assert [e["field"] for e in refused["errors"]] == ["timeout_s", "priority", "queue", "limits.memory_mb"]
    done = await start(yard, script, timeout_s=60, priority=5, limits={"memory_mb": 128})
    run = await yard.finished(done["id"])
    assert (run["priority"], run["timeout_s"], run["limits"]["memory_mb"]) == (5, 60, 128)
    assert run["isolation"]["memory"]["limit_mb"] == 128


async def test_a_queue_that_nobody_serves(yard: Running) -> None:
    script = await yard.script("true")
    run = await start(yard, script, queue="gpu")
    waits = (await yard.get(f"/runs/{run['id']}"))["waiting_for"]
    assert waits == {"code": "no_worker", "message": "No worker that is online serves the queue gpu."}
    await end(yard, run)


@pytest.mark.parametrize("body", [{"concurrency": {"limit": 0}}, {"bounds": {"queues": ["BAD"]}}, {"other": 1}])
async def test_policies_that_make_no_sense(yard: Running, body: Any) -> None:
    assert (await yard.client.put("/projects/default/run-policy", json=body)).status_code == 422
    assert (await yard.client.put("/projects/none/run-policy", json={})).status_code == 404
