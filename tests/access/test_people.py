"""Users, teams, roles, members and tokens over HTTP."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio

from runyard import clock
from runyard.access import token_text
from runyard.access.models import ApiToken
from runyard.access.permissions import ROLES, Permission, Role
from tests.engine.yard import Running, opened, options, place, plain_logs

from .world import PASSWORD, World

pytestmark = pytest.mark.asyncio(loop_scope="module")
plain_logs()
_count = itertools.count()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def yard() -> AsyncIterator[Running]:
    async with place() as data, opened(options(data)) as running:
        yield running


async def ask(yard: Running, method: str, path: str, status: int, body: Any = None, as_: Any = None) -> Any:
    answer = await yard.client.request(method, path, json=body, headers=as_)
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


async def person(yard: Running) -> tuple[str, dict[str, str]]:
    """Make a user; return their name and the headers of a session of theirs."""
    world = World(yard)
    name = await world._user(f"fresh-{next(_count)}")
    return name, await world._in(name)


async def project(yard: Running) -> str:
    name = f"project {next(_count)}"
    made = await ask(yard, "POST", "/projects", 201, {"name": name, "description": " It is one. "})
    assert made["permissions"] == (await ask(yard, "GET", f"/projects/{made['id']}", 200))["permissions"] != []
    return name


# Projects


async def test_a_project_is_made_renamed_hidden_and_brought_back(yard: Running) -> None:
    name = await project(yard)
    made = await ask(yard, "GET", f"/projects/{name}", 200)
    assert (made["description"], made["archived_at"]) == ("It is one.", None)
    assert [m["role"] for m in (await ask(yard, "GET", f"/projects/{made['id']}/members", 200))["items"]] == ["admin"]
    renamed = await ask(yard, "PATCH", f"/projects/{name}", 200, {"name": f"{name} anew"})
    script = {"name": "s", "language": "shell", "code": "true", "project": renamed["name"]}
    script_id = (await ask(yard, "POST", "/scripts", 201, script))["id"]
    await ask(yard, "DELETE", f"/projects/{made['id']}", 204)
    await ask(yard, "GET", f"/scripts/{script_id}", 404)
    await ask(yard, "GET", f"/projects/{made['id']}", 404)
    assert made["id"] not in str(await ask(yard, "GET", "/projects?limit=500", 200))
    assert made["id"] in str(await ask(yard, "GET", "/projects?archived=true", 200))
    await ask(yard, "POST", "/projects", 409, {"name": renamed["name"]})
    await ask(yard, "PATCH", f"/projects/{made['id']}", 200, {"archived": False})
    await ask(yard, "GET", f"/scripts/{script_id}", 200)


@pytest.mark.parametrize("body", [{"name": "other"}, {"archived": True}])
async def test_the_default_project_stays(yard: Running, body: dict[str, Any]) -> None:
    assert (await ask(yard, "PATCH", "/projects/default", 409, body))["code"] == "default_project"


@pytest.mark.parametrize("name", ["", " ", "a/b", "prj_x", "x" * 65, "-x", "a\nb", "a:b"])
async def test_names_that_would_not_do(yard: Running, name: str) -> None:
    for path in ("/projects", "/teams"):
        await ask(yard, "POST", path, 422, {"name": name})


# Members, teams and roles


async def test_what_one_may_do_is_all_that_their_roles_give(yard: Running) -> None:
    where, (name, headers) = await project(yard), await person(yard)
    team = (await ask(yard, "POST", "/teams", 201, {"name": f"team {next(_count)}"}))["id"]
    await ask(yard, "POST", f"/teams/{team}/members", 201, {"username": name})
    await ask(yard, "POST", f"/projects/{where}/teams", 201, {"team": team, "role": "developer"})

    async def held() -> set[str]:
        places = (await ask(yard, "GET", "/me", 200, as_=headers))["projects"]
        return {right for place in places if place["name"] == where for right in place["permissions"]}

    assert await held() == ROLES[Role.developer]
    role = await ask(yard, "POST", "/roles", 201, {"name": f"role {next(_count)}", "permissions": ["run:manage"]})
    assert role["permissions"] == ["project:read", "run:manage", "run:read"]
    await ask(yard, "POST", f"/projects/{where}/members", 201, {"username": name, "role": role["name"]})
    assert await held() == ROLES[Role.developer] | {Permission.run_manage}
    assert (await ask(yard, "DELETE", f"/roles/{role['id']}", 409))["code"] == "role_in_use"
    await ask(yard, "DELETE", f"/teams/{team}", 204)
    assert await held() == {"self:read", "self:manage", "project:read", "run:manage", "run:read"}
    await ask(yard, "DELETE", f"/projects/{where}/members/{name}", 204, as_=headers)
    assert await held() == set()


async def test_the_last_admin_stays(yard: Running) -> None:
    where, (name, headers) = await project(yard), await person(yard)
    path = f"/projects/{where}/members"
    await ask(yard, "POST", path, 201, {"username": name, "role": "admin"})
    await ask(yard, "DELETE", f"{path}/admin", 204)
    for method, body in (("DELETE", None), ("PATCH", {"role": "viewer"})):
        assert (await ask(yard, method, f"{path}/{name}", 409, body, headers))["code"] == "last_admin"
    team = (await ask(yard, "POST", "/teams", 201, {"name": f"team {next(_count)}"}))["id"]
    other, _headers = await person(yard)
    await ask(yard, "POST", f"/teams/{team}/members", 201, {"username": other})
    await ask(yard, "POST", f"/projects/{where}/teams", 201, {"team": team, "role": "admin"})
    await ask(yard, "DELETE", f"{path}/{name}", 204, as_=headers)
    assert (await ask(yard, "DELETE", f"/projects/{where}/teams/{team}", 409))["code"] == "last_admin"


async def test_nobody_gives_away_more_than_they_hold(yard: Running) -> None:
    where, (name, headers), (other, _) = await project(yard), await person(yard), await person(yard)
    role = await ask(yard, "POST", "/roles", 201, {"name": f"role {next(_count)}", "permissions": ["project:manage"]})
    path = f"/projects/{where}/members"
    await ask(yard, "POST", path, 201, {"username": name, "role": role["id"]})
    for given in ("admin", "developer", "viewer"):
        answer = await ask(yard, "POST", path, 403, {"username": other, "role": given}, headers)
        assert answer["code"] == "role_beyond_yours"
    await ask(yard, "PATCH", f"{path}/{name}", 403, {"role": "admin"}, headers)
    await ask(yard, "DELETE", f"{path}/admin", 403, as_=headers)
    await ask(yard, "POST", path, 201, {"username": other, "role": role["id"]}, headers)
    await ask(yard, "POST", path, 409, {"username": other, "role": role["id"]}, headers)


async def test_built_in_roles_and_installations_rights_are_not_for_the_taking(yard: Running) -> None:
    await ask(yard, "PATCH", "/roles/admin", 403, {"description": "x"})
    await ask(yard, "DELETE", "/roles/viewer", 403)
    await ask(yard, "POST", "/roles", 409, {"name": "Developer", "permissions": []})
    for right in ("system:manage", "self:manage"):
        await ask(yard, "POST", "/roles", 422, {"name": f"role {next(_count)}", "permissions": [right]})


# Users


async def test_a_user_is_made_disabled_and_enabled(yard: Running) -> None:
    name = f"user-{next(_count)}"
    made = await ask(yard, "POST", "/users", 201, {"username": name})
    await ask(yard, "POST", "/users", 409, {"username": name.upper()})
    body = {"username": name, "password": made["password"]}
    token = (await ask(yard, "POST", "/auth/login", 200, body))["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    await ask(yard, "PATCH", f"/users/{name}", 200, {"disabled": True})
    await ask(yard, "GET", "/me", 401, as_=headers)
    assert (await ask(yard, "POST", "/auth/login", 403, body))["code"] == "account_disabled"
    await ask(yard, "PATCH", f"/users/{made['id']}", 200, {"disabled": False})
    await ask(yard, "GET", "/me", 401, as_=headers)
    await ask(yard, "POST", "/auth/login", 200, body)
    again = await ask(yard, "POST", f"/users/{name}/password", 200, {})
    await ask(yard, "POST", "/auth/login", 401, body)
    await ask(yard, "POST", "/auth/login", 200, body | {"password": again["password"]})
    yard.client.cookies.clear()
    found = await ask(yard, "GET", f"/users?q={name[:6]}&limit=500", 200)
    assert name in [user["username"] for user in found["items"]]


@pytest.mark.parametrize("body", [{"is_admin": False}, {"disabled": True}])
async def test_the_last_administrator_stays(yard: Running, body: dict[str, Any]) -> None:
    assert (await ask(yard, "PATCH", "/users/admin", 409, body))["code"] == "last_administrator"


async def test_a_disabled_owner_is_flagged_and_a_script_can_be_given_away(yard: Running) -> None:
    where, (name, headers), (other, theirs) = await project(yard), await person(yard), await person(yard)
    for who in (name, other):
        await ask(yard, "POST", f"/projects/{where}/members", 201, {"username": who, "role": "developer"})
    body = {"name": "mine", "language": "shell", "code": "true", "project": where}
    script = await ask(yard, "POST", "/scripts", 201, body, headers)
    assert (script["owner"], script["owner_disabled"]) == (name, False)
    path = f"/scripts/{script['id']}"
    assert (await ask(yard, "PUT", f"{path}/owner", 403, {"username": other}, theirs))["code"] == "not_your_script"
    for unfit in ("nobody-at-all", (await person(yard))[0]):
        assert (await ask(yard, "PUT", f"{path}/owner", 422, {"username": unfit}))["code"] == "unfit_owner"
    await ask(yard, "PATCH", f"/users/{name}", 200, {"disabled": True})
    assert (await ask(yard, "GET", path, 200))["owner_disabled"] is True
    await ask(yard, "POST", f"{path}/runs", 202, {})
    listed = await ask(yard, "GET", f"/scripts?project={where}&owner={name}", 200)
    assert [(row["id"], row["owner_disabled"]) for row in listed["items"]] == [(script["id"], True)]
    given = await ask(yard, "PUT", f"{path}/owner", 200, {"username": other})
    assert (given["owner"], given["owner_disabled"]) == (other, False)
    await ask(yard, "PUT", f"{path}/owner", 200, {"username": other}, theirs)


# Tokens


async def test_a_token_is_told_once_and_never_holds_more_than_its_maker(yard: Running) -> None:
    where, away, (name, headers) = await project(yard), await project(yard), await person(yard)
    for place_ in (where, away):
        await ask(yard, "POST", f"/projects/{place_}/members", 201, {"username": name, "role": "developer"})
    wanted = {"name": "ci", "permissions": ["script:write"], "projects": [where]}
    beyond = wanted | {"permissions": ["run:manage"]}
    assert (await ask(yard, "POST", "/tokens", 403, beyond, headers))["code"] == "token_beyond_yours"
    await ask(yard, "POST", "/tokens", 403, {"name": "x", "permissions": ["system:manage"]}, headers)
    await ask(yard, "POST", "/tokens", 404, wanted | {"projects": ["elsewhere"]}, headers)
    made = await ask(yard, "POST", "/tokens", 201, wanted, headers)
    assert token_text.sound(made["token"])
    assert made["token"].startswith(made["hint"])
    key = {"Authorization": f"Bearer {made['token']}"}
    body = {"name": "s", "language": "shell", "code": "true"}
    script = await ask(yard, "POST", "/scripts", 201, body | {"project": where}, key)
    await ask(yard, "POST", "/scripts", 404, body | {"project": away}, key)
    await ask(yard, "POST", f"/scripts/{script['id']}/runs", 403, {}, key)
    await ask(yard, "POST", "/tokens", 403, wanted, key)
    [listed] = (await ask(yard, "GET", "/tokens", 200, as_=headers))["items"]
    assert "token" not in listed
    assert listed["projects"] == [where]
    async with yard.yard.database.read() as session:
        row = await session.get_one(ApiToken, made["id"])
    assert made["token"] not in str(vars(row))
    async with asyncio.timeout(20):
        while listed["last_used_at"] is None:
            await asyncio.sleep(0.01)
            [listed] = (await ask(yard, "GET", "/tokens", 200, as_=headers))["items"]
    # What its maker loses, it loses.
    await ask(yard, "PATCH", f"/projects/{where}/members/{name}", 200, {"role": "viewer"})
    await ask(yard, "PATCH", f"/scripts/{script['id']}", 403, {"description": "x"}, key)
    await ask(yard, "GET", f"/scripts/{script['id']}", 200, as_=key)
    await ask(yard, "DELETE", f"/tokens/{made['id']}", 204, as_=headers)
    await ask(yard, "GET", f"/scripts/{script['id']}", 401, as_=key)
    await ask(yard, "DELETE", f"/tokens/{made['id']}", 404, as_=headers)


@pytest.mark.parametrize("away", [timedelta(seconds=-1), timedelta(days=-400)])
async def test_a_token_that_is_over_can_not_be_made(yard: Running, away: timedelta) -> None:
    over = clock.rfc3339(clock.now() + away)
    await ask(yard, "POST", "/tokens", 422, {"name": "x", "permissions": ["run:read"], "expires_at": over})


async def test_a_token_ends_when_it_was_to(yard: Running) -> None:
    made = await ask(yard, "POST", "/tokens", 201, {"name": "x", "permissions": ["run:read"]})
    assert made["expires_at"] is not None
    endless = {"name": "x", "permissions": ["run:read"], "expires_at": None}
    assert (await ask(yard, "POST", "/tokens", 201, endless))["expires_at"] is None
    key = {"Authorization": f"Bearer {made['token']}"}
    await ask(yard, "GET", "/runs", 200, as_=key)
    async with yard.yard.database.write() as session:
        row = await session.get_one(ApiToken, made["id"])
        row.expires_at = clock.now() - timedelta(seconds=1)
    yard.yard.access.forget_actors()
    await ask(yard, "GET", "/runs", 401, as_=key)


async def test_figures_for_prometheus_take_a_token(yard: Running) -> None:
    made = await ask(yard, "POST", "/tokens", 201, {"name": "x", "permissions": ["system:read"]})
    transport = httpx.ASGITransport(yard.app, client=("10.0.0.9", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://yard.test") as client:
        assert (await client.get("/metrics")).status_code == 401
        answer = await client.get("/metrics", headers={"Authorization": f"Bearer {made['token']}"})
    assert answer.status_code == 200
    assert PASSWORD not in answer.text
