"""Webhooks over HTTP: who may call, and what becomes of a call; on each kind of database."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from runyard.jobs.deliveries import MOST_REFUSED
from runyard.jobs.hooks import LARGEST
from tests.engine.yard import Running, plain_logs

from .calling import KINDS, NAME, PASS, SIZE, called, made

plain_logs()
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=KINDS)
async def yard(request: pytest.FixtureRequest) -> AsyncIterator[Running]:
    async with called(request) as running:
        yield running


async def test_a_signed_call_starts_a_run_with_what_it_brings(yard: Running) -> None:
    hook = await made(yard)
    answer = await hook.call({"SIZE": 3, "NAME": "x", "OTHER": 1})
    assert answer.status_code == 202, answer.text
    told = answer.json()
    assert (told["state"], told["outcome"], told["outputs"]) == ("queued", "accepted", None)
    run = await yard.finished(told["id"])
    assert (run["outputs"], run["trigger"]["kind"]) == ({"size": 3, "name": "x"}, "webhook")
    assert (run["job_id"], run["trigger_id"]) == (hook.job, hook.id)
    [row] = await hook.deliveries()
    assert (row["outcome"], row["status"], row["run_id"], row["kind"]) == ("accepted", 202, run["id"], "webhook")
    assert row["detail"]["parameters"] == {"SIZE": 3, "NAME": "x"}
    assert json.loads(row["detail"]["payload"]) == {"SIZE": 3, "NAME": "x", "OTHER": 1}
    assert row["took_ms"] >= 0


async def test_a_call_that_waits_is_answered_with_outputs_or_error(yard: Running) -> None:
    hook = await made(yard, mapping={"SIZE": "int(query.n) + body.more", "NAME": "headers['x-who']"}, wait_s=60)
    answer = await hook.call({"more": 2}, query="?n=5", **{"X-Who": "ada"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["state"] == "succeeded"
    assert answer.json()["outputs"] == {"size": 7, "name": "ada"}
    failing = await made(yard, "exit 3", wait_s=60)
    answer = await failing.call()
    assert (answer.status_code, answer.json()["state"]) == (200, "failed")
    assert answer.json()["error"]["code"]
    slow = await made(yard, "sleep 60", wait_s=1)
    answer = await slow.call()
    assert answer.status_code == 202
    assert answer.json()["outputs"] is None
    await yard.cancel(answer.json()["id"])


async def test_whose_wait_is_over_is_told_where_the_run_stands_by_then(yard: Running) -> None:
    hook = await made(yard, "sleep 60")
    run = (await hook.call()).json()
    await yard.running(run["id"])
    stand = await yard.yard.hooks.wait(run["id"], 0)
    assert stand is not None
    assert (stand.state, stand.outputs, stand.error) == ("running", None, None)
    await yard.cancel(run["id"])


async def test_a_call_twice_is_one_run(yard: Running) -> None:
    hook = await made(yard)
    body = b'{"SIZE": 1}'
    headers = {"Content-Type": "application/json", **hook.signed(body)}
    answers = await asyncio.gather(*[hook.send(body, headers) for _ in range(5)])
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sorted(answer.json()["outcome"] for answer in answers) == ["accepted", *["duplicate"] * 4]
    again = (await hook.send(body, headers)).json()
    assert again["outcome"] == "duplicate"
    assert [row["outcome"] for row in await hook.deliveries()].count("accepted") == 1
    assert len((await yard.get("/runs", job_id=hook.job))["items"]) == 1


async def test_who_has_not_the_secret_is_refused_and_written_down(yard: Running) -> None:
    hook = await made(yard)
    body = b"{}"
    refused = {
        "not_signed": {},
        "bad_signature": {**hook.signed(body), "X-Runyard-Signature": "sha256=" + "0" * 64},
        "signature_too_old": hook.signed(body, ago=301),
    }
    for code, headers in refused.items():
        answer = await hook.send(body, headers)
        assert (answer.status_code, answer.json()["code"]) == (401, code)
        assert await hook.latest() == ("refused", code, 401)
        assert "payload" not in (await hook.deliveries())[0]["detail"]
    for _ in range(MOST_REFUSED * 2):
        await hook.send(body, {})
    assert len(await hook.deliveries()) <= MOST_REFUSED * 2
    assert (await yard.get("/runs", job_id=hook.job))["items"] == []


async def test_what_github_sends_is_taken(yard: Running) -> None:
    hook = await made(yard, mapping={"NAME": "body.ref"}, condition="headers['x-github-event'] == 'push'", wait_s=60)
    for event, outcome in (("push", "accepted"), ("ping", "ignored")):
        body = json.dumps({"ref": "refs/heads/main", "event": event}).encode()
        proof = hmac.new(hook.secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={proof}"}
        answer = await hook.send(body, headers | {"X-GitHub-Event": event})
        assert (answer.status_code, answer.json()["outcome"]) == (200, outcome), answer.text
    assert await hook.latest() == ("ignored", "condition", 200)


async def test_a_token_in_place_of_a_signature(yard: Running) -> None:
    hook = await made(yard, auth="token")
    for headers in ({"X-Runyard-Token": hook.secret}, {"Authorization": f"Bearer {hook.secret}"}):
        answer = await hook.send(b"", headers)
        assert answer.status_code == 202, answer.text
    answer = await hook.send(b"", {"X-Runyard-Token": "x"})
    assert (answer.status_code, answer.json()["code"]) == (401, "bad_webhook_token")
    keyed = {"X-Runyard-Token": hook.secret, "Idempotency-Key": "one"}
    first, second = [(await hook.send(b"", keyed)).json() for _ in range(2)]
    assert (first["id"], second["outcome"]) == (second["id"], "duplicate")
    assert hook.secret not in json.dumps(await hook.deliveries())


async def test_forms_and_texts(yard: Running) -> None:
    hook = await made(yard, wait_s=60)
    body = b"SIZE=4&NAME=a%20b"
    answer = await hook.send(body, {"Content-Type": "application/x-www-form-urlencoded", **hook.signed(body)})
    assert answer.json()["outputs"] == {"size": 4, "name": "a b"}
    plain = await made(yard, mapping={"NAME": "body"}, wait_s=60)
    answer = await plain.send(b"h\xe9", {"Content-Type": "text/plain; charset=iso-8859-1", **plain.signed(b"h\xe9")})
    assert answer.json()["outputs"]["name"] == "hé"


@pytest.mark.parametrize(
    ("kind", "body", "status", "code"),
    [
        ("application/json", b'{"a":', 422, "bad_payload"),
        ("application/json", b"[" * 100_000 + b"]" * 100_000, 422, "bad_payload"),
        ("application/json", b'"\\ud800"', 422, "bad_payload"),
        ("application/json", b"NaN", 422, "bad_payload"),
        ("text/plain", b"\xff", 422, "bad_payload"),
        ("text/plain; charset=unicode_escape", b"\\ud800", 422, "bad_payload"),
        ("application/x-www-form-urlencoded", b"a=1&" * 2000, 422, "bad_payload"),
        ("multipart/form-data; boundary=x", b"--x--", 415, "unsupported_media_type"),
        ("image/png", b"x", 415, "unsupported_media_type"),
        ("application/json", b" " * (LARGEST + 1), 413, "payload_too_large"),
        ("application/json", b'{"SIZE": "many"}', 422, "invalid_parameters"),
        ("application/json", b'{"SIZE": 1' + b"0" * 5000 + b"}", 422, "bad_payload"),
        ("application/json", b'{"SIZE": 1' + b"0" * 400 + b"}", 422, "invalid_parameters"),
        ("application/json", b'{"NAME": "\\u0000"}', 422, "invalid_parameters"),
    ],
)
async def test_malformed_calls(yard: Running, kind: str, body: bytes, status: int, code: str) -> None:
    hook = await made(yard)
    answer = await hook.send(body, {"Content-Type": kind, **hook.signed(body)})
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    [row] = await hook.deliveries()
    assert row["outcome"] == ("refused" if status == 413 else "failed")
    assert (row["status"], row["reason"]) == (status, code)
    assert row["detail"]["message"] == answer.json()["detail"]
    assert (await yard.get("/runs", job_id=hook.job))["items"] == []


async def test_what_an_expression_can_not_do_is_said(yard: Running) -> None:
    hook = await made(yard, mapping={"SIZE": "body.size", "NAME": "'x'"})
    answer = await hook.call({})
    assert (answer.status_code, answer.json()["code"]) == (422, "mapping_failed")
    assert answer.json()["errors"][0]["field"] == "parameters.SIZE"
    assert "'size'" in answer.json()["errors"][0]["message"]
    assert await hook.latest() == ("failed", "mapping_failed", 422)
    assert (await hook.call({"size": 1})).status_code == 202


async def test_passwords_are_not_kept(yard: Running) -> None:
    hook = await made(yard, parameters=[PASS, NAME], mapping={"PASS": "body.secret", "NAME": "body.name"})
    secret = "a long secret of the caller"
    assert (await hook.call({"secret": secret, "name": "x"})).status_code == 202
    assert (await hook.call({"secret": secret})).status_code == 422
    rows = await hook.deliveries()
    assert secret not in json.dumps(rows)
    assert rows[1]["detail"]["parameters"] == {"PASS": "***", "NAME": "x"}
    assert "x" in rows[1]["detail"]["payload"]


async def test_paused_disabled_and_broken_jobs(yard: Running) -> None:
    hook = await made(yard)
    job = await yard.get(f"/jobs/{hook.job}")
    answer = await yard.client.patch(f"/jobs/{hook.job}", json={"enabled": False})
    assert answer.status_code == 200, answer.text
    answer = await hook.call()
    assert (answer.status_code, answer.json()["code"]) == (409, "job_paused")
    assert await hook.latest() == ("refused", "job_paused", 409)
    await yard.client.patch(f"/jobs/{hook.job}", json={"enabled": True})
    assert (await hook.call({"n": 1})).status_code == 202
    assert (await yard.client.delete(f"/scripts/{job['target']['id']}")).is_success
    answer = await hook.call({"n": 2})
    assert (answer.status_code, answer.json()["code"]) == (409, "job_broken"), answer.text
    assert (await yard.client.delete(f"/jobs/{hook.job}")).is_success
    assert (await hook.call()).status_code == 404


async def test_a_blackout_refuses_calls_and_is_written_down(yard: Running) -> None:
    window = {"type": "between", "name": "release", "start": "2020-01-01T00:00:00Z", "end": "2090-01-01T00:00:00Z"}
    calendar = await yard.post("/blackouts", {"name": "hooks", "timezone": "UTC", "windows": [window]}, 201)
    hook = await made(yard, settings={"calendars": [calendar["id"]]})
    answer = await hook.call()
    assert (answer.status_code, answer.json()["code"]) == (409, "job_in_blackout")
    assert answer.json()["detail"] == "Nothing of the job starts in the blackout release."
    assert await hook.latest() == ("refused", "job_in_blackout", 409)
    over = {"windows": [window | {"end": "2020-01-02T00:00:00Z"}]}
    assert (await yard.client.patch(f"/blackouts/{calendar['id']}", json=over)).is_success
    assert (await hook.call()).json()["outcome"] == "accepted"


async def test_who_is_refused_for_now_may_call_again(yard: Running) -> None:
    hook = await made(yard)
    headers = hook.signed(b"")
    await yard.client.patch(f"/jobs/{hook.job}", json={"enabled": False})
    assert (await hook.send(b"", headers)).status_code == 409
    await yard.client.patch(f"/jobs/{hook.job}", json={"enabled": True})
    assert (await hook.send(b"", headers)).json()["outcome"] == "accepted"


async def test_unknown_disabled_and_other_triggers_are_the_same(yard: Running) -> None:
    hook = await made(yard, enabled=False)
    script = await yard.script("true")
    job = {"name": "by time", "target": {"kind": "script", "id": script}}
    made_ = await yard.post("/jobs", job | {"triggers": [{"type": "interval", "every_s": 86_400}]}, 201)
    for id_ in (hook.id, made_["triggers"][0]["id"], "trg_nobody", "%00", "x" * 300):
        hook.path = f"/hooks/{id_}"
        answer = await hook.call()
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_trigger")
        assert answer.json()["detail"] == "There is no such trigger."


async def test_overlap_skips(yard: Running) -> None:
    hook = await made(yard, "sleep 60", settings={"overlap": "skip"})
    first = (await hook.call()).json()
    answer = await hook.call({"n": 2})
    assert (answer.status_code, answer.json()["code"]) == (409, "concurrency_skipped")
    assert await hook.latest() == ("ignored", "concurrency_skipped", 409)
    await yard.cancel(first["id"])


async def test_trying_a_payload_out(yard: Running) -> None:
    hook = await made(
        yard, parameters=[SIZE, PASS], mapping={"SIZE": "body.n", "PASS": "'geheim'"}, condition="body.n > 1"
    )
    test = f"/triggers/{hook.id}/test"
    told = await yard.post(test, {"body": {"n": 2}}, 200)
    assert told == {"parameters": {"SIZE": 2, "PASS": "***"}, "condition": True, "errors": [], "run_id": None}
    told = await yard.post(test, {"body": {"n": 1}}, 200)
    assert told == {"parameters": {}, "condition": False, "errors": [], "run_id": None}
    told = await yard.post(test, {"body": {}}, 200)
    assert [error["field"] for error in told["errors"]] == ["parameters.SIZE", "condition"]
    told = await yard.post(test, {"body": {"n": 2}, "run": True}, 200)
    run = await yard.finished(told["run_id"])
    assert (run["parameters"]["SIZE"], run["trigger"]) == (2, {"kind": "webhook", "by": "admin"})
    assert await hook.deliveries() == []
    await yard.post(f"/triggers/{hook.id}/test", {"body": "a=1", "content_type": "image/png"}, 422)
