"""Jobs of a project that is archived start nothing, and go on when it is brought back."""

import pytest
from sqlalchemy import update

from runyard.db.session import Database
from runyard.projects.models import Project

from .clockwork import BEGIN, PROJECT, World


@pytest.fixture
async def world(database: Database) -> World:
    world = World(database)
    await world.furnish()
    return world


async def test_an_archived_project_starts_nothing(world: World) -> None:
    job = await world.job({"type": "interval", "every_s": 60})
    for archived_at, runs in ((None, 1), (BEGIN, 1), (None, 2)):
        async with world.database.write() as session:
            await session.execute(update(Project).where(Project.id == PROJECT).values(archived_at=archived_at))
        await world.tick(seconds=60)
        assert len(await world.runs(job)) == runs
    assert [(row.outcome, row.detail) for row in await world.slots(job)] == [
        ("fired", ""),
        ("skipped", "The job's project is archived."),
        ("fired", ""),
    ]
    assert (await world.get(job)).broken is None
