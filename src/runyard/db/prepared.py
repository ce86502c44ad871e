"""Statements of hot paths: compiled once, and on embedded SQLite handed straight to the driver.

What SQLAlchemy does around each execution takes several times as long as SQLite does inside. Types still hold: values
pass through the same processors on their way in and out.
"""

import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Connection, Executable, exc
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.compiler import SQLCompiler

Processor = Callable[[Any], Any] | None
Row = Any
"""A row whose columns are attributes by name."""


class Prepared:
    """One statement, executed by `run` with the values of its parameters and, for INSERT and UPDATE, of its columns.

    It has no ``IN`` over a list, which is rendered anew each time, and its columns have no defaults in Python.
    """

    def __init__(self, statement: Executable) -> None:
        self._statement = statement
        self._ready: dict[tuple[str, ...], _Ready] = {}

    def run(self, connection: Connection, values: Mapping[str, Any]) -> list[Row]:
        """Execute and return all rows (of a SELECT or of RETURNING, else none).

        Raises what SQLAlchemy raises: IntegrityError, OperationalError and their like.
        """
        driver: object = connection.connection.dbapi_connection
        if not isinstance(driver, sqlite3.Connection):
            result = connection.execute(self._statement, dict(values))
            return list(result) if result.returns_rows else []
        keys = tuple(values)
        ready = self._ready.get(keys)
        if ready is None:
            ready = self._ready[keys] = _Ready(self._statement, connection.dialect, keys)
        return ready.run(driver, values)

    def many(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Execute once for each of these rows, which have the same keys; what it returns is left out."""
        driver: object = connection.connection.dbapi_connection
        if not rows:
            return
        if not isinstance(driver, sqlite3.Connection):
            connection.execute(self._statement, [dict(row) for row in rows])
            return
        keys = tuple(rows[0])
        ready = self._ready.get(keys)
        if ready is None:
            ready = self._ready[keys] = _Ready(self._statement, connection.dialect, keys)
        ready.many(driver, rows)

    def one(self, connection: Connection, values: Mapping[str, Any]) -> Row:
        """Return the only row, or None where there is none."""
        rows = self.run(connection, values)
        return rows[0] if rows else None


class _Ready:
    def __init__(self, statement: Executable, dialect: Dialect, keys: Collection[str]) -> None:
        compiled = cast(
            "SQLCompiler",
            # every statement has it, though not every Executable
            statement.compile(dialect=dialect, column_keys=list(keys)),  # type: ignore[attr-defined]
        )
        if compiled.post_compile_params:
            raise TypeError("a prepared statement has no lists: write each comparison out")
        if getattr(compiled, "insert_prefetch", ()) or getattr(compiled, "update_prefetch", ()):
            raise TypeError("a prepared statement can't make up defaults: give every column its value")
        self.sql = str(compiled)
        names = compiled.positiontup or []
        processors: Mapping[str, Any] = compiled._bind_processors  # noqa: SLF001 - what an execution uses
        fixed = compiled.construct_params(dict.fromkeys(keys), _check=False)
        self._binds: list[tuple[str | None, Any]] = []
        for name in names:
            processor = processors.get(name)
            if name in keys:
                self._binds.append((name, processor))
            else:
                value = fixed[name]
                self._binds.append((None, processor(value) if processor else value))
        self._out = _Columns(compiled, dialect)

    def run(self, driver: sqlite3.Connection, values: Mapping[str, Any]) -> list[Row]:
        given = self._given(values)
        try:
            return self._out.rows(driver.execute(self.sql, given))
        except (sqlite3.IntegrityError, sqlite3.OperationalError) as error:
            raise _told(error, self.sql, given) from error

    def many(self, driver: sqlite3.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        given = [self._given(values) for values in rows]
        try:
            driver.executemany(self.sql, given)
        except (sqlite3.IntegrityError, sqlite3.OperationalError) as error:
            raise _told(error, self.sql, given) from error

    def _given(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        return tuple(
            (values[name] if processor is None else processor(values[name])) if name is not None else processor
            for name, processor in self._binds
        )


def _told(error: sqlite3.Error, sql: str, given: Any) -> exc.DBAPIError:
    kind = exc.IntegrityError if isinstance(error, sqlite3.IntegrityError) else exc.OperationalError
    return kind(sql, given, error)


class _Columns:
    def __init__(self, compiled: SQLCompiler, dialect: Dialect) -> None:
        entries = compiled._result_columns  # noqa: SLF001 - what an execution uses
        self._names = [entry.keyname for entry in entries]
        self._processors: list[Processor] = [
            entry.type.dialect_impl(dialect).result_processor(dialect, None) for entry in entries
        ]
        self._kind = type("Row", (_Row,), {"__slots__": tuple(self._names)}) if entries else None

    def rows(self, cursor: sqlite3.Cursor) -> list[Row]:
        if self._kind is None:
            return []
        return [self._row(found) for found in cursor.fetchall()]

    def _row(self, found: Sequence[Any]) -> Row:
        assert self._kind is not None  # noqa: S101 - rows come only to those that have columns
        row = self._kind()
        for name, processor, value in zip(self._names, self._processors, found, strict=True):
            setattr(row, name, value if processor is None else processor(value))
        return row


class _Row:
    __slots__ = ()
