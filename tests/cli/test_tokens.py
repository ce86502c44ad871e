"""Tokens for programs, made and revoked from a terminal on a real server."""

from datetime import datetime, timedelta

from runyard import clock

from .conftest import Commands


def test_a_token_does_what_it_may_until_it_is_revoked(ry: Commands) -> None:
    made = ry("tokens", "create", "nightly", "--may", "run:read", "--may", "self:read", "--for", "2d")
    assert made.code == 0, made.err
    assert "this once" in made.err
    token = made.out.strip()
    assert token.startswith("ryd_")
    listed = {one["name"]: one for one in ry("tokens", "list", "--json").json}["nightly"]
    assert (listed["permissions"], listed["projects"]) == (["run:read", "self:read"], None)
    left = datetime.fromisoformat(listed["expires_at"]) - clock.now()
    assert timedelta(days=1, hours=23) < left <= timedelta(days=2)
    assert token not in ry("tokens", "list").out

    assert ry("runs", "--json", RUNYARD_TOKEN=token).code == 0
    refused = ry("tokens", "create", "another", "--may", "run:read", RUNYARD_TOKEN=token)
    assert refused.code == 1, refused.out
    assert ry("tokens", "revoke", "nightly").code == 0
    gone = ry("runs", RUNYARD_TOKEN=token)
    assert gone.code != 0
    assert "RUNYARD_TOKEN" in gone.err
    assert ry("tokens", "revoke", "nightly").code == 1


def test_roles_and_projects_name_what_a_token_may(ry: Commands) -> None:
    made = ry("tokens", "create", "looks", "--may", "viewer", "--project", "default", "--for", "ever", "--json").json
    roles = ry("tokens", "list", "--json").json[0]
    assert roles["id"] == made["id"]
    assert "run:read" in made["permissions"]
    assert "script:write" not in made["permissions"]
    assert (made["projects"], made["expires_at"]) == (["default"], None)
    row = next(line for line in ry("tokens", "list").out.splitlines() if "looks" in line)
    assert "never" in row
    assert "more" in row
    twin = ry("tokens", "create", "looks", "--may", "run:read", "--json").json
    both = ry("tokens", "revoke", "looks")
    assert (both.code, "by its id" in both.err) == (1, True)
    # One that is not there keeps the others.
    assert ry("tokens", "revoke", made["id"], "nobodys").code == 1
    assert ry("tokens", "revoke", made["id"], twin["id"]).code == 0


def test_wrong_wishes_for_tokens_are_answered(ry: Commands) -> None:
    for options, code, said in (
        (("--may", "everything"), 2, "'everything' is no permission"),
        (("--may", "run:fly"), 1, "'run:submit'"),
        (("--may", "run:read", "--for", "soon"), 2, "'soon' is not a duration"),
        (("--may", "run:read", "--project", "nobodys"), 1, "no project of that name"),
    ):
        refused = ry("tokens", "create", "wrong", *options)
        assert (refused.code, said in refused.err) == (code, True), refused.err
