"""Looks for secret values in what is stored of runs, and masks them there: for what was not known as secret then.

A secret has one value, a connection as many as it has secret parts.

Run by run, in order, so that one that was cut short goes on where it was. Files that scripts have left, and archives of
removed runs, are not looked into.
"""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, select, text, true
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock, ids, log, tasks
from runyard.access.permissions import Actor, Permission
from runyard.db.session import Database, after_commit
from runyard.runs.errors import ScrubGoesOn, TooShortToScrub
from runyard.runs.lifecycle import TERMINAL
from runyard.runs.logs import LogStore
from runyard.runs.models import FailureGroupRow, RunAttemptRow, RunEventRow, RunInputRow, RunRow
from runyard.secrets.masking import Masker
from runyard.secrets.models import Entry, SecretScrub
from runyard.secrets.service import CONNECTION, SECRET, Kind, Vault

logger = log.get("scrub")
BATCH = 50
SHORTEST = 4
RUNNING, FINISHED, FAILED = "running", "finished", "failed"
_OVER = [state.value for state in TERMINAL]


class Scrubs:
    """Searches that are under way, and what became of earlier ones."""

    def __init__(self, database: Database, vault: Vault, logs: LogStore) -> None:
        self._database = database
        self._vault = vault
        self._logs = logs
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def begin(self, session: AsyncSession, actor: Actor, id_: str, kind: Kind = SECRET) -> SecretScrub:
        """Begin to look for what is secret of a secret or a connection now.

        Raises: NoSuchSecret; NoSuchConnection; Forbidden; TooShortToScrub; ScrubGoesOn.
        """
        entry = await self._vault.find(session, actor, kind, id_, Permission.secret_manage)
        if not await self._values(session, entry):
            raise TooShortToScrub
        going = select(SecretScrub.id).where(SecretScrub.secret_id == entry.id, SecretScrub.state == RUNNING)
        if (await session.scalars(going)).first() is not None:
            raise ScrubGoesOn
        total = await session.scalar(select(func.count()).select_from(RunRow).where(_reach(entry)))
        scrub = SecretScrub(
            id=ids.new("scb"),
            secret_id=entry.id,
            state=RUNNING,
            total=total or 0,
            done=0,
            changed=0,
            last_run_id="",
            started_at=clock.now(),
            started_by=actor.username,
        )
        session.add(scrub)
        await session.flush()
        after_commit(session, lambda: self._start(scrub.id))
        return scrub

    async def of(
        self, session: AsyncSession, actor: Actor, id_: str, limit: int, kind: Kind = SECRET
    ) -> Sequence[SecretScrub]:
        """Return the searches for a secret or a connection, newest first."""
        entry = await self._vault.get(session, actor, kind, id_)
        query = select(SecretScrub).where(SecretScrub.secret_id == entry.id).order_by(SecretScrub.id.desc())
        return (await session.scalars(query.limit(limit))).all()

    async def resume(self) -> None:
        """Go on with what was cut short."""
        async with self._database.read() as session:
            for scrub_id in await session.scalars(select(SecretScrub.id).where(SecretScrub.state == RUNNING)):
                self._start(scrub_id)

    async def finished(self) -> None:
        """Wait until everything that goes on is over."""
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def stop(self) -> None:
        """Leave the rest for later."""
        for task in tuple(self._tasks.values()):
            await tasks.end(task)

    def _start(self, scrub_id: str) -> None:
        task = asyncio.create_task(self._run(scrub_id), name=f"scrub {scrub_id}")
        self._tasks[scrub_id] = task
        task.add_done_callback(lambda _: self._tasks.pop(scrub_id, None))

    async def _run(self, scrub_id: str) -> None:
        try:
            await self._scrub(scrub_id)
        except Exception as error:
            logger.exception("scrub.failed", scrub_id=scrub_id)
            # What went wrong may hold what is looked for.
            await self._note(scrub_id, state=FAILED, error=f"{type(error).__name__}; the server's log has the details.")

    async def _scrub(self, scrub_id: str) -> None:
        async with self._database.read() as session:
            scrub = await session.get(SecretScrub, scrub_id)
            entry = await session.get(Entry, scrub.secret_id) if scrub is not None else None
            values = await self._values(session, entry) if entry is not None else []
        if scrub is None or entry is None:
            await self._note(scrub_id, state=FAILED, error="It was deleted meanwhile.")
            return
        masker, after = Masker(values), scrub.last_run_id
        done, changed = scrub.done, scrub.changed
        while runs := await self._next(entry, after):
            touched = await self._rows(masker, runs)
            for run_id in runs:
                if await asyncio.to_thread(self._logs.rewrite, run_id, masker.mask_lines):
                    touched.add(run_id)
            after, done, changed = runs[-1], done + len(runs), changed + len(touched)
            await self._note(scrub_id, last_run_id=after, done=done, changed=changed)
        await self._groups(masker, entry)
        # The write-ahead log holds pages as they were before.
        await self._database.checkpoint(emptied=True)
        async with self._database.read() as session:
            going = await session.scalar(
                select(func.count()).select_from(RunRow).where(_reach(entry), RunRow.state.not_in(_OVER))
            )
        note = f"Not looked into, as they are still going: {going} runs." if going else None
        await self._note(scrub_id, state=FINISHED, error=note)
        logger.info("scrub.finished", scrub_id=scrub_id, secret_id=entry.id, runs=done, changed=changed)

    async def _values(self, session: AsyncSession, entry: Entry) -> list[str]:
        """Return what is secret of it, but for what is too short to be looked for."""
        value = await self._vault.value(session, entry)
        if entry.kind == CONNECTION:
            # All kinds of them take long to load; most processes never meet one.
            from runyard.connections.shapes import opened

            found = list(opened(json.loads(value)).secrets().values())
        else:
            found = [value]
        return [one for one in found if len(one.strip()) >= SHORTEST]

    async def _next(self, entry: Entry, after: str) -> list[str]:
        """Return the next runs that are over."""
        query = select(RunRow.id).where(_reach(entry), RunRow.id > after, RunRow.state.in_(_OVER))
        async with self._database.read() as session:
            return list(await session.scalars(query.order_by(RunRow.id).limit(BATCH)))

    async def _rows(self, masker: Masker, runs: Sequence[str]) -> set[str]:
        touched: set[str] = set()
        async with self._database.write() as session:
            await self._overwriting(session, on=True)
            for given in await session.scalars(select(RunInputRow).where(RunInputRow.run_id.in_(runs))):
                _mask(given, ("parameters",), masker, touched)
            for attempt in await session.scalars(select(RunAttemptRow).where(RunAttemptRow.run_id.in_(runs))):
                _mask(attempt, ("outputs", "error_message", "progress"), masker, touched)
            for event in await session.scalars(select(RunEventRow).where(RunEventRow.run_id.in_(runs))):
                _mask(event, ("data",), masker, touched)
            await session.flush()
            await self._overwriting(session, on=False)
        return touched

    async def _groups(self, masker: Masker, entry: Entry) -> None:
        where = true() if entry.project_id is None else FailureGroupRow.project_id == entry.project_id
        after = ""
        while True:
            query = select(FailureGroupRow).where(where, FailureGroupRow.id > after).order_by(FailureGroupRow.id)
            async with self._database.write() as session:
                await self._overwriting(session, on=True)
                rows = (await session.scalars(query.limit(BATCH))).all()
                for row in rows:
                    _mask(row, ("title", "text"), masker, set())
                await session.flush()
                await self._overwriting(session, on=False)
            if not rows:
                return
            after = rows[-1].id

    async def _overwriting(self, session: AsyncSession, *, on: bool) -> None:
        """Have SQLite overwrite what it frees; PostgreSQL does so when it vacuums."""
        if self._database.dialect == "sqlite":
            await session.execute(text(f"PRAGMA secure_delete={'ON' if on else 'OFF'}"))

    async def _note(self, scrub_id: str, **values: Any) -> None:
        if "state" in values:
            values["finished_at"] = clock.now()
        async with self._database.write() as session:
            scrub = await session.get(SecretScrub, scrub_id)
            if scrub is not None:
                for name, value in values.items():
                    setattr(scrub, name, value)


def _reach(entry: Entry) -> ColumnElement[bool]:
    """Return which runs may have told a secret: those of its project, or all."""
    return true() if entry.project_id is None else RunRow.project_id == entry.project_id


def _mask(row: Any, columns: Sequence[str], masker: Masker, touched: set[str]) -> None:
    for name in columns:
        value = getattr(row, name)
        shown = masker.mask_json(value)
        if shown != value:
            setattr(row, name, shown)
            touched.add(getattr(row, "run_id", row))
