"""However somebody comes to look after the installation or a project, the audit says so as out of the ordinary."""

import itertools
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from runyard.access.permissions import GRANTABLE, Permission
from runyard.access.roles import Roles
from runyard.sso.arrivals import Arrivals
from runyard.sso.mapping import Stranger
from runyard.sso_settings import GroupRole, Mapping
from tests.access.world import PASSWORD
from tests.engine.yard import Running, opened, options, place, plain_logs

plain_logs()
pytestmark = pytest.mark.asyncio(loop_scope="module")
_count = itertools.count()
ALL = sorted(GRANTABLE)
LESSER = sorted(GRANTABLE - {Permission.project_manage})


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def yard() -> AsyncIterator[Running]:
    access = {"registration": True, "registration_role": "admin"}
    async with place() as data, opened(options(data, access=access, rates={"authentication": ""})) as running:
        yield running


async def ask(yard: Running, method: str, path: str, body: Any = None) -> Any:
    answer = await yard.client.request(method, path, json=body)
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None


def fresh(kind: str) -> str:
    return f"{kind}-{next(_count)}"


async def person(yard: Running, **facts: Any) -> str:
    name = fresh("person")
    await ask(yard, "POST", "/users", {"username": name, "password": PASSWORD, **facts})
    return name


async def project(yard: Running) -> str:
    name = fresh("project")
    await ask(yard, "POST", "/projects", {"name": name})
    return name


async def role(yard: Running, permissions: list[Permission]) -> str:
    name = fresh("role")
    await ask(yard, "POST", "/roles", {"name": name, "permissions": permissions})
    return name


async def team(yard: Running, *people: str) -> str:
    name = fresh("team")
    await ask(yard, "POST", "/teams", {"name": name})
    for who in people:
        await joins(yard, name, who)
    return name


async def joins(yard: Running, team: str, who: str) -> None:
    await ask(yard, "POST", f"/teams/{team}/members", {"username": who})


async def member(yard: Running, where: str, who: str, role: str) -> None:
    await ask(yard, "POST", f"/projects/{where}/members", {"username": who, "role": role})


async def team_member(yard: Running, where: str, team: str, role: str) -> None:
    await ask(yard, "POST", f"/projects/{where}/teams", {"team": team, "role": role})


async def newcomer(yard: Running, **facts: Any) -> str:
    """Invite somebody, and come in as them."""
    name = fresh("newcomer")
    made = await ask(yard, "POST", "/invitations", facts)
    body = {"token": made["link"].partition("#")[2], "username": name, "password": PASSWORD}
    await ask(yard, "POST", "/auth/invitations/accept", body)
    return name


async def arrival(yard: Running, name: str, rules: Mapping, *groups: str) -> None:
    """Somebody signs in by a provider that says in which groups they are."""
    actors = yard.yard.access.actors
    arrivals = Arrivals(yard.yard.projects, Roles(actors), actors)
    stranger = Stranger("oidc", "https://id.example.com", name, name, groups=frozenset(groups))
    async with yard.yard.database.write() as session:
        await arrivals.settle(session, stranger, rules)


async def alarms(yard: Running, about: str, project: str | None = None) -> list[tuple[str, str | None]]:
    """Return the rules that name somebody, with the project; only what administrators of `project` see, if given."""
    found = await yard.get("/audit/alerts", **({"project": project} if project else {}))
    named = [one for one in found["items"] if about in {one["about"], one["actor"]}]
    return sorted((one["rule"], one["project"]) for one in named)


OF_THE_YARD = ("new_admin", None)


async def test_of_the_installation_by_hand(yard: Running) -> None:
    made, raised = await person(yard, is_admin=True), await person(yard)
    assert await alarms(yard, raised) == []
    await ask(yard, "PATCH", f"/users/{raised}", {"is_admin": True})
    assert await alarms(yard, made) == await alarms(yard, raised) == [OF_THE_YARD]


async def test_of_the_installation_by_an_invitation_and_by_a_group(yard: Running) -> None:
    assert await alarms(yard, await newcomer(yard, is_admin=True)) == [("invited_admin", None)]
    ann = fresh("ann")
    await arrival(yard, ann, Mapping(admin_groups=("root",)), "others")
    assert await alarms(yard, ann) == []
    await arrival(yard, ann, Mapping(admin_groups=("root",)), "root")
    assert await alarms(yard, ann) == [OF_THE_YARD]


@pytest.mark.parametrize("own", [False, True], ids=["built in", "made of all permissions"])
async def test_of_a_project_as_a_member(yard: Running, own: bool) -> None:  # noqa: FBT001
    where, added, changed = await project(yard), await person(yard), await person(yard)
    admin = await role(yard, ALL) if own else "admin"
    await member(yard, where, added, admin)
    await member(yard, where, changed, await role(yard, LESSER))
    assert await alarms(yard, changed, where) == []
    await ask(yard, "PATCH", f"/projects/{where}/members/{changed}", {"role": admin})
    expected = [("new_project_admin", where)]
    assert await alarms(yard, added, where) == await alarms(yard, changed, where) == expected
    # From one such role to the other nobody becomes what they were not.
    await ask(yard, "PATCH", f"/projects/{where}/members/{added}", {"role": await role(yard, ALL)})
    update = (await yard.get("/audit", project=where, action="member.update"))["items"][0]
    assert (update["object"]["name"], "administers" in update["changes"]) == (added, False)


@pytest.mark.parametrize("own", [False, True], ids=["built in", "made of all permissions"])
async def test_of_a_project_as_a_team_and_by_joining_one(yard: Running, own: bool) -> None:  # noqa: FBT001
    where, elsewhere, first, second = await project(yard), await project(yard), await person(yard), await person(yard)
    crew, admin = await team(yard, first), await role(yard, ALL) if own else "admin"
    await team_member(yard, where, crew, admin)
    await team_member(yard, elsewhere, crew, "developer")
    assert await alarms(yard, crew, where) == [("new_project_admin", where)]
    await joins(yard, crew, second)
    assert await alarms(yard, second, where) == await alarms(yard, second) == [("new_project_admin", where)]
    assert await alarms(yard, second, elsewhere) == []
    # Who is in it already, or looks after the project anyway, becomes nothing new.
    before = len((await yard.get("/audit", action="member.promote"))["items"])
    await joins(yard, crew, second)
    third = await person(yard)
    await member(yard, where, third, "admin")
    await joins(yard, crew, third)
    assert len((await yard.get("/audit", action="member.promote"))["items"]) == before


async def test_of_a_project_because_a_role_grows(yard: Running) -> None:
    where, other, who = await project(yard), await project(yard), await person(yard)
    crew, lesser = await team(yard), await role(yard, LESSER)
    await member(yard, where, who, lesser)
    await member(yard, other, who, lesser)
    await team_member(yard, where, crew, lesser)
    await ask(yard, "PATCH", f"/roles/{lesser}", {"description": "The same."})
    assert await alarms(yard, who) == []
    await ask(yard, "PATCH", f"/roles/{lesser}", {"permissions": ALL})
    assert await alarms(yard, who) == [("new_project_admin", where), ("new_project_admin", other)]
    assert await alarms(yard, crew, where) == [("new_project_admin", where)]
    [event] = (await yard.get("/audit", action="member.promote", project=other))["items"]
    assert event["changes"] == {"administers": [False, True], "by": [None, f"role {lesser}"]}
    # The act itself is written down as ever.
    assert (await yard.get("/audit", action="role.update"))["items"][0]["object"]["name"] == lesser


@pytest.mark.parametrize("own", [False, True], ids=["built in", "made of all permissions"])
async def test_of_a_project_by_an_invitation(yard: Running, own: bool) -> None:  # noqa: FBT001
    where, other = await project(yard), await project(yard)
    admin = await role(yard, ALL) if own else "admin"
    places = [{"project": where, "role": admin}, {"project": other, "role": "viewer"}]
    who = await newcomer(yard, projects=places)
    assert await alarms(yard, who) == await alarms(yard, who, where) == [("joined_project_admin", where)]
    # Each project hears who has come in, the other way round too: nobody joins one unseen.
    [event] = (await yard.get("/audit", action="member.add", project=other))["items"]
    assert (event["object"]["name"], event["changes"]) == (who, {"role": [None, "viewer"]})


async def test_of_a_project_by_registering(yard: Running) -> None:
    who = fresh("registered")
    await ask(yard, "POST", "/auth/register", {"username": who, "password": PASSWORD})
    assert await alarms(yard, who) == [("joined_project_admin", "default")]


@pytest.mark.parametrize("own", [False, True], ids=["built in", "made of all permissions"])
async def test_of_a_project_by_a_group(yard: Running, own: bool) -> None:  # noqa: FBT001
    where, name = await project(yard), fresh("bea")
    admin = await role(yard, ALL) if own else "admin"
    lines = [GroupRole(group="leads", project=where, role=admin), GroupRole(group="all", project=where, role="viewer")]
    rules = Mapping(roles=tuple(lines))
    await arrival(yard, name, rules, "all")
    assert await alarms(yard, name, where) == []
    await arrival(yard, name, rules, "all", "leads")
    assert await alarms(yard, name, where) == [("new_project_admin", where)]


async def test_of_a_project_by_a_second_person_s_consent(yard: Running) -> None:
    where, who, other = await project(yard), await person(yard), await person(yard, is_admin=True)
    await ask(yard, "PUT", f"/projects/{where}/approval-rules", {"four_eyes": False, "operations": ["member.change"]})
    asked = await ask(yard, "POST", f"/projects/{where}/members", {"username": who, "role": "admin"})
    assert await alarms(yard, who, where) == []
    signed = await ask(yard, "POST", "/auth/login", {"username": other, "password": PASSWORD})
    headers = {"Authorization": f"Bearer {signed['access_token']}"}
    answer = await yard.client.post(f"/approvals/{asked['approval']['id']}/approve", json={}, headers=headers)
    assert answer.is_success, answer.text
    assert await alarms(yard, who, where) == [("new_project_admin", where)]
