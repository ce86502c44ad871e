"""Operations that wait: asked for, agreed to by another, and done once."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from runyard import clock
from runyard.approvals.models import Approval
from runyard.approvals.operations import OPERATIONS, Operation

from .people import PROJECT, People, add


async def gone(world: People, script: str) -> bool:
    return (await world.ask("max", "GET", f"/scripts/{script}")).status_code == 404


async def agree(world: People, who: str, approval: dict[str, Any], **more: Any) -> dict[str, Any]:
    return dict(await world.ok(who, "POST", f"/approvals/{approval['id']}/approve", more))


async def test_what_no_rule_names_is_done_at_once(world: People) -> None:
    script = await world.script("x")
    await world.ok("ann", "DELETE", f"/scripts/{script}", status=204)
    assert (await world.ok("max", "GET", "/approvals"))["items"] == []


async def test_it_is_done_when_another_agrees(world: People) -> None:
    script = await world.script("x")
    await world.rules("script.delete")
    asked = await world.waits("ann", "DELETE", f"/scripts/{script}")
    assert asked["kind"] == "script.delete"
    assert asked["subject"] == {"kind": "script", "id": script, "name": "x"}
    assert asked["changes"] == {"version": [1, None]}
    assert asked["may"] == ["withdraw", "comment"]
    assert not await gone(world, script)
    # Asked for again, it is the same request.
    assert (await world.waits("ann", "DELETE", f"/scripts/{script}"))["id"] == asked["id"]
    assert await world.ok("max", "GET", "/approvals/count") == {"waiting": 1}
    assert await world.ok("ann", "GET", "/approvals/count") == {"waiting": 0}
    done = await agree(world, "max", asked, reason="fine")
    assert (done["state"], done["decided_by"], done["reason"]) == ("done", "max", "fine")
    assert await gone(world, script)
    assert (await world.acts())[-4:] == [
        ("ann", "approval.ask"),
        ("max", "approval.approve"),
        ("ann", "script.delete"),
        ("runyard", "approval.carry_out"),
    ]
    assert await world.refused("mia", "POST", f"/approvals/{asked['id']}/approve", {}) == (409, "not_open")


@pytest.mark.parametrize(
    ("who", "refusal"),
    [
        ("ann", (403, "forbidden")),
        ("bob", (404, "no_such_approval")),
        ("vic", (404, "no_such_approval")),
        ("root", None),
    ],
)
async def test_who_may_agree(world: People, who: str, refusal: tuple[int, str] | None) -> None:
    script = await world.script("x")
    await world.rules("script.delete")
    asked = await world.waits("ann", "DELETE", f"/scripts/{script}")
    if refusal is None:
        assert (await agree(world, who, asked))["state"] == "done"
    else:
        assert await world.refused(who, "POST", f"/approvals/{asked['id']}/approve", {}) == refusal


async def test_nobody_agrees_to_their_own_and_no_token_does(world: People) -> None:
    script = await world.script("x")
    await world.rules("script.delete")
    asked = await world.waits("max", "DELETE", f"/scripts/{script}")
    assert await world.refused("max", "POST", f"/approvals/{asked['id']}/approve", {}) == (403, "own_request")
    key = await world.ok(
        "mia",
        "POST",
        "/tokens",
        {"name": "t", "permissions": ["approval:decide", "script:write", "project:read", "self:manage"]},
        201,
    )
    world.headers["token"] = {"Authorization": f"Bearer {key['token']}"}
    assert await world.refused("token", "POST", f"/approvals/{asked['id']}/approve", {}) == (403, "persons_only")
    assert await world.state(asked) == "waiting"


async def test_two_who_agree_at_once_have_it_done_once(world: People) -> None:
    await world.rules("member.change")
    await add(world, "new")
    asked = await world.waits("max", "POST", f"/projects/{PROJECT}/members", {"username": "new", "role": "viewer"})
    path = f"/approvals/{asked['id']}/approve"
    answers = await asyncio.gather(*[world.ask(who, "POST", path, {}) for who in ("mia", "root", "mia", "root")])
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    acts = await world.acts()
    assert acts.count(("max", "member.add")) == 1
    assert acts.count(("runyard", "approval.carry_out")) == 1


async def test_the_rights_of_who_asked_are_looked_at_again(world: People) -> None:
    script = await world.script("x")
    await world.rules("script.delete")
    asked = await world.waits("ann", "DELETE", f"/scripts/{script}")
    await world.ok("max", "PATCH", f"/projects/{PROJECT}/members/ann", {"role": "viewer"})
    failed = await agree(world, "max", asked)
    assert (failed["state"], failed["outcome"]["code"]) == ("failed", "forbidden")
    assert not await gone(world, script)


async def test_who_was_disabled_meanwhile_does_nothing(world: People) -> None:
    script = await world.script("x")
    await world.rules("script.delete")
    asked = await world.waits("ann", "DELETE", f"/scripts/{script}")
    await world.ok("root", "PATCH", "/users/ann", {"disabled": True})
    failed = await agree(world, "max", asked)
    assert (failed["state"], failed["outcome"]["code"]) == ("failed", "asker_gone")
    assert not await gone(world, script)


async def test_a_session_that_has_ended_is_no_hindrance(world: People) -> None:
    script = await world.script("x")
    await world.rules("script.delete")
    asked = await world.waits("ann", "DELETE", f"/scripts/{script}")
    await world.ok("ann", "POST", "/auth/logout", status=204)
    assert (await agree(world, "max", asked))["state"] == "done"
    assert await gone(world, script)


async def test_what_a_token_may_no_longer_do_is_not_done(world: People) -> None:
    script = await world.script("x")
    await world.rules("script.delete")
    key = await world.ok("ann", "POST", "/tokens", {"name": "t", "permissions": ["script:write"]}, 201)
    world.headers["token"] = {"Authorization": f"Bearer {key['token']}"}
    asked = await world.waits("token", "DELETE", f"/scripts/{script}")
    await world.ok("ann", "DELETE", f"/tokens/{key['id']}", status=204)
    failed = await agree(world, "max", asked)
    assert (failed["state"], failed["outcome"]["code"]) == ("failed", "asker_gone")
    assert not await gone(world, script)


async def test_what_would_do_something_else_by_now_is_not_done(world: People) -> None:
    script = await world.script("x")
    await world.rules("script.delete")
    asked = await world.waits("ann", "DELETE", f"/scripts/{script}")
    await world.ok("bob", "PATCH", f"/scripts/{script}", {"code": "echo precious"})
    failed = await agree(world, "max", asked)
    assert (failed["state"], failed["outcome"]["code"]) == ("failed", "changed_meanwhile")
    assert not await gone(world, script)


async def test_refused_withdrawn_expired(world: People) -> None:
    scripts = [await world.script(name) for name in "xyz"]
    await world.rules("script.delete")
    one, two, three = [await world.waits("ann", "DELETE", f"/scripts/{script}") for script in scripts]
    assert await world.refused("max", "POST", f"/approvals/{one['id']}/reject", {"reason": " "}) == (422, "invalid")
    no = await world.ok("max", "POST", f"/approvals/{one['id']}/reject", {"reason": "still needed"})
    assert (no["state"], no["reason"]) == ("rejected", "still needed")
    await world.ok("ann", "POST", f"/approvals/{two['id']}/withdraw")
    assert await world.state(two) == "withdrawn"
    async with world.running.yard.database.write() as session:
        row = await session.get_one(Approval, three["id"])
        row.expires_at = clock.now() - timedelta(seconds=1)
    assert await world.refused("max", "POST", f"/approvals/{three['id']}/approve", {}) == (409, "not_open")
    await world.running.yard.housekeeping.sweep_approvals()
    assert await world.state(three) == "expired"
    assert not any([await gone(world, script) for script in scripts])
    done = await world.ok("max", "GET", "/approvals?view=done")
    assert {item["id"] for item in done["items"]} == {one["id"], two["id"], three["id"]}
    assert [item["sealed"] for item in await kept(world)] == [None] * 3


async def kept(world: People) -> list[dict[str, Any]]:
    return [{"sealed": row[0]} for row in await world.running.rows("SELECT sealed FROM approvals")]


async def test_what_was_interrupted_is_known_to_be(world: People) -> None:
    script = await world.script("x")
    await world.rules("script.delete")
    asked = await world.waits("ann", "DELETE", f"/scripts/{script}")
    async with world.running.yard.database.write() as session:
        row = await session.get_one(Approval, asked["id"])
        row.state, row.decided_at = "carrying", clock.now() - timedelta(hours=1)
    await world.running.yard.housekeeping.sweep_approvals()
    assert await world.state(asked) == "failed"


async def test_members_and_roles(world: People) -> None:
    await world.rules("member.change")
    asked = await world.waits("max", "PATCH", f"/projects/{PROJECT}/members/ann", {"role": "admin"})
    assert asked["changes"] == {"role": ["developer", "admin"]}
    assert (await agree(world, "mia", asked))["state"] == "done"
    members = (await world.ok("vic", "GET", f"/projects/{PROJECT}/members"))["items"]
    assert {member["username"]: member["role"] for member in members}["ann"] == "admin"
    # Leaving is everybody's own affair.
    await world.ok("vic", "DELETE", f"/projects/{PROJECT}/members/vic", status=204)
    # A role gives rights in every project, so that it waits for another administrator of the installation.
    role = await world.ok("root", "POST", "/roles", {"name": "r", "permissions": ["run:read"]}, 201)
    asked = await world.waits("root", "PATCH", f"/roles/{role['id']}", {"permissions": ["project:manage"]})
    assert asked["project"] is None
    assert await world.refused("max", "GET", f"/approvals/{asked['id']}") == (404, "no_such_approval")
    await add(world, "boss", is_admin=True)
    assert (await agree(world, "boss", asked))["state"] == "done"


async def test_values_for_production(world: People) -> None:
    await world.rules("secret.prod")
    body = {"name": "KEY", "value": "hunter2-hunter2", "project": PROJECT, "stage": "dev"}
    await world.ok("max", "POST", "/secrets", body, 201)
    asked = await world.waits("max", "POST", "/secrets", {**body, "stage": "prod"})
    shown = (await world.ask("mia", "GET", f"/approvals/{asked['id']}")).text
    assert "hunter2" not in shown
    assert "hunter2" not in str(await world.running.rows("SELECT sealed, changes FROM approvals"))
    assert (await agree(world, "mia", asked))["state"] == "done"
    listed = (await world.ok("max", "GET", f"/secrets?project={PROJECT}&stage=prod"))["items"]
    [secret] = [item for item in listed if item["stage"] == "prod"]
    changed = await world.waits("max", "PATCH", f"/secrets/{secret['id']}", {"value": "another value"})
    assert changed["changes"]["version"] == [1, 2]
    deleted = await world.waits("max", "DELETE", f"/secrets/{secret['id']}")
    assert (await agree(world, "mia", changed))["state"] == "done"
    # It is not the same secret any more.
    assert (await agree(world, "mia", deleted))["outcome"]["code"] == "changed_meanwhile"


async def test_connections_for_production(world: People) -> None:
    await world.rules("secret.prod")
    settings = {"kind": "redis", "host": "db.example", "password": "hunter2-hunter2"}
    body = {"name": "CACHE", "settings": settings, "project": PROJECT}
    await world.ok("max", "POST", "/connections", {**body, "stage": "dev"}, 201)
    for stage in ("prod", None):
        asked = await world.waits("max", "POST", "/connections", {**body, "stage": stage})
        assert (await agree(world, "mia", asked))["state"] == "done"
    assert "hunter2" not in str(await world.running.rows("SELECT sealed, changes FROM approvals"))
    listed = (await world.ok("max", "GET", f"/connections?project={PROJECT}"))["items"]
    assert {one["stage"] for one in listed} == {"dev", "prod", None}
    kept = next(one for one in listed if one["stage"] == "prod")
    elsewhere = {"settings": settings | {"host": "evil.example"}}
    changed = await world.waits("max", "PATCH", f"/connections/{kept['id']}", elsewhere)
    assert "hunter2" not in (await world.ask("mia", "GET", f"/approvals/{changed['id']}")).text
    assert (await world.ok("max", "GET", f"/connections/{kept['id']}"))["settings"]["host"] == "db.example"
    assert (await agree(world, "mia", changed))["state"] == "done"
    assert (await world.ok("max", "GET", f"/connections/{kept['id']}"))["settings"]["host"] == "evil.example"
    deleted = await world.waits("max", "DELETE", f"/connections/{kept['id']}")
    assert (await agree(world, "mia", deleted))["state"] == "done"
    assert await world.refused("max", "GET", f"/connections/{kept['id']}") == (404, "no_such_connection")


async def test_runs_of_marked_scripts_and_in_production(world: People) -> None:
    plain, marked = await world.script("plain"), await world.script("marked")
    await world.ok("max", "PUT", f"/scripts/{marked}/mark", {"marked": True}, 204)
    assert "id" in await world.ok("ann", "POST", f"/scripts/{marked}/runs", {}, 202)
    await world.rules("script.run", "run.prod")
    for _ in range(2):
        assert "id" in await world.ok("ann", "POST", f"/scripts/{plain}/runs", {}, 202)
    asked = await world.waits("ann", "POST", f"/scripts/{marked}/runs", {"labels": {"a": "b"}})
    assert asked["changes"]["version"] == [None, 1]
    before = len((await world.ok("ann", "GET", f"/runs?script_id={marked}"))["items"])
    assert (await agree(world, "max", asked))["state"] == "done"
    runs = (await world.ok("ann", "GET", f"/runs?script_id={marked}"))["items"]
    assert len(runs) == before + 1
    again = await world.waits("ann", "POST", f"/runs/{runs[0]['id']}/rerun")
    assert again["kind"] == "script.run"
    prod = await world.waits("ann", "POST", f"/scripts/{plain}/runs", {"stage": "prod"})
    assert prod["kind"] == "run.prod"
    assert (await agree(world, "max", prod))["state"] == "done"
    # A draft of it is no way around.
    draft = {"language": "shell", "code": "echo two", "script_id": marked}
    assert (await world.waits("ann", "POST", "/runs", {"draft": draft}))["kind"] == "script.run"
    # A new script of the project is looked at too.
    new = await world.script("new")
    assert (await world.waits("ann", "POST", f"/scripts/{new}/runs", {"stage": "prod"}))["kind"] == "run.prod"


async def test_a_request_with_files_can_not_wait(world: People) -> None:
    script = await world.script("x")
    await world.ok("max", "PUT", f"/scripts/{script}/mark", {"marked": True}, 204)
    await world.rules("script.run")
    answer = await world.ask(
        "ann", "POST", f"/scripts/{script}/runs", files={"files": ("a.txt", b"x")}, data={"payload": "{}"}
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "cannot_wait")


async def test_what_is_released_may_be_done_for_a_while(world: People) -> None:
    script = await world.script("x")
    await world.rules("script.export")
    path = f"/scripts/export?project={PROJECT}&script_id={script}"
    asked = await world.waits("ann", "GET", path)
    assert (await agree(world, "max", asked))["state"] == "done"
    assert (await world.ask("ann", "GET", path)).status_code == 200
    # Consent is to this export, and to nobody else's.
    await world.waits("bob", "GET", path)
    await world.waits("ann", "GET", f"/scripts/export?project={PROJECT}")


async def test_keys_are_the_installations(world: People) -> None:
    await world.rules("keys.rotate")
    asked = await world.waits("root", "POST", "/keys/rotate", {"what": "data"})
    assert await world.refused("root", "POST", f"/approvals/{asked['id']}/approve", {}) == (403, "own_request")
    await add(world, "boss", is_admin=True)
    assert (await agree(world, "boss", asked))["state"] == "done"
    await world.running.yard.rotation.finished()


async def test_the_rules_themselves_may_wait(world: People) -> None:
    script = await world.script("x")
    await world.ok("max", "PUT", f"/scripts/{script}/mark", {"marked": True}, 204)
    await world.rules("rules.change", "script.delete")
    path = f"/projects/{PROJECT}/approval-rules"
    asked = await world.waits("max", "PUT", path, {"four_eyes": False, "operations": []})
    await world.waits("max", "PUT", f"/scripts/{script}/mark", {"marked": False})
    assert (await agree(world, "mia", asked))["state"] == "done"
    assert await world.ok("vic", "GET", path) == {"four_eyes": False, "operations": [], "hours": 72}


async def test_what_fails_is_told(world: People) -> None:
    await world.rules("member.change")
    await add(world, "new")
    body = {"username": "new", "role": "viewer"}
    one = await world.waits("max", "POST", f"/projects/{PROJECT}/members", body)
    other = await world.waits("mia", "POST", f"/projects/{PROJECT}/members", {**body, "role": "developer"})
    assert (await agree(world, "mia", one))["state"] == "done"
    failed = await agree(world, "max", other)
    assert (failed["state"], failed["outcome"]["code"]) == ("failed", "already_member")
    whole = await world.ok("max", "GET", f"/approvals/{other['id']}")
    assert [entry["what"] for entry in whole["entries"]] == ["approve", "failed"]


async def test_others_of_the_project_and_strangers_see_nothing(world: People) -> None:
    script = await world.script("x")
    await world.rules("script.delete")
    asked = await world.waits("ann", "DELETE", f"/scripts/{script}")
    await add(world, "stranger")
    for who in ("bob", "vic"):
        assert (await world.ok(who, "GET", "/approvals"))["items"] == []
    for path in (f"/approvals/{asked['id']}", "/approvals/apv_none"):
        assert await world.refused("stranger", "GET", path) == (404, "no_such_approval")
    assert [item["id"] for item in (await world.ok("ann", "GET", "/approvals?view=mine"))["items"]] == [asked["id"]]


def test_every_operation_says_whose_consent_it_needs() -> None:
    assert set(OPERATIONS) == set(Operation)
