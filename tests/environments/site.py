"""The room over HTTP, for tests: whoever is set at the gate comes in."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Self

import httpx
from fastapi import FastAPI

from runyard import clock
from runyard.access.permissions import ROLES, Actor, Membership, Role
from runyard.access.service import AccessService
from runyard.environments.machine_routes import router as machine_router
from runyard.environments.package_routes import router as package_router
from runyard.environments.routes import router
from runyard.environments.service import EnvironmentService
from runyard.environments.transfer_routes import router as transfer_router
from runyard.environments.trial_routes import router as trial_router
from runyard.environments.users import Nobody, UsedBy
from runyard.ids import ProjectId, UserId
from runyard.live.bus import Bus, LocalBus
from runyard.web import problems
from runyard.web.depends import provide

from .conftest import PROJECT, Yard

ADMIN = Actor(UserId("usr_1"), "ann", "ses_1", True, (Membership(PROJECT, "default", ROLES[Role.admin]),))
DEVELOPER = replace(ADMIN, is_admin=False, memberships=(Membership(PROJECT, "default", ROLES[Role.developer]),))
STRANGER = replace(
    ADMIN, is_admin=False, memberships=(Membership(ProjectId("prj_other"), "other", ROLES[Role.viewer]),)
)


@dataclass
class Gatekeeper:
    """Stands where tokens are read: whoever is set here comes in."""

    actor: Actor = ADMIN
    bus: Bus = field(default_factory=LocalBus)

    @property
    def actors(self) -> Self:
        """Stands where actors are remembered, too."""
        return self

    async def again(self, _actor: Actor) -> Actor:
        return self.actor

    async def actor_of(self, _token: str) -> Actor:
        return self.actor


@dataclass
class Site:
    client: httpx.AsyncClient
    yard: Yard
    gatekeeper: Gatekeeper
    environments: EnvironmentService

    async def get(self, path: str, status: int = 200, **query: Any) -> Any:
        return await self.ask("GET", f"/environments{path}", status, params=query)

    async def post(self, path: str, status: int, body: object = None) -> Any:
        return await self.ask("POST", f"/environments{path}", status, json=body)

    async def ask(self, method: str, path: str, status: int = 200, **options: Any) -> Any:
        """Ask for any path; answers the JSON, or None without content."""
        answer = await self.client.request(method, path, **options)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None


class OneScript(Nobody):
    """Says that one script uses every environment."""

    async def of(self, _session: object, actor: Actor, id_: str) -> list[UsedBy]:
        here = actor.memberships[0].project_id == PROJECT
        return [UsedBy("scr_1", f"uses {id_}", True, clock.EPOCH)] if here else []

    async def counts(self, _session: object, _actor: Actor, ids: Sequence[str]) -> dict[str, int]:
        return dict.fromkeys(ids, 1)


@asynccontextmanager
async def opened(yard: Yard, **options: Any) -> AsyncIterator[Site]:
    environments = await yard.open(users=OneScript(), **options)
    gatekeeper = Gatekeeper()
    app = FastAPI()
    problems.install(app)
    app.include_router(router)
    app.include_router(package_router)
    app.include_router(machine_router)
    app.include_router(trial_router)
    app.include_router(transfer_router)
    provide(
        app.state, yard.database, environments, environments.advisories, environments.interpreters, environments.sources
    )
    app.state.provided[AccessService] = gatekeeper
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://x", headers={"Authorization": "Bearer x"}
    ) as client:
        yield Site(client, yard, gatekeeper, environments)
