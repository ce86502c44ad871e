"""Serving the built page."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from runyard.api import page
from runyard.web import problems

INDEX = b"<!doctype html><title>Runyard</title>"


@pytest.fixture
def static(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A built page, with a secret beside it and a way out within it."""
    root = tmp_path / "static"
    (root / "assets").mkdir(parents=True)
    (root / "index.html").write_bytes(INDEX)
    (root / "favicon.svg").write_text("<svg/>")
    (root / "assets" / "a-1f2e.js").write_text("plain")
    (root / "assets" / "a-1f2e.js.br").write_text("brotli")
    (root / "assets" / "a-1f2e.js.gz").write_text("gzip")
    (tmp_path / "secret.txt").write_text("secret")
    (root / "out").symlink_to(tmp_path)
    monkeypatch.setattr(page, "STATIC", root)
    return root


@pytest.fixture
async def client(static: Path) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI(openapi_url=None)
    problems.install(app)
    app.include_router(page.router)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://yard.test") as client:
        client.headers["Accept-Encoding"] = "identity"
        yield client


@pytest.mark.parametrize("path", ["/", "/runs", "/scripts/scr_1/edit", "/login?next=%2Fruns"])
async def test_the_page_s_own_addresses_show_the_page(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert b"<title>Runyard</title>" in answer.content
    assert "no-c" in answer.headers["cache-control"] or "no-store" in answer.headers["cache-control"]


async def test_hashed_files_are_kept_for_ever_and_others_asked_for_again(client: httpx.AsyncClient) -> None:
    answer = await client.get("/assets/a-1f2e.js")
    assert (answer.text, answer.headers["content-type"].split(";")[0]) == ("plain", "text/javascript")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    answer = await client.get("/favicon.svg")
    assert (answer.headers["content-type"].split(";")[0], answer.headers["cache-control"]) == (
        "image/svg+xml",
        "no-cache",
    )


@pytest.mark.parametrize(
    ("accepted", "encoding", "content"),
    [
        ("gzip, deflate, br", "br", b"brotli"),
        ("gzip", "gzip", b"gzip"),
        ("identity", None, b"plain"),
        ("", None, b"plain"),
        ("br;q=0, gzip;q=0.5", "gzip", b"gzip"),
        ("vibrant", None, b"plain"),
    ],
)
async def test_packed_files_go_to_those_who_take_them(
    client: httpx.AsyncClient, accepted: str, encoding: str | None, content: bytes
) -> None:
    async with client.stream("GET", "/assets/a-1f2e.js", headers={"Accept-Encoding": accepted}) as answer:
        assert answer.headers.get("content-encoding") == encoding
        assert "Accept-Encoding" in answer.headers["vary"]
        assert b"".join([chunk async for chunk in answer.aiter_raw()]) == content
        assert answer.headers["content-type"].split(";")[0] == "text/javascript"


@pytest.mark.parametrize(
    "path",
    [
        *(
            "/../secret.txt",
            "/%2e%2e/secret.txt",
            "/..%2fsecret.txt",
            "/assets/..%2f..%2fsecret.txt",
            "/out/secret.txt",
        ),
        *(
            "/%2fetc%2fpasswd.txt",
            "//etc/passwd.txt",
            "/missing.js",
            "/assets/gone-1.css",
            "/a%00.js",
            "/assets/x.js.map",
        ),
        *("/" + "x" * 5000 + ".js", "/\\..\\secret.txt", "/%ff.js"),
    ],
)
async def test_nothing_else_is_given_out(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert "secret" not in answer.text
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/v1/nothing", "/api/v2/runs"])
async def test_the_api_s_addresses_are_not_the_page_s(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).json()["code"] == "not_found"


async def test_a_directory_is_no_file(client: httpx.AsyncClient) -> None:
    assert (await client.get("/assets")).content == (await client.get("/")).content


async def test_an_installation_without_a_page_says_so(client: httpx.AsyncClient, static: Path) -> None:
    (static / "index.html").unlink()
    answer = await client.get("/runs")
    assert answer.status_code == 503
    assert "/api/docs" in answer.text
