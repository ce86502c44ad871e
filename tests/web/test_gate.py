from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, WebSocket
from starlette.types import Message, Scope

from runyard.settings import Settings
from runyard.web import problems
from runyard.web.addresses import Networks
from runyard.web.gate import admitted, same_site
from runyard.web.security import armoured

LISTED = Networks(("192.0.2.0/24", "2001:db8::/32"))


def application() -> FastAPI:
    app = FastAPI()
    problems.install(app)

    @app.get("/api/v1/thing")
    @app.get("/healthz")
    async def thing() -> str:
        return "here"

    @app.post("/api/v1/auth/refresh")
    async def refresh() -> str:
        return "token"

    @app.websocket("/api/v1/live")
    async def live(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text("hello")

    return app


@asynccontextmanager
async def asked_from(address: str, **settings: Any) -> AsyncIterator[tuple[httpx.AsyncClient, list[tuple[str, str]]]]:
    noted: list[tuple[str, str]] = []

    async def note(scope: Scope, code: str) -> None:
        noted.append((scope["client"][0], code))

    app = armoured(application(), Settings(**settings), refused=note)
    transport = httpx.ASGITransport(app, client=(address, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://yard.test") as client:
        yield client, noted


@pytest.mark.parametrize(
    ("address", "by_proxy", "lets_in"),
    [
        ("192.0.2.7", False, True),
        ("::ffff:192.0.2.7", False, True),
        ("192.0.2.7", True, True),
        ("2001:db8::7", False, True),
        ("198.51.100.1", False, False),
        ("2001:db9::7", False, False),
        ("", False, False),
        ("not an address", False, False),
        # Nobody locks themselves out of their own machine; but a proxy on it passes on what may come from anywhere.
        ("127.0.0.1", False, True),
        ("::1", False, True),
        ("127.0.0.1", True, False),
    ],
)
def test_who_is_let_in(address: str, *, by_proxy: bool, lets_in: bool) -> None:
    assert admitted(LISTED, address, by_proxy=by_proxy) is lets_in
    assert admitted(Networks(()), address, by_proxy=by_proxy)


async def test_others_are_turned_away_and_that_is_noted() -> None:
    async with asked_from("198.51.100.1", allow_from=("192.0.2.0/24",)) as (client, noted):
        answer = await client.get("/api/v1/thing")
        assert (answer.status_code, answer.json()["code"]) == (403, "address_not_allowed")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-request-id"] == answer.json()["request_id"]
        assert noted == [("198.51.100.1", "address_not_allowed")]
        assert (await client.get("/healthz")).status_code == 200
    async with asked_from("192.0.2.9", allow_from=("192.0.2.0/24",)) as (client, noted):
        assert (await client.get("/api/v1/thing")).status_code == 200
        assert noted == []


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        ("10.0.0.1", {"X-Forwarded-For": "192.0.2.5"}, 200),
        ("10.0.0.1", {"X-Forwarded-For": "198.51.100.1"}, 403),
        ("10.0.0.1", {"X-Forwarded-For": "192.0.2.5, 198.51.100.1"}, 403),
        ("10.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, 403),
        ("10.0.0.1", {}, 403),
        ("198.51.100.1", {"X-Forwarded-For": "192.0.2.5"}, 403),
        ("127.0.0.1", {}, 200),
        ("127.0.0.1", {"X-Forwarded-For": "198.51.100.1"}, 403),
        ("127.0.0.1", {"Forwarded": "for=192.0.2.5"}, 403),
    ],
)
async def test_only_trusted_proxies_say_who_asks(address: str, headers: dict[str, str], status: int) -> None:
    async with asked_from(address, allow_from=("192.0.2.0/24",), trusted_proxies=("10.0.0.0/8",)) as (client, _):
        assert (await client.get("/api/v1/thing", headers=headers)).status_code == status


@pytest.mark.parametrize(
    ("origin", "host", "ours", "same"),
    [
        ("http://yard.test", "yard.test", (), True),
        ("https://yard.test:443", "yard.test", (), True),
        ("http://yard.test:8700", "yard.test:8700", (), True),
        ("http://yard.test:8701", "yard.test:8700", (), False),
        ("http://evil.test", "yard.test", (), False),
        ("https://page.test", "inner:8700", ("https://page.test",), True),
        ("http://yard.test.evil.test", "yard.test", ("",), False),
        ("null", "yard.test", (), False),
        ("", "yard.test", (), False),
        ("null", "", ("",), False),
    ],
)
def test_whose_page_it_is(origin: str, host: str, ours: tuple[str, ...], *, same: bool) -> None:
    assert same_site(origin, host, ours) is same


@pytest.mark.parametrize(
    ("address", "origin", "opens"),
    [
        ("192.0.2.5", None, True),
        ("192.0.2.5", "http://yard.test", True),
        ("192.0.2.5", "https://other.test", True),
        ("192.0.2.5", "http://evil.test", False),
        ("192.0.2.5", "null", False),
        ("198.51.100.1", "http://yard.test", False),
    ],
)
async def test_sockets_open_to_listed_addresses_and_pages_of_ours(
    address: str, origin: str | None, *, opens: bool
) -> None:
    settings = Settings(allow_from=("192.0.2.0/24",), cors_origins=("https://other.test",))
    headers = [(b"host", b"yard.test")] + ([(b"origin", origin.encode())] if origin is not None else [])
    scope: Scope = {
        "type": "websocket", "path": "/api/v1/live", "headers": headers, "client": (address, 1), "scheme": "ws",
        "query_string": b"", "subprotocols": [],
    }  # fmt: skip
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    await armoured(application(), settings)(scope, receive, send)
    assert sent[0]["type"] == ("websocket.accept" if opens else "websocket.close")
    assert opens or len(sent) == 1


PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}


async def test_other_origins_are_told_nothing_by_default() -> None:
    async with asked_from("192.0.2.5") as (client, _):
        answer = await client.get("/api/v1/thing", headers={"Origin": "https://other.test"})
        assert not [name for name in answer.headers if name.startswith("access-control")]
        answer = await client.options("/api/v1/thing", headers={"Origin": "https://other.test", **PREFLIGHT})
        assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    ("origin", "path", "told"),
    [
        ("https://other.test", "/api/v1/thing", True),
        ("https://other.test", "/api/v1/missing", True),
        ("https://evil.test", "/api/v1/thing", False),
        ("https://other.test.evil.test", "/api/v1/thing", False),
        ("null", "/api/v1/thing", False),
        # Where cookies are, only our own page asks.
        ("https://other.test", "/api/v1/auth/refresh", False),
        ("https://other.test", "/healthz", False),
    ],
)
async def test_listed_origins_may_read_answers_of_the_api(origin: str, path: str, *, told: bool) -> None:
    async with asked_from("192.0.2.5", cors_origins=("https://other.test",)) as (client, _):
        for answer in (
            await client.get(path, headers={"Origin": origin}),
            await client.options(path, headers={"Origin": origin, **PREFLIGHT}),
        ):
            assert answer.headers.get("access-control-allow-origin") == (origin if told else None)
            assert "access-control-allow-credentials" not in answer.headers
            assert answer.headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize("origin", ["*", "page.test", "https://page.test/", "https://page.test/x", "file://x", "null"])
def test_origins_are_named_whole(origin: str) -> None:
    with pytest.raises(ValueError, match="origin"):
        Settings(cors_origins=(origin,))


@pytest.mark.parametrize("network", ["10.0.0.1/8", "*", "nginx", "10.0.0.0/33", "::/129"])
def test_networks_are_networks(network: str) -> None:
    for setting in ("allow_from", "trusted_proxies", "fetch_allow"):
        with pytest.raises(ValueError, match="network"):
            Settings(**{setting: (network,)})  # type: ignore[arg-type]
