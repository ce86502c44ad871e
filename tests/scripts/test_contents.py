"""Contents of projects' files: kept once, and no longer than a version names them."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock, ids
from runyard.db.session import Database
from runyard.scripts import files
from runyard.scripts.models import ScriptBlob, ScriptVersion
from tests.runs.rows import Rows


@pytest.fixture
async def rows(database: Database) -> Rows:
    rows = Rows(database)
    await rows.settle_in()
    return rows


async def save(session: AsyncSession, rows: Rows, contents: Mapping[str, bytes], at: datetime | None = None) -> None:
    """Keep contents and make a version that names them."""
    tree = await files.keep(session, rows.project, contents)
    version = ScriptVersion(
        id=ids.new("ver"),
        project_id=rows.project,
        language="shell",
        code="true",
        parameters=[],
        requirements=[],
        network=True,
        options={"files": [file.model_dump() for file in tree]},
        content_hash=ids.new("hash"),
        created_at=at or clock.now(),
    )
    session.add(version)
    await session.flush()


async def kept(rows: Rows) -> list[bytes]:
    async with rows.database.read() as session:
        return sorted((await session.execute(select(ScriptBlob.data))).scalars())


async def test_only_what_no_version_names_is_dropped(rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_VERSIONS_AT_ONCE", 1)
    long_ago = clock.now() - timedelta(days=9)
    async with rows.database.write() as session:
        await save(session, rows, {"a": b"one", "b": b"two"}, long_ago)
        await save(session, rows, {"a": b"three", "c": b"one"}, long_ago)
        await files.keep(session, rows.project, {"x": b"spare", "y": b"late"})
    async with rows.database.read() as session:
        [(project_id, spare)] = (await files.unnamed(session)).items()
    assert (project_id, len(spare)) == (rows.project, 2)
    async with rows.database.write() as session:
        await save(session, rows, {"z": b"late"})
    async with rows.database.write() as session:
        assert await files.forget(session, rows.project, spare, clock.now() - timedelta(hours=1)) == 1
    assert await kept(rows) == [b"late", b"one", b"three", b"two"]
    async with rows.database.read() as session:
        assert await files.unnamed(session) == {}


async def test_a_save_that_goes_on_keeps_what_it_names(rows: Rows) -> None:
    async with rows.database.write() as session:
        await files.keep(session, rows.project, {"x": b"spare"})
    async with rows.database.read() as session:
        spare = (await files.unnamed(session))[rows.project]
    begun = asyncio.Event()

    async def forget() -> int:
        async with rows.database.write() as session:
            begun.set()
            return await files.forget(session, rows.project, spare, clock.now() - timedelta(hours=1))

    async with rows.database.write() as session:
        await save(session, rows, {"x": b"spare"})
        forgetting = asyncio.create_task(forget())
        if rows.database.dialect != "sqlite":
            # SQLite has one writer at a time; elsewhere it is the row that it waits for.
            await begun.wait()
        await asyncio.sleep(0.05)
        assert not forgetting.done()
    assert await forgetting == 0
    assert await kept(rows) == [b"spare"]
