import pytest

from runyard.access.permissions import (
    EVERYBODY,
    INSTALLATION,
    ROLES,
    Actor,
    Membership,
    NoSuchProject,
    Permission,
    Role,
)
from runyard.errors import Forbidden, Missing
from runyard.ids import ProjectId, UserId

ONE, TWO, FOREIGN = ProjectId("prj_1"), ProjectId("prj_2"), ProjectId("prj_3")
actor = Actor(
    UserId("usr_1"),
    "ada",
    "ses_1",
    is_admin=False,
    memberships=(Membership(ONE, "one", ROLES[Role.viewer]), Membership(TWO, "two", ROLES[Role.developer])),
)
nobody = Actor(UserId("usr_2"), "eve", "ses_2", is_admin=False)


class NoSuchThing(Missing):
    """There is no such thing."""


@pytest.mark.parametrize(
    ("permission", "project", "expected"),
    [
        (Permission.script_read, None, True),
        (Permission.script_read, ONE, True),
        (Permission.script_write, None, True),
        (Permission.script_write, ONE, False),
        (Permission.script_write, TWO, True),
        (Permission.script_write, FOREIGN, False),
        (Permission.environment_manage, None, False),
        (Permission.self_manage, None, True),
    ],
)
def test_may(permission: Permission, project: ProjectId | None, *, expected: bool) -> None:
    assert actor.may(permission, project) is expected


@pytest.mark.parametrize("permission", Permission)
def test_without_projects_only_oneself_is_left(permission: Permission) -> None:
    assert nobody.may(permission) is (permission in EVERYBODY)


def test_lists_show_the_projects_where_it_is_allowed() -> None:
    assert actor.projects(Permission.script_read) == (ONE, TWO)
    assert actor.projects(Permission.script_write) == (TWO,)
    assert actor.projects(Permission.script_write, "one") == ()
    assert actor.projects(Permission.script_read, "one") == (ONE,)
    with pytest.raises(NoSuchProject):
        actor.projects(Permission.script_read, "three")


def test_a_foreign_project_is_missing_and_an_own_one_forbids() -> None:
    assert actor.project("two", Permission.script_write) == TWO
    with pytest.raises(Forbidden):
        actor.project("one", Permission.script_write)
    with pytest.raises(NoSuchProject):
        actor.project("three", Permission.script_read)
    actor.demand(Permission.script_write, TWO, NoSuchThing)
    with pytest.raises(Forbidden):
        actor.demand(Permission.script_write, ONE, NoSuchThing)
    with pytest.raises(NoSuchThing):
        actor.demand(Permission.script_read, FOREIGN, NoSuchThing)


def test_roles_grow_and_an_administrator_holds_everything() -> None:
    assert ROLES[Role.viewer] < ROLES[Role.developer] < ROLES[Role.admin]
    assert ROLES[Role.admin] == frozenset(Permission) - INSTALLATION
