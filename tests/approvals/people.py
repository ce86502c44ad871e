"""A running yard with a project and four people: two who write, one who looks after it, one who looks on."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import httpx

from runyard import clock, ids
from runyard.access.models import User
from runyard.access.passwords import Cost, Passwords
from runyard.access.repository import folded
from runyard.api.app import make_app
from runyard.approvals import waiting
from tests.engine.yard import Running, opened, options, place, plain_logs

PASSWORD = "correct horse"
PROJECT = "vault"
ROLES = {"ann": "developer", "bob": "developer", "max": "admin", "mia": "admin", "vic": "viewer"}
plain_logs()


@dataclass
class People:
    """The yard, and who asks there."""

    running: Running
    headers: dict[str, dict[str, str]] = field(default_factory=dict)

    async def ask(self, who: str, method: str, path: str, body: Any = None, **given: Any) -> httpx.Response:
        """Send a request as somebody; ``root`` is the installation's administrator."""
        transport = self.running.client._transport
        async with httpx.AsyncClient(transport=transport, base_url=self.running.client.base_url) as client:
            return await client.request(method, path, json=body, headers=self.headers[who], **given)

    async def ok(self, who: str, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        """Do what must succeed."""
        answer = await self.ask(who, method, path, body)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    async def refused(self, who: str, method: str, path: str, body: Any = None) -> tuple[int, str]:
        """Do what must fail; return status and code."""
        answer = await self.ask(who, method, path, body)
        assert answer.status_code >= 400, answer.text
        return answer.status_code, answer.json()["code"]

    async def waits(self, who: str, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """Do what must wait for a second person; return the request for consent."""
        answer = await self.ask(who, method, path, body)
        assert answer.status_code == 202, answer.text
        shown: dict[str, Any] = answer.json()["approval"]
        assert answer.headers["runyard-approval"] == shown["id"]
        assert shown["state"] == "waiting"
        assert documented(method, path), f"the API's document does not say that {method} {path} may wait"
        return shown

    async def rules(self, *operations: str, four_eyes: bool = False) -> None:
        """Lay the project's rules down."""
        body = {"four_eyes": four_eyes, "operations": list(operations)}
        await self.ok("max", "PUT", f"/projects/{PROJECT}/approval-rules", body)

    async def script(self, name: str, code: str = "echo one", who: str = "ann", **more: Any) -> str:
        """Save a new script."""
        body = {"name": name, "language": "shell", "code": code, "project": PROJECT, **more}
        return str((await self.ok(who, "POST", "/scripts", body, 201))["id"])

    async def state(self, approval: dict[str, Any], who: str = "max") -> str:
        """Return how a request stands."""
        return str((await self.ok(who, "GET", f"/approvals/{approval['id']}"))["state"])

    async def acts(self) -> list[tuple[str, str]]:
        """Return who did what, as the audit has it, oldest first."""
        rows = await self.running.rows("SELECT actor_name, action FROM audit_events ORDER BY seq")
        return [(str(name), str(action)) for name, action in rows]


@asynccontextmanager
async def people() -> AsyncIterator[People]:
    """Open a yard, and let everybody in."""
    async with place() as data, opened(options(data)) as running:
        made = People(running)
        made.headers["root"] = {"Authorization": running.client.headers["Authorization"]}
        await running.post("/projects", {"name": PROJECT}, 201)
        for name, role in ROLES.items():
            await add(made, name)
            await running.post(f"/projects/{PROJECT}/members", {"username": name, "role": role}, 201)
        yield made


async def add(made: People, name: str, **facts: Any) -> str:
    """Make a user and sign them in; return their id."""
    hashed = await Passwords(Cost(passes=1, memory_kib=64)).hash(PASSWORD)
    id_ = ids.new("usr")
    async with made.running.yard.database.write() as session:
        session.add(
            User(
                id=id_,
                username=name,
                username_key=folded(name),
                password_hash=hashed,
                created_at=clock.now(),
                **facts,
            )
        )
    body = {"username": name, "password": PASSWORD}
    answer = await made.running.client.post("/auth/login", json=body, headers={"Authorization": ""})
    made.running.client.cookies.clear()
    made.headers[name] = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    return id_


@cache
def _waiting() -> list[tuple[str, re.Pattern[str]]]:
    """Return the routes that may wait, as the API's document has them."""
    found = []
    for path, operations in make_app(None).openapi()["paths"].items():
        pattern = re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path.removeprefix("/api/v1")))
        for method, operation in operations.items():
            headers = operation["responses"].get("202", {}).get("headers", {})
            if waiting.HEADER in headers:
                found.append((method.upper(), pattern))
    assert len(found) == len(waiting.MAY_WAIT)
    return found


def documented(method: str, path: str) -> bool:
    bare = path.partition("?")[0]
    return any(known == method and pattern.fullmatch(bare) for known, pattern in _waiting())
