import asyncio
import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

import httpx
import pytest
import structlog
import uvicorn
from fastapi import Body, FastAPI, Request, Response, UploadFile
from starlette.types import Message, Receive, Scope, Send

from runyard.settings import Settings
from runyard.web import problems
from runyard.web.security import BodyLimit, RequestId, armoured, content_policy, is_upload

LIMITS: dict[str, Any] = {"body": 1000, "upload": 100_000}


def application() -> FastAPI:
    app = FastAPI()
    problems.install(app)

    @app.post("/echo")
    async def echo(body: Annotated[dict[str, Any], Body()]) -> dict[str, Any]:
        return body

    @app.post("/raw")
    async def raw(request: Request) -> int:
        return len(await request.body())

    @app.post("/api/v1/runs")
    async def upload(files: list[UploadFile]) -> list[int | None]:
        return [file.size for file in files]

    @app.get("/api/v1/known")
    async def known(request: Request) -> dict[str, Any]:
        return {"scope": request.scope["runyard.request_id"], "log": structlog.contextvars.get_contextvars()}

    @app.get("/own")
    async def own() -> Response:
        return Response("<p>", headers={"Content-Security-Policy": "sandbox", "X-Content-Type-Options": "nosniff"})

    @app.get("/crash")
    async def crash() -> None:
        raise RuntimeError("secret detail")

    return app


@pytest.fixture
def settings() -> Settings:
    return Settings(limits=LIMITS)


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(armoured(application(), settings), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://yard.test") as client:
        yield client


@pytest.mark.parametrize("given", ["abc", "A-1_b.2", "x" * 64])
async def test_a_sane_request_id_is_kept(client: httpx.AsyncClient, given: str) -> None:
    answer = await client.get("/api/v1/known", headers={"X-Request-Id": given})
    assert answer.headers["x-request-id"] == given
    assert answer.json() == {"scope": given, "log": {"request_id": given}}
    assert structlog.contextvars.get_contextvars() == {}


@pytest.mark.parametrize("given", [None, "", "x" * 65, "a b", "a\tb", "<script>", "a;b"])
async def test_any_other_is_replaced(client: httpx.AsyncClient, given: str | None) -> None:
    answer = await client.get("/api/v1/known", headers={} if given is None else {"X-Request-Id": given})
    assert answer.headers["x-request-id"].startswith("req_")
    assert answer.json()["scope"] == answer.headers["x-request-id"]


async def test_problems_name_the_request(client: httpx.AsyncClient) -> None:
    answer = await client.get("/nowhere", headers={"X-Request-Id": "abc"})
    assert answer.status_code == 404
    assert answer.json()["request_id"] == "abc"


@pytest.mark.parametrize("path", ["/api/v1/known", "/nowhere", "/crash"])
async def test_every_answer_tells_browsers_to_distrust(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.headers["content-security-policy"] == content_policy()
    assert "unsafe" not in content_policy()
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert answer.headers["x-frame-options"] == "DENY"
    assert "permissions-policy" in answer.headers
    assert "strict-transport-security" not in answer.headers
    assert answer.headers["x-request-id"]


async def test_a_crash_tells_nothing(client: httpx.AsyncClient) -> None:
    answer = await client.get("/crash")
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal_error"
    assert "secret detail" not in answer.text


async def test_https_is_to_be_kept(settings: Settings) -> None:
    transport = httpx.ASGITransport(armoured(application(), settings))
    async with httpx.AsyncClient(transport=transport, base_url="https://yard.test") as client:
        answer = await client.get("/own")
    assert answer.headers["strict-transport-security"] == "max-age=31536000"


async def test_https_is_to_be_kept_below_this_host_where_that_is_said(settings: Settings) -> None:
    told = settings.model_copy(update={"hsts_subdomains": True})
    transport = httpx.ASGITransport(armoured(application(), told))
    async with httpx.AsyncClient(transport=transport, base_url="https://yard.test") as client:
        assert (await client.get("/own")).headers["strict-transport-security"].endswith("; includeSubDomains")
    async with httpx.AsyncClient(transport=transport, base_url="http://yard.test") as client:
        assert "strict-transport-security" not in (await client.get("/own")).headers


async def test_a_route_may_be_stricter_and_headers_are_not_doubled(client: httpx.AsyncClient) -> None:
    answer = await client.get("/own")
    assert answer.headers.get_list("content-security-policy") == ["sandbox"]
    assert answer.headers.get_list("x-content-type-options") == ["nosniff"]


async def test_answers_of_the_api_are_not_stored(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/v1/known")).headers["cache-control"] == "no-store"
    assert "cache-control" not in (await client.get("/own")).headers


FORM = "multipart/form-data; boundary=x"


@pytest.mark.parametrize(
    ("path", "kind", "expected"),
    [
        ("/api/v1/runs", FORM, True),
        ("/api/v1/runs/", FORM.upper(), True),
        ("/api/v1/scripts/scr_1/runs", FORM, True),
        ("/api/v1/runs", "application/json", False),
        ("/api/v1/runs", None, False),
        ("/api/v1/scripts", FORM, False),
        ("/api/v1/scripts/a/b/runs", FORM, False),
        ("/api/v1/auth/login", FORM, False),
    ],
)
def test_only_forms_sent_to_runs_are_uploads(path: str, kind: str | None, *, expected: bool) -> None:
    headers = [(b"content-type", kind.encode())] if kind else []
    assert is_upload({"type": "http", "path": path, "headers": headers}) is expected


@pytest.mark.parametrize(("size", "status"), [(10, 200), (1000, 200), (1001, 413), (10_000_000, 413)])
@pytest.mark.parametrize("streamed", [False, True])
async def test_bodies_end_at_their_limit(client: httpx.AsyncClient, size: int, status: int, *, streamed: bool) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, size, 400):
            yield b"x" * min(400, size - at)

    answer = await client.post("/raw", content=pieces() if streamed else b"x" * size)
    assert answer.status_code == status
    if status == 413:
        problem = answer.json()
        assert (problem["code"], problem["status"]) == ("too_large", 413)
        assert "1000" not in problem["detail"]
        assert "KiB" in problem["detail"]
        assert problem["request_id"] == answer.headers["x-request-id"]
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["connection"] == "close"
    else:
        assert answer.json() == size


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_json_body_over_the_limit_is_too_large_and_not_malformed(
    client: httpx.AsyncClient, *, streamed: bool
) -> None:
    body = json.dumps({"a": "x" * 2000}).encode()

    async def pieces() -> AsyncIterator[bytes]:
        yield body

    headers = {"content-type": "application/json"}
    answer = await client.post("/echo", content=pieces() if streamed else body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize(("size", "status"), [(90_000, 200), (200_000, 413)])
async def test_uploads_have_a_limit_of_their_own(client: httpx.AsyncClient, size: int, status: int) -> None:
    answer = await client.post("/api/v1/runs", files={"files": ("a.bin", b"x" * size)})
    assert answer.status_code == status
    other = await client.post("/echo", files={"files": ("a.bin", b"x" * 90_000)})
    assert other.status_code == 413


async def test_a_refused_body_is_never_read_by_the_application() -> None:
    touched = False

    async def inner(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal touched
        touched = True

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request", "body": b"x" * 100, "more_body": False}

    scope = {"type": "http", "path": "/", "method": "POST", "headers": [(b"content-length", b"11")]}
    await BodyLimit(inner, body=10, upload=10)(scope, receive, send)
    assert not touched
    assert sent[0]["status"] == 413
    assert sent[-1].get("more_body", False) is False


async def test_a_refused_upload_leaves_no_file(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []
    real: Callable[..., Any] = tempfile.SpooledTemporaryFile

    def spooled(*args: Any, **kwargs: Any) -> Any:
        made.append(real(*args, **kwargs))
        return made[-1]

    monkeypatch.setattr("starlette.formparsers.SpooledTemporaryFile", spooled)

    async def pieces() -> AsyncIterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n'
        for _ in range(100):
            yield b"y" * 10_000

    answer = await client.post("/api/v1/runs", content=pieces(), headers={"content-type": FORM})
    assert answer.status_code == 413
    assert sum(file.tell() for file in made if not file.closed) <= 100_000


async def test_lifespan_and_sockets_pass_through() -> None:
    seen: list[str] = []

    async def inner(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["type"])

    async def nothing(*_: Any) -> Any:
        return None

    outer = armoured(inner, Settings(limits=LIMITS))
    await outer({"type": "lifespan"}, nothing, nothing)
    scope: Scope = {"type": "websocket", "path": "/", "headers": []}
    await outer(scope, nothing, nothing)
    assert seen == ["lifespan", "websocket"]
    assert scope["runyard.request_id"].startswith("req_")
    assert isinstance(outer, RequestId)


async def test_a_client_that_is_still_sending_reads_the_refusal(settings: Settings) -> None:
    """Over a real connection: no reset swallows the answer, and the connection closes."""
    config = uvicorn.Config(armoured(application(), settings), port=0, log_config=None, lifespan="off", ws="none")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        for head in (b"Content-Length: 8000000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n"):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"POST /raw HTTP/1.1\r\nHost: yard.test\r\n" + head)
            piece = b"x" * 8000
            for _ in range(1000):
                writer.write(piece if b"Length" in head else b"1f40\r\n" + piece + b"\r\n")
                await writer.drain()
            if b"chunked" in head:
                writer.write(b"0\r\n\r\n")
            answer = await asyncio.wait_for(reader.read(), 20)
            assert answer.startswith(b"HTTP/1.1 413 "), answer[:200]
            assert b'"too_large"' in answer
            writer.close()
    finally:
        server.should_exit = True
        await serving


@pytest.mark.parametrize("streamed", [False, True])
async def test_an_upload_that_would_fill_the_disk_is_refused(
    client: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
    streamed: bool,  # noqa: FBT001 - a case
) -> None:
    free = shutil.disk_usage(tempfile.gettempdir())
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: free._replace(free=256 * 2**20 + 1_000))
    boundary = {"Content-Type": "multipart/form-data; boundary=x"}
    body = (
        b'--x\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n' + b"x" * 5_000 + b"\r\n--x--\r\n"
    )

    async def pieces() -> AsyncIterator[bytes]:
        yield body[:500]
        yield body[500:]

    answer = await client.post("/api/v1/runs", content=pieces() if streamed else body, headers=boundary)
    assert (answer.status_code, answer.json()["code"]) == (503, "disk_full")
    fits = await client.post("/api/v1/runs", files={"files": ("a.bin", b"x" * 100)})
    assert fits.status_code == 200
