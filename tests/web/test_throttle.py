from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request

from runyard import clock
from runyard.settings import Settings
from runyard.web import problems
from runyard.web.buckets import Rate, Taken
from runyard.web.security import armoured
from runyard.web.throttle import METER, Meter, OwnBuckets, Policy, policy_of


class Moved:
    """A clock that tests move."""

    now = 0.0


@pytest.fixture
def moved(monkeypatch: pytest.MonkeyPatch) -> Moved:
    found = Moved()
    monkeypatch.setattr(clock, "monotonic", lambda: found.now)
    return found


def application() -> FastAPI:
    app = FastAPI()
    problems.install(app)

    @app.post("/api/v1/auth/login")
    @app.post("/api/v1/hooks/x")
    @app.get("/page")
    async def thing() -> str:
        return "here"

    @app.get("/api/v1/mine")
    async def mine(request: Request, user: str = "ada", token: str | None = None) -> str:
        meter: Meter | None = request.scope.get(METER)
        if meter is not None:
            await meter.charge_actor(user, token)
        return "here"

    return app


@asynccontextmanager
async def asked(**rates: str) -> AsyncIterator[httpx.AsyncClient]:
    app = armoured(application(), Settings(rates=rates))
    async with client_of(app, "192.0.2.1") as client:
        yield client


def client_of(app: Any, address: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app, client=(address, 1)), base_url="http://yard.test")


async def test_signing_in_is_limited_and_says_so(moved: Moved) -> None:
    async with asked(authentication="2/minute") as client:
        answers = [await client.post("/api/v1/auth/login") for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert {answer.headers["ratelimit-policy"] for answer in answers} == {'"authentication";q=2;w=60'}
        assert [answer.headers["ratelimit"] for answer in answers] == [
            '"authentication";r=1;t=30', '"authentication";r=0;t=60', '"authentication";r=0;t=30',
        ]  # fmt: skip
        refused = answers[2]
        assert (refused.headers["retry-after"], refused.json()["code"]) == ("30", "too_many_requests")
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.headers["x-frame-options"] == "DENY"
        moved.now = 29.9
        assert (await client.post("/api/v1/auth/login")).status_code == 429
        moved.now = 30.1
        assert (await client.post("/api/v1/auth/login")).status_code == 200


async def test_webhooks_have_a_limit_of_their_own(moved: Moved) -> None:
    async with asked(authentication="1/minute", webhooks="2/hour") as client:
        assert (await client.post("/api/v1/auth/login")).status_code == 200
        assert [(await client.post("/api/v1/hooks/x")).status_code for _ in range(3)] == [200, 200, 429]


async def test_everything_else_is_left_alone_by_default() -> None:
    async with asked() as client:
        for _ in range(200):
            answer = await client.get("/api/v1/mine")
            assert answer.status_code == 200
        assert not [name for name in answer.headers if name.startswith("ratelimit")]


async def test_no_limit_at_all() -> None:
    async with asked(authentication="", webhooks="") as client:
        answers = [await client.post("/api/v1/auth/login") for _ in range(200)]
        assert {answer.status_code for answer in answers} == {200}
        assert "ratelimit" not in answers[0].headers


async def test_addresses_are_told_apart(moved: Moved) -> None:
    app = armoured(application(), Settings(rates={"authentication": "1/minute"}))
    statuses = []
    for address in ("192.0.2.1", "192.0.2.2", "::ffff:192.0.2.1", "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"):
        async with client_of(app, address) as client:
            statuses.append((await client.post("/api/v1/auth/login")).status_code)
    assert statuses == [200, 200, 429, 200, 429, 200]


async def test_an_address_may_be_limited_everywhere_in_the_api(moved: Moved) -> None:
    async with asked(address="2/second", authentication="9/minute") as client:
        assert (await client.get("/api/v1/mine")).headers["ratelimit"] == '"address";r=1;t=1'
        answer = await client.post("/api/v1/auth/login")
        assert answer.headers["ratelimit"] == '"authentication";r=8;t=7, "address";r=0;t=1'
        assert (await client.get("/api/v1/mine")).status_code == 429
        assert (await client.get("/page")).status_code == 200


async def test_users_and_tokens_are_limited_by_who_they_are(moved: Moved) -> None:
    async with asked(user="2/minute", token="1/minute") as client:
        assert [(await client.get("/api/v1/mine")).status_code for _ in range(3)] == [200, 200, 429]
        assert (await client.get("/api/v1/mine", params={"user": "bob"})).status_code == 200
        answers = [await client.get("/api/v1/mine", params={"token": "t"}) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 429]
        assert answers[0].headers["ratelimit-policy"] == '"token";q=1;w=60'
        assert answers[1].headers["retry-after"] == "60"
        assert answers[1].headers["ratelimit"] == '"token";r=0;t=60'


@pytest.mark.parametrize("text", ["", "1/minute", " 20/Hour ", "7/day"])
def test_rates_that_settings_take(text: str) -> None:
    Settings(rates={"address": text})


@pytest.mark.parametrize("text", ["0/minute", "1", "1/week", "-1/day", "1/minute/2", "many"])
def test_rates_that_they_don_t(text: str) -> None:
    with pytest.raises(ValueError, match="rate"):
        Settings(rates={"address": text})


def test_what_a_rate_is() -> None:
    assert policy_of("x", "") is None
    assert policy_of("x", "20/hour") == Policy("x", Rate(20, 3600.0))


async def test_a_bucket_for_each_limit(moved: Moved) -> None:
    buckets = OwnBuckets()
    first, second = Policy("a", Rate(1, 1)), Policy("b", Rate(1, 1))
    assert (await buckets.take(first, "x")).allowed
    assert (await buckets.take(second, "x")).allowed
    assert await buckets.take(first, "x") == Taken(allowed=False, left=0, full_s=1.0, next_s=1.0)
