"""Transactions, on every kind of database."""

import asyncio
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from runyard.db.session import Database, DatabaseUnavailable, after_commit


@pytest.fixture
async def table(database: Database) -> Database:
    """A database with an empty table of numbers."""
    async with database.write() as session:
        await session.execute(text("CREATE TABLE numbers (n INTEGER PRIMARY KEY)"))
    return database


async def numbers(database: Database) -> list[int]:
    async with database.read() as session:
        return list((await session.execute(text("SELECT n FROM numbers ORDER BY n"))).scalars())


def insert(connection: Connection, n: int) -> int:
    connection.execute(text("INSERT INTO numbers VALUES (:n)"), {"n": n})
    return n


async def test_a_block_is_one_transaction(table: Database) -> None:
    told: list[str] = []
    async with table.write() as session:
        await session.execute(text("INSERT INTO numbers VALUES (1)"))
        after_commit(session, lambda: told.append("first"))
        after_commit(session, lambda: told.append("second"))
        assert told == []
    assert told == ["first", "second"]

    async def broken() -> None:
        async with table.write() as session:
            await session.execute(text("INSERT INTO numbers VALUES (2)"))
            after_commit(session, lambda: told.append("never"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await broken()
    assert await numbers(table) == [1]
    assert told == ["first", "second"]


async def test_a_hook_that_breaks_undoes_nothing(table: Database) -> None:
    told: list[str] = []
    async with table.write() as session:
        await session.execute(text("INSERT INTO numbers VALUES (1)"))
        after_commit(session, lambda: 1 / 0)  # type: ignore[arg-type]
        after_commit(session, lambda: told.append("still"))
    assert told == ["still"]
    assert await numbers(table) == [1]


async def test_reading_writes_nothing(table: Database) -> None:
    async with table.read() as session:
        await session.execute(text("INSERT INTO numbers VALUES (1)"))
    assert await numbers(table) == []


async def test_short_ones_are_transactions_too(table: Database) -> None:
    assert await table.transact(lambda connection: insert(connection, 1)) == 1

    def broken(connection: Connection) -> None:
        insert(connection, 2)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await table.transact(broken)
    assert await numbers(table) == [1]


async def test_many_writers_of_both_sorts(table: Database) -> None:
    async def plain(n: int) -> None:
        async with table.write() as session:
            await session.execute(text("INSERT INTO numbers VALUES (:n)"), {"n": n})

    await asyncio.gather(
        *(plain(n) for n in range(20)),
        *(table.transact(lambda connection, n=n: insert(connection, n)) for n in range(20, 40)),  # type: ignore[misc]
    )
    assert await numbers(table) == list(range(40))


async def test_one_that_is_given_up_is_seen_through_or_undone(table: Database) -> None:
    going = [asyncio.create_task(table.transact(lambda c, n=n: insert(c, n))) for n in range(10)]  # type: ignore[misc]
    await asyncio.sleep(0)
    for task in going[::2]:
        task.cancel()
    results = await asyncio.gather(*going, return_exceptions=True)
    done = [n for n, result in enumerate(results) if result == n]
    assert set(done) <= set(await numbers(table))
    # and the next one finds nothing in its way
    await table.transact(lambda connection: insert(connection, 99))
    assert 99 in await numbers(table)


async def test_closing_twice(table: Database) -> None:
    await table.ping()
    await table.close()
    await table.close()


async def test_a_disk_that_is_full_is_said_in_words(sqlite: Database) -> None:
    for words, raised in (("database or disk is full", DatabaseUnavailable), ("syntax error", OperationalError)):
        with pytest.raises(raised):
            async with sqlite.write():
                raise OperationalError("INSERT", {}, sqlite3.OperationalError(words))


async def test_pragmas_hold_on_every_connection(sqlite: Database) -> None:
    async with sqlite.read() as session:
        assert (await session.execute(text("PRAGMA journal_mode"))).scalar_one() == "wal"
        assert (await session.execute(text("PRAGMA foreign_keys"))).scalar_one() == 1
        assert (await session.execute(text("PRAGMA synchronous"))).scalar_one() == 2
    assert await sqlite.transact(lambda c: c.execute(text("PRAGMA foreign_keys")).scalar_one()) == 1


async def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    database = Database.connect(f"sqlite+aiosqlite:///{tmp_path / 'gone' / 'x.db'}")
    with pytest.raises((OperationalError, DatabaseUnavailable)):
        async with database.write() as session:
            await session.execute(text("SELECT 1"))
    await database.close()
