"""Runs that are accepted and claimed in one transaction, because a slot was free in this very process."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from runyard.runs.schemas import Submit

from .yard import Running, opened, options, place

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def yard() -> AsyncIterator[Running]:
    """A yard with one slot."""
    async with place() as data, opened(options(data, slots=1)) as running:
        yield running


WAITS = {"key": "WAIT", "label": "Wait", "type": "switch", "default": False}


async def known(yard: Running, code: str, **fields: Any) -> str:
    """Return a script that has been run before."""
    script_id = await yard.script(code, **fields)
    answer = await yard.post(f"/scripts/{script_id}/runs", {})
    await yard.finished(answer["id"])
    await all_free(yard)
    return script_id


async def all_free(yard: Running) -> None:
    while yard.yard.dispatch.in_use:
        await asyncio.sleep(0.01)


async def journal(yard: Running, run_id: str) -> list[str]:
    return [event["kind"] for event in (await yard.get(f"/runs/{run_id}/events"))["items"]]


async def test_a_free_slot_takes_a_run_as_it_is_accepted(yard: Running) -> None:
    script_id = await known(yard, "echo done")
    answer = await yard.post(f"/scripts/{script_id}/runs", {"labels": {"team": "blue"}})
    assert answer["state"] == "queued"
    assert (await journal(yard, answer["id"]))[:2] == ["run.queued", "run.claimed"]
    run = await yard.finished(answer["id"])
    assert (run["state"], run["attempt"]) == ("succeeded", 1)
    assert await journal(yard, answer["id"]) == ["run.queued", "run.claimed", "run.started", "run.succeeded"]
    found = await yard.get("/runs", label="team=blue", state="succeeded", script_id=script_id)
    assert [item["id"] for item in found["items"]] == [answer["id"]]


async def test_without_a_free_slot_it_waits_its_turn(yard: Running) -> None:
    script_id = await known(yard, "while $WAIT && ! test -e go; do sleep 0.01; done", parameters=[WAITS])
    body = {"parameters": {"WAIT": True}}
    first, second = [(await yard.post(f"/scripts/{script_id}/runs", body))["id"] for _ in range(2)]
    assert (await yard.get(f"/runs/{second}"))["state"] == "queued"
    assert await journal(yard, second) == ["run.queued"]
    for run_id in (first, second):
        await yard.until(run_id, lambda run: run["state"] == "running")
        (yard.data / "work" / run_id / "1" / "files" / "go").touch()
        assert (await yard.finished(run_id))["state"] == "succeeded"


async def test_it_runs_though_whoever_asked_has_gone(yard: Running) -> None:
    script_id = await known(yard, "echo done")
    actor = await yard.yard.access.actor_of(yard.client.headers["Authorization"].partition(" ")[2])
    asking = asyncio.ensure_future(yard.yard.runs.submit(actor, script_id, Submit(), [], key=None, kind="api"))
    await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    while len(found := (await yard.get("/runs", script_id=script_id))["items"]) < 2:
        await asyncio.sleep(0.01)
    assert (await yard.finished(found[0]["id"]))["state"] == "succeeded"
    await all_free(yard)


async def test_what_is_refused_holds_no_slot(yard: Running) -> None:
    script_id = await known(yard, "echo done")
    await yard.post(f"/scripts/{script_id}/runs", {"parameters": {"NONE": 1}}, 422)
    assert yard.yard.dispatch.in_use == 0
