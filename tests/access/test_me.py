from typing import Any

import httpx
import pytest

from runyard.access.guards import authenticate_token
from runyard.access.permissions import ROLES, Role
from runyard.access.tokens import BadToken
from runyard.projects.service import DEFAULT

from .yard import Yard, sign_in, signed_in

ME = "/api/v1/me"


async def test_who_i_am(yard: Yard, client: httpx.AsyncClient) -> None:
    me = (await client.get(ME, headers=await signed_in(client))).json()
    assert me.pop("id").startswith("usr_")
    assert me.pop("created_at").endswith("Z")
    [project] = me.pop("projects")
    own: dict[str, object] = {
        "username": "Ada",
        "display_name": "",
        "email": None,
        "is_admin": True,
        "has_password": True,
        "origins": [],
    }
    assert me == own | {"language": None, "theme": None}
    assert (project["name"], project["permissions"]) == (DEFAULT, sorted(ROLES[Role.admin]))


async def test_without_projects_one_still_has_oneself_and_nothing_else(yard: Yard, client: httpx.AsyncClient) -> None:
    await yard.add_user("Eve")
    headers = await signed_in(client, "Eve")
    me = await client.get(ME, headers=headers)
    assert (me.status_code, me.json()["projects"]) == (200, [])
    assert (await client.get("/api/v1/projects", headers=headers)).json()["items"] == []


@pytest.mark.parametrize("role", Role)
async def test_a_member_holds_what_their_role_holds(yard: Yard, client: httpx.AsyncClient, role: Role) -> None:
    user = await yard.add_user("Bob")
    async with yard.database.write() as session:
        project = await yard.projects.ensure_default(session, yard.clock.now())
        await yard.projects.join(session, project.id, user.id, role, yard.clock.now())
    token = (await sign_in(client, "Bob")).json()["access_token"]
    actor = await authenticate_token(yard.access, token)
    assert (actor.username, actor.is_admin) == ("Bob", False)
    assert [(m.name, m.permissions) for m in actor.memberships] == [(DEFAULT, ROLES[role])]


@pytest.mark.parametrize(
    ("patch", "after"),
    [
        ({"display_name": "  Ada L. "}, {"display_name": "Ada L."}),
        ({"display_name": "爱达"}, {"display_name": "爱达"}),
        ({"language": "zh-CN", "theme": "dark"}, {"language": "zh-CN", "theme": "dark"}),
        ({"theme": "system"}, {"theme": "system"}),
        ({}, {}),
    ],
)
async def test_what_is_left_out_stays(client: httpx.AsyncClient, patch: dict[str, Any], after: dict[str, Any]) -> None:
    headers = await signed_in(client)
    before = (await client.patch(ME, json={"language": "en", "theme": "light"}, headers=headers)).json()
    answer = await client.patch(ME, json=patch, headers=headers)
    assert answer.status_code == 200
    assert answer.json() == before | after
    assert (await client.get(ME, headers=headers)).json() == before | after


async def test_null_follows_the_browser_again(client: httpx.AsyncClient) -> None:
    headers = await signed_in(client)
    await client.patch(ME, json={"language": "en", "theme": "light"}, headers=headers)
    me = (await client.patch(ME, json={"language": None, "theme": None}, headers=headers)).json()
    assert (me["language"], me["theme"]) == (None, None)


@pytest.mark.parametrize(
    ("patch", "field"),
    [
        ({"language": "xx"}, "language"),
        ({"theme": "pink"}, "theme"),
        ({"display_name": "x" * 101}, "display_name"),
        ({"display_name": None}, "display_name"),
    ],
)
async def test_a_wrong_value_is_named(client: httpx.AsyncClient, patch: dict[str, Any], field: str) -> None:
    answer = await client.patch(ME, json=patch, headers=await signed_in(client))
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_nobody_makes_themselves_an_administrator(yard: Yard, client: httpx.AsyncClient) -> None:
    await yard.add_user("Eve")
    headers = await signed_in(client, "Eve")
    me = (await client.patch(ME, json={"is_admin": True, "username": "admin"}, headers=headers)).json()
    assert (me["is_admin"], me["username"]) == (False, "Eve")


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Basic YWRhOng=", "Bearer nonsense", "bearer a.b.c", "Token x"]
)
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ME), ("PATCH", ME), ("POST", "/api/v1/me/password"), ("GET", "/api/v1/projects")],
)
async def test_the_rest_needs_a_token(client: httpx.AsyncClient, header: str | None, method: str, path: str) -> None:
    await sign_in(client)  # the cookie alone opens none of them
    body = {"current_password": "correct horse", "new_password": "a better horse"}
    answer = await client.request(
        method,
        path,
        json=body if method != "GET" else None,
        headers={"Authorization": header} if header is not None else {},
    )
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_socket_shows_its_token_in_a_message(yard: Yard) -> None:
    with pytest.raises(BadToken):
        await authenticate_token(yard.access, "nonsense")
