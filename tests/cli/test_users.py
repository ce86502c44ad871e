"""Users by the command line, on a data directory without a server."""

from pathlib import Path

import pytest

from runyard.cli import users
from runyard.cli.errors import Misuse, NothingFound, Trouble
from runyard.errors import Conflict
from runyard.settings import Settings
from runyard.wiring import Yard


@pytest.fixture
def data(tmp_path: Path) -> Path:
    import asyncio

    async def begin() -> None:
        yard = Yard(Settings(data=tmp_path, seed_examples=False), frozenset({"api", "scheduler", "worker"}))
        try:
            await yard._schema()
            await yard._first_start()
        finally:
            await yard.stop()

    asyncio.run(begin())
    return tmp_path


def test_a_user_comes_and_goes(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    users.add("zoe", data=data)
    assert "Password: " in capsys.readouterr().out
    users.disable("zoe", data=data)
    users.make_admin("zoe", data=data)
    capsys.readouterr()
    users.list_(data=data)
    line = capsys.readouterr().out.split("zoe")[1]
    assert "administrator" in line
    assert "disabled" in line
    with pytest.raises(Conflict):
        users.disable("admin", data=data)
    with pytest.raises(NothingFound):
        users.enable("nobody", data=data)
    with pytest.raises(Misuse):
        users.add("a b", data=data)


def test_there_is_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(Trouble):
        users.list_(data=tmp_path)


def test_a_lost_second_factor_is_taken_away_and_written_down(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import asyncio

    from sqlalchemy import select

    from runyard import clock
    from runyard.access.models import SecondFactor, User
    from runyard.audit.models import AuditEvent
    from runyard.wiring import connect

    async def prepare() -> None:
        database = connect(Settings(data=data))
        async with database.write() as session:
            user = (await session.scalars(select(User))).one()
            now = clock.now()
            session.add(SecondFactor(user_id=user.id, secret="sealed", created_at=now, confirmed_at=now))
        await database.close()

    async def written() -> list[tuple[str, str]]:
        database = connect(Settings(data=data))
        async with database.read() as session:
            rows = (await session.scalars(select(AuditEvent).order_by(AuditEvent.seq))).all()
        await database.close()
        return [(row.action, row.actor_kind) for row in rows]

    asyncio.run(prepare())
    users.drop_second_factor("ADMIN", data=data)
    assert "by the password alone" in capsys.readouterr().out
    assert ("user.reset_second_factor", "system") in asyncio.run(written())
    with pytest.raises(NothingFound):
        users.drop_second_factor("admin", data=data)
    users.add("zoe", data=data)
    users.disable("zoe", data=data)
    assert asyncio.run(written())[-2:] == [("user.create", "system"), ("user.update", "system")]
