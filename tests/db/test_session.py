"""Transactions, on every kind of database."""

import asyncio
import contextlib
import sqlite3
import time
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


async def test_idle_work_makes_way_for_others(table: Database) -> None:
    count = 200
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow(connection: Connection, n: int) -> int:
        loop.call_soon_threadsafe(begun.set)
        time.sleep(0.01)
        return insert(connection, n)

    async def urgent() -> None:
        await begun.wait()
        await table.transact(lambda connection: insert(connection, 999))

    waiting = asyncio.create_task(urgent())
    left = list(range(count))
    done = await table.transact_idly([lambda connection, n=n: slow(connection, n) for n in left])  # type: ignore[misc]
    await waiting
    assert 1 <= len(done) < count
    assert await numbers(table) == [*range(len(done)), 999]


async def test_idle_work_stops_when_it_is_enough(sqlite: Database) -> None:
    async with sqlite.write() as session:
        await session.execute(text("CREATE TABLE numbers (n INTEGER)"))
    works = [lambda connection, n=n: insert(connection, n) for n in range(5)]
    seen: list[int] = []

    def enough() -> bool:
        seen.append(1)
        return len(seen) == 3

    assert await sqlite.transact_idly(works, enough) == [0, 1, 2]
    assert await numbers(sqlite) == [0, 1, 2]
    assert await sqlite.transact_idly([]) == []
    # Foreign keys are looked after again.
    assert await sqlite.transact(lambda c: c.exec_driver_sql("PRAGMA foreign_keys").scalar_one()) == 1
    # Whoever comes next is waited for until it is on disk.
    assert await sqlite.transact(lambda c: c.exec_driver_sql("PRAGMA synchronous").scalar_one()) == 2


async def test_idle_work_that_fails_leaves_nothing(sqlite: Database) -> None:
    async with sqlite.write() as session:
        await session.execute(text("CREATE TABLE numbers (n INTEGER)"))

    def broken(connection: Connection) -> int:
        insert(connection, 2)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await sqlite.transact_idly([lambda connection: insert(connection, 1), broken])
    assert await numbers(sqlite) == []
    assert await sqlite.transact(lambda c: c.exec_driver_sql("PRAGMA synchronous").scalar_one()) == 2
    assert await sqlite.transact(lambda c: c.exec_driver_sql("PRAGMA foreign_keys").scalar_one()) == 1


async def test_the_log_is_moved_beside_writers(sqlite: Database, tmp_path: Path) -> None:
    async with sqlite.write() as session:
        await session.execute(text("CREATE TABLE numbers (n INTEGER)"))
        await session.execute(text("INSERT INTO numbers VALUES (7)"))
    assert await sqlite.checkpoint()
    # What the file alone holds, without its log.
    alone = tmp_path / "alone.db"
    alone.write_bytes((tmp_path / "test.db").read_bytes())
    with contextlib.closing(sqlite3.connect(alone)) as connection:
        assert connection.execute("SELECT n FROM numbers").fetchall() == [(7,)]


async def test_the_log_begins_anew(sqlite: Database, tmp_path: Path) -> None:
    await sqlite.flush()
    async with sqlite.write() as session:
        await session.execute(text("CREATE TABLE numbers (n INTEGER)"))
    for n in range(50):
        await sqlite.transact(lambda connection, n=n: insert(connection, n))  # type: ignore[misc]
    log = tmp_path / "test.db-wal"
    await sqlite.flush()
    long = log.stat().st_size
    for n in range(5):
        async with sqlite.read() as session:
            await session.execute(text("SELECT 1 FROM numbers"))
            moving = asyncio.create_task(sqlite.checkpoint())
            await asyncio.sleep(0.002)
        assert await moving
        for _ in range(20):
            await sqlite.transact(lambda connection, n=n: insert(connection, n))  # type: ignore[misc]
    assert log.stat().st_size == long


async def test_elsewhere_there_is_no_log_to_move(table: Database) -> None:
    assert await table.checkpoint()
