"""What runs tell together: comparisons, usage, batches, the keep-list, retention, archives; in a yard that runs."""

import gzip
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from runyard import clock
from runyard.runs.retention import Retention
from runyard.scripts import files
from tests.engine.yard import Running, opened, options, place

PARAMETERS = [{"key": "N", "label": "N", "type": "text"}, {"key": "PIN", "label": "PIN", "type": "password"}]


@pytest.fixture
async def yard() -> AsyncIterator[Running]:
    async with place() as data, opened(options(data)) as running:
        yield running


async def start(yard: Running, script: str, **body: Any) -> str:
    return str((await yard.post(f"/scripts/{script}/runs", body))["id"])


async def runs_of(yard: Running, **params: Any) -> list[str]:
    return [run["id"] for run in (await yard.get("/runs", **params))["items"]]


async def test_two_runs_side_by_side(yard: Running) -> None:
    code = 'echo "{\\"n\\": \\"$N\\"}" > "$RUNYARD_OUTPUTS"'
    script = await yard.script(code, parameters=PARAMETERS)
    one = await yard.finished(await start(yard, script, parameters={"N": "1", "PIN": "first-pin"}))
    await yard.client.patch(f"/scripts/{script}", json={"code": code + "\nexit 1", "retries": 0, "network": False})
    two = await yard.finished(
        await start(yard, script, parameters={"N": "1", "PIN": "other-pin"}, labels={"a": "b"}, priority=3)
    )
    found = await yard.get("/runs/compare", a=one["id"], b=two["id"])
    assert [change["what"] for change in found["changed"]] == ["code", "parameters", "settings", "labels"]
    assert found["changed"][0]["detail"] == "version 1 → 2"
    assert "+exit 1" in found["code"]["diff"]
    assert found["parameters"] == [
        {"key": "N", "a": "1", "b": "1", "same": True},
        # Hidden values are told apart, not told.
        {"key": "PIN", "a": "***", "b": "***", "same": False},
    ]
    assert found["environment_names"] == {"both": ["N", "PIN"], "only_a": [], "only_b": []}
    assert {setting["name"] for setting in found["settings"]} == {"network", "priority"}
    figures = {figure["name"]: (figure["a"], figure["b"]) for figure in found["figures"]}
    assert figures["exit_code"] == (0, 1)
    assert figures["duration_s"][0] > 0
    assert found["outputs"]["same"]
    assert found["outputs"]["a"] == {"n": "1"}
    assert "first-pin" not in json.dumps(found)
    same = await yard.get("/runs/compare", a=one["id"], b=one["id"])
    assert same["changed"] == []
    assert (await yard.client.get("/runs/compare", params={"a": one["id"], "b": "run_x"})).status_code == 404


async def test_usage_is_seen_while_it_runs_and_afterwards(yard: Running) -> None:
    code = "import time\nfill = b'x' * 40_000_000\nend = time.time() + 2.6\nwhile time.time() < end: pass\n"
    run_id = await yard.submit(code, "python")
    with yard.yard.bus.subscribe(f"run:{run_id}") as news:
        while (message := (await news.get())[1])["type"] != "usage":
            pass
    assert message["run"]["attempt"] == 1
    assert message["run"]["point"]["cpu"] > 0
    run = await yard.finished(run_id)
    found = await yard.get(f"/runs/{run_id}/usage")
    assert (found["attempt"], found["complete"], found["started_at"]) == (1, True, run["started_at"])
    assert max(point["memory_bytes"] for point in found["points"]) > 30_000_000
    assert all(point["processes"] >= 1 for point in found["points"])
    # A short run was not looked at.
    short = await yard.run("true")
    assert (await yard.get(f"/runs/{short['id']}/usage"))["points"] == []


async def test_batches(yard: Running) -> None:
    script = await yard.script("exit 1", parameters=PARAMETERS)
    failed = [await start(yard, script, labels={"team": "a"}) for _ in range(3)]
    for run_id in failed:
        await yard.finished(run_id)
    fine = (await yard.run("true"))["id"]
    wanted = {"action": "retry", "filter": {"script_id": script}}
    preview = await yard.post("/runs/batch/preview", wanted, 200)
    assert (preview["count"], preview["capped"], preview["most_at_once"]) == (3, False, 500)
    assert [run["id"] for run in preview["first"]] == failed[::-1]
    again = await yard.post("/runs/batch", wanted, 200)
    assert (again["done"], again["refused"], again["more"]) == (3, [], False)
    for run_id in again["ids"]:
        assert (await yard.finished(run_id))["rerun_of"] in failed
    assert (await yard.client.put(f"/runs/{failed[0]}/keep", json={"note": "proof"})).json()["kept"]["note"] == "proof"
    gone = await yard.post("/runs/batch", {"action": "delete", "filter": {"label": ["team=a"]}}, 200)
    assert gone["done"] == 5
    assert gone["refused"] == [{"id": failed[0], "code": "kept", "message": "It is on the keep-list."}]
    assert await runs_of(yard) == [fine, failed[0]]
    assert (await yard.client.get(f"/runs/{failed[1]}")).status_code == 404
    for table in ("run_inputs", "run_attempts", "run_events", "run_labels"):
        assert {row[0] for row in await yard.rows(f"SELECT run_id FROM {table}")} <= {fine, failed[0]}  # noqa: S608
    # Files follow their rows.
    assert (yard.data / "work" / failed[1]).exists()
    assert yard.yard.undertaker is not None
    assert await yard.yard.undertaker.bury_files() == 5
    assert not (yard.data / "work" / failed[1]).exists()
    assert (yard.data / "work" / failed[0]).exists()
    assert await yard.rows("SELECT run_id FROM run_tombstones") == []


async def test_cancelling_many(yard: Running) -> None:
    script = await yard.script("sleep 30")
    runs = [await start(yard, script) for _ in range(5)]
    [(project,)] = await yard.rows("SELECT DISTINCT project_id FROM runs")
    with yard.yard.bus.subscribe(f"project:{project}") as news:
        done = await yard.post("/runs/batch", {"action": "cancel", "ids": runs}, 200)
        told = [message["run"] for _, message in news.pending() if message["type"] == "run"]
    assert done["done"] == 5
    # Those that still waited ended at once, and each was told of.
    assert len({run["id"] for run in told if run["state"] == "cancelled"}) >= 3
    for run_id in runs:
        assert (await yard.finished(run_id))["state"] == "cancelled"
    refused = await yard.post("/runs/batch", {"action": "cancel", "ids": runs[:1]}, 200)
    assert (refused["done"], refused["refused"][0]["code"]) == (0, "already_over")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"action": "cancel"}, 422),
        ({"action": "cancel", "ids": ["run_x"], "filter": {}}, 422),
        ({"action": "cancel", "ids": ["run_x"]}, 422),
        ({"action": "burn", "filter": {}}, 422),
        ({"action": "delete", "filter": {"state": ["running"]}}, 422),
        ({"action": "delete", "filter": {"label": ["=x"]}}, 422),
        ({"action": "delete", "filter": {"project": "none"}}, 404),
    ],
)
async def test_batches_that_make_no_sense(yard: Running, body: Any, status: int) -> None:
    for path in ("/runs/batch", "/runs/batch/preview"):
        assert (await yard.client.post(path, json=body)).status_code == status


async def test_retention_by_count_keeps_what_is_kept_and_archives_the_rest(yard: Running) -> None:
    rule = {"retention": {"max_runs": 2, "archive": True}}
    assert (await yard.client.put("/projects/default/run-policy", json=rule)).status_code == 200
    runs = [(await yard.run(f"echo {n}", labels={"n": str(n)}))["id"] for n in range(4)]
    live = await yard.submit("sleep 30")
    await yard.running(live)
    await yard.client.put(f"/runs/{runs[0]}/keep", json={})
    keeper = yard.yard.undertaker
    assert keeper is not None
    assert await keeper.turn() == 2
    assert await runs_of(yard) == [live, runs[3], runs[0]]
    (archive,) = (await yard.get("/projects/default/run-archives"))["items"]
    answer = await yard.client.get(f"/projects/default/run-archives/{archive['name']}")
    lines = [json.loads(line) for line in gzip.decompress(answer.content).splitlines()]
    assert [(line["id"], line["labels"], line["state"]) for line in lines] == [
        (runs[1], {"n": "1"}, "succeeded"),
        (runs[2], {"n": "2"}, "succeeded"),
    ]
    assert lines[0]["attempts"][0]["exit_code"] == 0
    for name in ("2000-01.ndjson.gz", "..%2Fx", "x"):
        assert (await yard.client.get(f"/projects/default/run-archives/{name}")).status_code == 404
    await yard.client.delete(f"/runs/{runs[0]}/keep")
    assert await keeper.turn() == 1
    await yard.cancel(live)
    await yard.finished(live)


async def test_retention_by_size_and_by_age(yard: Running) -> None:
    keeper = yard.yard.undertaker
    assert keeper is not None
    runs = [(await yard.run("head -c 700000 /dev/zero > f"))["id"] for _ in range(3)]
    project = (await yard.rows("SELECT id FROM projects"))[0][0]
    assert await keeper.measure(project) == 3
    assert await keeper.apply(project, Retention(max_size_mb=2)) == 1
    assert await runs_of(yard) == runs[:0:-1]
    assert await keeper.apply(project, Retention(max_age_days=1)) == 0
    with pytest.MonkeyPatch.context() as patch:
        later = clock.now() + timedelta(days=2)
        patch.setattr(clock, "now", lambda: later)
        assert await keeper.apply(project, Retention(max_age_days=1)) == 2
    assert await runs_of(yard) == []


async def test_drafts_that_no_run_names_are_forgotten(yard: Running) -> None:
    keeper = yard.yard.undertaker
    assert keeper is not None
    kept = (await yard.run("echo kept"))["id"]
    gone = (await yard.run("echo gone"))["id"]
    await yard.post("/runs/batch", {"action": "delete", "ids": [gone]}, 200)
    with pytest.MonkeyPatch.context() as patch:
        later = clock.now() + timedelta(days=3)
        patch.setattr(clock, "now", lambda: later)
        await keeper.trim()
    assert await yard.rows("SELECT code FROM script_versions") == [("echo kept",)]
    assert (await yard.get(f"/runs/{kept}"))["state"] == "succeeded"


async def test_contents_that_no_version_names_are_dropped(yard: Running) -> None:
    keeper = yard.yard.undertaker
    assert keeper is not None
    await yard.script("cat note", entry="main.sh", files=[{"path": "note", "text": "named"}])
    project = (await yard.rows("SELECT id FROM projects"))[0][0]
    async with yard.yard.database.write() as session:
        await files.keep(session, project, {"spare": b"unnamed"})
    await keeper.trim()
    assert await yard.rows("SELECT data FROM script_blobs") == [(b"named",)]


async def test_a_rerun_is_as_it_was(yard: Running) -> None:
    script = await yard.script("echo $N", parameters=PARAMETERS, timeout_s=30)
    body = {"parameters": {"N": "1"}, "priority": 4, "labels": {"a": "b"}, "limits": {"pids": 99}}
    first = await yard.finished(await start(yard, script, **body))
    await yard.client.patch(f"/scripts/{script}", json={"code": "echo new", "timeout_s": 5, "priority": 9})
    again = await yard.finished((await yard.post(f"/runs/{first['id']}/rerun"))["id"])
    for name in ("version", "parameters", "priority", "labels", "limits", "timeout_s", "environment_id", "queue"):
        assert again[name] == first[name], name
    assert (await yard.lines(again["id"]))[0]["text"] == "1"


async def test_the_parts_of_a_run_are_told(yard: Running) -> None:
    run = await yard.run("echo ::stage Load; echo ::progress 40 half; echo ::stage Save; sleep 0.2")
    told = run["progress"]
    assert (told["percent"], told["message"]) == (40.0, "half")
    assert [stage["name"] for stage in told["stages"]] == ["Load", "Save"]
    assert told["stages"][0]["finished_at"] == told["stages"][1]["started_at"]
    assert told["stages"][1]["finished_at"] == run["finished_at"]
