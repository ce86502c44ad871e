"""Watches folders and object stores for files that arrive, and has runs started by them. Any number may at once.

When a trigger was last looked at is known to each process alone: what makes a file count once is its delivery.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import IO

from msgspec import Struct
from sqlalchemy.exc import IntegrityError

from runyard import clock, ids, log, tasks
from runyard.db.session import Database
from runyard.errors import Conflict, Problem
from runyard.jobs import deliveries
from runyard.jobs.arrivals import Arrival, Arrivals, Delivered
from runyard.jobs.deliveries import Outcome
from runyard.jobs.errors import NoSuchTrigger
from runyard.jobs.health import Health, Trouble
from runyard.jobs.mapping import Arrived
from runyard.jobs.models import JobTrigger
from runyard.jobs.specs import FileSpec, spec_of
from runyard.jobs.stores import Store, Stores
from runyard.jobs.watching import (
    FileChanged,
    FileRefused,
    Folders,
    Found,
    Look,
    look,
    matches,
    opened,
    prefix,
    reading,
)
from runyard.runs import files
from runyard.runs.errors import BadUpload, UploadTooLarge
from runyard.settings import Settings

logger = log.get("jobs")
LOOK_S = 5.0
AT_ONCE = 100
"""How many files of a trigger start runs after one look; others wait for the next."""
BESIDE = 4
"""How many triggers are looked at beside each other."""
TOO_MANY = "too_many_files"
LONGEST_TROUBLE = 500


class Place(Struct, frozen=True):
    """Where files arrive: an open folder, or an object store; `at` is what stands before a file's path."""

    at: str
    look: Look
    folder: int | None = None
    store: Store | None = None


class Watcher:
    """Looks for files, for as long as it runs."""

    def __init__(self, settings: Settings, database: Database, arrivals: Arrivals, stores: Stores) -> None:
        self._settings = settings
        self._database = database
        self._arrivals = arrivals
        self._stores = stores
        self._folders = Folders.of(settings)
        self._due: dict[str, float] = {}
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """Stop; a file that is being taken in is taken in some other time."""
        await tasks.end(self._task)

    async def _watch(self) -> None:
        while True:
            try:
                await self.look_around()
            except Exception:
                logger.exception("jobs.watching_failed")
            await asyncio.sleep(LOOK_S)

    async def look_around(self) -> None:
        """Look at every trigger that it is time for."""
        rows = await self._arrivals.watching()
        now = clock.monotonic()
        known = {row.id: self._due.get(row.id, now) for row, _ in rows}
        self._due = known
        turns = asyncio.Semaphore(BESIDE)

        async def one(row: JobTrigger, health: Health) -> None:
            async with turns:
                trouble = await self._look_safely(row)
                if trouble != health.blind.get(row.id):
                    await self._arrivals.watched(row, trouble)

        await asyncio.gather(*(one(row, health) for row, health in rows if known[row.id] <= now))

    async def _look_safely(self, row: JobTrigger) -> Trouble | None:
        """Look at a trigger; return what is in the way of its files."""
        spec = spec_of(row.spec)
        assert isinstance(spec, FileSpec)  # noqa: S101 - of this kind
        self._due[row.id] = clock.monotonic() + spec.every_s
        try:
            await self.look_at(row, spec)
        except NoSuchTrigger:
            # It has gone since.
            self._due.pop(row.id, None)
        except Problem as problem:
            await self._notice(row, problem.code, problem.detail)
            return Trouble(problem.code, problem.detail[:LONGEST_TROUBLE])
        except Exception:
            logger.exception("jobs.look_failed", trigger_id=row.id)
        return None

    async def look_at(self, row: JobTrigger, spec: FileSpec) -> None:
        """Start runs by the files that have arrived at a trigger and settled.

        Raises: FolderRefused, FolderMissing, StoreRefused, DiskFull and what else is in the way of all of them.
        """
        bar = await self._arrivals.barred(row.id)
        async with self._at(row, spec) as place:
            if bar is not None:
                if await self._fresh(row, spec, place.look.found):
                    said = f"{bar.detail} The files that are there wait for its end."
                    await self._notice(row, bar.code, said, Outcome.refused)
                return
            if place.look.more:
                most = self._settings.jobs.watched_files
                await self._notice(row, TOO_MANY, f"Only the first {most:,} names are looked at (jobs.watched_files).")
            for found in await self._fresh(row, spec, place.look.found):
                done = await self._take(row, place, found)
                if done is not None and isinstance(done.problem, Conflict):
                    await self._notice(row, done.problem.code, done.problem.detail)
                    return

    @asynccontextmanager
    async def _at(self, row: JobTrigger, spec: FileSpec) -> AsyncIterator[Place]:
        most = self._settings.jobs.watched_files
        if spec.folder is None:
            store = await self._stores.reached(row, spec.connection or "")
            everything, more = await store.listed(prefix(spec.glob), most)
            meant = [found for found in everything if matches(spec.glob, found.path)]
            yield Place("", Look(meant, more), store=store)
            return
        with opened(spec.folder, self._folders) as folder:
            seen = await asyncio.to_thread(look, folder, spec.glob, most)
            yield Place(spec.folder.rstrip("/") + "/", seen, folder=folder)

    async def _fresh(self, row: JobTrigger, spec: FileSpec, found: Iterable[Found]) -> Sequence[Found]:
        """Return the files that have not arrived before, the oldest first."""
        since = clock.to_us(row.decided_until)
        if row.decided_until > row.created_at:
            # What came just before a change of the trigger may not have been seen by it as it was.
            since -= (spec.settle_s + 2 * spec.every_s) * 1_000_000
        # What arrived longer ago than deliveries are kept might have been seen.
        since = max(since, clock.to_us(clock.now() - timedelta(days=self._settings.retention.slots_days)))
        until = clock.to_us(clock.now()) - spec.settle_s * 1_000_000
        whole = sorted((each for each in found if since < each.arrived <= until), key=lambda each: each.arrived)
        fresh: list[Found] = []
        for n in range(0, len(whole), 500):
            part = whole[n : n + 500]
            async with self._database.read() as session:
                known = await deliveries.known(session, row.id, [each.key for each in part])
            fresh += [each for each in part if each.key not in known]
            if len(fresh) >= AT_ONCE:
                break
        return fresh[:AT_ONCE]

    async def _take(self, row: JobTrigger, place: Place, found: Found) -> Delivered | None:
        """Start a run that has the file; None if it was changed meanwhile and is left for another time."""
        run_id = ids.new("run")
        modified = clock.rfc3339(clock.from_us(found.modified))
        path, name = _shown(place.at + found.path), _shown(found.name)
        file = {"path": path, "name": name, "size": found.size, "modified_at": modified}
        arrival = Arrival(
            "file", Arrived(file=file), key=found.key, told={"file": file}, run_id=run_id, comes_again=True
        )
        done: Delivered | None = None
        try:
            names = await self._copy(place, found, run_id)
            arrival = arrival.with_files({names[0]: found.size})
            done = await self._arrivals.deliver(row.id, arrival)
        except FileChanged:
            return None
        except FileRefused as problem:
            # It is taken once it has no other name any more; those beside it are not kept waiting.
            await self._notice(row, problem.code, problem.detail)
            return None
        except (UploadTooLarge, BadUpload) as problem:
            return await self._arrivals.turn_away(row, arrival, problem)
        finally:
            if done is None or done.outcome is not Outcome.accepted:
                await asyncio.to_thread(files.discard, self._settings.data / "work" / run_id)
        return done

    async def _copy(self, place: Place, found: Found, run_id: str) -> list[str]:
        if place.folder is not None:
            return await asyncio.to_thread(self._copy_from, place.folder, found, run_id)
        assert place.store is not None  # noqa: S101 - one of both
        with tempfile.TemporaryFile(dir=self._settings.data / "tmp") as whole:
            await place.store.fetch(found, whole, int(self._settings.limits.upload))
            whole.seek(0)
            return await asyncio.to_thread(self._store, run_id, found.name, whole)

    def _copy_from(self, folder: int, found: Found, run_id: str) -> list[str]:
        with reading(folder, found) as file:
            return self._store(run_id, found.name, file)

    def _store(self, run_id: str, name: str, file: IO[bytes]) -> list[str]:
        limits = self._settings.limits
        folder = self._settings.data / "work" / run_id / "uploads"
        return files.store(folder, [(name, file)], cap=int(limits.upload), spare=int(limits.free_disk))

    async def _notice(self, row: JobTrigger, code: str, said: str, outcome: Outcome = Outcome.failed) -> None:
        """Write down, once an hour, what keeps files from being seen or taken."""
        key = f"notice:{code}:{clock.now():%Y-%m-%dT%H}"
        with suppress(IntegrityError):
            async with self._database.write() as session:
                if await deliveries.by_key(session, row.id, key) is None:
                    detail = {"message": said}
                    deliveries.add(session, row, outcome, code, kind="file", key=key, detail=detail)
                    await session.flush()


def _shown(name: str) -> str:
    """Return a name as text: on disks they may be anything."""
    return name.encode("utf-8", "replace").decode()
