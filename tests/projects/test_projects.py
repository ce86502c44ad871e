from typing import Any

import pytest

from runyard import clock, ids
from runyard.access.permissions import ROLES, Role
from runyard.projects.models import Project, ProjectMember
from runyard.projects.service import DEFAULT


async def add(yard: Any, *names: str) -> list[str]:
    projects = [Project(id=ids.new("prj"), name=name, created_at=clock.now()) for name in names]
    async with yard.database.write() as session:
        session.add_all(projects)
    return [project.id for project in projects]


async def join(yard: Any, project_id: str, user_id: str, role: Role) -> None:
    async with yard.database.write() as session:
        await yard.projects.join(session, project_id, user_id, role, clock.now())


async def listed(yard: Any, username: str, **query: Any) -> Any:
    async with await yard.client(username) as client:
        answer = await client.get("/api/v1/projects", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()


async def test_the_default_project_is_made_once(yard: Any) -> None:
    made = []
    for _ in range(2):
        async with yard.database.write() as session:
            made.append((await yard.projects.ensure_default(session, clock.now())).id)
    assert made[0] == made[1]
    await yard.add_user("ada", is_admin=True)
    assert [item["name"] for item in (await listed(yard, "ada"))["items"]] == [DEFAULT]


async def test_an_administrator_sees_every_project_and_may_do_everything(yard: Any) -> None:
    await add(yard, "one", "two")
    await yard.add_user("ada", is_admin=True)
    items = (await listed(yard, "ada"))["items"]
    assert [item["name"] for item in items] == ["one", "two"]
    assert set(items[0]) == {"id", "name", "description", "created_at", "archived_at", "permissions"}
    assert all(set(item["permissions"]) == ROLES[Role.admin] for item in items)


async def test_a_member_sees_their_own_projects_only(yard: Any) -> None:
    one, two, _ = await add(yard, "one", "two", "three")
    user = await yard.add_user("bob")
    await join(yard, one, user, Role.viewer)
    await join(yard, two, user, Role.viewer)
    await join(yard, two, user, Role.developer)
    items = (await listed(yard, "bob"))["items"]
    assert {item["name"]: set(item["permissions"]) for item in items} == {
        "one": set(ROLES[Role.viewer]),
        "two": set(ROLES[Role.developer]),
    }


async def test_a_role_of_a_later_version_grants_nothing(yard: Any) -> None:
    one, two = await add(yard, "one", "two")
    user = await yard.add_user("bob")
    await join(yard, one, user, Role.viewer)
    async with yard.database.write() as session:
        session.add(ProjectMember(project_id=two, user_id=user, role="wizard", created_at=clock.now()))
    assert [item["name"] for item in (await listed(yard, "bob"))["items"]] == ["one"]


@pytest.mark.parametrize("limit", [1, 2, 5, 7, 10])
async def test_pages_join_up_to_the_whole_list(yard: Any, limit: int) -> None:
    names = sorted(f"project-{n}" for n in range(7))
    await add(yard, *reversed(names))
    await yard.add_user("ada", is_admin=True)
    seen: list[str] = []
    query: dict[str, Any] = {"limit": limit}
    while True:
        page = await listed(yard, "ada", **query)
        assert len(page["items"]) <= limit
        seen += [item["name"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert seen == names


@pytest.mark.parametrize("query", [{"cursor": "nonsense"}, {"limit": 0}, {"limit": 501}, {"cursor": "WzFd"}])
async def test_a_bad_window_is_named(yard: Any, query: dict[str, Any]) -> None:
    await add(yard, "one")
    await yard.add_user("ada", is_admin=True)
    async with await yard.client("ada") as client:
        answer = await client.get("/api/v1/projects", params=query)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == list(query)
