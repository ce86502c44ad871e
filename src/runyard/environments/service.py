"""Environments: asked for by runs, looked after by people.

An environment's public id names a **request**: kind, requirements, interpreter, index. It is there from the first
moment, so that a page can follow the build, and stays the same through failures, retries and rebuilds. The first
successful resolution pins the **lock** to it for good. The directory is named by the lock, so that two requests
resolved alike share one, built once. Deleting hides the environment and drops its directory but keeps the lock, for
runs that are pinned to it; the next request of the same kind is resolved afresh under a new id.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock, log
from runyard.access.permissions import Actor, Permission
from runyard.db.session import Database, after_commit
from runyard.environments import inventory, repository
from runyard.environments.advisories import AdvisoryService
from runyard.environments.builds import Builds, is_gone
from runyard.environments.cage import Cage, NoCage
from runyard.environments.chores import Chores
from runyard.environments.conda import CondaToolchain
from runyard.environments.directory import Shelf, remove_tree
from runyard.environments.failures import (
    BuildCancelled,
    EnvironmentInUse,
    NoSuchEnvironment,
    SharedEnvironment,
)
from runyard.environments.lifecycle import UNSETTLED, Event, State, WrongMoment, after, move
from runyard.environments.models import Environment
from runyard.environments.node import NodeToolchain
from runyard.environments.python import PythonToolchain
from runyard.environments.registry import InterpreterRegistry
from runyard.environments.sources import SourceBook
from runyard.environments.supply import Supply
from runyard.environments.toolchain import Ready, Toolchain
from runyard.environments.transfers import TransferService
from runyard.environments.trials import TrialService
from runyard.environments.users import Nobody, Users
from runyard.environments.wants import Kind, Want
from runyard.environments.watching import Watching
from runyard.ids import EnvironmentId, ProjectId
from runyard.live.bus import Bus
from runyard.secrets.sealing import Sealer
from runyard.settings import Settings
from runyard.web.outbound import Reach

logger = log.get("environments")

_CLEANED_AT_ONCE = 500
_LOOK_S = 30.0
_NOTE_EVERY = timedelta(hours=1)


InUse = Callable[[AsyncSession, EnvironmentId], Awaitable[bool]]
"""Answers whether a live run uses an environment."""


async def _idle(_session: AsyncSession, _id: EnvironmentId) -> bool:
    return False


class EnvironmentService:
    """Environments of one data directory.

    `in_use` and `users` are answered by higher rooms. `builder` is False in a process that must not build, such as
    an API of its own: it leaves due builds to a worker and tells it so on the bus's topic ``worker``.
    """

    def __init__(
        self,
        database: Database,
        bus: Bus,
        settings: Settings,
        sealer: Sealer,
        *,
        users: Users | None = None,
        in_use: InUse = _idle,
        cage: Cage | None = None,
        toolchains: Sequence[Toolchain] = (),
        builder: bool = True,
    ) -> None:
        self._database = database
        self._bus = bus
        self._settings = settings
        self.users: Users = users or Nobody()
        self._in_use = in_use
        self._builder = builder
        self._shelf = Shelf(settings.data / "envs")
        cache = settings.data / "cache"
        reach = Reach.of(settings.fetch_allow)
        self.sources = SourceBook(database, bus, settings.environments, sealer, reach)
        self.interpreters = InterpreterRegistry(database, bus, settings.data)
        chosen = toolchains or (
            PythonToolchain(settings.environments, cache, self.interpreters),
            NodeToolchain(cache / "npm", self.interpreters),
            CondaToolchain(cache / "conda"),
        )
        self._tools = tuple(chosen)
        tools: Mapping[Kind, Toolchain] = {toolchain.kind: toolchain for toolchain in chosen}
        self._builds = Builds(
            database,
            bus,
            self._shelf,
            tools,
            self.sources,
            at_once=settings.worker.builds,
            timeout_s=settings.environments.build_timeout_s,
            cage=cage or NoCage(),
            builder=builder,
        )
        self._chores = Chores()
        self.watching = Watching(database, bus, self._shelf)
        urls = settings.environments.advisory_urls
        self.advisories = AdvisoryService(database, urls, reach, settings.data / "tmp")
        self._supply = Supply(database, self._builds, self._shelf, tools, self.sources, self._chores)
        self.trials = TrialService(self._builds, bus)
        self.transfers = TransferService(
            database, self._builds, self._shelf, tools.get(Kind.python), self.sources, settings.data / "tmp"
        )
        self._listening: asyncio.Task[None] | None = None
        self._uses: dict[str, tuple[str, datetime]] = {}

    # What the executor asks for

    def cached(self, want: Want, pinned: str | None = None, project_id: ProjectId | None = None) -> Ready | None:
        """Return a ready environment from memory, in microseconds; None if `ensure` has to look."""
        return self._supply.cached(want, pinned, project_id)

    async def ensure(self, want: Want, pinned: str | None, project_id: ProjectId | None) -> Ready:
        """Return the environment that is wanted, resolved and built if need be.

        `pinned` is the environment of an earlier attempt: the same lock is used, rebuilt if its directory is gone.
        Hold the answer with `hold` before anything else is awaited.

        Raises: BuildFailed with `code` and `message`; BuildCancelled when a user stopped the build.
        """
        return await self._supply.ensure(want, pinned, project_id)

    async def standing(self, want: Want) -> Ready | None:
        """Return the environment that is wanted if it has been built already; raise `BuildFailed` without a tool."""
        return await self._supply.standing(want)

    def hold(self, id_: str) -> AbstractContextManager[None]:
        """Keep an environment from being deleted or rebuilt while a run uses it: ``with environments.hold(id): …``."""
        return self._supply.hold(id_)

    def used(self, id_: str, script_id: str, project_id: str, *, current: bool) -> None:
        """Note that a script runs in an environment; `current` unless it was told to use an earlier one."""
        now = clock.now()
        key = script_id if current else f"{script_id} {id_}"
        known = self._uses.get(key)
        if known is not None and known[0] == id_ and now - known[1] < _NOTE_EVERY:
            return
        self._uses[key] = (id_, now)
        self._chores.start(self._note_use(id_, script_id, project_id, now, current=current))

    async def recover(self) -> None:
        """Clear away what a crash left, and go on with builds that are due. Call it once, at start."""
        self._shelf.prepare()
        for private in ("cache/uv", "cache/npm", "cache/conda", "tmp"):
            (self._settings.data / private).mkdir(mode=0o700, parents=True, exist_ok=True)
        await self.reload()
        if not self._builder:
            return
        async with self._database.read() as session:
            keep = {
                name
                for id_, name, deleted in await repository.directories(session)
                if not deleted or await self._in_use(session, EnvironmentId(id_))
            }
        removed = await asyncio.to_thread(self._shelf.recover, keep)
        async with self._database.write() as session:
            for id_, packages in await inventory.unlisted(session):
                await inventory.put_packages(session, id_, packages)
            rows = await repository.unsettled(session)
            for id_, state, builder in rows:
                if state == State.building and builder is not None and is_gone(builder):
                    await repository.apply(session, id_, move(Event.abandon), builder=None, lease_until=None)
        for id_, _state, _builder in rows:
            self.wake(id_)
        self._listening = asyncio.create_task(self._listen())
        if rows or removed:
            logger.info("environments.recovered", due=len(rows), removed=len(removed))

    async def reload(self) -> None:
        """Read package sources and interpreters again, and look up again what wants lead to."""
        await self.sources.load()
        await self.interpreters.load()
        self._supply.forget_wants()

    def wake(self, id_: str) -> None:
        """Have a due build done by this process, if it builds at all."""
        if self._builder:
            self._builds.start(id_)

    async def sweep(self) -> tuple[int, int]:
        """Delete what has been unused for longer than the settings say; return how many and their bytes."""
        now = clock.now()
        before = now - timedelta(days=self._settings.environments.unused_days)
        for tool in self._tools:
            await asyncio.to_thread(tool.sweep, before)
        async with self._database.write() as session:
            await repository.forget(session, before)
            return await self._clean_up(session, before, now)

    async def close(self) -> None:
        """Stop builds (they are due again with the next start) and finish what was begun."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
            self._listening = None
        await self._builds.close()
        await self._supply.close()
        await self._chores.finish()

    # What people ask for

    async def page(
        self,
        session: AsyncSession,
        actor: Actor,
        states: Sequence[State],
        kind: Kind | None,
        package: str | None,
        before: str | None,
        limit: int,
    ) -> Sequence[Environment]:
        """Return up to `limit` environments that the actor may see, newest first, beginning after the id `before`."""
        return await repository.page(session, states, kind, before, limit, package=package, actor=actor)

    async def get(self, session: AsyncSession, id_: str) -> Environment:
        """Return an environment; raise `NoSuchEnvironment`."""
        row = await repository.find(session, id_)
        if row is None or row.deleted_at is not None:
            raise NoSuchEnvironment
        return row

    async def see(self, session: AsyncSession, actor: Actor, id_: str) -> Environment:
        """Return an environment that the actor may see; raise `NoSuchEnvironment`."""
        row = await self.get(session, id_)
        if not await inventory.shows(session, actor, id_):
            raise NoSuchEnvironment
        return row

    async def shown_to(self, actor: Actor, id_: str) -> bool:
        """Whether the actor may see an environment at this moment."""
        async with self._database.read() as session:
            return await inventory.shows(session, actor, id_)

    async def demand(self, session: AsyncSession, actor: Actor, row: Environment) -> None:
        """Raise `Forbidden` unless the actor may change an environment in every project that has used it."""
        if actor.is_admin:
            return
        users = {row.project_id} if row.project_id else await inventory.projects_of(session, row.trial_of or row.id)
        if not users or not users <= set(actor.projects(Permission.environment_manage)):
            raise SharedEnvironment

    async def cancel(self, session: AsyncSession, id_: str) -> Environment:
        """Stop a build that is due or going on; raise `WrongMoment` if there is none."""
        row = await self.get(session, id_)
        after(State(row.state), Event.cancel)
        if row.state == State.pending:
            stop = BuildCancelled()
            await repository.apply(session, id_, move(Event.cancel), error_code=stop.code, error_message=stop.message)
            after_commit(session, lambda: self._builds.publish(id_, State.failed))
        else:
            await repository.request_cancel(session, id_)
        after_commit(session, lambda: self._builds.cancel(id_))
        return await self.get(session, id_)

    async def rebuild(self, session: AsyncSession, id_: str) -> Environment:
        """Have an environment built anew, with the same lock if it has one.

        Raises: WrongMoment while a build is due or going on; EnvironmentInUse.
        """
        row = await self.get(session, id_)
        after(State(row.state), Event.ask)
        await self._demand_idle(session, row)
        await self._builds.ask(session, id_, afresh=True)
        return await self.get(session, id_)

    async def delete(self, session: AsyncSession, id_: str) -> None:
        """Delete an environment.

        Raises: WrongMoment while a build is due or going on; EnvironmentInUse.
        """
        row = await self.get(session, id_)
        if State(row.state) in UNSETTLED:
            raise WrongMoment("A build is due or going on: cancel it first.")
        await self._demand_idle(session, row, alone=True)
        await self._bury(session, row, clock.now())

    async def clean_up(self, session: AsyncSession, unused_days: float) -> tuple[int, int]:
        """Delete environments that nothing used for so long; return how many there were and their bytes."""
        now = clock.now()
        return await self._clean_up(session, now - timedelta(days=unused_days), now)

    # How it is done

    async def _note_use(self, id_: str, script_id: str, project_id: str, now: datetime, *, current: bool) -> None:
        async with self._database.write() as session:
            if await repository.find(session, id_) is not None:
                await inventory.note_use(session, id_, script_id, project_id, now, current=current)

    async def _listen(self) -> None:
        """Take builds that other processes ask for; now and then look for hints that were lost."""
        with self._bus.subscribe("worker") as hints:
            while True:
                try:
                    # Not `wait_for`: Python 3.11's forgets a cancellation that comes together with a hint.
                    async with asyncio.timeout(_LOOK_S):
                        _topic, hint = await hints.get()
                    if hint.get("type") == "environment_due":
                        self.wake(hint["id"])
                    elif hint.get("type") == "environments_changed":
                        await self.reload()
                except TimeoutError:
                    await self._look_for_due()

    async def _look_for_due(self) -> None:
        try:
            async with self._database.read() as session:
                due = await repository.due(session)
        except Exception as error:  # noqa: BLE001 - a database that is away for a moment is asked again
            logger.warning("environments.look_failed", error=str(error))
            return
        for id_ in due:
            self.wake(id_)

    async def _demand_idle(self, session: AsyncSession, row: Environment, *, alone: bool = False) -> None:
        """Raise `EnvironmentInUse` if a live run uses it or, unless `alone`, another one of the same directory."""
        ids_ = {row.id}
        if row.lock_hash is not None:
            # From here on, who wants it has to ask the rows.
            self._supply.forget(row.lock_hash)
            if not alone:
                ids_.update(await repository.sharing(session, row.lock_hash))
        if await self._any_in_use(session, ids_):
            raise EnvironmentInUse

    async def _any_in_use(self, session: AsyncSession, ids_: set[str]) -> bool:
        if self._supply.any_held(ids_):
            return True
        for id_ in sorted(ids_):
            if await self._in_use(session, EnvironmentId(id_)):
                return True
        return False

    async def _clean_up(self, session: AsyncSession, before: datetime, now: datetime) -> tuple[int, int]:
        deleted = freed = 0
        for row in await repository.unused(session, before, _CLEANED_AT_ONCE):
            if self._supply.used_since(row.id, before) or await self._any_in_use(session, {row.id}):
                continue
            if row.lock_hash is not None:
                self._supply.forget(row.lock_hash)
                if set(await repository.sharing(session, row.lock_hash)) <= {row.id}:
                    freed += row.size_bytes or 0
            await self._bury(session, row, now)
            deleted += 1
        return deleted, freed

    async def _bury(self, session: AsyncSession, row: Environment, now: datetime) -> None:
        id_, name = row.id, row.lock_hash
        await repository.bury(session, row, now)

        def clear() -> None:
            self._builds.publish(id_, "deleted")
            self._chores.start(self._clear(id_, name))

        after_commit(session, clear)

    async def _clear(self, id_: str, name: str | None) -> None:
        """Remove what a deleted environment leaves on disk, unless another one stands in the same place."""
        await asyncio.to_thread(self._shelf.log(id_).unlink, missing_ok=True)
        # With its packages goes what an imported lock could be rebuilt from.
        await asyncio.to_thread(remove_tree, self._shelf.wheels(id_))
        if name is None:
            return
        async with self._shelf.hold(name):
            async with self._database.read() as session:
                shared = await repository.sharing(session, name)
            # A run that got hold of it at the last moment keeps it; the next start clears it away.
            if not shared and not self._supply.any_held({id_}):
                self._supply.forget(name)
                await asyncio.to_thread(self._shelf.discard, name)
