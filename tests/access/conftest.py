import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

import runyard.access.account_routes
import runyard.access.factor_routes
import runyard.access.routes
import runyard.projects.routes
from runyard import clock
from runyard.access.service import AccessService
from runyard.db.base import Base
from runyard.db.session import Database
from runyard.projects.service import ProjectService
from runyard.secrets.keys import MasterKey
from runyard.secrets.sealing import Sealer
from runyard.settings import Settings
from runyard.web import problems
from runyard.web.depends import provide
from runyard.wiring.people import People

from .yard import CHEAP, Clock, CountingPasswords, WatchedDatabase, Yard


@pytest.fixture
async def make_yard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Callable[..., Awaitable[Yard]]]:
    moved = Clock()
    monkeypatch.setattr(clock, "now", moved.now)
    monkeypatch.setattr(clock, "monotonic", moved.monotonic)
    async with contextlib.AsyncExitStack() as stack:

        async def make(**options: Any) -> Yard:
            settings = Settings(data=tmp_path, **options)
            database = WatchedDatabase.connect(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}", synchronous="normal")
            stack.push_async_callback(database.close)
            async with database.engine.begin() as connection:
                await connection.run_sync(Base.metadata.create_all)
            projects, key = ProjectService(), MasterKey(b"k" * 32)
            passwords = CountingPasswords(CHEAP, database)
            access = AccessService(database, settings, key, projects, passwords)
            async with database.write() as session:
                await projects.ensure_default(session, moved.now())
            app = FastAPI()
            problems.install(app)
            people = People(settings, database, access, projects, Sealer(key))
            stack.push_async_callback(people.close)
            provide(app.state, settings, access, projects, *people.services)
            app.state.provided[Database] = database
            app.include_router(runyard.access.routes.router, prefix="/api/v1")
            app.include_router(runyard.access.account_routes.router, prefix="/api/v1")
            app.include_router(runyard.access.factor_routes.router, prefix="/api/v1")
            app.include_router(runyard.projects.routes.router, prefix="/api/v1")
            return Yard(app, settings, database, access, passwords, projects, moved, key)

        yield make


@pytest.fixture
async def yard(make_yard: Callable[..., Awaitable[Yard]]) -> Yard:
    made = await make_yard()
    await made.add_user("Ada", is_admin=True)
    return made


@pytest.fixture
async def client(yard: Yard) -> AsyncIterator[httpx.AsyncClient]:
    async with yard.client() as client:
        yield client
