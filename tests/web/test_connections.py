import asyncio
from collections.abc import AsyncIterator

import pytest
import uvicorn
from fastapi import FastAPI, Request

from runyard.web import problems
from runyard.web.connections import bounded
from runyard.web.security import BodyLimit

MOST = 4000
HEAD = b"GET / HTTP/1.1\r\nHost: yard.test\r\n"


def application() -> FastAPI:
    app = FastAPI()
    problems.install(app)

    @app.api_route("/{path:path}", methods=["GET", "POST"])
    async def size(request: Request) -> int:
        return len(await request.body())

    return app


@pytest.fixture(params=[30.0, 0.2], ids=["patient", "impatient"])
def silence_s(request: pytest.FixtureRequest) -> float:
    return float(request.param)


@pytest.fixture
async def port(silence_s: float) -> AsyncIterator[int]:
    app = BodyLimit(application(), body=1_000_000, upload=1_000_000, silence_s=silence_s)
    config = uvicorn.Config(
        app, port=0, log_config=None, lifespan="off", ws="none", http=bounded(MOST, silence_s), timeout_keep_alive=600
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await serving


async def answered(port: int, *pieces: bytes) -> bytes:
    """Send pieces; return all that comes until the other side closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.01)
        return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize("silence_s", [30.0], indirect=True)
@pytest.mark.parametrize(
    "pieces",
    [
        (HEAD + b"X: " + b"x" * MOST + b"\r\n\r\n",),
        (HEAD, b"X: " + b"x" * MOST),
        (HEAD, *[b"X-%d: y\r\n" % n + b"Z: " + b"z" * 1000 + b"\r\n" for n in range(4)]),
        (b"GET /" + b"a" * MOST + b" HTTP/1.1\r\nHost: yard.test\r\n\r\n",),
        (HEAD + b"\r\n", HEAD, b"X: " + b"x" * MOST + b"\r\n\r\n"),
    ],
)
async def test_a_head_is_only_so_large(port: int, pieces: tuple[bytes, ...]) -> None:
    answer = await answered(port, *pieces)
    assert b"HTTP/1.1 431 " in answer
    assert b"nosniff" in answer


@pytest.mark.parametrize("silence_s", [30.0], indirect=True)
async def test_large_bodies_and_many_requests_are_no_head(port: int) -> None:
    head = b"POST / HTTP/1.1\r\nHost: yard.test\r\nContent-Length: 500000\r\n\r\n"
    last = HEAD + b"Connection: close\r\n\r\n"
    answer = await answered(port, head + b"x" * 500_000, (HEAD + b"\r\n") * 1, head, b"y" * 500_000, last)
    assert answer.count(b"HTTP/1.1 200 ") == 4
    assert answer.count(b"\r\n\r\n500000") == 2


@pytest.mark.parametrize("silence_s", [0.2], indirect=True)
@pytest.mark.parametrize(
    ("pieces", "status"),
    [
        ((), b""),
        ((HEAD,), b"408"),
        ((b"G",), b"408"),
        ((HEAD + b"\r\n", HEAD), b"408"),
        ((b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n", b"x"), b"408"),
        ((b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"), b"408"),
    ],
)
async def test_who_falls_silent_is_let_go(port: int, pieces: tuple[bytes, ...], status: bytes) -> None:
    answer = await answered(port, *pieces)
    assert answer.rpartition(b"HTTP/1.1 ")[2][:3] == status


@pytest.mark.parametrize("silence_s", [0.2], indirect=True)
async def test_a_connection_that_waits_for_its_next_request_stays(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(2):
        writer.write(HEAD + b"\r\n")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
        assert await reader.readexactly(1) == b"0"
        await asyncio.sleep(0.5)
    writer.close()


@pytest.mark.parametrize("silence_s", [0.2], indirect=True)
async def test_a_body_that_drips_is_let_go(port: int) -> None:
    """Each byte comes in time, and all of them would take for ever."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
    answer = asyncio.create_task(reader.readline())
    while not answer.done():
        writer.write(b"1\r\nx\r\n")
        await asyncio.sleep(0.02)
    assert answer.result().startswith(b"HTTP/1.1 408 ")
    writer.close()
