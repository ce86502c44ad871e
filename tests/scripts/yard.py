"""The room wired to a database, for tests over HTTP and below it."""

from dataclasses import dataclass, field

import httpx
from fastapi import FastAPI

from runyard.access.permissions import ROLES, Actor, Membership, Role
from runyard.db.session import Database
from runyard.ids import ProjectId, UserId
from runyard.live.bus import LocalBus
from runyard.scripts.service import ScriptService


@dataclass
class Yard:
    """The room wired to a database, with people who hold the tokens `ada` (developer), `vic` (viewer) and others."""

    database: Database
    scripts: ScriptService
    bus: LocalBus
    app: FastAPI
    actors: dict[str, Actor] = field(default_factory=dict)

    def client(self, token: str = "ada") -> httpx.AsyncClient:  # noqa: S107 - no real token
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app, raise_app_exceptions=False),
            base_url="http://yard/api/v1",
            headers={"Authorization": f"Bearer {token}"},
        )


class Doorman:
    """Knows actors by name instead of by token."""

    def __init__(self, actors: dict[str, Actor]) -> None:
        self.actors = actors

    async def actor_of(self, token: str) -> Actor:
        return self.actors[token]


def actor(name: str, *places: tuple[str, Role]) -> Actor:
    memberships = tuple(Membership(ProjectId(f"prj_{p}"), p, ROLES[role]) for p, role in places)
    return Actor(UserId(f"usr_{name}"), name, "ses_x", is_admin=False, memberships=memberships)
