"""Keys are changed while everything goes on, and what was sealed before still opens."""

import asyncio
import base64
import os
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from runyard import clock
from runyard.db.session import Database
from runyard.projects.models import Project
from runyard.secrets import keys
from runyard.secrets.envelope import DataKeys
from runyard.secrets.errors import KeyElsewhere, KeysBusy
from runyard.secrets.models import DataKey, Entry
from runyard.secrets.rotation import BATCH, Rotation
from runyard.secrets.sealing import SealBroken, Sealer
from runyard.secrets.wrapping import LocalWrapper
from runyard.settings import Settings
from tests.engine.yard import opened, options, place, settled

VALUE = b"hunter2"


class Keeper:
    """An installation's keys and some secrets."""

    def __init__(self, data: Path, database: Database, **environ: str) -> None:
        self.database = database
        self.ring = keys.ring(data, environ)
        self.sealer = Sealer(self.ring)
        self.keys = DataKeys(LocalWrapper(self.ring))
        self.rotation = Rotation(Settings(data=data), database, self.keys, self.ring, None)

    async def fill(self, count: int) -> None:
        async with self.database.write() as session:
            session.add(Project(id="prj_1", name="one", description="", created_at=clock.now()))
            await session.flush()
            for n in range(count):
                entry = entry_of(n, "prj_1" if n % 2 else None)
                entry.key_id, entry.sealed = await self.keys.seal(session, entry.scope, VALUE, entry.context)
                session.add(entry)

    async def opened(self) -> list[bytes]:
        """Open everything with nothing in memory but the master keys."""
        fresh = DataKeys(LocalWrapper(self.ring))
        async with self.database.read() as session:
            rows = (await session.scalars(select(Entry).order_by(Entry.id))).all()
            return [await fresh.open(session, row.sealed or "", row.context) for row in rows]

    async def data_keys(self) -> dict[tuple[str, int], DataKey]:
        async with self.database.read() as session:
            return {(key.scope, key.version): key for key in await session.scalars(select(DataKey))}


def entry_of(n: int, project_id: str | None) -> Entry:
    now = clock.now()
    place = project_id or ""
    return Entry(
        id=f"sec_{n:04}",
        kind="secret",
        project_id=project_id,
        place=place,
        stage="",
        name=f"S{n}",
        description="",
        version=1,
        created_at=now,
        updated_at=now,
        valued_at=now,
    )


async def test_data_keys_are_changed_in_batches_and_old_ones_go(tmp_path: Path, database: Database) -> None:
    keeper = Keeper(tmp_path, database)
    await keeper.fill(BATCH * 2 + 7)
    before = await keeper.data_keys()
    assert sorted(before) == [("", 1), ("prj_1", 1)]
    await keeper.rotation.begin("data")
    await keeper.rotation.finished()
    after = await keeper.data_keys()
    assert sorted(after) == [("", 2), ("prj_1", 2)]
    assert await keeper.opened() == [VALUE] * (BATCH * 2 + 7)
    async with database.read() as session:
        states = await keeper.rotation.states(session)
    assert [(one.scope, one.version, one.behind, one.retired) for one in states] == [("", 2, 0, 0), ("prj_1", 2, 0, 0)]
    assert sum(one.secrets for one in states) == BATCH * 2 + 7


@pytest.mark.parametrize("what", ["data", "master"])
async def test_of_two_changes_at_once_one_is_refused(tmp_path: Path, database: Database, what: Any) -> None:
    keeper = Keeper(tmp_path, database)
    await keeper.fill(2)
    masters = len((tmp_path / "master.key").read_text().split())
    done = await asyncio.gather(*(keeper.rotation.begin(what) for _ in range(3)), return_exceptions=True)
    await keeper.rotation.finished()
    assert [type(one) for one in done if one is not None] == [KeysBusy, KeysBusy]
    assert {version for _scope, version in await keeper.data_keys()} == {2 if what == "data" else 1}
    assert len((tmp_path / "master.key").read_text().split()) == masters + (what == "master")
    assert await keeper.opened() == [VALUE] * 2


async def test_one_that_was_cut_short_goes_on_later(
    tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = Keeper(tmp_path, database)
    await keeper.fill(BATCH + 9)

    async def nothing() -> None:
        return

    with monkeypatch.context() as patch:
        patch.setattr(keeper.rotation, "_catch_up", nothing)
        await keeper.rotation.begin("data")
        await keeper.rotation.finished()
    assert await keeper.rotation._reseal() == BATCH
    # The old key stays while anything is sealed with it, and everything opens all the time.
    assert sorted(await keeper.data_keys()) == [("", 1), ("", 2), ("prj_1", 1), ("prj_1", 2)]
    assert await keeper.opened() == [VALUE] * (BATCH + 9)
    async with database.read() as session:
        assert sum(one.behind for one in await keeper.rotation.states(session)) == 9
    await keeper.rotation.catch_up()
    assert sorted(await keeper.data_keys()) == [("", 2), ("prj_1", 2)]
    assert await keeper.opened() == [VALUE] * (BATCH + 9)


async def test_a_new_master_key_wraps_anew_and_the_old_one_still_opens(tmp_path: Path, database: Database) -> None:
    keeper = Keeper(tmp_path, database)
    await keeper.fill(4)
    old = keeper.sealer.seal(b"a password", "run:run_1:parameters")
    first, wrapped = keeper.ring.present, {key.id: key.wrapped for key in (await keeper.data_keys()).values()}
    await keeper.rotation.begin("master")
    await keeper.rotation.finished()
    assert keeper.ring.present != first
    assert keeper.ring.older == (first,)
    now = await keeper.data_keys()
    assert {key.id for key in now.values()} == set(wrapped)
    assert all(key.wrapped != wrapped[key.id] for key in now.values())
    assert {key.wrapped_by for key in now.values()} == {f"master key {keeper.ring.present.id}"}
    assert await keeper.opened() == [VALUE] * 4
    assert keeper.sealer.open(old, "run:run_1:parameters") == b"a password"
    assert keeper.sealer.outdated(old)
    # The new key alone opens secrets; the old one alone does not any more.
    words = (tmp_path / keys.FILE).read_text().split()
    assert len(words) == 2
    for word, opens in ((words[0], True), (words[1], False)):
        fresh = DataKeys(LocalWrapper(keys.ring(tmp_path, {keys.VARIABLE: word})))
        async with database.read() as session:
            row = (await session.scalars(select(Entry).limit(1))).one()
            if opens:
                assert await fresh.open(session, row.sealed or "", row.context) == VALUE
            else:
                with pytest.raises(SealBroken):
                    await fresh.open(session, row.sealed or "", row.context)


async def test_another_process_learns_of_a_new_master_key(tmp_path: Path, sqlite: Database) -> None:
    other = Keeper(tmp_path, sqlite)
    keeper = Keeper(tmp_path, sqlite)
    await keeper.rotation.begin("master")
    await keeper.rotation.finished()
    assert other.sealer.open(keeper.sealer.seal(b"v", "c"), "c") == b"v"
    assert other.ring.present == keeper.ring.present


async def test_a_master_key_in_the_environment_is_not_ours_to_change(
    tmp_path: Path, sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = (base64.b64encode(os.urandom(32)).decode() for _ in range(2))
    monkeypatch.setenv(keys.VARIABLE, one)
    keeper = Keeper(tmp_path, sqlite, **{keys.VARIABLE: one})
    await keeper.fill(2)
    with pytest.raises(KeyElsewhere, match="Put a new one"):
        await keeper.rotation.begin("master")
    monkeypatch.setenv(keys.VARIABLE, f"{two} {one}")
    keeper = Keeper(tmp_path, sqlite, **{keys.VARIABLE: f"{two},{one}"})
    await keeper.rotation.begin("master")
    await keeper.rotation.finished()
    alone = Keeper(tmp_path, sqlite, **{keys.VARIABLE: two})
    assert await alone.opened() == [VALUE] * 2


async def test_over_http_while_a_run_goes_on() -> None:
    code = 'echo begun; until [ -e "$HOME/go" ]; do sleep 0.02; done; echo "$TOKEN"'
    async with place() as data:
        async with opened(options(data)) as yard:
            body: dict[str, Any] = {"name": "TOKEN", "value": VALUE.decode()}
            await yard.post("/secrets", body, 201)
            script_id = await yard.script(code, secrets=["TOKEN"])
            run_id = (await yard.post(f"/scripts/{script_id}/runs", {}))["id"]
            await yard.printed(run_id, "begun")
            for what in ("data", "master"):
                assert (await yard.client.post("/keys/rotate", json={"what": what})).status_code == 202
                await yard.yard.rotation.finished()
            shown = await yard.get("/keys")
            assert (shown["older_master_keys"], shown["busy"]) == (1, False)
            assert [(one["project"], one["version"], one["behind"]) for one in shown["items"]] == [("default", 2, 0)]
            assert shown["wrapper"] == shown["items"][0]["wrapped_by"]
        # The attempt's copy was sealed before, and masks after a restart.
        async with opened(options(data)) as yard:
            (data / "work" / run_id / "1" / "files" / "go").touch()
            assert (await yard.finished(run_id))["state"] == "succeeded"
            assert await yard.log(run_id) == "begun\n***\n"
            await settled(yard)
