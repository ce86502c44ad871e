"""Removes runs that are kept no longer: in small batches with rests between, so that nobody waits for it.

Rows go first, in one short transaction for each batch, and leave tombstones; files follow from there, also after a
crash. Other bounded tables are trimmed here, too.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

from msgspec import Struct
from sqlalchemy import Connection

from runyard import clock, log, tasks
from runyard.db.session import Database
from runyard.engine.workspace import Workspaces
from runyard.projects import repository as projects
from runyard.runs import archive, burying, failures, policies
from runyard.runs.archive import Archives
from runyard.runs.logs import LogStore
from runyard.runs.retention import MiB, Retention, horizon
from runyard.scripts import files
from runyard.settings import Settings

logger = log.get("retention")
T = TypeVar("T")

EVERY_S = 60.0
LEAST, LOOK = 40, 1000
SETTLED = 3000
"""How many runs are removed before what was written is moved to where it belongs."""
FILES = 100
SIZES = 200
TRIM = 200
DRAFT_DAYS = 2
SAVING = timedelta(hours=1)
DAY_S = 86_400.0


class Pace(Struct, frozen=True):
    """How removal goes.

    One step should last `step_s`; after each a transaction ends if somebody else wants to write, or if it has lasted
    `hold_s`; after it, removal rests `rest` times as long.
    """

    step_s: float
    hold_s: float
    rest: float


PACES = {"sqlite": Pace(0.004, 0.01, 0.3)}
"""Where files are locked, a submit that comes in the midst of a step waits for its end, and for what it wrote."""
ELSEWHERE = Pace(0.05, 0.0, 1.0)
"""Where rows are locked, nobody waits for ours: longer steps cost less."""


class Undertaker:
    """The scheduler's hand in keeping history bounded."""

    def __init__(
        self, settings: Settings, database: Database, workspaces: Workspaces, logs: LogStore, archives: Archives
    ) -> None:
        self._settings = settings
        self._database = database
        self._workspaces = workspaces
        self._logs = logs
        self._archives = archives
        self._size = LEAST
        self._pace = PACES.get(database.dialect, ELSEWHERE)
        self._trimmed_at = -DAY_S
        self._loop: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin."""
        self._loop = asyncio.create_task(self._run(), name="retention")

    async def stop(self) -> None:
        """End."""
        await tasks.end(self._loop)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(EVERY_S)
            try:
                await self.turn()
            except Exception:
                logger.exception("retention.failed")

    async def turn(self) -> int:
        """Remove what is kept no longer, wherever; return how many runs."""
        async with self._database.read() as session:
            own = await policies.retentions(session)
            every = [project_id for project_id, _name in await projects.every(session)]
        removed = 0
        for project_id in every:
            rule = own.get(project_id, self._default())
            if rule.max_size_mb is not None:
                await self.measure(project_id)
            removed += await self.apply(project_id, rule)
        await self.bury_files()
        if clock.monotonic() - self._trimmed_at >= DAY_S:
            self._trimmed_at = clock.monotonic()
            await self.trim()
        return removed

    def _default(self) -> Retention:
        kept = self._settings.retention
        return Retention(max_age_days=kept.max_age_days, max_runs=kept.max_runs, max_size_mb=kept.max_size_mb)

    async def apply(self, project_id: str, rule: Retention) -> int:
        """Remove the runs of a project that a rule gives up; return how many."""
        if rule.keeps_all:
            return 0
        nth = heaviest = None
        async with self._database.read() as session:
            connection = await session.connection()
            if (place := rule.max_runs) is not None:
                nth = await connection.run_sync(lambda sync: burying.nth_newest(sync, project_id, place))
            if (size := rule.max_size_mb) is not None:
                heaviest = await connection.run_sync(lambda sync: burying.oldest_within(sync, project_id, size * MiB))
        below = horizon(rule, clock.now(), nth, heaviest)
        return 0 if below is None else await self._remove(project_id, below, archived=rule.archive)

    async def _remove(self, project_id: str, below: str, *, archived: bool) -> int:
        removed, settled, after = 0, 0, ""
        while True:
            found, last = await self._database.look(partial(_given_up, project_id, below, after))
            if last is None:
                break
            after = last
            while found:
                treated, gone = await self._bury(project_id, found, archived=archived)
                found, removed = found[treated:], removed + gone
                if removed - settled >= SETTLED:
                    await self._settle()
                    settled = removed
        if removed:
            await self._settle()
            logger.info("retention.removed", project_id=project_id, runs=removed)
        return removed

    async def _settle(self) -> None:
        """Have what was written moved to where it belongs, at our own expense."""
        for _ in range(3):
            # Somebody may write meanwhile; the rest is moved quickly, and the log can begin anew.
            if await self._database.checkpoint():
                break

    async def _bury(self, project_id: str, run_ids: Sequence[str], *, archived: bool) -> tuple[int, int]:
        """Remove as many as there is time for; return how many runs were looked at, and were removed."""
        size = self._size
        steps = [run_ids[start : start + size] for start in range(0, len(run_ids), size)]
        if archived:
            del steps[1:]
            lines = await self._read(lambda sync: archive.documents(sync, steps[0]))
            await asyncio.to_thread(self._archives.add, project_id, lines)
        begun: list[float] = []
        enough = self._pace.hold_s
        now = clock.now()
        # A removal that is lost with the machine's power is decided again.
        done = await self._database.transact_idly(
            [partial(_noted, begun, step, now) for step in steps], lambda: clock.monotonic() - begun[0] > enough
        )
        # Others were kept from writing until all was committed; waiting for one's own turn does not count.
        took = max(clock.monotonic() - begun[0], 1e-4)
        # Half the way to the size that would have taken as long as it should: one slow step proves little.
        fitting = size * self._pace.step_s * len(done) / took
        if len(steps[0]) == size:
            self._size = int(min(LOOK, max(LEAST, (size + fitting) / 2)))
        await self._database.flush()
        await asyncio.sleep(min(0.25, self._pace.rest * took))
        return sum(map(len, steps[: len(done)])), sum(map(len, done))

    async def _read(self, ask: Callable[[Connection], T]) -> T:
        async with self._database.read() as session:
            connection = await session.connection()
            return await connection.run_sync(ask)

    async def bury_files(self) -> int:
        """Remove the files of runs whose rows are gone; return of how many."""
        buried = 0
        while found := await self._read(lambda sync: burying.graves(sync, FILES)):
            await asyncio.to_thread(self._discard, found)
            await self._database.transact_idly([partial(burying.close_graves, run_ids=found)])
            buried += len(found)
            await asyncio.sleep(0)
        return buried

    def _discard(self, run_ids: Sequence[str]) -> None:
        for run_id in run_ids:
            self._workspaces.discard(run_id)
            self._logs.delete(run_id)

    async def measure(self, project_id: str) -> int:
        """Note how large finished runs of a project are on disk; return how many were measured."""
        measured = 0
        while found := await self._read(lambda sync: burying.unmeasured(sync, project_id, SIZES)):
            sizes = await asyncio.to_thread(self._sizes, found)
            await self._database.transact(partial(burying.note_sizes, project_id=project_id, sizes=sizes))
            measured += len(found)
            await asyncio.sleep(0)
        return measured

    def _sizes(self, run_ids: Sequence[str]) -> list[tuple[str, int]]:
        work, logs = self._settings.data / "work", self._settings.data / "logs"
        return [(run_id, _size(work / run_id) + _size(logs / run_id)) for run_id in run_ids]

    async def trim(self) -> None:
        """Forget old groups of failures, drafts that no run names any more, and contents that no version names."""
        now = clock.now()
        before = now - timedelta(days=self._settings.retention.failure_days)
        more = True
        while more:
            async with self._database.write() as session:
                more = await failures.forget(session, before, TRIM) == TRIM
        drafts = now - timedelta(days=DRAFT_DAYS)
        while await self._database.transact(lambda sync: burying.forget_drafts(sync, drafts, TRIM)) == TRIM:
            await asyncio.sleep(0)
        await self._forget_contents(now)

    async def _forget_contents(self, now: datetime) -> None:
        """Drop contents of projects' files that no version names any more."""
        async with self._database.read() as session:
            spare = await files.unnamed(session)
        for project_id, hashes in spare.items():
            for first in range(0, len(hashes), TRIM):
                some = hashes[first : first + TRIM]
                async with self._database.write() as session:
                    # A save that was going on meanwhile began no longer ago than that.
                    dropped = await files.forget(session, project_id, some, now - SAVING)
                logger.info("contents.dropped", project_id=project_id, count=dropped)


def _noted(begun: list[float], run_ids: Sequence[str], at: datetime, connection: Connection) -> list[str]:
    """Remove a batch, and note when it was begun."""
    begun.append(clock.monotonic())
    return burying.bury(connection, run_ids, at)


def _given_up(project_id: str, below: str, after: str, connection: Connection) -> tuple[list[str], str | None]:
    return burying.given_up(connection, project_id, below, after, LOOK)


def _size(folder: Path) -> int:
    """Return the bytes of what lies in a directory, on disk; links are not followed."""
    total = 0
    waiting = [folder]
    while waiting:
        try:
            entries = list(waiting.pop().iterdir())
        except OSError:
            continue
        for entry in entries:
            with suppress(OSError):
                facts = entry.lstat()
                total += facts.st_blocks * 512
                if entry.is_dir() and not entry.is_symlink():
                    waiting.append(entry)
    return total
