"""Runs that are tried again, in a yard that runs; and what failures are counted as."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from runyard.dispatch.local import LocalDispatch
from runyard.runs import gatekeeper
from tests.engine.yard import Running, opened, options, place

COUNT = 'n=$(cat "$RUNYARD_STATE_DIR/n" 2>/dev/null || echo 0); echo $((n+1)) > "$RUNYARD_STATE_DIR/n"; echo "try $n"; '


@pytest.fixture
async def yard() -> AsyncIterator[Running]:
    async with place() as data, opened(options(data)) as running:
        yield running


async def start(yard: Running, script: str, **body: Any) -> str:
    return str((await yard.post(f"/scripts/{script}/runs", body))["id"])


async def test_a_run_is_tried_again_until_it_succeeds(yard: Running) -> None:
    script = await yard.script(COUNT + "[ $n -ge 2 ]", retries=3, retry_delay_s=0)
    run = await yard.finished(await start(yard, script, labels={"team": "a"}))
    assert (run["state"], run["attempt"], run["exit_code"], run["error"]) == ("succeeded", 3, 0, None)
    attempts = (await yard.get(f"/runs/{run['id']}/attempts"))["items"]
    assert [(a["attempt"], a["state"], a["exit_code"]) for a in attempts] == [
        (1, "failed", 1),
        (2, "failed", 1),
        (3, "succeeded", 0),
    ]
    events = (await yard.get(f"/runs/{run['id']}/events"))["items"]
    again = [e for e in events if e["kind"] == "run.retried"]
    assert [(e["attempt"], e["data"]["next_attempt"], e["data"]["outcome"]) for e in again] == [
        (1, 2, "failed"),
        (2, 3, "failed"),
    ]
    # Each attempt has its own log; labels follow the state.
    assert [(await yard.lines(run["id"], attempt=n))[0]["text"] for n in (1, 2, 3)] == ["try 0", "try 1", "try 2"]
    assert await yard.rows("SELECT state FROM run_labels") == [("succeeded",)]
    assert (await yard.get("/failures"))["items"] == []


@pytest.mark.parametrize("gate", [None, {"key": "k", "limit": 1}], ids=["free", "before a gate"])
async def test_a_retry_is_woken_when_it_is_due(monkeypatch: pytest.MonkeyPatch, gate: dict[str, Any] | None) -> None:
    async def never(*_: object) -> None:
        """Look at no rows: only who is woken gets on."""

    monkeypatch.setattr(LocalDispatch, "_sweep", never)
    monkeypatch.setattr(gatekeeper, "SWEEP_S", 3600)
    async with place() as data, opened(options(data)) as yard:
        script = await yard.script(COUNT + "[ $n -ge 3 ]", retries=3, retry_delay_s=0.05, concurrency=gate)
        run = await yard.finished(await start(yard, script))
        assert (run["state"], run["attempt"]) == ("succeeded", 4)


async def test_it_ends_when_the_tries_are_used_up(yard: Running) -> None:
    script = await yard.script("exit 3", retries=1, retry_delay_s=0)
    run = await yard.finished(await start(yard, script))
    assert (run["state"], run["attempt"], run["retries"]) == ("failed", 2, 1)
    assert run["error"]["code"] == "exit_code"


async def test_a_cancelled_run_is_not_tried_again(yard: Running) -> None:
    # It ends by itself, and badly, after it was asked to end.
    script = await yard.script("trap 'exit 7' TERM; echo up; while :; do sleep 0.05; done", retries=5, retry_delay_s=0)
    run_id = await start(yard, script)
    await yard.printed(run_id, "up")
    await yard.cancel(run_id)
    run = await yard.finished(run_id)
    assert (run["state"], run["attempt"]) == ("cancelled", 1)


async def test_one_that_waits_for_its_next_try_says_so_and_can_be_cancelled(yard: Running) -> None:
    script = await yard.script("exit 1", retries=1, retry_delay_s=600)
    run_id = await start(yard, script)
    run = await yard.until(run_id, lambda run: run["attempt"] == 2)
    assert run["state"] == "queued"
    assert run["waiting_for"]["code"] == "retry"
    assert run["waiting_for"]["message"] == f"Attempt 1 failed; it is tried again at {run['not_before']}."
    assert (await yard.cancel(run_id))["state"] == "cancelled"


async def test_a_retry_gives_its_place_to_others(yard: Running) -> None:
    limit = {"key": "k", "limit": 1}
    script = await yard.script("exit 1", retries=1, retry_delay_s=600, concurrency=limit)
    waiting = await start(yard, script)
    await yard.until(waiting, lambda run: run["attempt"] == 2)
    other = await yard.script("true", concurrency=limit)
    assert (await yard.finished(await start(yard, other)))["state"] == "succeeded"
    await yard.cancel(waiting)


async def test_chosen_outcomes(yard: Running) -> None:
    script = await yard.script("sleep 5", timeout_s=0.2, retries=1, retry_delay_s=0, retry_on=["failed"])
    run = await yard.finished(await start(yard, script))
    assert (run["state"], run["attempt"]) == ("timed_out", 1)


async def test_failures_that_are_the_same_are_counted_together(yard: Running) -> None:
    definition = [{"key": "N", "label": "N", "type": "text"}]
    code = "import os\ndef load(n):\n    raise ValueError(f'no row {n}')\nif 'N' in os.environ: load(os.environ['N'])\n"
    script = await yard.script(code, "python", parameters=definition)
    good = await yard.finished(await start(yard, script))
    assert good["state"] == "succeeded"
    runs = [await yard.finished(await start(yard, script, parameters={"N": n})) for n in ("17", "18")]
    other = await yard.finished(await start(yard, script, parameters={"N": "x"}))
    (newest, group) = (await yard.get("/failures"))["items"]
    assert (group["title"], group["count"], group["code"]) == ("ValueError: no row 17", 2, "exit_code")
    assert (group["first_run_id"], group["last_run_id"]) == (runs[0]["id"], runs[1]["id"])
    assert newest["last_run_id"] == other["id"]
    assert runs[1]["failure_id"] == group["id"]
    listed = (await yard.get("/runs", failure_id=group["id"]))["items"]
    assert [run["id"] for run in listed] == [runs[1]["id"], runs[0]["id"]]
    whole = await yard.get(f"/failures/{group['id']}")
    assert whole["last_good"]["id"] == good["id"]
    assert whole["text"].splitlines()[0] == "exit_code"
    assert [change["what"] for change in whole["changed"]] == ["parameters", "environment_names"]
    assert (await yard.get("/failures", script_id=script, q="no ROW"))["items"] == [newest, group]
    assert (await yard.get("/failures", q="other"))["items"] == []
    assert (await yard.client.get("/failures/fail_x")).status_code == 404
    assert (await yard.client.get("/failures", params={"project": "none"})).status_code == 404


async def test_limits_of_a_script_hold(yard: Running) -> None:
    script = await yard.script("head -c 3000000 /dev/zero | tr '\\0' 'x\\n'", limits={"output_mb": 1, "pids": 64})
    run = await yard.finished(await start(yard, script))
    assert run["isolation"]["pids"]["limit"] == 64
    assert run["usage"]["output_dropped_bytes"] > 0
