"""Putting a yard together, and what is said when that can't be."""

import os
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from runyard.api.app import make_app
from runyard.db.migrate import SchemaMismatch
from runyard.live.bus import LocalBus
from runyard.live.peers import PeerBus
from runyard.locks import AlreadyRunning
from runyard.secrets.keys import MasterKeyUnusable
from runyard.wiring import DataUnusable, Yard, connect, make_sandboxes, prepare_data
from tests.engine.yard import opened, options


@pytest.fixture(autouse=True)
def _tempdir(monkeypatch: pytest.MonkeyPatch) -> None:
    """A yard sets where temporary files go; here only for one test."""
    monkeypatch.setattr(tempfile, "tempdir", tempfile.tempdir)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_data_directory_is_laid_out(tmp_path: Path) -> None:
    data = tmp_path / "a" / "b"
    before = os.umask(0o077)
    try:
        prepare_data(options(data))
        prepare_data(options(data))
    finally:
        os.umask(before)
    modes = {path.name: mode(path) for path in data.iterdir()}
    assert (modes.pop("master.key"), modes.pop("runyard.db")) == (0o600, 0o600)
    assert {name for name, bits in modes.items() if bits == 0o711} == {"work", "envs", "state", "sandbox", "editor"}
    assert {name for name, bits in modes.items() if bits == 0o700} == {
        "spool",
        "logs",
        "locks",
        "live",
        "cache",
        "tmp",
        "archive",
    }
    assert mode(data) == 0o711
    assert list((data / "tmp").iterdir()) == []


def test_one_that_can_not_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataUnusable, match="it is a file"):
        prepare_data(options(tmp_path / "file"))
    with pytest.raises(DataUnusable, match="can't be used"):
        prepare_data(options(tmp_path / "file" / "below"))


def test_a_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: free._replace(free=5 * 2**20))
    with pytest.raises(DataUnusable, match=r"5 MiB are free, 256 MiB are needed"):
        prepare_data(options(tmp_path / "data"))


def test_a_lost_key_is_not_replaced_in_silence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = tmp_path / "data"
    prepare_data(options(data))
    with closing(sqlite3.connect(data / "runyard.db")) as connection, connection:
        connection.execute("CREATE TABLE t (x)")
    (data / "master.key").unlink()
    with pytest.raises(MasterKeyUnusable, match="Restore it"):
        Yard(options(data))
    # and nothing stays locked
    monkeypatch.setenv("RUNYARD_MASTER_KEY", "A" * 43 + "=")
    Yard(options(data)).locks.release()


async def test_roles_choose_their_bus(tmp_path: Path) -> None:
    data = tmp_path / "data"
    whole = Yard(options(data))
    assert isinstance(whole.bus, LocalBus)
    with pytest.raises(AlreadyRunning, match=str(os.getpid())):
        Yard(options(data), frozenset({"worker"}))
    await whole.stop()
    part = Yard(options(data), frozenset({"api"}))
    assert isinstance(part.bus, PeerBus)
    with pytest.raises(SchemaMismatch, match="runyard migrate"):
        await part.start()
    await part.stop()


async def test_a_first_start_and_a_second_one(tmp_path: Path) -> None:
    data = tmp_path / "data"
    settings = options(data, admin_password=None, seed_examples=True)
    yard = Yard(settings)
    first, examples, backup = await yard.start()
    assert first is not None
    assert examples >= 10
    assert backup is None
    await yard.stop()
    assert mode(data / "runyard.db") == 0o600
    yard = Yard(settings)
    first, examples, backup = await yard.start()
    assert (examples, backup) == (0, None)
    await yard.stop()


async def test_an_older_schema_is_backed_up_and_a_newer_one_refused(tmp_path: Path) -> None:
    data = tmp_path / "data"
    yard = Yard(options(data))
    await yard.start()
    await yard.stop()
    with closing(sqlite3.connect(data / "runyard.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    yard = Yard(options(data))
    with pytest.raises(SchemaMismatch, match="9999"):
        await yard.start()
    await yard.stop()


async def test_roles_do_what_is_theirs(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with opened(options(data)):
        pass
    async with opened(options(data), frozenset({"api"})) as running:
        assert running.yard.executor is None
        assert running.yard.reaper is None
        run_id = await running.submit("true")
        waiting = (await running.get(f"/runs/{run_id}"))["waiting_for"]
        assert waiting == {"code": "no_worker", "message": "No worker is online."}


def test_sandboxes_and_database_are_those_of_the_settings(tmp_path: Path) -> None:
    settings = options(tmp_path / "data", sandbox={"level": "process", "uid_base": 70_000, "uid_count": 5})
    prepare_data(settings)
    assert make_sandboxes(settings) is not None
    database = connect(settings)
    assert database.dialect == "sqlite"
    assert make_app(None).title == "Runyard"


def test_a_worker_id_is_made_once_and_an_empty_one_replaced(tmp_path: Path) -> None:
    from runyard.engine.executor import _worker_id

    first = _worker_id(tmp_path)
    assert _worker_id(tmp_path) == first
    (tmp_path / "worker-id").write_text("")
    again: Any = _worker_id(tmp_path)
    assert again.startswith("wrk_")
    assert again != first
