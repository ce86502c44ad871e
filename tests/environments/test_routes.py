"""Environments over HTTP."""

import json
from collections.abc import AsyncIterator

import pytest

from .conftest import PROJECT, Yard, node, python
from .site import DEVELOPER, STRANGER, Site, opened


@pytest.fixture
async def site(yard: Yard) -> AsyncIterator[Site]:
    async with opened(yard) as site:
        yield site


async def test_one_environment(site: Site) -> None:
    ready = await site.environments.ensure(python("tiny"), None, PROJECT)
    body = await site.get(f"/{ready.id}")
    [package] = body["packages"]
    assert (package["name"], package["version"], package["vulnerabilities"]) == ("tiny", "1.0", [])
    assert 100 < package["size_bytes"] < body["size_bytes"]
    assert body["used_by"] == [
        {"script_id": "scr_1", "name": f"uses {ready.id}", "current": True, "last_used_at": "1970-01-01T00:00:00Z"}
    ]
    assert (body["used_by_count"], body["package_count"], body["vulnerability_count"]) == (1, 1, 0)
    assert (body["origin"], body["project"], body["trial_of"], body["trial_id"]) == ("resolved", None, None, None)
    assert (body["kind"], body["state"], body["requirements"], body["error"]) == ("python", "ready", ["tiny"], None)
    assert body["interpreter"].startswith("CPython ")
    assert body["created_at"].endswith("Z")
    assert body["build_s"] > 0
    site.gatekeeper.actor = STRANGER
    assert (await site.get(f"/{ready.id}", 404))["code"] == "no_such_environment"


async def test_the_list_is_filtered_and_paged(site: Site) -> None:
    ids = [(await site.environments.ensure(want, None, PROJECT)).id for want in (python(), python("tiny"), node())]
    with pytest.raises(Exception, match="nowhere"):
        await site.environments.ensure(python("nowhere"), None, PROJECT)
    page = await site.get("", limit=3)
    assert [item["id"] for item in page["items"][1:]] == [ids[2], ids[1]]
    assert page["items"][0]["error"]["code"] == "resolution_failed"
    assert "used_by" not in page["items"][0]
    assert [item["used_by_count"] for item in page["items"]] == [1, 1, 1]
    assert [item["package_count"] for item in page["items"]] == [None, 0, 1]
    rest = await site.get("", cursor=page["next_cursor"])
    assert [item["id"] for item in rest["items"]] == [ids[0]]
    assert rest["next_cursor"] is None
    assert [i["id"] for i in (await site.get("", kind="node"))["items"]] == [ids[2]]
    assert [i["id"] for i in (await site.get("", package="Tiny"))["items"]] == [ids[1]]
    assert (await site.get("", package="absent"))["items"] == []
    failed = await site.get("", state=["failed", "building"], kind="python")
    assert [i["state"] for i in failed["items"]] == ["failed"]
    assert (await site.get("", 422, state="odd"))["errors"][0]["field"].startswith("state")
    assert (await site.get("", 422, cursor="odd"))["code"] == "bad_cursor"


async def test_the_log(site: Site) -> None:
    ready = await site.environments.ensure(python("tiny"), None, PROJECT)
    first = await site.get(f"/{ready.id}/log", limit=2)
    assert [line["n"] for line in first["items"]] == [1, 2]
    assert first["next_cursor"] == "2"
    rest = await site.get(f"/{ready.id}/log", after=2)
    assert rest["items"][0]["n"] == 3
    assert rest["next_cursor"] is None
    assert rest["items"][-1]["stream"] == "system"


async def test_the_log_as_a_stream_resumes(site: Site) -> None:
    ready = await site.environments.ensure(python("tiny"), None, PROJECT)
    answer = await site.client.get(f"/environments/{ready.id}/log/stream", headers={"Last-Event-ID": "2"})
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [dict(line.split(": ", 1) for line in block.splitlines()) for block in answer.text.strip().split("\n\n")]
    assert [event["event"] for event in events[-2:]] == ["state", "end"]
    assert json.loads(events[-2]["data"]) == {"id": ready.id, "state": "ready"}
    assert [int(event["id"]) for event in events[:-2]] == list(range(3, len(events) + 1))
    assert set(json.loads(events[0]["data"])) == {"n", "t", "stream", "text"}


async def test_rebuilding_and_deleting(site: Site) -> None:
    ready = await site.environments.ensure(python(), None, PROJECT)
    assert (await site.post(f"/{ready.id}/cancel", 409))["code"] == "wrong_moment"
    assert (await site.post(f"/{ready.id}/rebuild", 202))["state"] == "pending"
    await site.environments.ensure(python(), None, PROJECT)
    with site.environments.hold(ready.id):
        refused = await site.client.delete(f"/environments/{ready.id}")
        assert (refused.status_code, refused.json()["code"]) == (409, "environment_in_use")
    assert (await site.client.delete(f"/environments/{ready.id}")).status_code == 204
    await site.get(f"/{ready.id}", 404)


async def test_cleaning_up(site: Site) -> None:
    await site.environments.ensure(python("tiny"), None, PROJECT)
    assert await site.post("/cleanup", 200, {"unused_days": 1}) == {"deleted": 0, "freed_bytes": 0}
    await site.environments.close()
    wrong = await site.post("/cleanup", 422, {"unused_days": -1})
    assert [error["field"] for error in wrong["errors"]] == ["unused_days"]


@pytest.mark.parametrize("path", ["", "/log", "/log/stream"])
async def test_unknown_ids(site: Site, path: str) -> None:
    assert (await site.get(f"/env_none{path}", 404))["code"] == "no_such_environment"


@pytest.mark.parametrize("act", ["cancel", "rebuild"])
async def test_looking_after_an_environment_takes_the_right(site: Site, act: str) -> None:
    ready = await site.environments.ensure(python("tiny"), None, PROJECT)
    site.gatekeeper.actor = DEVELOPER
    await site.post(f"/{ready.id}/{act}", 403)
    assert (await site.post(f"/env_x/{act}", 404))["code"] == "no_such_environment"


async def test_cleaning_up_is_the_installation_s(site: Site) -> None:
    site.gatekeeper.actor = DEVELOPER
    await site.post("/cleanup", 403, {"unused_days": 1})
