"""A yard whose jobs are called from outside, and somebody who has their secrets; on each kind of database."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from runyard import clock
from runyard.jobs.signatures import signature
from tests.conftest import fresh_postgres
from tests.engine.yard import Running, opened, options, place

KINDS = ("sqlite", "postgresql")
SIZE = {"key": "SIZE", "label": "Size", "type": "number"}
NAME = {"key": "NAME", "label": "Name", "type": "text"}
PASS = {"key": "PASS", "label": "Pass", "type": "password"}
ECHO = 'printf \'{"size":%s,"name":"%s"}\' "${SIZE:-null}" "${NAME:-}" > "$RUNYARD_OUTPUTS"'


@asynccontextmanager
async def called(request: pytest.FixtureRequest) -> AsyncIterator[Running]:
    """Open a yard on the kind of database that a fixture names, in which calls are not rationed."""
    changes: dict[str, Any] = {"rates": {"webhooks": ""}}
    if request.param == "postgresql":
        changes["database_url"] = await fresh_postgres(request.getfixturevalue("postgres_url"))
    async with place() as data, opened(options(data, **changes)) as running:
        yield running


class Hook:
    """A job with one webhook, and somebody who has its secret."""

    def __init__(self, yard: Running, job: dict[str, Any]) -> None:
        self.yard = yard
        self.job = job["id"]
        self.trigger = job["triggers"][0]
        self.id = self.trigger["id"]
        self.path = self.trigger["url"].removeprefix("/api/v1")
        self.secret = job["secrets"][self.id]

    def signed(self, body: bytes, ago: int = 0) -> dict[str, str]:
        stamp = str(int(clock.now().timestamp()) - ago)
        return {"X-Runyard-Timestamp": stamp, "X-Runyard-Signature": signature(self.secret.encode(), stamp, body)}

    async def send(self, body: bytes, headers: dict[str, str], query: str = "") -> httpx.Response:
        """Call as a stranger does."""
        transport = self.yard.client._transport
        async with httpx.AsyncClient(transport=_Kept(transport), base_url=self.yard.client.base_url) as client:
            return await client.post(self.path + query, content=body, headers=headers)

    async def call(self, said: Any = None, query: str = "", **headers: str) -> httpx.Response:
        body = b"" if said is None else json.dumps(said).encode()
        return await self.send(body, {"Content-Type": "application/json", **self.signed(body), **headers}, query)

    async def begun(self, headers: dict[str, str], *coming: dict[str, Any]) -> list[dict[str, Any]]:
        """Call with what comes in over a connection, message by message; return what goes out over it."""
        left, told = list(coming), []

        async def receive() -> Any:
            return left.pop(0)

        async def send(message: Any) -> None:
            told.append(message)

        path = f"/api/v1{self.path}"
        sent = [(name.lower().encode(), value.encode()) for name, value in {"host": "yard.test", **headers}.items()]
        scope = {
            "type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"",
            "headers": sent, "client": ("10.0.0.7", 1), "server": ("yard.test", 80), "scheme": "http",
            "http_version": "1.1", "root_path": "", "asgi": {"version": "3.0"},
        }  # fmt: skip
        await self.yard.client._transport.app(scope, receive, send)  # type: ignore[attr-defined]
        return told

    async def deliveries(self) -> list[dict[str, Any]]:
        return list((await self.yard.get(f"/triggers/{self.id}/deliveries"))["items"])

    async def latest(self) -> tuple[str, str, int]:
        found = (await self.deliveries())[0]
        return found["outcome"], found["reason"], found["status"]


class _Kept(httpx.AsyncBaseTransport):
    """A transport that outlives those who use it."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._inner.handle_async_request(request)


async def made(yard: Running, code: str = ECHO, parameters: Any = (SIZE, NAME), **trigger: Any) -> Hook:
    job: dict[str, Any] = {key: trigger.pop(key) for key in ("settings",) if key in trigger}
    script = await yard.script(code, parameters=list(parameters))
    body = {
        "name": f"job of {script}",
        "target": {"kind": "script", "id": script},
        "triggers": [{"type": "webhook", **trigger}],
        **job,
    }
    return Hook(yard, await yard.post("/jobs", body, 201))
