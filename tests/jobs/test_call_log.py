"""The log of calls: each one's row, with what the caller was answered; on each kind of database."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from runyard.jobs.deliveries import MOST_REFUSED
from runyard.jobs.door import Door
from runyard.jobs.hooks import LARGEST
from tests.engine.yard import Running, plain_logs

from .calling import KINDS, called, made

plain_logs()
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=KINDS)
async def yard(request: pytest.FixtureRequest) -> AsyncIterator[Running]:
    async with called(request) as running:
        yield running


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
    told = await hook.begun({}, {"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"})
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
    gone = {"type": "http.disconnect"}
    await hook.begun(hook.signed(b""), {"type": "http.request", "body": b""}, gone, gone, gone)
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


async def test_deliveries_come_page_by_page(yard: Running) -> None:
    hook = await made(yard)
    for n in range(3):
        await hook.call({"SIZE": n})
    page = await yard.get(f"/triggers/{hook.id}/deliveries", limit=2)
    rest = await yard.get(f"/triggers/{hook.id}/deliveries", limit=2, cursor=page["next_cursor"])
    assert [row["detail"]["parameters"]["SIZE"] for row in (*page["items"], *rest["items"])] == [2, 1, 0]
    assert rest["next_cursor"] is None
