"""Finding scripts: filters, search, pages, tags, and who sees what."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from runyard.db.session import Database
from runyard.web.paging import cursor_of

from .yard import Yard

Make = Callable[..., dict[str, Any]]


@pytest.fixture
def store(database: Database) -> Database:
    """Have these tests run on every database."""
    return database


WIDE = "\uff24elta"
"""The D is a full-width one."""


@pytest.fixture
async def shelf(api: httpx.AsyncClient, script: Make) -> httpx.AsyncClient:
    """Answer a client of a project with some scripts; created in this order."""
    for body in (
        {"name": "alpha", "tags": ["x", "y"], "code": "import pandas\n销售日报", "language": "python"},
        {"name": "Beta", "tags": ["x"], "code": "echo 100%_done", "language": "shell", "description": "Nightly Backup"},
        {"name": "gamma", "tags": ["y"], "code": "console.log(1)", "language": "javascript"},
        {"name": WIDE, "code": "ÜBER\\path", "language": "python"},
    ):
        assert (await api.post("/scripts", json=script(**body))).status_code == 201
    assert (await api.post("/scripts", json=script(name="elsewhere", project="side", tags=["x"]))).status_code == 201
    return api


async def _names(api: httpx.AsyncClient, query: str = "") -> list[str]:
    answer = await api.get(f"/scripts?{query}")
    assert answer.status_code == 200, answer.text
    return [item["name"] for item in answer.json()["items"]]


FILTERS: tuple[tuple[str, list[str]], ...] = (
    ("", [WIDE, "gamma", "Beta", "alpha"]),
    ("project=default", [WIDE, "gamma", "Beta", "alpha"]),
    ("project=side", ["elsewhere"]),
    ("sort=name", ["alpha", "Beta", WIDE, "gamma"]),
    ("language=python", [WIDE, "alpha"]),
    ("language=sql", []),
    ("tag=x", ["Beta", "alpha"]),
    ("tag=x&tag=y", ["alpha"]),
    ("tag=x&language=shell", ["Beta"]),
    ("tag=nope", []),
    ("q=PANDAS", ["alpha"]),
    ("q=日报", ["alpha"]),
    ("q=售日", ["alpha"]),
    ("q=backup+nightly", ["Beta"]),
    ("q=nightly&tag=y", []),
    ("q=%25_", ["Beta"]),
    ("q=0_d", []),
    ("q=delta", [WIDE]),
    ("q=über\\", [WIDE]),
    ("q=++", [WIDE, "gamma", "Beta", "alpha"]),
    ("q=%00", [WIDE, "gamma", "Beta", "alpha"]),
    ("q=gammaconsole", []),
)


async def test_filters_combine(shelf: httpx.AsyncClient) -> None:
    assert [(query, await _names(shelf, query)) for query, _ in FILTERS] == list(FILTERS)


async def test_search_reads_the_present_text(shelf: httpx.AsyncClient) -> None:
    made = (await shelf.get("/scripts?q=console")).json()["items"][0]
    await shelf.patch(f"/scripts/{made['id']}", json={"code": "nothing", "name": "Omega", "description": "quiet"})
    assert await _names(shelf, "q=console") == []
    assert await _names(shelf, "q=gamma") == []
    assert await _names(shelf, "q=omega+quiet+nothing") == ["Omega"]
    await shelf.post(f"/scripts/{made['id']}/rollback", json={"version": 1})
    assert await _names(shelf, "q=console") == ["Omega"]


async def test_a_summary_leaves_the_long_parts_out(shelf: httpx.AsyncClient) -> None:
    item = (await shelf.get("/scripts?q=beta")).json()["items"][0]
    assert set(item) == {
        "id", "project", "name", "language", "description", "tags", "timeout_s", "network", "version", "created_at",
        "created_by", "updated_at", "updated_by", "kind", "folder", "category", "starred", "owner", "owner_disabled",
        "four_eyes", "published", "marked",
    }  # fmt: skip
    assert (item["tags"], item["created_by"], item["description"]) == (["x"], "ada", "Nightly Backup")


@pytest.mark.parametrize("sort", ["updated", "name"])
async def test_pages_join_up(api: httpx.AsyncClient, script: Make, sort: str) -> None:
    for number in range(7):
        await api.post("/scripts", json=script(name=f"s{number % 3}" + " " * 0 + "x" * number))
    whole = await _names(api, f"sort={sort}")
    assert len(whole) == 7
    seen: list[str] = []
    cursor = ""
    while True:
        page = (await api.get(f"/scripts?sort={sort}&limit=2{cursor}")).json()
        seen += [item["name"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == whole


async def test_equal_sort_keys_are_told_apart_by_id(api: httpx.AsyncClient, script: Make) -> None:
    for name in ("a", "A", "\uff21"):
        await api.post("/scripts", json=script(name=name))
    first = (await api.get("/scripts?sort=name&limit=1")).json()
    rest = (await api.get(f"/scripts?sort=name&cursor={first['next_cursor']}")).json()
    names = [item["name"] for item in first["items"] + rest["items"]]
    assert names == ["a", "A", "\uff21"]


async def test_versions_page(api: httpx.AsyncClient, script: Make) -> None:
    made = (await api.post("/scripts", json=script())).json()
    for number in range(4):
        await api.patch(f"/scripts/{made['id']}", json={"code": str(number)})
    page = (await api.get(f"/scripts/{made['id']}/versions?limit=3")).json()
    assert [v["version"] for v in page["items"]] == [5, 4, 3]
    page = (await api.get(f"/scripts/{made['id']}/versions?limit=3&cursor={page['next_cursor']}")).json()
    assert [v["version"] for v in page["items"]] == [2, 1]
    assert page["next_cursor"] is None
    for wanted, status in (("1", 200), ("6", 404), ("0", 422), ("x", 422), (str(2**31), 422)):
        assert (await api.get(f"/scripts/{made['id']}/versions/{wanted}")).status_code == status


BAD_QUERIES = (
    "limit=0", "limit=501", "sort=size", "language=cobol", "cursor=!!", "cursor=W10", f"q={'x' * 201}", "tag=%00",
    f"cursor={cursor_of('a', 'b')}", f"cursor={cursor_of(1)}", f"sort=name&cursor={cursor_of(1, 'a')}",
    f"sort=name&cursor={cursor_of(chr(0), 'a')}", f"sort=name&cursor={cursor_of(chr(0xD800), 'a')}",
)  # fmt: skip


async def test_bad_queries_are_refused(api: httpx.AsyncClient) -> None:
    answers = {query: (await api.get(f"/scripts?{query}")).status_code for query in BAD_QUERIES}
    assert answers == dict.fromkeys(BAD_QUERIES, 422)


async def test_forged_cursors_harm_nothing(shelf: httpx.AsyncClient) -> None:
    item = (await shelf.get("/scripts")).json()["items"][0]
    for key in (10**40, -(10**40), 2**63):
        assert (await shelf.get(f"/scripts?cursor={cursor_of(key, 'x')}")).status_code == 422
        assert (await shelf.get(f"/scripts/{item['id']}/versions?cursor={cursor_of(key)}")).status_code == 422


async def test_tags_are_counted(shelf: httpx.AsyncClient) -> None:
    assert (await shelf.get("/tags")).json()["items"] == [{"name": "x", "count": 2}, {"name": "y", "count": 2}]
    assert (await shelf.get("/tags?project=side")).json()["items"] == [{"name": "x", "count": 1}]


async def test_an_etag_saves_the_answer(api: httpx.AsyncClient, script: Make) -> None:
    made = await api.post("/scripts", json=script())
    path = f"/scripts/{made.json()['id']}"
    etag = (await api.get(path)).headers["etag"]
    assert made.headers["etag"] == etag
    for known in (etag, etag.removeprefix("W/"), f'"x", {etag}', "*"):
        answer = await api.get(path, headers={"If-None-Match": known})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag)
    changed = await api.patch(path, json={"tags": ["n"]})
    assert changed.headers["etag"] != etag
    assert (await api.get(path, headers={"If-None-Match": etag})).status_code == 200


async def test_others_see_nothing_of_it(yard: Yard, api: httpx.AsyncClient, script: Make) -> None:
    path = f"/scripts/{(await api.post('/scripts', json=script(tags=['t']))).json()['id']}"
    every: tuple[tuple[str, str, Any], ...] = (
        ("GET", path, None), ("PATCH", path, {"code": "x"}), ("DELETE", path, None), ("POST", f"{path}/copy", {}),
        ("POST", f"{path}/restore", None), ("GET", f"{path}/versions", None), ("GET", f"{path}/versions/1", None),
        ("POST", f"{path}/rollback", {"version": 1}), ("GET", f"{path}/schema", None),
    )  # fmt: skip
    async with yard.client("zoe") as zoe, yard.client("vic") as vic, yard.client("two") as two:
        for method, where, body in every:
            assert (await zoe.request(method, where, json=body)).status_code == 404
            expected = 200 if method == "GET" else 403
            assert (await vic.request(method, where, json=body)).status_code == expected
            assert (await two.request(method, where, json=body)).status_code == expected
        assert (await zoe.get("/scripts")).status_code == 404
        assert (await zoe.get("/scripts?project=other")).json()["items"] == []
        assert (await zoe.get("/tags?project=other")).json()["items"] == []
        assert (await zoe.post("/scripts", json=script())).status_code == 404
        assert (await two.post("/scripts", json=script())).status_code == 403
        assert (await two.post("/scripts", json=script(project="side"))).status_code == 201
        assert (await vic.post("/scripts", json=script())).status_code == 403
    assert (await api.get(path)).json()["version"] == 1


async def test_unknown_ids(api: httpx.AsyncClient) -> None:
    for script_id in ("scr_nope", "x", "%00", "scr_%F0%9F", "a" * 3000):
        for method, where in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/restore"), ("GET", "/versions")):
            answer = await api.request(method, f"/scripts/{script_id}{where}", json={} if method == "PATCH" else None)
            assert (answer.status_code, answer.json()["code"]) == (404, "no_such_script")


async def test_the_schema_of_a_script(api: httpx.AsyncClient, script: Make) -> None:
    parameters = [
        {"key": "N", "type": "number", "required": True, "step": 1},
        {"key": "P", "type": "password", "required": True, "default": "hush"},
    ]
    made = (await api.post("/scripts", json=script(parameters=parameters))).json()
    schema = (await api.get(f"/scripts/{made['id']}/schema")).json()
    assert schema["required"] == ["N"]
    assert schema["properties"]["P"] == {
        "title": "P", "type": "string", "format": "password", "writeOnly": True, "minLength": 1,
    }  # fmt: skip
