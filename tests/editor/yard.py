"""People, their tokens, and a way to ask over HTTP as one of them."""

from typing import Any

import httpx
from fastapi import FastAPI

from runyard.access.permissions import ROLES, Actor, Membership, Role
from runyard.ids import ProjectId, UserId

PEOPLE = {
    "ada": {"default": Role.developer},
    "bob": {"default": Role.developer, "side": Role.developer},
    "vic": {"default": Role.viewer},
    "zoe": {"other": Role.admin},
}


class Doorman:
    """Knows actors by name instead of by token."""

    async def actor_of(self, token: str) -> Actor:
        places = tuple(Membership(ProjectId(f"prj_{name}"), name, ROLES[role]) for name, role in PEOPLE[token].items())
        return Actor(UserId(f"usr_{token}"), token, "ses_1", is_admin=False, memberships=places)


class Api:
    def __init__(self, app: FastAPI) -> None:
        self._app = app

    async def __call__(self, who: str, method: str, path: str, status: int, **json: Any) -> Any:
        transport = httpx.ASGITransport(self._app)
        headers = {"Authorization": f"Bearer {who}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://yard", headers=headers) as client:
            answer = await client.request(method, path, json=json or None)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    async def seen(self, who: str, query: str = "") -> list[str]:
        return [one["prefix"] for one in (await self(who, "GET", f"/snippets{query}", 200))["items"]]
