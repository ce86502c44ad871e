"""Environments for runs: from memory, from the rows, or built."""

import asyncio
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from msgspec import Struct
from sqlalchemy.exc import IntegrityError

from runyard import clock, ids, log
from runyard.db.session import Database, after_commit
from runyard.environments import inventory, repository
from runyard.environments.builds import Builds
from runyard.environments.chores import Chores
from runyard.environments.directory import Shelf
from runyard.environments.failures import BuildFailed, BuildInterrupted
from runyard.environments.interpreters import Interpreter
from runyard.environments.lifecycle import UNSETTLED, State
from runyard.environments.models import Environment
from runyard.environments.sources import INSTALLATION, SourceBook
from runyard.environments.toolchain import Ready, Toolchain
from runyard.environments.wants import Kind, Want
from runyard.ids import ProjectId

logger = log.get("environments")

_TOUCH_EVERY = timedelta(hours=1)

_Key = tuple[str, Want]
"""A scope of package sources, and what is wanted there."""


class _Known(Struct):
    """A ready environment in memory."""

    ready: Ready
    name: str
    used_at: datetime


class Supply:
    """Answers wants with environments; equal ones that come at once are answered together."""

    def __init__(
        self,
        database: Database,
        builds: Builds,
        shelf: Shelf,
        toolchains: Mapping[Kind, Toolchain],
        sources: SourceBook,
        chores: Chores,
    ) -> None:
        self._database = database
        self._builds = builds
        self._shelf = shelf
        self._toolchains = toolchains
        self._sources = sources
        self._chores = chores
        self._by_want: dict[_Key, _Known] = {}
        self._by_id: dict[str, _Known] = {}
        self._held: Counter[str] = Counter()
        self._asked: dict[_Key | str, asyncio.Task[_Known]] = {}

    def cached(self, want: Want, pinned: str | None = None, project_id: ProjectId | None = None) -> Ready | None:
        """Return a ready environment from memory, in microseconds; None if `ensure` has to look."""
        if pinned is not None:
            known = self._by_id.get(pinned)
        else:
            known = self._by_want.get((self._sources.scope_of(project_id), want))
        if known is None:
            return None
        # Its interpreter may have been upgraded or removed since.
        if not self._shelf.is_marked(known.name) or not os.path.exists(known.ready.argv[0]):  # noqa: PTH110 - 1 µs
            self.forget(known.name)
            return None
        self._touch(known)
        return known.ready

    async def ensure(self, want: Want, pinned: str | None, project_id: ProjectId | None) -> Ready:
        """Return the environment that is wanted, resolved and built if need be.

        `pinned` is the environment of an earlier attempt: the same lock is used, rebuilt if its directory is gone.
        Hold the answer with `hold` before anything else is awaited.

        Raises: BuildFailed with `code` and `message`; BuildCancelled when a user stopped the build.
        """
        ready = self.cached(want, pinned, project_id)
        if ready is not None:
            return ready
        scope = self._sources.scope_of(project_id)
        key = (scope, want) if pinned is None else pinned
        asked = self._asked.get(key)
        if asked is None:
            asked = self._asked[key] = asyncio.create_task(self._answer(want, pinned, scope))
            asked.add_done_callback(lambda task: self._answered(key, task))
        try:
            if project_id is not None:
                # Who waits for a build may watch it.
                await self._note_asker(want, pinned, scope, project_id)
            known = await asyncio.shield(asked)
        except BuildFailed as error:
            raise error.again() from error
        except asyncio.CancelledError:
            if asked.cancelled():
                raise BuildInterrupted from None
            raise
        self._touch(known)
        return known.ready

    async def standing(self, want: Want) -> Ready | None:
        """Return the environment that answers a want if it is built and whole; builds nothing, notes no use."""
        _interpreter, request = await self._request(want, INSTALLATION)
        async with self._database.read() as session:
            row = await repository.current(session, request)
        known = None if row is None else await self._look(row)
        return None if known is None else known.ready

    @contextmanager
    def hold(self, id_: str) -> Iterator[None]:
        """Keep an environment from being deleted or rebuilt while a run uses it."""
        self._held[id_] += 1
        try:
            yield
        finally:
            self._held[id_] -= 1
            if self._held[id_] <= 0:
                del self._held[id_]

    def any_held(self, ids_: Iterable[str]) -> bool:
        """Whether a run of this process holds one of them."""
        return any(id_ in self._held for id_ in ids_)

    def used_since(self, id_: str, instant: datetime) -> bool:
        """Whether this process knows of a use that late; rows learn of uses once an hour only."""
        known = self._by_id.get(id_)
        return known is not None and known.used_at >= instant

    def forget(self, name: str) -> None:
        """Have whoever wants what stands in that directory ask the rows again."""
        for known_by in (self._by_id, self._by_want):
            for key in [key for key, known in known_by.items() if known.name == name]:
                del known_by[key]  # type: ignore[arg-type]

    def forget_wants(self) -> None:
        """Have every want looked up again: what they lead to may have changed."""
        self._by_want.clear()

    async def close(self) -> None:
        """Wait until whoever asked has been answered."""
        await asyncio.gather(*self._asked.values(), return_exceptions=True)

    async def _answer(self, want: Want, pinned: str | None, scope: str) -> _Known:
        row = None if pinned is None else await self._pinned(pinned)
        if row is None:
            row = await self._requested(want, scope)
        known = await self._look(row)
        if known is None:
            if State(row.state) not in UNSETTLED:
                async with self._database.write() as session:
                    await self._builds.ask(session, row.id)
            try:
                await asyncio.shield(self._builds.start(row.id))
            except BuildFailed as error:
                error.environment_id = row.id
                raise
            async with self._database.read() as session:
                built = await repository.find(session, row.id)
            known = await self._look(built) if built is not None else None
            if known is None:
                raise BuildFailed("The environment vanished right after it was built.")
        self._by_id[row.id] = known
        if pinned is None:
            self._by_want[scope, want] = known
        return known

    async def _pinned(self, id_: str) -> Environment | None:
        async with self._database.read() as session:
            row = await repository.find(session, id_)
        if row is not None and row.deleted_at is not None:
            async with self._database.write() as session:
                await repository.exhume(session, id_)
        if row is None:
            logger.warning("environment.pin_forgotten", environment_id=id_)
        return row

    async def _requested(self, want: Want, scope: str) -> Environment:
        """Return the row that answers a request, made if it is the first of its kind."""
        interpreter, request = await self._request(want, scope)
        async with self._database.read() as session:
            row = await repository.current(session, request)
        if row is not None:
            return row
        row = Environment(
            id=ids.new("env"),
            request_hash=request,
            current=request,
            kind=want.kind.value,
            requirements=list(want.requirements),
            requires_python=want.requires_python,
            interpreter=interpreter.title,
            interpreter_path=str(interpreter.path),
            state=State.pending.value,
            created_at=clock.now(),
            project_id=scope or None,
        )
        id_ = row.id
        try:
            async with self._database.write() as session:
                session.add(row)
                await session.flush()
                after_commit(session, lambda: self._builds.publish(id_, State.pending))
        except IntegrityError:
            # Another process was first.
            async with self._database.read() as session:
                first = await repository.current(session, request)
            if first is None:
                raise
            return first
        logger.info("environment.requested", environment_id=id_, kind=row.kind, project_id=scope or None)
        return row

    async def _request(self, want: Want, scope: str) -> tuple[Interpreter, str]:
        """Return the interpreter that a want leads to, and what identifies the request."""
        toolchain = self._toolchains[want.kind]
        interpreter = await asyncio.to_thread(toolchain.interpreter, want)
        project = (f"project={scope}",) if scope else ()
        return interpreter, want.digest(
            interpreter.identity, *toolchain.surroundings(self._sources.of(scope)), *project
        )

    async def _look(self, row: Environment) -> _Known | None:
        """Return what a row says is ready, if its directory is there and whole."""
        if row.state != State.ready or row.lock_hash is None:
            return None
        toolchain = self._toolchains[Kind(row.kind)]
        if not await asyncio.to_thread(self._shelf.is_whole, row.lock_hash):
            return None
        interpreter = await asyncio.to_thread(toolchain.interpreter_at, Path(row.interpreter_path))
        if interpreter is None:
            return None
        ready = toolchain.ready(row.id, self._shelf.path(row.lock_hash), interpreter)
        return _Known(ready, row.lock_hash, row.last_used_at or row.created_at)

    async def _note_asker(self, want: Want, pinned: str | None, scope: str, project_id: ProjectId) -> None:
        """Write down that a project has asked for an environment: it is shown to the projects that use it."""
        id_ = pinned or (await self._requested(want, scope)).id
        async with self._database.write() as session:
            if await repository.find(session, id_) is not None:
                await inventory.note_use(session, id_, project_id, project_id, clock.now(), current=False)

    def _touch(self, known: _Known) -> None:
        """Note a use, in the row at the most once an hour."""
        now = clock.now()
        if now - known.used_at >= _TOUCH_EVERY:
            known.used_at = now
            self._chores.start(self._write_use(known.ready.id, now))

    async def _write_use(self, id_: str, now: datetime) -> None:
        async with self._database.write() as session:
            await repository.touch(session, id_, now)

    def _answered(self, key: _Key | str, task: asyncio.Task[_Known]) -> None:
        self._asked.pop(key, None)
        if not task.cancelled():
            task.exception()
