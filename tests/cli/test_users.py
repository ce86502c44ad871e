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
