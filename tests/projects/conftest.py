from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

import runyard.projects.routes
from runyard import clock, ids
from runyard.access.clients import Client
from runyard.access.models import User
from runyard.access.passwords import Cost, Passwords
from runyard.access.service import AccessService
from runyard.db.base import Base
from runyard.db.session import Database
from runyard.projects.administration import Administration
from runyard.projects.service import ProjectService
from runyard.secrets.keys import MasterKey
from runyard.settings import Settings
from runyard.web import problems
from runyard.web.depends import provide


class Yard:
    """Projects over HTTP, with users who sign in for real."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.database = database
        self.projects = ProjectService()
        self.access = AccessService(
            database, settings, MasterKey(b"k" * 32), self.projects, Passwords(Cost(passes=1, memory_kib=64))
        )
        self.app = FastAPI()
        problems.install(self.app)
        office = Administration(self.projects, self.access.actors)
        provide(self.app.state, database, settings, self.access, self.projects, office)
        self.app.include_router(runyard.projects.routes.router, prefix="/api/v1")

    async def add_user(self, username: str, *, is_admin: bool = False) -> str:
        hashed = await Passwords(Cost(passes=1, memory_kib=64)).hash("correct horse")
        user = User(
            id=ids.new("usr"),
            username=username,
            username_key=username,
            password_hash=hashed,
            is_admin=is_admin,
            created_at=clock.now(),
        )
        async with self.database.write() as session:
            session.add(user)
        return user.id

    async def client(self, username: str) -> httpx.AsyncClient:
        signed_in = await self.access.login(username, "correct horse", Client())
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app),
            base_url="http://yard.test",
            headers={"Authorization": f"Bearer {signed_in.access_token}"},
        )


@pytest.fixture
async def yard(tmp_path: Path) -> AsyncIterator[Yard]:
    database = Database.connect(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}", synchronous="normal")
    async with database.engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield Yard(database, Settings(data=tmp_path))
    await database.close()
