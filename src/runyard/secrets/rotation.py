"""Changing keys while runs go on: new ones seal at once, old ones stay until nothing is sealed with them."""

import asyncio
from contextlib import suppress
from datetime import datetime
from typing import Literal

from msgspec import Struct
from sqlalchemy import delete, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import log, tasks
from runyard.access.permissions import Actor
from runyard.audit.events import Target
from runyard.audit.record import record
from runyard.db.session import Database
from runyard.secrets import keys
from runyard.secrets.envelope import DataKeys
from runyard.secrets.errors import KeyElsewhere, KeysBusy
from runyard.secrets.keys import KeyRing, Unwrap
from runyard.secrets.models import DataKey, Entry
from runyard.settings import Settings

logger = log.get("keys")
BATCH = 50
What = Literal["data", "master"]


class ScopeKeys(Struct, frozen=True):
    """The data keys of one scope: its present version, and how much is still sealed with older ones."""

    scope: str
    version: int
    created_at: datetime
    wrapped_by: str
    secrets: int
    behind: int
    retired: int


class Rotation:
    """Changes the installation's keys. One change at a time in a process; one that was cut short is finished later."""

    def __init__(
        self, settings: Settings, database: Database, data_keys: DataKeys, ring: KeyRing, service: Unwrap | None
    ) -> None:
        self._settings = settings
        self._database = database
        self._keys = data_keys
        self._ring = ring
        self._service = service
        self._beginning = False
        self._task: asyncio.Task[None] | None = None

    @property
    def is_busy(self) -> bool:
        """Whether something is being sealed again at this moment."""
        return self._beginning or (self._task is not None and not self._task.done())

    @property
    def wrapper(self) -> str:
        """What wraps data keys now."""
        return self._keys.wrapper.name

    @property
    def older(self) -> int:
        """How many older master keys there are, with which something may still be sealed."""
        return len(self._ring.older)

    async def states(self, session: AsyncSession) -> list[ScopeKeys]:
        """Return how each scope's keys stand, the installation's first."""
        found: dict[str, ScopeKeys] = {}
        counted = (
            select(DataKey, func.count(Entry.id))
            .outerjoin(Entry, Entry.key_id == DataKey.id)
            .group_by(DataKey.id)
            .order_by(DataKey.scope, DataKey.version.desc())
        )
        for key, count in await session.execute(counted):
            newest = found.get(key.scope)
            if newest is None:
                made = (key.scope, key.version, key.created_at, key.wrapped_by, count, 0, 0)
                found[key.scope] = ScopeKeys(*made)
            else:
                head = (newest.scope, newest.version, newest.created_at, newest.wrapped_by)
                sums = (newest.secrets + count, newest.behind + count, newest.retired + 1)
                found[key.scope] = ScopeKeys(*head, *sums)
        return list(found.values())

    async def begin(self, what: What, by: Actor | None = None) -> None:
        """Begin to change keys: new ones hold as soon as this returns, the rest follows by itself.

        Raises: KeysBusy while another change goes on; KeyElsewhere where the master key is in the environment and there
        is no new one yet.
        """
        if self.is_busy:
            raise KeysBusy
        self._beginning = True
        try:
            if what == "master":
                await asyncio.to_thread(self._new_master)
            async with self._database.write() as session:
                if what == "data":
                    for scope in await session.scalars(select(DataKey.scope).distinct().order_by(DataKey.scope)):
                        await self._keys.add(session, scope)
                record(session, by, "keys.rotate", Target("keys"), after={"what": what})
            logger.info("keys.rotating", what=what)
            self._task = asyncio.create_task(self._run(), name="keys.rotation")
        finally:
            self._beginning = False

    async def finished(self) -> None:
        """Wait until what has begun is over."""
        if self._task is not None:
            with suppress(asyncio.CancelledError):
                await asyncio.shield(self._task)

    async def stop(self) -> None:
        """Leave the rest for later."""
        await tasks.end(self._task)

    async def catch_up(self) -> None:
        """Do what is left of changes that were cut short; a chore of every day."""
        if not self.is_busy:
            await self._catch_up()

    def _new_master(self) -> None:
        if keys.in_environment():
            if not self._ring.older:
                raise KeyElsewhere(
                    f"{keys.VARIABLE} holds the master key. Put a new one (32 random bytes in base64) before it, with "
                    "a space between, restart, and rotate again; the old one can go when `runyard keys` says so."
                )
            return
        keys.prepend(self._settings.data, self._service)
        self._ring.renew()

    async def _run(self) -> None:
        try:
            await self._catch_up()
        except Exception:
            logger.exception("keys.rotation_failed")

    async def _catch_up(self) -> None:
        rewrapped = await self._rewrap()
        resealed = 0
        while count := await self._reseal():
            resealed += count
            # Others have their turn.
            await asyncio.sleep(0)
        async with self._database.write() as session:
            unused = DataKey.retired_at.is_not(None) & ~exists().where(Entry.key_id == DataKey.id)
            gone = (await session.scalars(delete(DataKey).where(unused).returning(DataKey.id))).all()
        if rewrapped or resealed or gone:
            logger.info("keys.rotated", rewrapped=rewrapped, resealed=resealed, dropped=len(gone))

    async def _rewrap(self) -> int:
        async with self._database.read() as session:
            ids = (await session.scalars(select(DataKey.id).order_by(DataKey.id))).all()
        done = 0
        for key_id in ids:
            async with self._database.write() as session:
                key = await session.get(DataKey, key_id, with_for_update=True)
                done += key is not None and await self._keys.rewrap(key)
        return done

    async def _reseal(self) -> int:
        """Seal some secrets again whose key is retired; return how many."""
        async with self._database.write() as session:
            old = (
                select(Entry)
                .join(DataKey, DataKey.id == Entry.key_id)
                .where(DataKey.retired_at.is_not(None))
                .order_by(Entry.id)
                .limit(BATCH)
                .with_for_update(of=Entry)
            )
            rows = (await session.scalars(old)).all()
            for row in rows:
                if row.sealed is not None:
                    value = await self._keys.open(session, row.sealed, row.context)
                    row.key_id, row.sealed = await self._keys.seal(session, row.scope, value, row.context)
            return len(rows)
