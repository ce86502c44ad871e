"""Bringing a database's schema to the version that this program speaks."""

import asyncio
import os
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from msgspec import Struct
from sqlalchemy import Connection, inspect, text
from sqlalchemy.engine import make_url

from runyard.db.session import Database
from runyard.errors import Conflict

HERE = Path(__file__).parent / "migrations"


class SchemaMismatch(Conflict):
    """The database's schema is not the one that this version of Runyard speaks."""


class SchemaState(Struct, frozen=True):
    """Where a database stands: its revision (None: empty) and the one wanted."""

    current: str | None
    wanted: str

    @property
    def fits(self) -> bool:
        """Whether nothing is to be done."""
        return self.current == self.wanted


async def state(database: Database) -> SchemaState:
    """Read the revision of `database` and the newest known."""
    async with database.engine.connect() as connection:
        return await connection.run_sync(_state)


async def upgrade(database: Database, revision: str = "head") -> SchemaState:
    """Apply every outstanding migration in one go; return where the database stands afterwards."""
    await _go(database, revision, down=False)
    return await state(database)


async def downgrade(database: Database, revision: str) -> SchemaState:
    """Take migrations back down to `revision` (``base``: all of them)."""
    await _go(database, revision, down=True)
    return await state(database)


async def demand(database: Database) -> None:
    """Raise `SchemaMismatch` unless the schema fits this program."""
    found = await state(database)
    if not found.fits:
        raise SchemaMismatch(
            f"The database's schema is {found.current or 'empty'}, this version speaks {found.wanted}: "
            "run `runyard migrate` with the version that you want to use."
        )


async def back_up_sqlite(url: str, keep: int = 3) -> Path | None:
    """Copy an SQLite database to ``<file>.<revision>.bak``, keeping the newest `keep`; None if there is none."""
    location = make_url(url)
    if location.get_backend_name() != "sqlite" or not location.database:
        return None
    return await asyncio.to_thread(_back_up, Path(location.database), keep)


def _back_up(source: Path, keep: int) -> Path | None:
    if not source.exists() or source.stat().st_size == 0:
        return None
    with closing(sqlite3.connect(source)) as origin:
        if origin.execute("SELECT 1 FROM sqlite_master").fetchone() is None:
            return None
        try:
            row = origin.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.OperationalError:
            row = None
        target = source.with_name(f"{source.name}.{row[0] if row else 'unversioned'}.bak")
        partial = target.with_suffix(".partial")
        _shut(partial)
        with closing(sqlite3.connect(partial)) as copy:
            origin.backup(copy)
    partial.replace(target)
    for old in sorted(source.parent.glob(f"{source.name}.*.bak"), key=os.path.getmtime, reverse=True)[keep:]:
        old.unlink()
    return target


def shut_away(url: str) -> None:
    """Let nobody but ourselves read an SQLite database, from before anything stands in it."""
    location = make_url(url)
    if location.get_backend_name() == "sqlite" and location.database not in {None, "", ":memory:"}:
        _shut(Path(str(location.database)))


def _shut(path: Path) -> None:
    # What SQLite writes beside a database is given the mode that the database has at that moment. Files that are there
    # are not opened: closing one would let go of the locks that this process holds on it.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    for beside in ("", "-wal", "-shm", "-journal"):
        with suppress(FileNotFoundError):
            path.with_name(f"{path.name}{beside}").chmod(0o600)


def knows(revision: str) -> bool:
    """Whether this program has heard of a revision; a newer program's ones it has not."""
    from alembic.script import ScriptDirectory

    return any(found.revision == revision for found in ScriptDirectory(str(HERE)).walk_revisions())


def free_bytes(path: Path) -> int:
    """Return how many bytes an unprivileged process may still write below `path`."""
    return shutil.disk_usage(path).free


def _state(connection: Connection) -> SchemaState:
    """Read what Alembic has noted, without Alembic, which is not loaded where nothing is to be done."""
    current = None
    if inspect(connection).has_table("alembic_version"):
        current = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    return SchemaState(current=current, wanted=newest())


def newest() -> str:
    """Return the newest revision known: files of migrations begin with theirs, and they follow one another."""
    return max(path.name.partition("_")[0] for path in (HERE / "versions").glob("[0-9]*_*.py"))


async def _go(database: Database, revision: str, *, down: bool) -> None:
    async with database.engine.connect() as connection:
        # SQLite changes a table by making it anew: rows that point to the old one must not go with it.
        await connection.run_sync(_bind, on=False)
        try:
            async with connection.begin():
                await connection.run_sync(_run, revision, down=down)
                await connection.run_sync(_demand_whole)
        finally:
            await connection.run_sync(_bind, on=True)


def _bind(connection: Connection, *, on: bool) -> None:
    if connection.dialect.name == "sqlite":
        # Past SQLAlchemy, which would begin a transaction: within one this changes nothing.
        cursor = connection.connection.cursor()
        cursor.execute(f"PRAGMA foreign_keys={'ON' if on else 'OFF'}")
        cursor.close()


def _demand_whole(connection: Connection) -> None:
    """Raise RuntimeError if a migration left rows that point nowhere."""
    if connection.dialect.name == "sqlite":
        lost = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        if lost:
            raise RuntimeError(f"A migration left rows of {lost[0][0]} that point to no row of {lost[0][2]}.")


def _run(connection: Connection, revision: str, *, down: bool) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(HERE))
    config.attributes["connection"] = connection
    (command.downgrade if down else command.upgrade)(config, revision)
