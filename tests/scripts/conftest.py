from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from runyard import clock
from runyard.access.models import User
from runyard.access.permissions import Role
from runyard.access.service import AccessService
from runyard.db.base import Base
from runyard.db.session import Database
from runyard.live.bus import LocalBus
from runyard.projects.models import Project
from runyard.scripts.analysis_routes import router as analysis_router
from runyard.scripts.organising import Shelf
from runyard.scripts.routes import router
from runyard.scripts.service import ScriptService
from runyard.scripts.set_routes import router as set_router
from runyard.scripts.shelf_routes import router as shelf_router
from runyard.scripts.transfer import Transfer
from runyard.scripts.transfer_routes import router as transfer_router
from runyard.secrets.keys import MasterKey
from runyard.secrets.sealing import Sealer
from runyard.web import problems
from runyard.web.depends import provide

from .yard import Doorman, Yard, actor


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Database]:
    """The room's tables on SQLite; modules that ask databases something of their own take `database` in its place."""
    database = Database.connect(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}", synchronous="normal")
    async with database.engine.begin() as connection:
        tables = [t for t in Base.metadata.sorted_tables if t.name.startswith(("users", "project", "script"))]
        await connection.run_sync(Base.metadata.create_all, tables=tables)
    yield database
    await database.close()


@pytest.fixture
async def yard(store: Database) -> Yard:
    database = store
    actors = {
        "ada": actor("ada", ("default", Role.developer), ("side", Role.developer)),
        "vic": actor("vic", ("default", Role.viewer)),
        "zoe": actor("zoe", ("other", Role.admin)),
        "two": actor("two", ("default", Role.viewer), ("side", Role.developer)),
    }
    async with database.write() as session:
        for name in ("default", "side", "other"):
            session.add(Project(id=f"prj_{name}", name=name, created_at=clock.now()))
        for person in actors.values():
            name = person.username
            session.add(User(id=person.user_id, username=name, username_key=name, created_at=clock.now()))
    bus = LocalBus()
    scripts = ScriptService(Sealer(MasterKey(bytes(32))), bus)
    app = FastAPI()
    app.include_router(shelf_router, prefix="/api/v1")
    app.include_router(analysis_router, prefix="/api/v1")
    app.include_router(transfer_router, prefix="/api/v1")
    app.include_router(set_router, prefix="/api/v1")
    app.include_router(router, prefix="/api/v1")
    problems.install(app)
    provide(app.state, database, scripts, Shelf(), Transfer(scripts), scripts.sets)
    app.state.provided[AccessService] = Doorman(actors)
    return Yard(database, scripts, bus, app, actors)


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
