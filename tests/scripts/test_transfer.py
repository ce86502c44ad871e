"""Scripts in and out: files, projects, exports."""

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from .test_archives import tarred, zipped
from .yard import Yard

Make = Callable[..., dict[str, Any]]
WHOLE: dict[str, Any] = {
    "name": "Whole thing", "language": "python", "code": "import pack\n", "description": "All of it.\nTwo lines.",
    "tags": ["a", "b"], "folder": "ops/x", "requirements": ["rich"], "timeout_s": 5, "network": False, "retries": 2,
    "concurrency": {"key": "k", "limit": 2, "policy": "skip"}, "limits": {"memory_mb": 64}, "entry": "bin/go.py",
    "mounts": [{"source": "/srv"}], "hooks": {"before": {"code": "echo 'hi'\necho \"x\""}}, "in_workspace": True,
    "files": [{"path": "pack/__init__.py", "text": ""}, {"path": "data/raw", "base64": "/wD+"}],
    "parameters": [
        {"key": "P", "type": "password", "default": "hush"},
        {"key": "F", "type": "file", "extensions": [".csv"], "argument": {"style": "option", "flag": "--file"}},
        {"key": "J", "type": "json", "default": {"a": [1, None]}},
    ],
}  # fmt: skip
FREE = {"id", "created_at", "updated_at", "created_by", "updated_by", "version"}


async def take(api: httpx.AsyncClient, name: str, data: bytes, /, **options: Any) -> httpx.Response:
    return await api.post("/imports", files={"file": (name, data)}, data={"payload": json.dumps(options)})


async def taken(api: httpx.AsyncClient, name: str, data: bytes, /, **options: Any) -> list[tuple[str, str]]:
    answer = await take(api, name, data, **options)
    assert answer.status_code == 201, answer.text
    return [(item["name"], item["outcome"]) for item in answer.json()["items"]]


async def only(api: httpx.AsyncClient, name: str) -> dict[str, Any]:
    items = (await api.get("/scripts?limit=500")).json()["items"]
    found = next(item for item in items if item["name"] == name)
    whole: dict[str, Any] = (await api.get(f"/scripts/{found['id']}")).json()
    return whole


@pytest.mark.parametrize("shape", ["json", "zip"])
async def test_what_goes_out_comes_in_again(api: httpx.AsyncClient, shape: str) -> None:
    made = (await api.post("/scripts", json=WHOLE)).json()
    await api.post("/scripts", json={"name": "dates", "language": "python", "code": "A = 1", "kind": "module"})
    out = await api.get(f"/scripts/export?format={shape}")
    assert out.status_code == 200
    assert out.headers["content-disposition"] == f'attachment; filename="scripts.{shape}"'
    assert b"hush" not in out.content
    if shape == "zip":
        names = zipfile.ZipFile(io.BytesIO(out.content)).namelist()
        assert {"whole-thing/script.toml", "whole-thing/bin/go.py", "whole-thing/pack/__init__.py"} <= set(names)
    name = f"out.{shape}"
    assert await taken(api, name, out.content, project="side") == [("dates", "created"), ("Whole thing", "created")]
    copy = (await api.get("/scripts?project=side")).json()["items"][0]
    whole = (await api.get(f"/scripts/{copy['id']}")).json()
    kept = {key: value for key, value in made.items() if key not in FREE | {"project", "parameters"}}
    assert {key: whole[key] for key in kept} == kept
    assert [p["default"] for p in whole["parameters"]] == [None, None, {"a": [1, None]}]
    raw = await api.get(f"/scripts/{copy['id']}/versions/1/files/data/raw")
    assert (raw.content, raw.headers["content-type"]) == (b"\xff\x00\xfe", "application/octet-stream")
    refused = await take(api, name, out.content)
    assert (refused.status_code, refused.json()["code"]) == (409, "name_taken")
    assert await taken(api, name, out.content, on_conflict="skip") == [("dates", "skipped"), ("Whole thing", "skipped")]
    renamed = await taken(api, name, out.content, on_conflict="rename")
    assert renamed == [("dates_copy", "created"), ("Whole thing copy", "created")]
    outcomes = await taken(api, name, out.content, on_conflict="update", project="side")
    assert outcomes == [("dates", "unchanged"), ("Whole thing", "unchanged")]
    one = (await api.get(f"/scripts/export?script_id={made['id']}")).json()
    assert [script["name"] for script in one["scripts"]] == ["Whole thing"]


async def test_a_single_file(api: httpx.AsyncClient) -> None:
    code = b"import argparse\np = argparse.ArgumentParser()\np.add_argument('--size', type=int)\n"
    assert await taken(api, "Daily job.py", code, folder="in", tags=["new"]) == [("Daily job", "created")]
    made = await only(api, "Daily job")
    assert (made["language"], made["folder"], made["tags"], made["entry"]) == ("python", "in", ["new"], "")
    assert made["parameters"][0]["argument"] == {"style": "option", "flag": "--size", "off": "", "command": ""}
    assert await taken(api, "x.sh", b"echo", name="Named", detect=False) == [("Named", "created")]
    for name, data in (("x.rb", b""), ("x.py", b"\xff\xfe"), ("", b"x")):
        answer = await take(api, name, data)
        assert answer.status_code == 422, name
    assert (await take(api, "x.py", b"", on_conflict="whatever")).status_code == 422
    assert (await take(api, "x.py", b"", entry="../x.py")).json()["errors"][0]["field"] == "entry"


async def test_a_project(api: httpx.AsyncClient) -> None:
    files = (
        ("shop/main.py", b"from lib import x\n"),
        ("shop/lib/__init__.py", b"x = 1\n"),
        ("shop/tool.py", b""),
        ("shop/requirements.txt", b"rich # nice\n-r other.txt\n\nhttpx>=0.2\n"),
    )
    for pack, name in ((zipped, "any.zip"), (tarred, "any.tar.gz")):
        preview = (await api.post("/imports/preview", files={"file": (name, pack(*files))})).json()
        assert preview["name"] == "shop"
        assert preview["entries"] == ["main.py", "tool.py", "lib/__init__.py"]
        assert preview["requirements"] == {"python": ["rich", "httpx>=0.2"]}
    assert await taken(api, "any.zip", zipped(*files)) == [("shop", "created")]
    made = await only(api, "shop")
    assert (made["entry"], made["in_workspace"], made["requirements"]) == ("main.py", True, ["rich", "httpx>=0.2"])
    assert [file["path"] for file in made["files"]] == ["lib/__init__.py", "requirements.txt", "tool.py"]
    changed = zipped(*files[:2], ("shop/new.py", b"1"))
    outcome = await taken(api, "any.zip", changed, script_id=made["id"], entry="main.py")
    assert outcome == [("shop", "updated")]
    again = await only(api, "shop")
    assert (again["version"], [file["path"] for file in again["files"]]) == (2, ["lib/__init__.py", "new.py"])
    unclear = zipped(("p/one.py", b""), ("p/two.py", b""))
    answer = await take(api, "p.zip", unclear)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "entry")
    assert "one.py, two.py" in answer.json()["detail"]
    assert await taken(api, "p.zip", unclear, entry="two.py") == [("p", "created")]
    assert (await take(api, "n.zip", zipped(("a.txt", b"")))).json()["errors"][0]["field"] == "entry"
    assert (await take(api, "evil.zip", zipped(("../a.py", b"")))).json()["code"] == "bad_tree"


async def test_a_scrapy_project_becomes_a_choice_of_spiders(api: httpx.AsyncClient) -> None:
    spider = b"import scrapy\nclass S(scrapy.Spider):\n    name = 'quotes'\n"
    files = (("shop/scrapy.cfg", b"[settings]\ndefault = shop.settings\n"), ("shop/shop/spiders/q.py", spider))
    preview = (await api.post("/imports/preview", files={"file": ("shop.zip", zipped(*files))})).json()
    assert preview["frameworks"][0]["spiders"] == ["quotes"]
    await taken(api, "shop.zip", zipped(*files))
    made = await only(api, "shop")
    assert (made["entry"], made["requirements"]) == ("runyard_scrapy.py", ["scrapy"])
    assert made["parameters"][0]["options"] == [{"value": "quotes", "label": ""}]


async def test_files_are_changed_one_by_one(api: httpx.AsyncClient) -> None:
    made = (await api.post("/scripts", json=WHOLE)).json()
    path = f"/scripts/{made['id']}"
    change = [{"path": "data/raw", "remove": True}, {"path": "pack/more.py", "text": "x"}]
    changed = (await api.patch(path, json={"files": change})).json()
    assert (changed["version"], [f["path"] for f in changed["files"]]) == (2, ["pack/__init__.py", "pack/more.py"])
    assert (await api.get(f"{path}/versions/1/files/data/raw")).content == b"\xff\x00\xfe"
    assert (await api.get(f"{path}/versions/1/files/bin/go.py")).content == b"import pack\n"
    assert (await api.get(f"{path}/versions/2/files/data/raw")).json()["code"] == "no_such_source_file"
    for wrong, field in (
        ([{"path": "../x", "text": ""}], "files"),
        ([{"path": "pack", "text": ""}], None),
        ([{"path": "x"}], "files.0"),
        ([{"path": "x", "base64": "!"}], "files.0.base64"),
        ([{"path": "bin/go.py", "text": ""}], "entry"),
    ):
        answer = await api.patch(path, json={"files": wrong})
        assert answer.status_code == 422, wrong
        assert field is None or answer.json()["errors"][0]["field"] == field
    assert (await api.patch(path, json={"entry": ""})).json()["errors"][0]["field"] == "entry"
    assert (await api.patch(path, json={"entry": "go.sh"})).json()["errors"][0]["field"] == "entry"


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"[1, 2]", "no export"),
        (b"{", "not JSON"),
        (b'{"format": "runyard-scripts", "version": 9, "scripts": []}', "version 9"),
        (b'{"format": "runyard-scripts", "version": 1, "scripts": [1]}', "At most"),
        (b'{"format": "runyard-scripts", "version": 1, "scripts": [{"name": "x"}]}', "scripts.0."),
    ],
)
async def test_exports_that_are_none(api: httpx.AsyncClient, data: bytes, sentence: str) -> None:
    answer = await take(api, "x.json", data)
    assert answer.status_code == 422
    assert sentence in answer.json()["detail"]


async def test_all_or_nothing_and_only_where_one_may(yard: Yard, api: httpx.AsyncClient, script: Make) -> None:
    both = {
        "format": "runyard-scripts",
        "version": 1,
        "scripts": [script(name="good"), script(name="bad", language="x")],
    }
    assert (await take(api, "x.json", json.dumps(both).encode())).status_code == 422
    assert (await api.get("/scripts")).json()["items"] == []
    made = (await api.post("/scripts", json=script())).json()
    async with yard.client("vic") as viewer:
        assert (await take(viewer, "x.py", b"")).status_code == 403
        assert (await viewer.get("/scripts/export")).status_code == 200
    async with yard.client("zoe") as stranger:
        assert (await stranger.get(f"/scripts/export?script_id={made['id']}")).status_code == 404
        assert (await stranger.get("/scripts/export")).status_code == 404
        assert (await take(stranger, "x.py", b"", project="other", script_id=made["id"])).status_code == 404
