"""Publishing by four eyes: draft, review, consent by somebody else, publication, and back again."""

import asyncio
from typing import Any

import pytest

from .people import PROJECT, People


async def printed(world: People, script: str, **body: Any) -> str:
    """Run a script as a developer; return what it printed."""
    run = await world.ok("ann", "POST", f"/scripts/{script}/runs", body, 202)
    await world.running.finished(run["id"])
    return await world.running.log(run["id"])


async def standing(world: People, script: str) -> tuple[int | None, int, str | None]:
    """Return what is published, the newest version, and how its review stands."""
    found = await world.ok("vic", "GET", f"/scripts/{script}/publication")
    return found["published"], found["newest"], found["review"] and found["review"]["state"]


async def change(world: People, script: str, code: str, who: str = "ann") -> None:
    await world.ok(who, "PATCH", f"/scripts/{script}", {"code": code})


async def ask(world: People, script: str, who: str = "ann") -> dict[str, Any]:
    return dict(await world.ok(who, "POST", f"/scripts/{script}/reviews", {"note": "please"}, 201))


async def approve(world: People, review: dict[str, Any], who: str = "bob", **more: Any) -> dict[str, Any]:
    body = {"revision": review["revision"], **more}
    return dict(await world.ok(who, "POST", f"/approvals/{review['id']}/approve", body))


async def test_from_draft_to_publication_and_back(world: People) -> None:
    script = await world.script("job")
    await world.rules(four_eyes=True)
    # What runs took when it was switched on is what is published.
    assert await standing(world, script) == (1, 1, None)
    await change(world, script, "echo two")
    assert await standing(world, script) == (1, 2, None)
    assert "one" in await printed(world, script)
    assert "two" in await printed(world, script, unpublished=True)
    assert await world.refused("vic", "POST", f"/scripts/{script}/runs", {"unpublished": True}) == (403, "forbidden")
    assert await world.refused("ann", "POST", f"/scripts/{script}/publish", {"version": 2}) == (409, "not_reviewed")
    review = await ask(world, script)
    assert (review["base"], review["revision"], review["state"]) == (1, 2, "waiting")
    agreed = await approve(world, review)
    assert agreed["state"] == "approved"
    assert "one" in await printed(world, script)
    found = await world.ok("ann", "POST", f"/scripts/{script}/publish", {"version": 2})
    assert [entry["version"] for entry in found["history"]] == [2, 1]
    assert found["history"][0]["approval_id"] == review["id"]
    assert "two" in await printed(world, script)
    assert await world.state(review, "ann") == "done"
    await world.ok("ann", "POST", f"/scripts/{script}/publish", {"version": 1})
    assert await standing(world, script) == (1, 2, None)
    assert "one" in await printed(world, script)
    shown = await world.ok("vic", "GET", f"/scripts/{script}")
    assert (shown["four_eyes"], shown["published"], shown["version"]) == (True, 1, 2)
    acts = await world.acts()
    assert acts.count(("ann", "script.publish")) == 2
    assert ("bob", "approval.approve") in acts


async def test_authors_do_not_judge_their_own(world: People) -> None:
    script = await world.script("job")
    await world.rules(four_eyes=True)
    await change(world, script, "echo two", "bob")
    await change(world, script, "echo three", "ann")
    review = await ask(world, script)
    path, body = f"/approvals/{review['id']}/approve", {"revision": 3}
    assert await world.refused("ann", "POST", path, body) == (403, "own_request")
    # One of two changes is his.
    assert await world.refused("bob", "POST", path, body) == (403, "own_change")
    shown = await world.ok("bob", "GET", f"/approvals/{review['id']}")
    assert (shown["may"], shown["why_not"]) == (["comment"], "own_change")
    assert await world.ok("bob", "GET", "/approvals/count") == {"waiting": 0}
    assert await world.refused("vic", "POST", path, body) == (404, "no_such_approval")
    assert (await approve(world, review, "mia"))["state"] == "approved"


async def test_a_changed_draft_is_approved_anew(world: People) -> None:
    script = await world.script("job")
    await world.rules(four_eyes=True)
    await change(world, script, "echo two")
    review = await ask(world, script)
    await approve(world, review)
    await change(world, script, "echo three")
    assert await standing(world, script) == (1, 3, "waiting")
    assert await world.refused("ann", "POST", f"/scripts/{script}/publish", {"version": 2}) == (409, "not_reviewed")
    assert await world.refused("ann", "POST", f"/scripts/{script}/publish", {"version": 3}) == (409, "not_reviewed")
    stale = {"revision": 2}
    path = f"/approvals/{review['id']}/approve"
    assert await world.refused("bob", "POST", path, stale) == (409, "changed_since")
    assert await world.refused("bob", "POST", path, {}) == (409, "changed_since")
    # Asking again is asking for the same.
    again = await ask(world, script)
    assert (again["id"], again["revision"]) == (review["id"], 3)
    # Whoever changes it becomes an author, though they were asked to judge.
    await change(world, script, "echo four", "bob")
    assert await world.refused("bob", "POST", path, {"revision": 4}) == (403, "own_change")
    agreed = await approve(world, {**review, "revision": 4}, "max", publish=True)
    assert agreed["state"] == "done"
    assert await standing(world, script) == (4, 4, None)


async def test_threads_are_settled_first(world: People) -> None:
    script = await world.script("job")
    await world.rules(four_eyes=True)
    await change(world, script, "echo two\nrm -rf x")
    review = await ask(world, script)
    place = f"/approvals/{review['id']}/comments"
    begun = await world.ok("bob", "POST", place, {"text": "Really?", "line": 2}, 201)
    assert (begun["line"], begun["revision"], begun["resolved"]) == (2, 2, False)
    answer = await world.ok("ann", "POST", place, {"text": "Yes.", "thread_id": begun["id"]}, 201)
    assert (answer["thread_id"], answer["line"]) == (begun["id"], 2)
    body = {"revision": 2}
    assert await world.refused("bob", "POST", f"/approvals/{review['id']}/approve", body) == (409, "open_threads")
    assert await world.refused("bob", "PATCH", f"{place}/{answer['id']}", {"resolved": True}) == (
        404,
        "no_such_comment",
    )
    await world.ok("ann", "PATCH", f"{place}/{begun['id']}", {"resolved": True})
    await approve(world, review)
    whole = await world.ok("ann", "GET", f"/approvals/{review['id']}")
    assert [entry["what"] for entry in whole["entries"]] == ["comment", "comment", "approve"]


async def test_a_rejected_review_is_over(world: People) -> None:
    script = await world.script("job")
    await world.rules(four_eyes=True)
    await change(world, script, "echo two")
    review = await ask(world, script)
    await world.ok("bob", "POST", f"/approvals/{review['id']}/reject", {"reason": "no"})
    assert await standing(world, script) == (1, 2, None)
    assert (await ask(world, script))["id"] != review["id"]


async def test_a_new_script_runs_once_it_is_published(world: People) -> None:
    await world.rules(four_eyes=True)
    script = await world.script("new")
    assert await standing(world, script) == (None, 1, None)
    assert await world.refused("ann", "POST", f"/scripts/{script}/runs", {}) == (409, "not_published")
    body = {"script_id": script}
    assert await world.refused("ann", "POST", "/runs", body) == (409, "not_published")
    assert "one" in await printed(world, script, unpublished=True)
    copied = await world.ok("ann", "POST", f"/scripts/{script}/copy", {}, 201)
    assert (copied["four_eyes"], copied["published"]) == (True, None)
    review = await ask(world, script)
    assert review["base"] is None
    await approve(world, review, publish=True)
    assert "one" in await printed(world, script)


async def test_what_was_never_published_is_not_run_again_by_others(world: People) -> None:
    script = await world.script("job")
    role = {"name": "runner", "permissions": ["run:submit", "script:read", "run:read"]}
    made = await world.ok("root", "POST", "/roles", role, 201)
    await world.ok("max", "PATCH", f"/projects/{PROJECT}/members/vic", {"role": made["id"]})
    await world.rules(four_eyes=True)
    await change(world, script, "echo two")
    run = await world.ok("ann", "POST", f"/scripts/{script}/runs", {"unpublished": True}, 202)
    assert await world.refused("vic", "POST", f"/runs/{run['id']}/rerun") == (403, "forbidden")
    await world.ok("ann", "POST", f"/runs/{run['id']}/rerun", status=202)
    good = await world.ok("vic", "POST", f"/scripts/{script}/runs", {}, 202)
    await world.ok("vic", "POST", f"/runs/{good['id']}/rerun", status=202)


async def test_modules_are_imported_as_they_are_published(world: People) -> None:
    await world.script("helper", "say() { echo old; }", kind="module")
    script = await world.script("job", '. "$RUNYARD_LIBRARY/helper.sh"; say')
    await world.rules(four_eyes=True)
    listed = (await world.ok("ann", "GET", f"/scripts?project={PROJECT}&kind=module"))["items"]
    await change(world, listed[0]["id"], "say() { echo new; }")
    assert "old" in await printed(world, script)


async def test_without_the_switch_there_is_nothing_to_review(world: People) -> None:
    script = await world.script("job")
    assert await world.refused("ann", "POST", f"/scripts/{script}/reviews", {}) == (409, "not_four_eyes")
    assert await world.refused("ann", "POST", f"/scripts/{script}/publish", {"version": 1}) == (409, "not_four_eyes")
    await world.rules(four_eyes=True)
    assert await world.refused("ann", "POST", f"/scripts/{script}/reviews", {}) == (409, "nothing_to_review")
    await change(world, script, "echo two")
    review = await ask(world, script)
    await world.rules()
    assert await world.state(review, "ann") == "withdrawn"
    assert "two" in await printed(world, script)
    shown = await world.ok("vic", "GET", f"/scripts/{script}")
    assert (shown["four_eyes"], shown["published"]) == (False, None)


@pytest.mark.parametrize("round_", range(3))
async def test_consent_and_a_save_at_once_never_publish_what_nobody_saw(world: People, round_: int) -> None:
    script = await world.script(f"job {round_}")
    await world.rules(four_eyes=True)
    await change(world, script, "echo two")
    review = await ask(world, script)
    body = {"revision": 2, "publish": True}
    agreed, _saved = await asyncio.gather(
        world.ask("bob", "POST", f"/approvals/{review['id']}/approve", body),
        world.ask("ann", "PATCH", f"/scripts/{script}", {"code": "echo three"}),
    )
    published, newest, state = await standing(world, script)
    assert newest == 3
    if agreed.status_code == 200:
        assert (published, state) == (2, None)
    else:
        assert agreed.json()["code"] == "changed_since"
        assert (published, state) == (1, "waiting")
