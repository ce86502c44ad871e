"""Connections and transactions. Only this module commits."""

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeVar, cast

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool, NullPool

from runyard import log
from runyard.db.sqlite import DRIVER
from runyard.errors import Unavailable

logger = log.get("db")
T = TypeVar("T")
AfterCommit = Callable[[], None]
Closing = Callable[[AsyncSession], Awaitable[None]]
_HOOKS = "runyard.after_commit"
_IDLY = ("synchronous=NORMAL", "foreign_keys=OFF", "wal_autocheckpoint=0")
_READERS_MS = 20
"""How long a checkpoint waits for those that still read what it has moved, while nobody can write."""
_LAZILY = text("SET LOCAL synchronous_commit = off")
_LONG_LOG = 12000
"""How many pages SQLite's write-ahead log may have before a writer moves them within its commit."""


class DatabaseUnavailable(Unavailable):
    """The database can't be reached or written."""


class Database:
    """One database and the two ways to use it: `read` and `write`.

    SQLite: WAL, foreign keys on, ``BEGIN IMMEDIATE`` for every writer and one writer at a time in a process, so that
    a transaction never fails half-way for want of the lock. PostgreSQL: a pool, READ COMMITTED.
    """

    def __init__(self, reader: AsyncEngine, writer: AsyncEngine, direct: Engine | None = None) -> None:
        self._reader = reader
        self._writer = writer
        self._direct = direct
        self._writing = _Lane(direct, "BEGIN IMMEDIATE", "sqlite-writer") if direct is not None else None
        self._looking = _Lane(direct, "BEGIN", "sqlite-reader") if direct is not None else None
        # A connection of its own: each change of what is looked after has all statements compiled anew.
        self._idling = _Lane(direct, "BEGIN IMMEDIATE", "sqlite-idler", _IDLY) if direct is not None else None
        self.dialect = writer.dialect.name
        # One writer at a time costs less than waiting in SQLite's busy handler; elsewhere rows are locked, not files.
        self._turn: _Turn | None = _Turn() if self.dialect == "sqlite" else None
        self.closing: Closing | None = None
        """What every transaction of `write` ends with, just before it is committed."""

    @classmethod
    def connect(cls, url: str, *, pool_size: int = 10, busy_timeout_s: float = 30.0, synchronous: str = "full") -> Self:
        """Make the engines for `url` (an async SQLAlchemy URL). Nothing is opened before the first use."""
        if make_url(url).get_backend_name() == "sqlite":
            connect_args = {"timeout": busy_timeout_s}
            kwargs: dict[str, Any] = {"connect_args": connect_args, "poolclass": AsyncAdaptedQueuePool}
            quick = make_url(url).set(drivername=DRIVER)
            reader = create_async_engine(quick, pool_size=4, max_overflow=4, **kwargs)
            writer = create_async_engine(quick, pool_size=1, max_overflow=0, **kwargs)
            _prepare_sqlite(reader.sync_engine, begin="BEGIN", synchronous=synchronous)
            _prepare_sqlite(writer.sync_engine, begin="BEGIN IMMEDIATE", synchronous=synchronous)
            # Short transactions that come by the hundred are handed to one thread whole.
            plain = make_url(url).set(drivername="sqlite+pysqlite")
            direct = create_engine(
                plain,
                poolclass=NullPool,
                isolation_level="AUTOCOMMIT",
                connect_args={**connect_args, "check_same_thread": False},
            )
            _prepare_sqlite(direct, begin=None, synchronous=synchronous)
            return cls(reader, writer, direct)
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
            stack.enter_context(_in_words())
            if self._turn is not None:
                await stack.enter_async_context(self._turn)
            session = await stack.enter_async_context(
                AsyncSession(self._writer, expire_on_commit=False, autoflush=False)
            )
            try:
                await session.begin()
                yield session
                if self.closing is not None:
                    await self.closing(session)
                await session.commit()
            except BaseException:
                await session.rollback()
                raise
        for hook in session.info.pop(_HOOKS, ()):
            try:
                hook()
            except Exception:
                # What was committed stays so: whoever asked must not take it for undone.
                logger.exception("after_commit.failed")

    async def transact(self, work: Callable[[Connection], T]) -> T:
        """Run `work` as one transaction over a plain connection: for short ones on hot paths, in Core statements only.

        It may run in another thread; it is given a connection and must touch nothing else that is shared.
        """
        if self._writing is None or self._turn is None:
            async with self._writer.begin() as connection:
                return await connection.run_sync(work)
        async with self._turn:
            with _in_words():
                return await self._writing.run(work)

    async def transact_idly(
        self, works: Sequence[Callable[[Connection], T]], enough: Callable[[], bool] = lambda: False
    ) -> list[T]:
        """Run works as one transaction, until somebody else wants to write or `enough`.

        Returns what those gave that were run: at least one, and elsewhere than on SQLite no more. It is not waited for
        until they are on disk: if the machine goes down soon after, they were not run. On SQLite foreign keys are not
        looked after: works leave nothing that hangs on what they remove.
        """
        if self._idling is None or self._turn is None:
            return [await self.transact(partial(_lazily, work)) for work in works[:1]]
        async with self._turn as turn:
            with _in_words():
                return await self._idling.run(partial(_until, works, lambda: turn.wanted > 0 or enough()))

    async def look(self, work: Callable[[Connection], T]) -> T:
        """Run `work`, which only reads, over a plain connection: for short looks on hot paths, as with `transact`."""
        if self._looking is None:
            async with self._reader.connect() as connection:
                return await connection.run_sync(work)
        return await self._looking.run(work)

    async def checkpoint(self, *, emptied: bool = False) -> bool:
        """Move SQLite's write-ahead log into its database, beside writers; True when all of it was moved.

        Who writes much does so in time: otherwise it falls to whoever commits next. `emptied` waits for others, and
        leaves nothing of what the log held. Elsewhere there is nothing to do.
        """
        if self._direct is None or self._idling is None or self._turn is None:
            return True
        if emptied:
            return await asyncio.to_thread(_checkpoint, self._direct, "TRUNCATE")
        moved = await asyncio.to_thread(_checkpoint, self._direct, "PASSIVE")
        if moved:
            # The log begins anew only if nobody still reads in it when the next one writes; else it grows on.
            async with self._turn:
                await self._idling.outside(_await_readers)
        return moved

    async def flush(self) -> None:
        """Have SQLite's write-ahead log put on disk, beside writers: else it falls to whoever commits next."""
        location = self._direct.url.database if self._direct is not None else None
        if location:
            await asyncio.to_thread(_flush, Path(f"{location}-wal"))

    async def ping(self) -> None:
        """Answer if the database answers; raise otherwise."""
        async with self._reader.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        """Close every connection."""
        await self._writer.dispose()
        for lane in (self._writing, self._looking, self._idling):
            if lane is not None:
                await lane.close()
        if self._reader is not self._writer:
            await self._reader.dispose()


def _await_readers(driver: sqlite3.Connection) -> None:
    (patience,) = driver.execute("PRAGMA busy_timeout").fetchone()
    driver.execute(f"PRAGMA busy_timeout={_READERS_MS}")
    try:
        driver.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
    finally:
        driver.execute(f"PRAGMA busy_timeout={patience}")


def _flush(path: Path) -> None:
    # SQLite's own locks lie on other files: this one may be opened and closed beside it.
    with suppress(FileNotFoundError), path.open("rb") as file:
        os.fdatasync(file.fileno())


def _checkpoint(direct: Engine, mode: str) -> bool:
    with direct.connect() as connection:
        busy, pages, moved = connection.exec_driver_sql(f"PRAGMA wal_checkpoint({mode})").one()
    return not busy and bool(pages == moved)


def after_commit(session: AsyncSession, hook: AfterCommit) -> None:
    """Have `hook` called once the session's transaction has been committed, and never if it was not."""
    session.info.setdefault(_HOOKS, []).append(hook)


class _Turn:
    """Whose turn it is to write, and how many wait for theirs."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self.wanted = 0

    async def __aenter__(self) -> Self:
        self.wanted += 1
        try:
            await self._lock.acquire()
        finally:
            self.wanted -= 1
        return self

    async def __aexit__(self, *_: object) -> None:
        self._lock.release()


class _Lane:
    """One plain connection in a thread of its own; what is to be done there takes turns."""

    def __init__(self, engine: Engine, begin: str, name: str, pragmas: Sequence[str] = ()) -> None:
        self._engine = engine
        self._begin = begin
        self._pragmas = pragmas
        self._connection: Connection | None = None
        self._thread: ThreadPoolExecutor | None = ThreadPoolExecutor(1, name)

    async def run(self, work: Callable[[Connection], T]) -> T:
        return await self._in_thread(lambda: self._transaction(*self._opened(), work))

    async def outside(self, work: Callable[[sqlite3.Connection], None]) -> None:
        """Do what can't be done within a transaction."""
        await self._in_thread(lambda: work(self._opened()[1]))

    async def _in_thread(self, doing: Callable[[], T]) -> T:
        if self._thread is None:
            raise DatabaseUnavailable("The database has been closed.")
        loop = asyncio.get_running_loop()
        # A transaction that has begun is seen through, whatever becomes of who asked for it.
        done = loop.run_in_executor(self._thread, doing)
        try:
            return await asyncio.shield(done)
        except asyncio.CancelledError:
            await asyncio.wait({done})
            raise

    def _opened(self) -> tuple[Connection, sqlite3.Connection]:
        connection = self._connection
        if connection is None:
            connection = self._connection = self._engine.connect()
            for pragma in self._pragmas:
                connection.exec_driver_sql(f"PRAGMA {pragma}")
        return connection, cast("sqlite3.Connection", connection.connection.dbapi_connection)

    def _transaction(self, connection: Connection, driver: sqlite3.Connection, work: Callable[[Connection], T]) -> T:
        try:
            driver.execute(self._begin)
            result = work(connection)
            driver.execute("COMMIT")
        except sqlite3.OperationalError as error:
            self._undo(driver)
            raise OperationalError(self._begin, None, error) from error
        except BaseException:
            self._undo(driver)
            raise
        return result

    @staticmethod
    def _undo(driver: sqlite3.Connection) -> None:
        if driver.in_transaction:
            driver.rollback()

    async def close(self) -> None:
        """Close the connection and end the thread; doing so twice is fine."""
        thread, self._thread = self._thread, None
        if thread is not None:
            await asyncio.get_running_loop().run_in_executor(thread, self._close)
            thread.shutdown()

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _until(works: Sequence[Callable[[Connection], T]], enough: Callable[[], bool], connection: Connection) -> list[T]:
    done: list[T] = []
    for work in works:
        done.append(work(connection))
        if enough():
            break
    return done


def _lazily(work: Callable[[Connection], T], connection: Connection) -> T:
    connection.execute(_LAZILY)
    return work(connection)


@contextmanager
def _in_words() -> Iterator[None]:
    """Say what went wrong, where the disk is what went wrong."""
    try:
        yield
    except OperationalError as error:
        if isinstance(error.orig, sqlite3.OperationalError) and _is_disk_trouble(error.orig):
            raise DatabaseUnavailable(f"The database can't be written: {error.orig}.") from error
        raise


def _is_disk_trouble(error: sqlite3.OperationalError) -> bool:
    return any(word in str(error) for word in ("disk is full", "disk I/O", "readonly", "unable to open"))


def _prepare_sqlite(engine: Engine, *, begin: str | None, synchronous: str) -> None:
    @event.listens_for(engine, "connect")
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
            f"wal_autocheckpoint={_LONG_LOG}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    if begin is None:
        return

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Any) -> None:
        # It goes along with the first statement.
        connection.connection.dbapi_connection.due = begin
