from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from runyard import clock
from runyard.access.models import User
from runyard.access.permissions import ROLES, Actor, Membership, Role
from runyard.access.service import AccessService
from runyard.db.base import Base
from runyard.db.session import Database
from runyard.ids import ProjectId, UserId
from runyard.live.bus import LocalBus
from runyard.projects.models import Project
from runyard.scripts.routes import router
from runyard.scripts.service import ScriptService
from runyard.secrets.keys import MasterKey
from runyard.secrets.sealing import Sealer
from runyard.web import problems
from runyard.web.depends import provide


@dataclass
class Yard:
    """The room wired to a database, with people who hold the tokens `ada` (developer), `vic` (viewer) and others."""

    database: Database
    scripts: ScriptService
    bus: LocalBus
    app: FastAPI
    actors: dict[str, Actor] = field(default_factory=dict)

    def client(self, token: str = "ada") -> httpx.AsyncClient:
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


def _actor(name: str, *places: tuple[str, Role]) -> Actor:
    memberships = tuple(Membership(ProjectId(f"prj_{p}"), p, ROLES[role]) for p, role in places)
    return Actor(UserId(f"usr_{name}"), name, "ses_x", is_admin=False, memberships=memberships)


@pytest.fixture
async def yard(tmp_path: Path) -> AsyncIterator[Yard]:
    database = Database.connect(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}", synchronous="normal")
    async with database.engine.begin() as connection:
        tables = [t for t in Base.metadata.sorted_tables if t.name.startswith(("users", "project", "script"))]
        await connection.run_sync(Base.metadata.create_all, tables=tables)
    actors = {
        "ada": _actor("ada", ("default", Role.developer), ("side", Role.developer)),
        "vic": _actor("vic", ("default", Role.viewer)),
        "zoe": _actor("zoe", ("other", Role.admin)),
        "two": _actor("two", ("default", Role.viewer), ("side", Role.developer)),
    }
    async with database.write() as session:
        for name in ("default", "side", "other"):
            session.add(Project(id=f"prj_{name}", name=name, created_at=clock.now()))
        for actor in actors.values():
            name = actor.username
            session.add(User(id=actor.user_id, username=name, username_key=name, created_at=clock.now()))
    bus = LocalBus()
    scripts = ScriptService(Sealer(MasterKey(bytes(32))), bus)
    app = FastAPI()
    app.include_router(router, prefix="/api/v1")
    problems.install(app)
    provide(app.state, database, scripts)
    app.state.provided[AccessService] = Doorman(actors)
    yield Yard(database, scripts, bus, app, actors)
    await database.close()


@pytest.fixture
async def api(yard: Yard) -> AsyncIterator[httpx.AsyncClient]:
    async with yard.client() as client:
        yield client


@pytest.fixture
def script() -> Callable[..., dict[str, Any]]:
    """Return a valid body of a new script, with what a test cares for."""

    def make(**given: Any) -> dict[str, Any]:
        return {"name": "Report", "language": "python", "code": "print(1)", **given}

    return make
