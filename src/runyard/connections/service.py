"""What can be done with connections: like secrets, in a shape of their own, and they can be tried."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock
from runyard.access.permissions import Actor, Permission
from runyard.audit.events import Target
from runyard.audit.record import record
from runyard.connections.errors import InvalidConnection, KindFixed, SecretsNeeded
from runyard.connections.models import ConnectionCheck
from runyard.connections.parts import Shape
from runyard.connections.testing import Outcome, Scout
from runyard.db.session import Database
from runyard.errors import FieldError
from runyard.ids import ProjectId
from runyard.secrets.models import Entry
from runyard.secrets.service import CONNECTION, Vault

if TYPE_CHECKING:
    from runyard.connections.schemas import ConnectionChange, ConnectionTry, NewConnection


class Connections:
    """Connections of projects, scripts and the installation; where they lead is for those to see who may."""

    def __init__(self, database: Database, vault: Vault, scout: Scout) -> None:
        self._database = database
        self._vault = vault
        self._tester = scout

    async def add(self, session: AsyncSession, actor: Actor, body: "NewConnection") -> Entry:
        """Keep a new connection.

        Raises: InvalidConnection for secrets that are missing; what `Vault.insert` raises.
        """
        shape: Shape = body.settings
        _demand_whole(shape)
        return await self._vault.insert(session, actor, CONNECTION, body, _sealed(shape), _shown(shape))

    async def change(self, session: AsyncSession, actor: Actor, id_: str, body: "ConnectionChange") -> Entry:
        """Change what `body` names; secrets that it leaves out stay unless they would go elsewhere.

        Raises: NoSuchConnection, Forbidden, KindFixed, SecretsNeeded, InvalidConnection.
        """
        entry = await self._vault.find(session, actor, CONNECTION, id_, Permission.secret_manage, lock=True)
        shape: Shape | None = body.settings
        if shape is not None:
            shape = _merged(shape, await self._whole(session, entry))
        clear, shown = (None, None) if shape is None else (_sealed(shape), _shown(shape))
        await self._vault.refill(session, actor, entry, clear, description=body.description, shown=shown)
        return entry

    async def shape(self, session: AsyncSession, entry: Entry) -> Shape:
        """Return a connection with its secrets: never answer it."""
        # All kinds of them take long to load; most processes never meet one.
        from runyard.connections.shapes import opened

        return opened(await self._whole(session, entry))

    def may_read(self, actor: Actor, entry: Entry) -> bool:
        """Whether the actor may see where it leads."""
        place = None if entry.project_id is None else ProjectId(entry.project_id)
        return actor.may(Permission.connection_read, place)

    async def checks(self, session: AsyncSession, rows: Sequence[Entry]) -> dict[str, ConnectionCheck]:
        """Return the latest tests of connections, by their ids."""
        ids = [row.id for row in rows]
        found = await session.scalars(select(ConnectionCheck).where(ConnectionCheck.connection_id.in_(ids)))
        return {row.connection_id: row for row in found}

    async def test(self, actor: Actor, id_: str) -> tuple[Entry, Outcome, ConnectionCheck]:
        """Connect for once, and keep what was seen. No transaction is open meanwhile.

        Raises: NoSuchConnection, Forbidden, TooManyTests.
        """
        async with self._database.read() as session:
            entry = await self._vault.get(session, actor, CONNECTION, id_)
            shape = await self.shape(session, entry)
        outcome = await self._tester.look(_kind(shape), shape)
        async with self._database.write() as session:
            # It may have gone meanwhile.
            await self._vault.get(session, actor, CONNECTION, id_)
            check = await session.get(ConnectionCheck, id_) or ConnectionCheck(connection_id=id_)
            check.version, check.at, check.by = entry.version, clock.now(), actor.user_id
            for name in ("ok", "code", "said", "server", "details", "took_ms"):
                setattr(check, name, getattr(outcome, name))
            session.add(check)
            told = {"ok": outcome.ok, "code": outcome.code, "version": entry.version}
            record(session, actor, "connection.test", Target(CONNECTION, id_, entry.name, entry.project_id), after=told)
        return entry, outcome, check

    async def try_out(self, actor: Actor, body: "ConnectionTry") -> Outcome:
        """Connect for once by settings that are not kept.

        Raises: NoSuchProject, NoSuchConnection, Forbidden, SecretsNeeded, InvalidConnection, TooManyTests.
        """
        shape: Shape = body.settings
        if body.connection_id is None:
            actor.project(body.project, Permission.secret_manage)
            _demand_whole(shape)
        else:
            async with self._database.read() as session:
                find = self._vault.find
                entry = await find(session, actor, CONNECTION, body.connection_id, Permission.secret_manage)
                shape = _merged(shape, await self._whole(session, entry))
        return await self._tester.look(_kind(shape), shape)

    async def _whole(self, session: AsyncSession, entry: Entry) -> dict[str, object]:
        whole: dict[str, object] = json.loads(await self._vault.value(session, entry))
        return whole


def _kind(shape: Shape) -> str:
    return str(shape.public()["kind"])


def _sealed(shape: Shape) -> str:
    return json.dumps(shape.whole(), sort_keys=True)


def _shown(shape: Shape) -> str:
    return json.dumps(shape.public() | {"secrets_set": sorted(shape.secrets())}, sort_keys=True)


def _merged(shape: Shape, before: dict[str, object]) -> Shape:
    if _kind(shape) != before["kind"]:
        sentence = "A connection keeps its kind; make another one."
        raise KindFixed(sentence, fields=[FieldError("settings.kind", sentence, KindFixed.code)])
    merged, needed = shape.with_kept(before)
    if needed:
        sentence = "It leads elsewhere now: give this again, or leave it empty."
        raise SecretsNeeded(fields=[FieldError(f"settings.{name}", sentence, "secrets_needed") for name in needed])
    _demand_whole(merged)
    return merged


def _demand_whole(shape: Shape) -> None:
    lacking = shape.lacking()
    if lacking:
        fields = [FieldError(f"settings.{name}", sentence, "required") for name, sentence in lacking.items()]
        raise InvalidConnection(" ".join(lacking.values()), fields=fields)
