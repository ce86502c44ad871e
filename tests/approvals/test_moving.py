"""Moving a script to another project, where both allow it."""

from .people import PROJECT, People


async def test_a_script_begins_anew_elsewhere(world: People) -> None:
    await world.running.post("/projects", {"name": "other"}, 201)
    script = await world.script("job", tags=["a"])
    path = f"/scripts/{script}/move"
    assert await world.refused("ann", "POST", path, {"project": "other"}) == (404, "no_such_project")
    for who, role in (("ann", "viewer"), ("bob", "developer")):
        await world.running.post("/projects/other/members", {"username": who, "role": role}, 201)
    assert await world.refused("ann", "POST", path, {"project": "other"}) == (403, "forbidden")
    assert await world.refused("bob", "POST", path, {"project": "other"}) == (403, "not_your_script")
    await world.ok("ann", "PUT", f"/scripts/{script}/owner", {"username": "bob"})
    assert await world.refused("bob", "POST", path, {"project": PROJECT}) == (409, "same_project")
    moved = await world.ok("bob", "POST", path, {"project": "other"}, 201)
    assert (moved["project"], moved["name"], moved["tags"], moved["owner"]) == ("other", "job", ["a"], "bob")
    assert (await world.ask("bob", "GET", f"/scripts/{script}")).status_code == 404
    assert ("bob", "script.move") in await world.acts()
    await world.ok("bob", "POST", f"/scripts/{script}/restore")


async def test_it_is_to_be_reviewed_where_that_is_demanded(world: People) -> None:
    await world.running.post("/projects", {"name": "other"}, 201)
    script = (
        await world.ok(
            "root", "POST", "/scripts", {"name": "job", "language": "shell", "code": "true", "project": "other"}, 201
        )
    )["id"]
    await world.rules(four_eyes=True)
    moved = await world.ok("root", "POST", f"/scripts/{script}/move", {"project": PROJECT}, 201)
    assert (moved["four_eyes"], moved["published"]) == (True, None)


async def test_a_disabled_owner_is_a_flag_and_no_more(world: People) -> None:
    script = await world.script("job")
    await world.ok("root", "PATCH", "/users/ann", {"disabled": True})
    shown = await world.ok("bob", "GET", f"/scripts/{script}")
    assert (shown["owner"], shown["owner_disabled"]) == ("ann", True)
    run = await world.ok("bob", "POST", f"/scripts/{script}/runs", {}, 202)
    assert (await world.running.finished(run["id"]))["state"] == "succeeded"
