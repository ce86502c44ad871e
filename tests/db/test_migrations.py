from sqlalchemy import inspect
from sqlalchemy.engine import Connection

from runyard.db import migrate
from runyard.db.base import Base
from runyard.db.session import Database


def _differences(connection: Connection) -> list[object]:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    return list(compare_metadata(MigrationContext.configure(connection), Base.metadata))


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
