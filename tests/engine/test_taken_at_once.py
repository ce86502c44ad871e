"""Runs that are accepted and claimed in one transaction, because a slot was free in this very process."""

import asyncio
import errno
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from runyard.dispatch import local
from runyard.engine.executor import Executor
from runyard.runs.schemas import Submit
from runyard.sandbox import Request, Sandboxes
from runyard.sandbox.problems import LevelUnavailable

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


def places(yard: Running) -> set[Path]:
    return {path for path in (yard.data / "work").iterdir() if not path.name.startswith(".")}


async def test_what_it_needs_is_laid_out_while_its_claim_is_written(
    yard: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    script_id = await known(yard, "cat $RUNYARD_PARAMETERS; echo $RUNYARD_STATE_DIR > state", parameters=[WAITS])
    laid: list[bool] = []
    carry_out = Executor.carry_out

    async def look(self: Executor, taken: Any, slot: Any) -> None:
        laid.append((yard.data / "work" / taken.claim.token.run_id / "1" / "io" / "parameters.json").exists())
        await carry_out(self, taken, slot)

    monkeypatch.setattr(Executor, "carry_out", look)
    answer = await yard.post(f"/scripts/{script_id}/runs", {"parameters": {"WAIT": True}})
    assert (await yard.finished(answer["id"]))["state"] == "succeeded"
    assert laid == [True]
    await all_free(yard)


async def test_nothing_is_left_of_a_claim_that_was_not_written(yard: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    script_id = await known(yard, "echo $RUNYARD_STATE_DIR")
    before = places(yard)
    foresee = local._Reservation.foresee
    seen: list[set[Path]] = []

    def fail(self: Any, taken: Any) -> None:
        foresee(self, taken)
        asyncio.run_coroutine_threadsafe(look(), self._loop).result()
        raise OSError(errno.EIO, "as if the disk had failed at the commit")

    async def look() -> None:
        seen.append(places(yard) - before)

    monkeypatch.setattr(local._Reservation, "foresee", fail)
    await yard.post(f"/scripts/{script_id}/runs", {}, 500)
    assert [len(places) for places in seen] == [1]
    assert places(yard) == before
    assert yard.yard.dispatch.in_use == 0
    monkeypatch.undo()
    answer = await yard.post(f"/scripts/{script_id}/runs", {})
    run = await yard.finished(answer["id"])
    assert run["state"] == "succeeded"
    await all_free(yard)


async def test_what_cannot_be_laid_out_fails_in_its_turn(yard: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    script_id = await known(yard, "echo done")
    asked: list[str] = []

    def refuse(_self: Sandboxes, _level: Any, request: Request) -> None:
        asked.append(request.attempt_id)
        raise LevelUnavailable("Not here.")

    monkeypatch.setattr(Sandboxes, "confine", refuse)
    answer = await yard.post(f"/scripts/{script_id}/runs", {})
    run = await yard.finished(answer["id"])
    assert (run["state"], run["error"]["message"]) == ("failed", "Not here.")
    assert len(asked) == 2
    assert len(set(asked)) == 1
    await all_free(yard)
