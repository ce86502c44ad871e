"""Connections and transactions. Only this module commits."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Self

from sqlalchemy import event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from runyard.errors import Unavailable

AfterCommit = Callable[[], None]
_HOOKS = "runyard.after_commit"


class DatabaseUnavailable(Unavailable):
    """The database can't be reached or written."""


class Database:
    """One database and the two ways to use it: `read` and `write`.

    SQLite: WAL, foreign keys on, ``BEGIN IMMEDIATE`` for every writer and one writer at a time in a process, so that
    a transaction never fails half-way for want of the lock. PostgreSQL: a pool, READ COMMITTED.
    """

    def __init__(self, reader: AsyncEngine, writer: AsyncEngine) -> None:
        self._reader = reader
        self._writer = writer
        self.dialect = writer.dialect.name
        # One writer at a time costs less than waiting in SQLite's busy handler; elsewhere rows are locked, not files.
        self._turn: asyncio.Lock | None = asyncio.Lock() if self.dialect == "sqlite" else None

    @classmethod
    def connect(cls, url: str, *, pool_size: int = 10, busy_timeout_s: float = 30.0, synchronous: str = "full") -> Self:
        """Make the engines for `url` (an async SQLAlchemy URL). Nothing is opened before the first use."""
        if make_url(url).get_backend_name() == "sqlite":
            connect_args = {"timeout": busy_timeout_s}
            kwargs: dict[str, Any] = {"connect_args": connect_args, "poolclass": AsyncAdaptedQueuePool}
            reader = create_async_engine(url, pool_size=4, max_overflow=4, **kwargs)
            writer = create_async_engine(url, pool_size=1, max_overflow=0, **kwargs)
            _prepare_sqlite(reader, begin="BEGIN", synchronous=synchronous)
            _prepare_sqlite(writer, begin="BEGIN IMMEDIATE", synchronous=synchronous)
            return cls(reader, writer)
        engine = create_async_engine(url, pool_size=pool_size, max_overflow=pool_size, pool_pre_ping=True)
        return cls(engine, engine)

    @property
    def engine(self) -> AsyncEngine:
        """The writing engine, for migrations and raw checks."""
        return self._writer

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """Open a session for reading; whatever it did is rolled back."""
        async with AsyncSession(self._reader, expire_on_commit=False, autoflush=False) as session:
            yield session

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """Run one transaction: committed when the block ends, rolled back when it raises.

        Callbacks given to `after_commit` run, in order, once the commit has succeeded.
        """
        async with AsyncExitStack() as stack:
            if self._turn is not None:
                await stack.enter_async_context(self._turn)
            session = await stack.enter_async_context(
                AsyncSession(self._writer, expire_on_commit=False, autoflush=False)
            )
            try:
                await session.begin()
                yield session
                await session.commit()
            except OperationalError as error:
                await session.rollback()
                if isinstance(error.orig, sqlite3.OperationalError) and _is_disk_trouble(error.orig):
                    raise DatabaseUnavailable(f"The database can't be written: {error.orig}.") from error
                raise
            except BaseException:
                await session.rollback()
                raise
        for hook in session.info.pop(_HOOKS, ()):
            hook()

    async def ping(self) -> None:
        """Answer if the database answers; raise otherwise."""
        async with self._reader.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Close every connection."""
        await self._writer.dispose()
        if self._reader is not self._writer:
            await self._reader.dispose()


def after_commit(session: AsyncSession, hook: AfterCommit) -> None:
    """Have `hook` called once the session's transaction has been committed, and never if it was not."""
    session.info.setdefault(_HOOKS, []).append(hook)


def _is_disk_trouble(error: sqlite3.OperationalError) -> bool:
    return any(word in str(error) for word in ("disk is full", "disk I/O", "readonly", "unable to open"))


def _prepare_sqlite(engine: AsyncEngine, *, begin: str, synchronous: str) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        # The driver must not begin transactions of its own: they would be deferred ones.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            f"synchronous={synchronous.upper()}",
            "foreign_keys=ON",
            "temp_store=MEMORY",
            "cache_size=-8000",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _on_begin(connection: Any) -> None:
        connection.exec_driver_sql(begin)
