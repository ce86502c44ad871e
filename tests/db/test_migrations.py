from importlib import import_module

from sqlalchemy import inspect, text
from sqlalchemy.engine import Connection

import runyard.jobs.models  # noqa: F401 - its tables are part of the schema
from runyard.db import migrate
from runyard.db.base import Base, is_told
from runyard.db.session import Database
from tests.runs.rows import Rows


def _differences(connection: Connection) -> list[object]:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    told = {"include_object": lambda item, *_: is_told(connection.dialect.name, item)}
    return list(compare_metadata(MigrationContext.configure(connection, opts=told), Base.metadata))


async def test_the_migrated_schema_is_the_one_that_the_models_describe(database: Database) -> None:
    async with database.engine.connect() as connection:
        assert await connection.run_sync(_differences) == []


async def test_down_and_up_again(database: Database) -> None:
    await migrate.downgrade(database, "base")
    async with database.engine.connect() as connection:
        tables = await connection.run_sync(lambda c: inspect(c).get_table_names())
    assert set(tables) <= {"alembic_version"}
    assert (await migrate.upgrade(database)).fits


def test_the_newest_revision_is_known_without_alembic() -> None:
    from alembic.script import ScriptDirectory

    script = ScriptDirectory(str(migrate.HERE))
    assert script.get_heads() == [migrate.newest()]
    numbers = [found.revision for found in script.walk_revisions()]
    assert numbers == sorted(numbers, reverse=True)


def _there_and_back(connection: Connection) -> None:
    from alembic.migration import MigrationContext
    from alembic.operations import Operations

    step = import_module("runyard.db.migrations.versions.0003_history_pays_less")
    with Operations.context(MigrationContext.configure(connection)):
        step.downgrade()
        step.upgrade()


async def test_indexes_of_runs_there_and_back_with_runs_in_place(database: Database) -> None:
    rows = Rows(database)
    await rows.settle_in()
    run_id = await rows.add(labels={"a": "b"}, state="failed")
    async with database.engine.begin() as connection:
        await connection.run_sync(_there_and_back)
        assert await connection.run_sync(_differences) == []
    async with database.read() as session:
        for table, column in (("runs", "id"), ("run_labels", "run_id"), ("run_events", "run_id")):
            found = (await session.execute(text(f"SELECT {column} FROM {table}"))).scalars().all()  # noqa: S608
            assert found == [run_id]


async def test_down_and_up_again_with_runs_in_place(database: Database) -> None:
    rows = Rows(database)
    await rows.settle_in()
    run_id = await rows.add(labels={"a": "b"}, state="failed")
    await migrate.downgrade(database, "0002")
    assert (await migrate.upgrade(database)).fits
    async with database.read() as session:
        for table, column in (("runs", "id"), ("run_labels", "run_id"), ("run_events", "run_id")):
            found = (await session.execute(text(f"SELECT {column} FROM {table}"))).scalars().all()  # noqa: S608
            assert found == [run_id]
    async with database.engine.connect() as connection:
        if database.dialect == "sqlite":
            assert (await connection.exec_driver_sql("PRAGMA foreign_keys")).scalar_one() == 1
