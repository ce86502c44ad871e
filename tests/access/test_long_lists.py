"""Lists of people and of what they hold, taken one item at a time."""

import itertools
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.engine.yard import Running, opened, options, place, plain_logs

from .world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")
plain_logs()
NAMES = ["fresh-ann", "fresh-Bob", "fresh-cleo", "fresh-dora"]
MOST = 60


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def yard() -> AsyncIterator[Running]:
    async with place() as data, opened(options(data)) as running:
        await peopled(running)
        yield running


async def send(yard: Running, path: str, body: Any) -> dict[str, Any]:
    answer = await yard.client.post(path, json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def peopled(yard: Running) -> None:
    world = World(yard)
    for name in NAMES:
        await world._user(name)
        for _ in range(3):
            await world._in(name)
        await send(yard, "/teams", {"name": f"team {name}"})
        await send(yard, "/roles", {"name": f"role {name}", "permissions": ["run:read"]})
        await send(yard, "/tokens", {"name": name, "permissions": ["run:read"]})
        await send(yard, "/teams/team fresh-ann/members", {"username": name})
        await send(yard, "/projects/default/members", {"username": name, "role": "viewer"})
        await send(yard, "/projects/default/teams", {"team": f"team {name}", "role": "viewer"})
        await send(yard, "/categories", {"name": name})
        await send(yard, "/snippets", {"prefix": name, "title": name, "language": "python", "body": "pass"})
        script = {"name": name, "language": "shell", "code": "true", "tags": [f"tag-{name.lower()}"], "folder": name}
        await send(yard, "/scripts", script | {"variables": ["SHARED"]})
    await send(yard, "/variables", {"name": "SHARED", "value": "1", "level": "project"})


async def one_by_one(yard: Running, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    asked: dict[str, Any] = {"limit": 1}
    for _ in range(MOST):
        answer = await yard.client.get(path, params=asked)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert len(page["items"]) <= 1
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        asked["cursor"] = page["next_cursor"]
    raise AssertionError(f"{path} has no end")


LISTS = {
    "/teams": ("name", [f"team {name}" for name in NAMES]),
    "/teams/team fresh-ann/members": ("username", NAMES),
    "/projects/default/teams": ("name", [f"team {name}" for name in NAMES]),
    "/tokens": ("name", NAMES[::-1]),
    "/categories": ("name", NAMES),
    "/snippets": ("prefix", sorted(NAMES)),
    "/tags": ("name", sorted(f"tag-{name.lower()}" for name in NAMES)),
    "/folders": ("name", sorted(NAMES)),
}


@pytest.mark.parametrize("path", LISTS)
async def test_a_list_is_whole_and_in_order_whatever_its_pages(yard: Running, path: str) -> None:
    field, wanted = LISTS[path]
    found = await one_by_one(yard, path)
    assert [row[field] for row in found] == wanted
    assert found == (await yard.client.get(path, params={"limit": 500})).json()["items"]


async def test_built_in_roles_come_first(yard: Running) -> None:
    found = await one_by_one(yard, "/roles")
    assert [role["name"] for role in found] == ["admin", "developer", "viewer", *(f"role {name}" for name in NAMES)]


async def test_members_are_listed_by_username_whatever_its_case(yard: Running) -> None:
    found = [row["username"] for row in await one_by_one(yard, "/projects/default/members")]
    assert [name for name in found if name in NAMES] == NAMES
    assert len(found) == len(set(found))


async def test_the_last_used_session_comes_first(yard: Running) -> None:
    for path in ("/users/fresh-ann/sessions", "/users/fresh-Bob/sessions"):
        found = await one_by_one(yard, path)
        assert len({row["id"] for row in found}) == 3
        keys = [(row["used_at"], row["id"]) for row in found]
        assert all(before[0] >= after[0] for before, after in itertools.pairwise(keys))


async def test_who_uses_a_variable(yard: Running) -> None:
    [variable] = (await yard.client.get("/variables")).json()["items"]
    found = await one_by_one(yard, f"/variables/{variable['id']}/scripts")
    assert [row["name"] for row in found] == sorted(NAMES)


async def test_a_cursor_of_another_list_is_refused(yard: Running) -> None:
    asked = {"limit": 1, "cursor": (await yard.client.get("/teams?limit=1")).json()["next_cursor"]}
    answer = await yard.client.get("/roles", params=asked)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "cursor")
