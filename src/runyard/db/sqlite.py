# The adapter is made of the driver's and the dialect's inner parts, as the stock one is.
# ruff: noqa: SLF001
"""SQLAlchemy's asyncio dialect of SQLite with one way to the driver's thread and back per statement.

The stock adapter goes there four times for a query (cursor, execute, fetch, close) and three times for a BEGIN, and
each way costs more than most of our statements take. Here a statement goes there whole, and takes a due BEGIN along.
"""

from collections import deque
from collections.abc import Sequence
from functools import partial
from typing import Any

from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_cursor,
    AsyncAdapt_aiosqlite_dbapi,
    SQLiteDialect_aiosqlite,
)
from sqlalchemy.util.concurrency import await_

DRIVER = "sqlite+onehop"
registry.register("sqlite.onehop", __name__, "OneHopDialect")

Done = tuple[Any, int, Any, Sequence[Any]]


class OneHopCursor(AsyncAdapt_aiosqlite_cursor):
    """A cursor that exists only while its statement is executed; what it brought back is kept."""

    __slots__ = ("_description", "_lastrowid", "_rowcount", "arraysize")

    def __init__(self, adapt_connection: "OneHopConnection") -> None:
        self._adapt_connection = adapt_connection
        self._connection = adapt_connection._connection
        self._rows = deque()
        self._description: Any = None
        self._rowcount = -1
        self._lastrowid: Any = None
        self.arraysize = 1

    @property
    def description(self) -> Any:
        """What the columns are called; None for a statement without rows."""
        return self._description

    @property
    def rowcount(self) -> int:
        """How many rows were changed."""
        return self._rowcount

    @property
    def lastrowid(self) -> Any:
        """The id of the row inserted last."""
        return self._lastrowid

    async def _async_soft_close(self) -> None:
        """There is nothing left to close."""

    def close(self) -> None:
        """Forget the rows."""
        self._rows.clear()

    def execute(self, operation: Any, parameters: Any = None) -> Any:
        """Execute and fetch."""
        self._do(partial(_execute, operation, parameters or ()))

    def executemany(self, operation: Any, seq_of_parameters: Any) -> Any:
        """Execute once for each of several parameters."""
        self._do(partial(_executemany, operation, seq_of_parameters))

    def _do(self, statement: Any) -> None:
        adapted: OneHopConnection = self._adapt_connection  # type: ignore[assignment]
        try:
            done: Done = await_(adapted.whole(statement))
        except Exception as error:  # noqa: BLE001 - the dialect sorts them
            adapted._handle_exception(error)
        self._description, self._rowcount, self._lastrowid, rows = done
        self._rows = deque(rows)


class OneHopConnection(AsyncAdapt_aiosqlite_connection):
    """A connection whose BEGIN waits for the first statement of its transaction."""

    __slots__ = ("due",)
    _cursor_cls = OneHopCursor  # type: ignore[assignment]  # it takes no other connection

    def __init__(self, dbapi: Any, connection: Any) -> None:
        super().__init__(dbapi, connection)
        self.due: str | None = None

    async def whole(self, statement: Any) -> Done:
        """Execute a statement in the driver's thread, after the BEGIN that is due."""
        async with self._execute_mutex:
            begin, self.due = self.due, None
            raw = self._connection._conn
            return await self._connection._execute(_whole, raw, begin, statement)  # type: ignore[no-any-return]

    def commit(self) -> None:
        """Commit, unless nothing was begun."""
        if self._began():
            super().commit()

    def rollback(self) -> None:
        """Roll back, unless nothing was begun."""
        if self._began():
            super().rollback()

    def _began(self) -> bool:
        self.due = None
        raw = self._connection._connection
        return raw is not None and raw.in_transaction


class _Dbapi(AsyncAdapt_aiosqlite_dbapi):
    def connect(self, *arg: Any, **kw: Any) -> OneHopConnection:
        return OneHopConnection(self, super().connect(*arg, **kw)._connection)


class OneHopDialect(SQLiteDialect_aiosqlite):
    """The dialect behind ``sqlite+onehop://``."""

    driver = "onehop"
    supports_statement_cache = True

    @classmethod
    def import_dbapi(cls) -> _Dbapi:
        """Return the driver's module, adapted."""
        import sqlite3

        import aiosqlite

        return _Dbapi(aiosqlite, sqlite3)


def _execute(operation: str, parameters: Any, cursor: Any) -> None:
    cursor.execute(operation, parameters)


def _executemany(operation: str, parameters: Any, cursor: Any) -> None:
    cursor.executemany(operation, parameters)


def _whole(raw: Any, begin: str | None, statement: Any) -> Done:
    cursor = raw.cursor()
    try:
        if begin is not None:
            cursor.execute(begin)
        statement(cursor)
        rows = cursor.fetchall() if cursor.description else ()
        return cursor.description, cursor.rowcount, cursor.lastrowid, rows
    finally:
        cursor.close()
