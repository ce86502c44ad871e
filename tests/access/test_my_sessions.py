"""Sessions are listed and ended by their owner, and by administrators."""

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from tests.engine.yard import PASSWORD, Running, opened, options, place, plain_logs

plain_logs()
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def yard() -> AsyncIterator[Running]:
    async with place() as data, opened(options(data)) as running:
        yield running


async def enter(yard: Running, username: str, password: str, program: str) -> dict[str, str]:
    headers = {"User-Agent": program}
    answer = await yard.client.post("/auth/login", json={"username": username, "password": password}, headers=headers)
    assert answer.status_code == 200, answer.text
    yard.client.cookies.clear()
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


async def listed(yard: Running, headers: dict[str, str], path: str = "/me/sessions") -> list[dict[str, object]]:
    answer = await yard.client.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, object]] = answer.json()["items"]
    return items


async def test_one_session_is_ended_from_another(yard: Running) -> None:
    laptop = await enter(yard, "admin", PASSWORD, "laptop")
    phone = await enter(yard, "admin", PASSWORD, "phone")
    found = {item["user_agent"]: item for item in await listed(yard, laptop)}
    assert found["laptop"]["current"] is True
    assert found["phone"]["current"] is False
    assert {"address", "created_at", "used_at", "expires_at"} <= set(found["phone"])
    gone = await yard.client.delete(f"/me/sessions/{found['phone']['id']}", headers=laptop)
    assert gone.status_code == 204
    assert (await yard.client.get("/me", headers=phone)).status_code == 401
    assert (await yard.client.get("/me", headers=laptop)).status_code == 200
    again: httpx.Response = await yard.client.delete(f"/me/sessions/{found['phone']['id']}", headers=laptop)
    assert (again.status_code, again.json()["code"]) == (404, "no_such_session")
    event = (await yard.get("/audit", action="session.revoke"))["items"][0]
    assert event["object"]["id"] == found["phone"]["id"]
    assert event["changes"]["user_agent"] == ["phone", None]


async def test_others_sessions_are_for_administrators(yard: Running) -> None:
    await yard.post("/users", {"username": "bo", "password": "a good password"}, 201)
    bo = await enter(yard, "bo", "a good password", "bo's")
    admins = (await listed(yard, dict(yard.client.headers)))[0]["id"]
    assert (await yard.client.delete(f"/me/sessions/{admins}", headers=bo)).status_code == 404
    assert (await yard.client.get("/users/admin/sessions", headers=bo)).status_code == 403
    (theirs,) = await listed(yard, dict(yard.client.headers), "/users/bo/sessions")
    assert theirs["current"] is False
    assert (await yard.client.delete(f"/users/admin/sessions/{theirs['id']}")).status_code == 404
    assert (await yard.client.delete(f"/users/bo/sessions/{theirs['id']}")).status_code == 204
    assert (await yard.client.get("/me", headers=bo)).status_code == 401
    assert await listed(yard, dict(yard.client.headers), "/users/bo/sessions") == []
