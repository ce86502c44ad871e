"""Webhooks over HTTP: who may call, what becomes of a call, and what is told of it; on each kind of database."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from runyard import clock
from runyard.jobs.deliveries import MOST_REFUSED
from runyard.jobs.door import Door
from runyard.jobs.hooks import LARGEST
from runyard.jobs.signatures import signature
from tests.conftest import fresh_postgres
from tests.engine.yard import Running, opened, options, place, plain_logs

plain_logs()
pytestmark = pytest.mark.asyncio(loop_scope="module")
SIZE = {"key": "SIZE", "label": "Size", "type": "number"}
NAME = {"key": "NAME", "label": "Name", "type": "text"}
PASS = {"key": "PASS", "label": "Pass", "type": "password"}
ECHO = 'printf \'{"size":%s,"name":"%s"}\' "${SIZE:-null}" "${NAME:-}" > "$RUNYARD_OUTPUTS"'


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["sqlite", "postgresql"])
async def yard(request: pytest.FixtureRequest) -> AsyncIterator[Running]:
    changes: dict[str, Any] = {"rates": {"webhooks": ""}}
    if request.param == "postgresql":
        changes["database_url"] = await fresh_postgres(request.getfixturevalue("postgres_url"))
    async with place() as data, opened(options(data, **changes)) as running:
        yield running


class Hook:
    """A job with one webhook, and somebody who has its secret."""

    def __init__(self, yard: Running, job: dict[str, Any]) -> None:
        self.yard = yard
        self.job = job["id"]
        self.trigger = job["triggers"][0]
        self.id = self.trigger["id"]
        self.path = self.trigger["url"].removeprefix("/api/v1")
        self.secret = job["secrets"][self.id]

    def signed(self, body: bytes, ago: int = 0) -> dict[str, str]:
        stamp = str(int(clock.now().timestamp()) - ago)
        return {"X-Runyard-Timestamp": stamp, "X-Runyard-Signature": signature(self.secret.encode(), stamp, body)}

    async def send(self, body: bytes, headers: dict[str, str], query: str = "") -> httpx.Response:
        """Call as a stranger does."""
        transport = self.yard.client._transport
        async with httpx.AsyncClient(transport=_Kept(transport), base_url=self.yard.client.base_url) as client:
            return await client.post(self.path + query, content=body, headers=headers)

    async def call(self, said: Any = None, query: str = "", **headers: str) -> httpx.Response:
        body = b"" if said is None else json.dumps(said).encode()
        return await self.send(body, {"Content-Type": "application/json", **self.signed(body), **headers}, query)

    async def deliveries(self) -> list[dict[str, Any]]:
        return list((await self.yard.get(f"/triggers/{self.id}/deliveries"))["items"])

    async def latest(self) -> tuple[str, str, int]:
        found = (await self.deliveries())[0]
        return found["outcome"], found["reason"], found["status"]


class _Kept(httpx.AsyncBaseTransport):
    """A transport that outlives those who use it."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._inner.handle_async_request(request)


async def made(yard: Running, code: str = ECHO, parameters: Any = (SIZE, NAME), **trigger: Any) -> Hook:
    job: dict[str, Any] = {key: trigger.pop(key) for key in ("settings",) if key in trigger}
    script = await yard.script(code, parameters=list(parameters))
    body = {
        "name": f"job of {script}",
        "target": {"kind": "script", "id": script},
        "triggers": [{"type": "webhook", **trigger}],
        **job,
    }
    return Hook(yard, await yard.post("/jobs", body, 201))


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


async def test_what_is_refused_before_it_is_read_is_written_down_and_bounded(yard: Running) -> None:
    hook = await made(yard)
    huge = b" " * (9 * 1024 * 1024)
    answer = await hook.send(huge, hook.signed(huge))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert await hook.latest() == ("refused", "too_large", 413)
    told = (await hook.deliveries())[0]["detail"]
    assert set(told) == {"from", "message"}
    for _ in range(MOST_REFUSED * 2):
        answer = await hook.send(b"", {"Content-Length": str(LARGEST + 1)})
        assert answer.json()["code"] == "payload_too_large"
    # Less than that where the minute has just begun anew.
    assert MOST_REFUSED <= len(await hook.deliveries()) <= MOST_REFUSED * 2
    hook.path = "/hooks/trg_nobody"
    assert (await hook.send(b"", {"Content-Length": str(LARGEST + 1)})).status_code == 413
    hook.path = f"/hooks/{hook.id}/more"
    assert (await hook.send(b"", {"Content-Length": str(LARGEST * 100)})).status_code == 413


async def test_a_body_that_breaks_off_is_written_down(yard: Running) -> None:
    hook = await made(yard)
    coming = [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}]
    told: list[Any] = []

    async def receive() -> Any:
        return coming.pop(0)

    async def send(message: Any) -> None:
        told.append(message)

    path = f"/api/v1{hook.path}"
    scope = {
        "type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"",
        "headers": [(b"host", b"yard.test")], "client": ("10.0.0.7", 1), "server": ("yard.test", 80), "scheme": "http",
        "http_version": "1.1", "root_path": "", "asgi": {"version": "3.0"},
    }  # fmt: skip
    await hook.yard.client._transport.app(scope, receive, send)  # type: ignore[attr-defined]
    assert told[0]["status"] == 400
    assert await hook.latest() == ("refused", "payload_cut_off", 400)
    assert (await hook.deliveries())[0]["detail"]["from"] == "10.0.0.7"


async def test_the_log_tells_what_who_waited_was_answered(yard: Running) -> None:
    quick = await made(yard, wait_s=60)
    body = b"{}"
    headers = {"Content-Type": "application/json", **quick.signed(body)}
    for outcome in ("accepted", "duplicate"):
        answer = await quick.send(body, headers)
        assert (answer.status_code, answer.json()["outcome"]) == (200, outcome)
        assert await quick.latest() == (outcome, "", 200)
    slow = await made(yard, "sleep 60", wait_s=1)
    answer = await slow.call()
    assert answer.status_code == 202
    assert await slow.latest() == ("accepted", "", 202)
    assert (await slow.deliveries())[0]["took_ms"] >= 1000
    await yard.cancel(answer.json()["id"])


async def test_who_leaves_while_waiting_was_answered_nothing(yard: Running) -> None:
    hook = await made(yard, "sleep 60", wait_s=1)
    body = b""
    headers = [(name.lower().encode(), value.encode()) for name, value in hook.signed(body).items()]
    coming = [{"type": "http.request", "body": body}, *[{"type": "http.disconnect"}] * 3]

    async def receive() -> Any:
        return coming.pop(0)

    async def send(_message: Any) -> None:
        pass

    path = f"/api/v1{hook.path}"
    scope = {
        "type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"",
        "headers": [(b"host", b"yard.test"), *headers], "client": ("10.0.0.7", 1), "server": ("yard.test", 80),
        "scheme": "http", "http_version": "1.1", "root_path": "", "asgi": {"version": "3.0"},
    }  # fmt: skip
    await hook.yard.client._transport.app(scope, receive, send)  # type: ignore[attr-defined]
    [row] = await hook.deliveries()
    assert (row["outcome"], row["status"]) == ("accepted", None)
    await yard.cancel(row["run_id"])


async def test_too_many_calls_and_what_breaks_are_written_down_too(yard: Running) -> None:
    hook = await made(yard)

    async def note(*said: Any) -> None:
        told.append(said)
        raise RuntimeError

    async def refusing(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": scope["status"], "headers": []})
        await send({"type": "http.response.body", "body": scope["said"]})

    async def send(message: Any) -> None:
        sent.append(message["type"])

    for status, said, expected in (
        (429, b'{"code": "too_many_requests", "detail": "Wait."}', (429, "too_many_requests", "Wait.")),
        (500, b"oh", (500, "http_error", "")),
        (503, b"[]", (503, "http_error", "")),
        (404, b"{}", None),
    ):
        told: list[Any] = []
        sent: list[str] = []
        scope = {"type": "http", "method": "POST", "path": f"/api/v1/hooks/{hook.id}", "status": status, "said": said}
        await Door(refusing, note)(scope, None, send)  # type: ignore[arg-type]
        assert told == ([] if expected is None else [(hook.id, "", *expected)])
        # Whatever goes wrong over writing it down, who called is answered.
        assert sent == ["http.response.start", "http.response.body"]
    await yard.yard.hooks.turned_away(hook.id, "10.0.0.7", 500, "internal_error", "Something went wrong.")
    assert await hook.latest() == ("failed", "internal_error", 500)


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


async def test_deliveries_come_page_by_page(yard: Running) -> None:
    hook = await made(yard)
    for n in range(3):
        await hook.call({"SIZE": n})
    page = await yard.get(f"/triggers/{hook.id}/deliveries", limit=2)
    rest = await yard.get(f"/triggers/{hook.id}/deliveries", limit=2, cursor=page["next_cursor"])
    assert [row["detail"]["parameters"]["SIZE"] for row in (*page["items"], *rest["items"])] == [2, 1, 0]
    assert rest["next_cursor"] is None
