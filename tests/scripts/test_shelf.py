"""Folders, categories, stars and the order that people choose."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from runyard.db.session import Database

from .yard import Yard

Make = Callable[..., dict[str, Any]]


@pytest.fixture
def store(database: Database) -> Database:
    """Have these tests run on every database."""
    return database


async def _names(api: httpx.AsyncClient, query: str = "") -> list[str]:
    return [item["name"] for item in (await api.get(f"/scripts?sort=position&{query}")).json()["items"]]


async def _filled(api: httpx.AsyncClient, script: Make, *names: str, **fields: Any) -> dict[str, str]:
    """Save scripts, the first of which comes first, and return their ids."""
    ids = {}
    for name in reversed(names):
        ids[name] = (await api.post("/scripts", json=script(name=name, **fields))).json()["id"]
    return ids


async def test_filters_combine(api: httpx.AsyncClient, script: Make) -> None:
    assert (await api.post("/categories", json={"name": "Ops", "colour": "#FF8800"})).status_code == 201
    await _filled(api, script, "a", "b", folder="ops/daily", category="Ops", tags=["x"])
    ids = await _filled(api, script, "c", folder="ops", code="needle")
    await _filled(api, script, "d", folder="opsy", category="Ops")
    await _filled(api, script, "e")
    assert (await api.post(f"/scripts/{ids['c']}/star")).status_code == 204
    assert sorted(await _names(api, "folder=ops")) == ["a", "b", "c"]
    assert await _names(api, "folder=") == ["e"]
    assert await _names(api, "category=Ops&folder=ops&tag=x&q=b") == ["b"]
    assert await _names(api, "starred=true") == ["c"]
    assert await _names(api, "starred=true&q=needle&folder=ops") == ["c"]
    assert await _names(api, "starred=true&category=Ops") == []
    assert (await api.get("/folders")).json()["items"] == [
        {"name": "ops", "count": 1}, {"name": "ops/daily", "count": 2}, {"name": "opsy", "count": 1},
    ]  # fmt: skip


async def test_stars_are_ones_own(yard: Yard, api: httpx.AsyncClient, script: Make) -> None:
    made = (await api.post("/scripts", json=script())).json()
    path = f"/scripts/{made['id']}"
    for _twice in range(2):
        assert (await api.post(f"{path}/star")).status_code == 204
    first = await api.get(path)
    assert first.json()["starred"] is True
    async with yard.client("vic") as other:
        assert (await other.get(path)).json()["starred"] is False
        assert (await other.post(f"{path}/star")).status_code == 204
    for _twice in range(2):
        assert (await api.delete(f"{path}/star")).status_code == 204
    assert (await api.get(path, headers={"If-None-Match": first.headers["etag"]})).status_code == 200
    assert await _names(api, "starred=true") == []
    async with yard.client("zoe") as stranger:
        assert (await stranger.post(f"{path}/star")).status_code == 404


async def test_a_folder_is_moved_with_all_below_it(api: httpx.AsyncClient, script: Make) -> None:
    await _filled(api, script, "a", folder=" ops / daily ")
    await _filled(api, script, "b", folder="ops")
    await _filled(api, script, "c", folder="opsy")
    moved = await api.post("/folders/rename", json={"folder": "ops", "to": "work/ops"})
    assert moved.json() == {"moved": 2}
    assert [item["name"] for item in (await api.get("/folders")).json()["items"]] == [
        "opsy",
        "work/ops",
        "work/ops/daily",
    ]
    assert (await api.post("/folders/rename", json={"folder": "work/ops", "to": ""})).json() == {"moved": 2}
    assert [item["name"] for item in (await api.get("/folders")).json()["items"]] == ["daily", "opsy"]
    for wrong in ("../x", "a/./b", "a\nb", "/".join("a" * 21)):
        answer = await api.post("/scripts", json=script(name="n", folder=wrong))
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "folder")


async def test_scripts_are_put_in_order(yard: Yard, api: httpx.AsyncClient, script: Make) -> None:
    ids = await _filled(api, script, *"abcdef")
    assert await _names(api) == list("abcdef")

    async def place(names: str, **where: str) -> None:
        where = {key: ids.get(value, value) for key, value in where.items()}
        answer = await api.post("/scripts/place", json={"script_ids": [ids[name] for name in names], **where})
        assert answer.json() == {"moved": len(names)}

    await place("f", before="b")
    assert await _names(api) == list("afbcde")
    await place("eb", after="a")
    assert await _names(api) == list("aebfcd")
    await place("a", folder="top")
    assert await _names(api) == list("ebfcda")
    assert await _names(api, "folder=top") == ["a"]
    for _often in range(30):
        # The room between two neighbours runs out, and all are numbered anew.
        await place("d", after="e")
        await place("c", after="e")
    assert await _names(api) == list("ecdbfa")
    pages = (await api.get("/scripts?sort=position&limit=4")).json()
    assert await _names(api, f"cursor={pages['next_cursor']}") == list("fa")
    foreign = (await api.post("/scripts", json=script(name="x", project="side"))).json()["id"]
    for wrong in ({"script_ids": [ids["a"], foreign]}, {"script_ids": [ids["a"]], "before": foreign}):
        assert (await api.post("/scripts/place", json=wrong)).status_code == 404
    async with yard.client("vic") as viewer:
        assert (await viewer.post("/scripts/place", json={"script_ids": [ids["a"]]})).status_code == 403


async def test_categories_are_managed(yard: Yard, api: httpx.AsyncClient, script: Make) -> None:
    made = [(await api.post("/categories", json={"name": name})).json() for name in ("One", "Two", "Three")]
    taken = await api.post("/categories", json={"name": "Two"})
    assert (taken.status_code, taken.json()["code"]) == (409, "category_taken")
    await api.post("/scripts", json=script(category="Two"))
    moved = await api.patch(f"/categories/{made[1]['id']}", json={"position": 0, "colour": "#00ff00", "name": "2"})
    assert moved.json() == {**made[1], "name": "2", "colour": "#00ff00", "count": 1}
    listed = (await api.get("/categories")).json()["items"]
    assert [(item["name"], item["count"]) for item in listed] == [("2", 1), ("One", 0), ("Three", 0)]
    assert (await api.get("/scripts")).json()["items"][0]["category"] == "2"
    assert (await api.delete(f"/categories/{made[1]['id']}")).status_code == 204
    assert (await api.get("/scripts")).json()["items"][0]["category"] is None
    unknown = await api.post("/scripts", json=script(name="y", category="None such"))
    assert (unknown.status_code, unknown.json()["errors"][0]["field"]) == (422, "category")
    assert (await api.post("/categories", json={"name": "x", "colour": "red"})).status_code == 422
    async with yard.client("zoe") as stranger:
        assert (await stranger.patch(f"/categories/{made[0]['id']}", json={})).status_code == 404
        assert (await stranger.get("/categories?project=default")).status_code == 404


async def test_modules_have_names_that_can_be_imported(api: httpx.AsyncClient, script: Make) -> None:
    for wrong in ("With space", "class", "__init__", "a-b", "9"):
        answer = await api.post("/scripts", json=script(name=wrong, kind="module"))
        assert [error["code"] for error in answer.json()["errors"]] == ["module_name"]
    made = (await api.post("/scripts", json=script(name="dates", kind="module"))).json()
    assert (await api.post("/scripts", json=script(name="dates"))).status_code == 201
    assert (await api.post("/scripts", json=script(name="dates", kind="module", language="shell"))).status_code == 201
    assert (await api.post("/scripts", json=script(name="dates", kind="module"))).status_code == 409
    assert await _names(api, "kind=module") == ["dates", "dates"]
    assert len(await _names(api)) == 1
    assert (await api.post(f"/scripts/{made['id']}/copy")).json()["name"] == "dates_copy"
