"""Projects, their people, teams, roles and invitations from a terminal, on a real server."""

import pytest

from .conftest import Commands, Yard


@pytest.fixture
def ada(yard: Yard, ry: Commands, request: pytest.FixtureRequest) -> str:
    """A user of this test's own."""
    name = f"ada-{request.node.name.replace('_', '-')[:40]}"
    made = ry("users", "add", name, "--data", yard.data)
    assert made.code == 0, made.err
    return name


def test_a_project_and_who_belongs_to_it(ry: Commands, ada: str) -> None:
    made = ry("projects", "create", "harvest", "--description", "Crops", "--json").json
    assert (made["name"], made["description"]) == ("harvest", "Crops")
    assert ry("projects", "admit", ada, "--role", "viewer", "--project", "harvest").code == 0
    again = ry("projects", "admit", ada, "--role", "developer", "--project", "harvest")
    assert again.err == f"{ada} is a developer of harvest now.\n"
    belongs = ry("projects", "members", "--project", "harvest", "--json").json
    assert {one["username"]: one["role"] for one in belongs["members"]} == {"admin": "admin", ada: "developer"}
    rows = [line.split()[:2] for line in ry("projects", "members", "--project", "harvest").out.splitlines()]
    assert [ada, "developer"] in rows
    # Who is nobody is refused, and so is the last one who looks after the project.
    nobody = ry("projects", "admit", "nobody-at-all", "--role", "viewer", "--project", "harvest")
    assert (nobody.code, "nobody" in nobody.err) == (1, True)
    assert ry("projects", "dismiss", ada, "--project", "harvest").code == 0
    assert ry("projects", "dismiss", "admin", "--project", "harvest").code == 1
    left = ry("projects", "members", "--project", "harvest", "--json").json
    assert [one["username"] for one in left["members"]] == ["admin"]


def test_a_project_is_renamed_put_away_and_brought_back(ry: Commands) -> None:
    ry("projects", "create", "seasonal")
    assert ry("projects", "change", "seasonal").code == 2
    assert ry("projects", "change", "seasonal", "--rename", "winter").code == 0
    assert ry("projects", "archive", "winter").code == 0
    assert "winter" not in ry("projects", "list").out
    assert "winter" in ry("projects", "list", "--archived").out
    assert ry("projects", "restore", "winter").code == 0
    assert "winter" in [one["name"] for one in ry("projects", "list", "--json").json]


def test_a_team_belongs_to_a_project(ry: Commands, ada: str) -> None:
    assert ry("teams", "create", "night shift", ada, "--description", "Awake").code == 0
    assert ry("projects", "admit", "night shift", "--team", "--role", "viewer").code == 0
    assert ry("projects", "admit", "night shift", "--team", "--role", "developer").code == 0
    shown = ry("teams", "show", "night shift", "--json").json
    assert [one["username"] for one in shown["people"]] == [ada]
    assert [(one["name"], one["role"]) for one in shown["projects"]] == [("default", "developer")]
    teams = ry("projects", "members", "--json").json["teams"]
    assert [(one["name"], one["role"], one["members"]) for one in teams] == [("night shift", "developer", 1)]
    assert "team night shift" in ry("projects", "members").out
    assert ry("teams", "remove", "night shift", ada).code == 0
    assert ry("teams", "add", "night shift", "admin").code == 0
    assert "admin" in ry("teams", "show", "night shift").out
    assert ry("teams", "change", "night shift", "--rename", "day shift").code == 0
    assert ry("projects", "dismiss", "day shift", "--team").code == 0
    assert ry("projects", "members", "--json").json["teams"] == []
    assert ry("teams", "delete", "day shift").code == 0
    assert ry("teams", "show", "day shift").code == 1
    assert "day shift" not in ry("teams", "list").out


def test_a_role_is_made_of_permissions(ry: Commands, ada: str) -> None:
    assert ry("roles", "create", "operator", "--may", "viewer", "--may", "run:submit").code == 0
    allowed = ry("roles", "show", "operator").out.split()
    assert "run:submit" in allowed
    assert "script:write" not in allowed
    assert ry("roles", "change", "operator", "--may", "run:read").code == 0
    assert ry("roles", "show", "operator").out.split() == ["project:read", "run:read"]
    assert ry("projects", "admit", ada, "--role", "operator").code == 0
    taken = ry("roles", "delete", "operator")
    assert (taken.code, taken.err != "") == (1, True)
    assert ry("projects", "dismiss", ada).code == 0
    assert ry("roles", "delete", "operator").code == 0
    assert "operator" not in ry("roles", "list").out
    assert ry("roles", "create", "odd", "--may", "owner").code == 2
    assert ry("roles", "create", "odd", "--may", "no:such").code == 1
    listed = {line.split()[0] for line in ry("roles", "permissions").out.splitlines()[1:]}
    assert {"run:submit", "system:manage"} <= listed


def test_an_invitation_is_told_once_and_revoked(ry: Commands) -> None:
    made = ry("invitations", "create", "--project", "default=viewer", "--days", "2")
    assert made.code == 0, made.err
    assert made.out.startswith("http")
    (open_one,) = ry("invitations", "list", "--json").json
    assert open_one["projects"] == [{"project": "default", "role": "viewer"}]
    assert "viewer of default" in ry("invitations", "list").out
    assert made.out.strip() not in ry("invitations", "list").out
    assert ry("invitations", "create", "--project", "default").code == 2
    assert ry("invitations", "revoke", open_one["id"]).code == 0
    assert ry("invitations", "list", "--json").json == []
