"""Whatever is done to the chain behind its back is found, at its place."""

import asyncio
from errno import ENOSPC
from pathlib import Path

import pytest
from sqlalchemy import text

from runyard.access.permissions import Actor
from runyard.audit.chain import FIELDS, Seals
from runyard.audit.events import Target
from runyard.audit.record import record
from runyard.audit.trail import Trail
from runyard.audit.verify import Flaw, Report, verify
from runyard.audit.witness import FILE, Witness
from runyard.db.session import Database
from runyard.secrets.keys import MasterKey

from .conftest import KEY


async def act(database: Database, actor: Actor | None, count: int = 1, name: str = "a") -> None:
    for number in range(count):
        async with database.write() as session:
            target = Target("script", f"scr_{number}", name, "prj_one")
            record(session, actor, "script.update", target, {"name": "old"}, {"name": f"new {number}"})


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def check(database: Database, trail: Trail) -> Report:
    return await verify(database, trail.seals, trail.witness)


async def tamper(database: Database, *statements: str) -> None:
    async with database.engine.begin() as connection:
        for statement in statements:
            assert (await connection.execute(text(statement))).rowcount != 0


async def test_an_empty_chain_and_a_grown_one_are_whole(database: Database, trail: Trail, ada: Actor) -> None:
    empty = await check(database, trail)
    assert (empty.flaw, empty.checked) == (None, 0)
    await act(database, ada, 5)
    report = await check(database, trail)
    assert (report.flaw, report.checked, report.first, report.last) == (None, 5, 1, 5)


@pytest.mark.parametrize("column", [name for name in FIELDS if name not in {"seq", "at"}])
async def test_a_changed_text_is_found(database: Database, trail: Trail, ada: Actor, column: str) -> None:
    await act(database, ada, 4)
    await tamper(database, f"UPDATE audit_events SET {column} = 'forged' WHERE seq = 2")  # noqa: S608
    report = await check(database, trail)
    assert (report.flaw, report.seq, report.checked) == (Flaw.changed, 2, 1)


@pytest.mark.parametrize(
    ("statement", "flaw", "seq"),
    [
        ("UPDATE audit_events SET at = at - 1 WHERE seq = 3", Flaw.changed, 3),
        ("UPDATE audit_events SET hash = 'x' WHERE seq = 3", Flaw.changed, 3),
        ("UPDATE audit_events SET prev_hash = 'x' WHERE seq = 3", Flaw.unlinked, 3),
        ("UPDATE audit_events SET project_id = NULL WHERE seq = 3", Flaw.changed, 3),
        ("DELETE FROM audit_events WHERE seq = 1", Flaw.missing, 1),
        ("DELETE FROM audit_events WHERE seq = 3", Flaw.missing, 3),
        ("DELETE FROM audit_events WHERE seq = 5", Flaw.cut, 5),
        ("DELETE FROM audit_events WHERE seq > 2", Flaw.cut, 3),
        ("DELETE FROM audit_events", Flaw.cut, 1),
        ("UPDATE audit_events SET seq = 9 WHERE seq = 5", Flaw.missing, 5),
        ("UPDATE audit_head SET seq = 4", Flaw.head, 4),
        ("UPDATE audit_head SET seal = 'x'", Flaw.head, 5),
        ("DELETE FROM audit_head", Flaw.rolled_back, 5),
    ],
)
async def test_tampering_is_found_at_its_place(
    database: Database, trail: Trail, ada: Actor, statement: str, flaw: Flaw, seq: int
) -> None:
    await act(database, ada, 5)
    await tamper(database, statement)
    report = await check(database, trail)
    assert (report.flaw, report.seq) == (flaw, seq)
    assert str(seq) in report.sentence


async def test_two_events_that_changed_places_are_found(database: Database, trail: Trail, ada: Actor) -> None:
    await act(database, ada, 5)
    await tamper(
        database,
        "UPDATE audit_events SET seq = -1 WHERE seq = 2",
        "UPDATE audit_events SET seq = 2 WHERE seq = 3",
        "UPDATE audit_events SET seq = 3 WHERE seq = -1",
    )
    report = await check(database, trail)
    assert (report.flaw, report.seq) == (Flaw.unlinked, 2)


async def test_a_chain_that_was_made_anew_without_the_key_has_no_seal(
    database: Database, trail: Trail, ada: Actor, tmp_path: Path
) -> None:
    await act(database, ada, 3)
    await tamper(database, "DELETE FROM audit_events", "DELETE FROM audit_head")
    forged = Seals(MasterKey(b"f" * 32))
    Trail(forged, Witness(tmp_path / "forged", forged)).follow(database)
    await act(database, ada, 4)
    report = await check(database, trail)
    assert report.flaw in {Flaw.head, Flaw.rewritten}


async def test_a_database_put_back_is_missed_by_the_witness(
    database: Database, trail: Trail, ada: Actor, tmp_path: Path
) -> None:
    await act(database, ada, 3)
    async with database.engine.begin() as connection:
        head = (await connection.execute(text("SELECT seq, hash, seal FROM audit_head"))).one()
    await act(database, ada, 2)
    await tamper(
        database,
        "DELETE FROM audit_events WHERE seq > 3",
        f"UPDATE audit_head SET seq = 3, hash = '{head.hash}', seal = '{head.seal}'",  # noqa: S608
    )
    report = await check(database, trail)
    assert (report.flaw, report.seq) == (Flaw.rolled_back, 5)
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


async def test_a_forged_witness_is_not_believed(database: Database, trail: Trail, ada: Actor, tmp_path: Path) -> None:
    await act(database, ada, 3)
    (tmp_path / FILE).write_text('{"seq": 2, "hash": "x", "seal": "y"}')
    assert (await check(database, trail)).flaw is Flaw.witness
    (tmp_path / FILE).unlink()
    assert (await check(database, trail)).flaw is None


async def test_a_witness_that_could_not_be_written_leaves_no_draft(
    database: Database, trail: Trail, ada: Actor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_args: object) -> None:
        raise OSError(ENOSPC, "No space left on device")

    await act(database, ada)
    before = names(tmp_path)
    monkeypatch.setattr("runyard.audit.witness.json.dump", full)
    await act(database, ada)
    assert names(tmp_path) == before
    monkeypatch.undo()
    await act(database, ada)
    assert (await check(database, trail)).flaw is None


async def test_another_history_than_the_one_seen_is_found(database: Database, trail: Trail, ada: Actor) -> None:
    await act(database, ada, 3)
    seen = trail.witness._path.read_text()
    await tamper(database, "DELETE FROM audit_events", "DELETE FROM audit_head")
    # The same installation, so the seals are right.
    await act(database, ada, 6, name="b")
    trail.witness._path.write_text(seen)
    report = await check(database, trail)
    assert (report.flaw, report.seq) == (Flaw.rewritten, 3)


async def test_what_is_undone_leaves_nothing(database: Database, trail: Trail, ada: Actor) -> None:
    await act(database, ada)

    async def fail() -> None:
        async with database.write() as session:
            record(session, ada, "script.delete", Target("script", "scr_1"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    report = await check(database, trail)
    assert (report.flaw, report.last) == (None, 1)


async def test_writers_at_once_make_one_chain(database: Database, trail: Trail, ada: Actor) -> None:
    await asyncio.gather(*(act(database, ada, 5, name=str(number)) for number in range(8)))
    report = await check(database, trail)
    assert (report.flaw, report.last) == (None, 40)


async def test_an_older_key_still_holds(database: Database, trail: Trail, ada: Actor, tmp_path: Path) -> None:
    await act(database, ada, 2)
    renewed = Seals(MasterKey(b"n" * 32), [KEY])
    assert (await verify(database, renewed, Witness(tmp_path / FILE, renewed))).flaw is None
    stranger = Seals(MasterKey(b"n" * 32))
    assert (await verify(database, stranger, Witness(tmp_path / FILE, stranger))).flaw is Flaw.head
