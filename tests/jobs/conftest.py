from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from runyard.db.base import Base
from runyard.db.session import Database

from .yard import Yard, furnished


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Database]:
    """All tables on SQLite; modules that ask databases something of their own take `database` in its place."""
    database = Database.connect(f"sqlite+aiosqlite:///{tmp_path / 'x.db'}", synchronous="normal")
    async with database.engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield database
    await database.close()


@pytest.fixture
async def yard(store: Database) -> Yard:
    return await furnished(store)


@pytest.fixture
async def api(yard: Yard) -> AsyncIterator[httpx.AsyncClient]:
    async with yard.client() as client:
        yield client
    await yard.expressions.close()
