"""Statements that are compiled once mean the same as those that SQLAlchemy executes, on every database."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Column, Connection, Integer, MetaData, String, Table, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError, OperationalError

from runyard.db.prepared import Prepared
from runyard.db.session import Database
from runyard.db.types import Instant, Json

THINGS = Table(
    "prepared_things",
    MetaData(),
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("name", String(20), nullable=False, unique=True),
    Column("at", Instant),
    Column("data", Json),
    Column("count", Integer, default=3),
)
ADD = Prepared(insert(THINGS).inline())
BY_ID = Prepared(select(THINGS.c.name, THINGS.c.at, THINGS.c.data).where(THINGS.c.id == bindparam("the_id")))
CHANGE = Prepared(update(THINGS).where(THINGS.c.id == bindparam("the_id")).returning(THINGS.c.name, THINGS.c.count))
REMOVE = Prepared(delete(THINGS).where(THINGS.c.id == bindparam("the_id"), THINGS.c.name != "kept"))
AT = datetime(2026, 2, 28, 23, 59, 59, 123456, UTC)


def row(number: int, **facts: Any) -> dict[str, Any]:
    return {"id": number, "name": f"n{number}", "at": AT, "data": {"ü": [1, None]}, "count": 0, **facts}


@pytest.fixture
async def things(database: Database) -> Database:
    await database.transact(THINGS.create)
    return database


async def test_values_keep_their_types(things: Database) -> None:
    def work(connection: Connection) -> Any:
        assert ADD.run(connection, row(1)) == []
        assert ADD.run(connection, {"id": 2, "name": "bare", "count": 1}) == []
        return BY_ID.one(connection, {"the_id": 1}), BY_ID.one(connection, {"the_id": 2})

    full, bare = await things.transact(work)
    assert (full.name, full.at, full.data) == ("n1", AT, {"ü": [1, None]})
    assert (bare.at, bare.data) == (None, None)
    seen = await things.look(lambda connection: BY_ID.one(connection, {"the_id": 1}))
    assert seen.name == "n1"
    assert await things.look(lambda connection: BY_ID.one(connection, {"the_id": 9})) is None


async def test_what_is_set_follows_from_the_keys(things: Database) -> None:
    def work(connection: Connection) -> Any:
        ADD.run(connection, row(1))
        first = CHANGE.one(connection, {"the_id": 1, "count": 7})
        second = CHANGE.one(connection, {"the_id": 1, "name": "other", "data": None})
        return first.count, second.name, second.count, CHANGE.run(connection, {"the_id": 2, "count": 1})

    assert await things.transact(work) == (7, "other", 7, [])


async def test_constants_of_the_statement_hold(things: Database) -> None:
    def work(connection: Connection) -> list[bool]:
        ADD.run(connection, row(1, name="kept"))
        ADD.run(connection, row(2))
        for number in (1, 2):
            REMOVE.run(connection, {"the_id": number})
        return [BY_ID.one(connection, {"the_id": number}) is not None for number in (1, 2)]

    assert await things.transact(work) == [True, False]


async def test_a_breach_is_what_it_is_elsewhere_and_undoes_all(things: Database) -> None:
    def work(connection: Connection) -> None:
        ADD.run(connection, row(1))
        ADD.run(connection, row(2, name="n1"))

    with pytest.raises(IntegrityError):
        await things.transact(work)
    assert await things.look(lambda connection: BY_ID.run(connection, {"the_id": 1})) == []


async def test_what_can_not_be_prepared_is_refused(sqlite: Database) -> None:
    await sqlite.transact(THINGS.create)
    with pytest.raises(TypeError, match="defaults"):
        await sqlite.transact(lambda c: ADD.run(c, {"id": 1, "name": "x"}))
    listed = Prepared(select(THINGS.c.id).where(THINGS.c.id.in_([1, 2])))
    with pytest.raises(TypeError, match="lists"):
        await sqlite.look(lambda c: listed.run(c, {}))
    gone = Prepared(select(Table("prepared_nothing", MetaData(), Column("id", Integer)).c.id))
    with pytest.raises(OperationalError, match="no such table"):
        await sqlite.look(lambda c: gone.run(c, {}))
