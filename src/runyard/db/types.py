"""Column types that mean the same on every database."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

from runyard import clock


class Instant(TypeDecorator[datetime]):
    """An aware UTC datetime, kept as microseconds since 1970: exact, sortable, free of zones, alike everywhere."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """Return microseconds for an aware datetime."""
        return None if value is None else clock.to_us(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Return an aware UTC datetime for microseconds."""
        return None if value is None else clock.from_us(value)


class Json(TypeDecorator[Any]):
    """A JSON value: JSON on PostgreSQL (which keeps the order of keys), compact text elsewhere. ``None`` is NULL."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the dialect's own JSON type where it has a good one."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(JSON(none_as_null=True))
        return dialect.type_descriptor(Text())

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Return compact JSON text where the database has no JSON type."""
        if value is None or dialect.name == "postgresql":
            return value
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """Return the value that was stored."""
        if value is None or dialect.name == "postgresql":
            return value
        return json.loads(value)


class DatabaseNow(FunctionElement[datetime]):
    """The database's own clock as an `Instant`: what leases and due times are compared with."""

    type = Instant()
    inherit_cache = True


@compiles(DatabaseNow)
def _now_default(_element: DatabaseNow, _compiler: SQLCompiler, **_kw: Any) -> str:
    return "CAST((julianday('now') - 2440587.5) * 86400000000 AS BIGINT)"


@compiles(DatabaseNow, "postgresql")
def _now_postgresql(_element: DatabaseNow, _compiler: SQLCompiler, **_kw: Any) -> str:
    return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)"
