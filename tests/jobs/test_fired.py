"""Jobs in a yard that runs: what fires is executed, and what is asked for by hand is too."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.engine.yard import Running, opened, options, place

NIGHT = {"type": "cron", "cron": "0 3 * * *", "timezone": "Asia/Shanghai"}


@pytest.fixture
async def yard() -> AsyncIterator[Running]:
    async with place() as data, opened(options(data, slots=4)) as running:
        yield running


async def job(yard: Running, script: str, *triggers: dict[str, Any], **fields: Any) -> dict[str, Any]:
    body = {"name": f"job {script}", "target": {"kind": "script", "id": script}, "triggers": triggers, **fields}
    return dict(await yard.post("/jobs", body, 201))


async def until_decided(yard: Running, job_id: str, count: int) -> list[dict[str, Any]]:
    """Wait for the ledger to have so many rows; whatever is decided is announced."""
    with yard.yard.bus.subscribe("project:*") as news:
        while True:
            items: list[dict[str, Any]] = (await yard.get(f"/jobs/{job_id}/slots"))["items"]
            if len(items) >= count:
                return items
            await news.get()


async def test_a_job_fires_and_its_script_sees_its_zone(yard: Running) -> None:
    script = await yard.script('echo "{\\"zone\\": \\"$TZ\\"}" > "$RUNYARD_OUTPUTS"')
    made = await job(yard, script, {"type": "interval", "every_s": 1}, NIGHT, settings={"max_active": 3})
    first = (await until_decided(yard, made["id"], 2))[-1]
    assert (first["outcome"], first["code"], first["reason"]) == ("fired", "on_time", "It was due.")
    assert first["trigger_id"] == made["triggers"][0]["id"]
    run = await yard.finished(first["run_id"])
    assert (run["state"], run["outputs"]) == ("succeeded", {"zone": "Asia/Shanghai"})
    told = {key: run[key] for key in ("job_id", "trigger_id", "slot_due_at")}
    assert told == {"job_id": made["id"], "trigger_id": first["trigger_id"], "slot_due_at": first["due_at"]}
    assert run["trigger"] == {"kind": "interval", "by": f"job job {script}"}
    listed = (await yard.get("/runs", job_id=made["id"]))["items"]
    assert run["id"] in [each["id"] for each in listed]
    assert all(each["job_id"] == made["id"] and each["slot_due_at"] for each in listed)
    assert (await yard.get("/runs", job_id="job_none"))["items"] == []
    paused = await yard.client.patch(f"/jobs/{made['id']}", json={"enabled": False})
    assert paused.status_code == 200, paused.text
    for each in (await yard.get("/runs", job_id=made["id"]))["items"]:
        await yard.finished(each["id"])


async def test_by_hand_for_a_past_slot_and_for_a_stretch(yard: Running) -> None:
    size = [{"key": "SIZE", "label": "Size", "type": "number", "default": 1}]
    script = await yard.script("true", parameters=size)
    made = await job(yard, script, NIGHT, parameters={"SIZE": 2}, settings={"overlap": "skip"})
    path, trigger = f"/jobs/{made['id']}", made["triggers"][0]["id"]
    key = {"Idempotency-Key": "once"}
    now = await yard.post(f"{path}/runs", {"parameters": {"SIZE": 3}}, headers=key)
    assert await yard.post(f"{path}/runs", {"parameters": {"SIZE": 3}}, headers=key) == now
    assert (await yard.post(f"{path}/runs", {}, 409, headers=key))["code"] == "idempotency_key_reused"
    run = await yard.finished(now["id"])
    assert (run["parameters"], run["trigger"]) == ({"SIZE": 3}, {"kind": "job", "by": "admin"})
    assert (run["job_id"], run["slot_due_at"]) == (made["id"], None)

    # 03:00 in Shanghai is 19:00 of the day before.
    slot = {"trigger_id": trigger, "due_at": "2026-02-03T19:00:00Z"}
    past = await yard.finished((await yard.post(f"{path}/slots/run", slot))["id"])
    assert (past["trigger"]["kind"], past["slot_due_at"]) == ("slot", "2026-02-03T19:00:00Z")
    assert past["parameters"] == {"SIZE": 2}
    for wrong in ("2026-02-03T19:00:01Z", (datetime.now(UTC) + timedelta(days=9)).isoformat()):
        refused = await yard.post(f"{path}/slots/run", {**slot, "due_at": wrong}, 422)
        assert refused["code"] == "not_a_slot"
    assert (await yard.post(f"{path}/slots/run", {**slot, "trigger_id": "trg_x"}, 404))["code"] == "no_such_trigger"

    stretch = {"from": "2026-02-01T00:00:00Z", "to": "2026-02-05T00:00:00Z", "most": 3}
    preview = await yard.post(f"{path}/backfill", {**stretch, "dry_run": True, "order": "newest"}, 200)
    assert (preview["count"], preview["capped"]) == (3, True)
    assert [(item["due_at"], item["had"]) for item in preview["items"]] == [
        (f"2026-02-{day:02}T19:00:00Z", None) for day in (4, 3, 2)
    ]
    filled = await yard.post(f"{path}/backfill", stretch)
    assert [run["due_at"] for run in filled["runs"]] == [f"2026-02-{day:02}T19:00:00Z" for day in (1, 2, 3)]
    # One after the other, though the job skips what overlaps.
    for each in filled["runs"]:
        run = await yard.finished(each["id"])
        assert (run["state"], run["trigger"]["kind"], run["slot_due_at"]) == ("succeeded", "backfill", each["due_at"])
    assert (await yard.get(f"{path}/slots"))["items"] == []
    backwards = {"from": "2026-02-05T00:00:00Z", "to": "2026-02-01T00:00:00Z"}
    assert (await yard.post(f"{path}/backfill", backwards, 422))["code"] == "bad_stretch"


async def test_one_that_skips_is_refused_by_hand(yard: Running) -> None:
    script = await yard.script("sleep 30")
    made = await job(yard, script, settings={"overlap": "skip"})
    first = await yard.post(f"/jobs/{made['id']}/runs")
    await yard.running(first["id"])
    refused = await yard.post(f"/jobs/{made['id']}/runs", status=409)
    assert (refused["code"], refused["detail"]) == ("concurrency_skipped", "At most 1 of this job may run at once.")
    await yard.cancel(first["id"])
    await yard.finished(first["id"])


async def test_a_job_keeps_its_retries_and_the_next_one_follows(yard: Running) -> None:
    first = await job(yard, await yard.script("exit 3"), settings={"retry": {"retries": 1, "retry_delay_s": 0}})
    after = {"type": "after", "job_id": first["id"], "on": "failure", "mapping": {"WHO": "run.id"}}
    params = [{"key": "WHO", "label": "Who", "type": "text"}]
    second = await job(yard, await yard.script("true", parameters=params), after)
    run = await yard.finished((await yard.post(f"/jobs/{first['id']}/runs"))["id"])
    assert (run["state"], run["attempt"], run["retries"]) == ("failed", 2, 1)
    while not (runs := (await yard.get("/runs", job_id=second["id"]))["items"]):
        await asyncio.sleep(0.05)
    followed = await yard.finished(runs[0]["id"])
    assert (followed["trigger"]["kind"], followed["parameters"]) == ("after", {"WHO": run["id"]})


async def test_reasons_in_the_language_that_is_asked_for(yard: Running) -> None:
    made = await job(yard, await yard.script("true"), {"type": "interval", "every_s": 1}, enabled=False)
    await until_decided(yard, made["id"], 1)
    for asked, said in (
        ("zh-CN,zh;q=0.9", "已被 admin 暂停。"),
        ("de, en;q=0.5, zh;q=0.3", "It was paused by admin."),
        ("", "It was paused by admin."),
    ):
        answer = await yard.client.get(f"/jobs/{made['id']}/slots", headers={"Accept-Language": asked})
        [slot] = answer.json()["items"]
        assert (slot["outcome"], slot["reason"], slot["name"]) == ("paused", said, "admin")
    assert (await yard.get(f"/jobs/{made['id']}/slots", outcome="fired"))["items"] == []
    assert (await yard.get(f"/jobs/{made['id']}/slots", to="2026-01-01T00:00:00Z"))["items"] == []
    since = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    assert len((await yard.get(f"/jobs/{made['id']}/slots", **{"from": since}))["items"]) == 1
