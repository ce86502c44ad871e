"""Submitting runs over HTTP, and reading what they leave."""

import asyncio
import io
import json
import zipfile
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from runyard.runs import files

from .yard import Running, opened, options, place

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def yard() -> AsyncIterator[Running]:
    """A yard with small limits on what comes in."""
    limits = {"body": 100_000, "upload": 300_000, "upload_files": 3}
    async with place() as data, opened(options(data, limits=limits)) as running:
        yield running


def draft(code: str, language: str = "shell", **fields: Any) -> dict[str, Any]:
    return {"language": language, "code": code, **fields}


async def send(yard: Running, body: dict[str, Any], *uploads: tuple[str, bytes]) -> httpx.Response:
    return await yard.client.post(
        "/runs", data={"payload": json.dumps(body)}, files=[("files", upload) for upload in uploads]
    )


async def test_uploads_lie_in_the_workspace_by_base_name(yard: Running) -> None:
    code = "cat a.txt 'b c.csv' | tee copy.txt; mkdir d; echo x > d/new.html; ls"
    answer = await send(yard, {"draft": draft(code)}, ("a.txt", b"one\n"), ("../../b c.csv", b"two\n"))
    assert answer.status_code == 202, answer.text
    run = await yard.finished(answer.json()["id"])
    assert (run["state"], run["uploads"]) == ("succeeded", ["a.txt", "b c.csv"])
    listed = {item["path"]: item for item in (await yard.get(f"/runs/{run['id']}/files"))["items"]}
    assert {path: item["uploaded"] for path, item in listed.items()} == {
        "a.txt": True,
        "b c.csv": True,
        "copy.txt": False,
        "d": False,
        "d/new.html": False,
    }
    assert (listed["copy.txt"]["size"], listed["copy.txt"]["media_type"], listed["d"]["kind"]) == (
        8,
        "text/plain",
        "dir",
    )
    got = await yard.client.get(f"/runs/{run['id']}/files/d/new.html")
    assert (got.content, got.headers["content-length"]) == (b"x\n", "2")
    # shown, but never with the page's rights
    assert "sandbox" in got.headers["content-security-policy"]
    assert got.headers["content-disposition"].startswith('inline; filename="new.html"')
    got = await yard.client.get(f"/runs/{run['id']}/files/b%20c.csv", params={"download": "1"})
    assert got.headers["content-disposition"].startswith('attachment; filename="b c.csv"')
    for path in ("d", "gone", "..%2F..%2Fcode%2Fmain.sh", "%2Fetc%2Fpasswd"):
        assert (await yard.client.get(f"/runs/{run['id']}/files/{path}")).status_code == 404
    archive = await yard.client.get(f"/runs/{run['id']}/archive")
    names = zipfile.ZipFile(io.BytesIO(archive.content)).namelist()
    assert sorted(names) == ["a.txt", "b c.csv", "copy.txt", "d/new.html"]
    assert archive.headers["content-type"] == "application/zip"
    again = await yard.finished((await yard.post(f"/runs/{run['id']}/rerun"))["id"])
    assert (again["state"], again["uploads"], again["rerun_of"]) == ("succeeded", run["uploads"], run["id"])
    assert await yard.log(again["id"]) == await yard.log(run["id"])


async def test_names_with_line_breaks_are_fetched_like_others(yard: Running) -> None:
    code = r"printf a > $'two\nlines'; printf b > $'end\n'; printf c > end"
    run = await yard.run(code)
    listed = [item["path"] for item in (await yard.get(f"/runs/{run['id']}/files"))["items"]]
    assert sorted(listed) == ["end", "end\n", "two\nlines"]
    for name, content in (("two%0Alines", b"a"), ("end%0A", b"b"), ("end", b"c")):
        got = await yard.client.get(f"/runs/{run['id']}/files/{name}")
        assert (got.status_code, got.content) == (200, content)


async def test_what_may_not_be_uploaded(yard: Running) -> None:
    body = {"draft": draft("true")}
    runs = len((await yard.get("/runs"))["items"])
    work = sorted(path.name for path in (yard.data / "work").iterdir())
    answers = [
        await send(yard, body, ("a", b"x" * 300_001)),
        await send(yard, body, ("a", b"x" * 200_000), ("b", b"x" * 99_900), ("c", b"x" * 200)),
        await send(yard, body, ("a", b"1"), ("x/a", b"2")),
        await send(yard, body, ("..", b"1")),
        await send(yard, body, *((str(n), b"1") for n in range(4))),
        await yard.client.post("/runs", data={"payload": "{}", "other": "1"}, files=[("files", ("a", b"1"))]),
        await yard.client.post("/runs", data={"payload": json.dumps(body), "files": "text"}, files=[("x", ("a", b""))]),
        await send(yard, {"draft": draft("true"), "parameters": {"UNDECLARED": 1}}, ("a", b"1")),
    ]
    statuses = [answer.status_code for answer in answers]
    assert statuses[:4] == [413, 413, 422, 422], [answer.text for answer in answers]
    assert all(400 <= status < 500 for status in statuses[4:])
    assert all(answer.headers["content-type"] == "application/problem+json" for answer in answers)
    # nothing is left of them
    assert len((await yard.get("/runs"))["items"]) == runs
    assert sorted(path.name for path in (yard.data / "work").iterdir()) == work
    assert list((yard.data / "tmp").iterdir()) == []


async def test_a_full_disk_is_said(yard: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    free = files.shutil.disk_usage(yard.data)  # type: ignore[attr-defined]
    monkeypatch.setattr("shutil.disk_usage", lambda _path: free._replace(free=1000))
    answer = await send(yard, {"draft": draft("true")}, ("a", b"x" * 5000))
    assert (answer.status_code, answer.json()["code"]) == (503, "disk_full")


async def test_reruns_whose_uploads_were_swept_say_so(yard: Running) -> None:
    run = await yard.finished((await send(yard, {"draft": draft("cat a")}, ("a", b"1"))).json()["id"])
    yard.yard.workspaces.discard(run["id"])
    answer = await yard.client.post(f"/runs/{run['id']}/rerun")
    assert (answer.status_code, answer.json()["code"]) == (409, "uploads_gone")
    assert (await yard.get(f"/runs/{run['id']}/files"))["items"] == []


async def test_parameters_are_checked(yard: Running) -> None:
    definitions = [{"key": "N", "label": "N", "type": "number", "required": True}]
    script_id = await yard.script("echo $N", parameters=definitions)
    for parameters, field in (({}, "N"), ({"N": "x"}, "N"), ({"N": 1, "M": 2}, "M")):
        answer = await yard.client.post(f"/scripts/{script_id}/runs", json={"parameters": parameters})
        assert answer.status_code == 422
        assert [error["field"] for error in answer.json()["errors"]] == [f"parameters.{field}"]
    for body in ({}, {"script_id": script_id, "draft": draft("")}, {"draft": draft("")} | {"project": "nobody's"}):
        assert (await yard.client.post("/runs", json=body)).status_code in {404, 422}


async def test_an_idempotency_key_makes_one_run(yard: Running) -> None:
    body = {"draft": draft("echo once")}
    first = await yard.post("/runs", body, headers={"Idempotency-Key": "k1"})
    again = await yard.post("/runs", body, headers={"Idempotency-Key": "k1"})
    assert again["id"] == first["id"]
    await yard.finished(first["id"])
    assert (await yard.post("/runs", body, headers={"Idempotency-Key": "k1"})) == {
        "id": first["id"],
        "state": "succeeded",
    }
    other = {"draft": draft("echo twice")}
    answer = await yard.client.post("/runs", json=other, headers={"Idempotency-Key": "k1"})
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_key_reused")
    assert (await yard.post("/runs", body, headers={"Idempotency-Key": "k2"}))["id"] != first["id"]
    for key in ("", "x" * 201):
        assert (await yard.client.post("/runs", json=body, headers={"Idempotency-Key": key})).status_code == 422


async def test_an_idempotency_key_in_parallel(yard: Running) -> None:
    async def once(n: int) -> httpx.Response:
        return await yard.client.post(
            "/runs",
            data={"payload": json.dumps({"draft": draft("cat a")})},
            files=[("files", ("a", b"x" if n < 8 else b"y"))],
            headers={"Idempotency-Key": "parallel"},
        )

    answers = await asyncio.gather(*(once(n) for n in range(8)))
    ids = {answer.json()["id"] for answer in answers}
    assert ({answer.status_code for answer in answers}, len(ids)) == ({202}, 1)
    assert (await once(8)).json()["code"] == "idempotency_key_reused"
    (run_id,) = ids
    assert (await yard.finished(run_id))["state"] == "succeeded"
    folders = {path.name for path in (yard.data / "work").iterdir() if path.name != ".spare"}
    known = {run["id"] for run in (await yard.get("/runs", limit=500))["items"]}
    assert folders <= known


async def test_a_rerun_keeps_version_lock_and_parameters(yard: Running) -> None:
    definitions = [{"key": "X", "label": "X", "type": "text"}]
    script_id = await yard.script("print('first', __import__('os').environ['X'])", "python", parameters=definitions)
    body = {"parameters": {"X": "1"}, "labels": {"team": "a"}, "timeout_s": 77}
    first = await yard.finished((await yard.post(f"/scripts/{script_id}/runs", body))["id"])
    changed = await yard.client.patch(f"/scripts/{script_id}", json={"code": "print('second')"})
    assert changed.status_code == 200
    again = await yard.finished((await yard.post(f"/runs/{first['id']}/rerun"))["id"])
    for key in ("version", "environment_id", "parameters", "labels", "timeout_s", "script_id", "script_name"):
        assert again[key] == first[key], key
    assert first["environment_id"]
    assert again["trigger"] == {"kind": "rerun", "by": "admin"}
    assert await yard.log(again["id"]) == "first 1\n"
    newest = await yard.finished((await yard.post(f"/scripts/{script_id}/runs", {"parameters": {}}))["id"])
    assert newest["version"] == first["version"] + 1
    assert (await yard.client.delete(f"/scripts/{script_id}")).status_code < 300
    assert (await yard.finished((await yard.post(f"/runs/{first['id']}/rerun"))["id"]))["state"] == "succeeded"
    assert (await yard.client.post(f"/scripts/{script_id}/runs")).status_code == 404


async def test_drafts_are_unlisted(yard: Running) -> None:
    script_id = await yard.script("echo saved")
    before = await yard.get(f"/scripts/{script_id}/versions")
    run = await yard.run("echo unsaved", script_id=script_id)
    assert (run["draft"], run["version"], run["script_id"]) == (True, None, script_id)
    assert await yard.get(f"/scripts/{script_id}/versions") == before
    loose = await yard.run("echo loose", name="try it")
    assert (loose["draft"], loose["script_id"], loose["script_name"]) == (True, None, "try it")
    latest = (await yard.get("/runs/latest", script_id=[script_id, "scr_x"]))["items"]
    assert [run["id"] for run in latest] == [run["id"]]


@pytest.mark.parametrize(("client", "kind"), [(None, "api"), ("cli", "cli"), ("page", "manual"), ("odd", "api")])
async def test_who_started_it(yard: Running, client: str | None, kind: str) -> None:
    headers = {"X-Runyard-Client": client} if client else {}
    accepted = await yard.post("/runs", {"draft": draft("true")}, headers=headers)
    assert (await yard.finished(accepted["id"]))["trigger"] == {"kind": kind, "by": "admin"}


async def test_lists_and_filters(yard: Running) -> None:
    script_id = await yard.script("exit $X", parameters=[{"key": "X", "label": "X", "type": "number"}])
    made = []
    for number in (0, 1, 0):
        body = {"parameters": {"X": number}, "labels": {"n": str(number), "all": "yes"}}
        made.append((await yard.post(f"/scripts/{script_id}/runs", body))["id"])
        await yard.finished(made[-1])

    async def ids(**params: Any) -> list[str]:
        return [run["id"] for run in (await yard.get("/runs", **params))["items"]]

    newest = made[::-1]
    assert await ids(script_id=script_id) == newest
    assert await ids(script_id=script_id, state="failed") == [made[1]]
    assert await ids(script_id=script_id, state=["failed", "succeeded"]) == newest
    assert await ids(label="n=0", script_id=script_id) == [made[2], made[0]]
    assert await ids(label=["all", "n=1"], script_id=script_id) == [made[1]]
    assert await ids(label="gone") == []
    assert await ids(q=made[1]) == [made[1]]
    assert await ids(project="default", script_id=script_id) == newest
    assert (await yard.client.get("/runs", params={"label": "=x"})).status_code == 422
    page = await yard.get("/runs", script_id=script_id, limit=2)
    rest = await yard.get("/runs", script_id=script_id, limit=2, cursor=page["next_cursor"])
    assert [run["id"] for run in page["items"] + rest["items"]] == newest
    assert rest["next_cursor"] is None
    labels = (await yard.get("/runs", script_id=script_id))["items"][0]["labels"]
    assert labels == {"n": "0", "all": "yes"}
    bad = await yard.client.post("/runs", json={"draft": draft(""), "labels": {"no blanks": "x", "v": "y" * 201}})
    assert bad.status_code == 422
    assert len(bad.json()["errors"]) == 2
