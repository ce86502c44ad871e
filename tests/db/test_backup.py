"""Copies of an SQLite database before it is changed."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from runyard.db import migrate
from runyard.db.migrate import SchemaMismatch, SchemaState
from runyard.db.session import Database


def revision(path: Path, number: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE IF NOT EXISTS alembic_version (version_num TEXT)")
        connection.execute("DELETE FROM alembic_version")
        connection.execute("INSERT INTO alembic_version VALUES (?)", (number,))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def url(path: Path) -> str:
    return f"sqlite+aiosqlite:///{path}"


async def test_a_copy_is_named_by_its_revision_and_the_newest_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "runyard.db"
    for age, number in enumerate(("0001", "0002", "0003", "0004")):
        revision(path, number)
        made = await migrate.back_up_sqlite(url(path))
        assert made == tmp_path / f"runyard.db.{number}.bak"
        os.utime(made, (age, age))
        assert made.stat().st_mode & 0o077 == 0
    assert names(tmp_path) == ["runyard.db", *(f"runyard.db.000{n}.bak" for n in (2, 3, 4))]
    with closing(sqlite3.connect(tmp_path / "runyard.db.0004.bak")) as copy:
        assert copy.execute("SELECT version_num FROM alembic_version").fetchone() == ("0004",)


async def test_where_there_is_nothing_to_copy(tmp_path: Path) -> None:
    assert await migrate.back_up_sqlite(url(tmp_path / "gone.db")) is None
    (tmp_path / "empty.db").touch()
    assert await migrate.back_up_sqlite(url(tmp_path / "empty.db")) is None
    with closing(sqlite3.connect(tmp_path / "empty.db")) as connection:
        # What a process leaves that only asked how it stands.
        connection.execute("PRAGMA journal_mode=WAL")
    assert (tmp_path / "empty.db").stat().st_size > 0
    assert await migrate.back_up_sqlite(url(tmp_path / "empty.db")) is None
    assert not any(name.endswith(".bak") for name in names(tmp_path))
    assert await migrate.back_up_sqlite("sqlite+aiosqlite://") is None
    assert await migrate.back_up_sqlite("postgresql+asyncpg://h/d") is None


async def test_a_database_that_no_migration_has_seen(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE t (x)")
    assert await migrate.back_up_sqlite(url(path)) == tmp_path / "x.db.unversioned.bak"


async def test_a_schema_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    database = Database.connect(url(path))
    with pytest.raises(SchemaMismatch, match="is empty"):
        await migrate.demand(database)
    await migrate.upgrade(database)
    await migrate.demand(database)
    state = await migrate.state(database)
    assert state.fits
    assert migrate.knows(state.wanted)
    assert not migrate.knows("9999")
    assert not SchemaState(None, state.wanted).fits
    await database.close()
    revision(path, "9999")
    database = Database.connect(url(path))
    with pytest.raises(SchemaMismatch, match="is 9999"):
        await migrate.demand(database)
    await database.close()
    assert migrate.free_bytes(tmp_path) > 0
