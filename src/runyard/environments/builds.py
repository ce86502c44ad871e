"""The builds of this process: each environment once at a time, some at once, fenced against other processes."""

import asyncio
import errno
import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import psutil
from packaging.utils import canonicalize_name
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock, log, tasks
from runyard.db.session import Database, after_commit
from runyard.environments import inventory, repository
from runyard.environments.buildlog import BuildLog
from runyard.environments.cage import Cage
from runyard.environments.contents import Sizes
from runyard.environments.directory import Shelf, Size, measure
from runyard.environments.failures import (
    BuildCancelled,
    BuildFailed,
    BuildInterrupted,
    BuildTimedOut,
    DiskFull,
    InstallFailed,
    NoSuchEnvironment,
)
from runyard.environments.interpreters import Interpreter
from runyard.environments.lifecycle import Event, State, move
from runyard.environments.locks import Lock, Package
from runyard.environments.models import Environment
from runyard.environments.sources import INSTALLATION, SourceBook
from runyard.environments.toolchain import Site, Toolchain
from runyard.environments.wants import Kind, Want
from runyard.errors import Problem
from runyard.live.bus import Bus

logger = log.get("environments")

P = ParamSpec("P")
T = TypeVar("T")

_LEASE_S = 60.0
_LOOK_S = 1.0
_BEAT_EVERY = 15
_ELSEWHERE_S = 0.5


@dataclass(slots=True)
class _Build:
    """One build that this process does or waits for."""

    task: asyncio.Task[None] = field(init=False)
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class _Made:
    """What a build came to."""

    lock: Lock
    name: str
    size: Size
    interpreter: Interpreter
    sizes: Sizes


class Builds:
    """Takes due builds, does them, and writes down how they ended."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        shelf: Shelf,
        toolchains: Mapping[Kind, Toolchain],
        sources: SourceBook,
        *,
        at_once: int,
        timeout_s: float,
        cage: Cage,
        builder: bool,
    ) -> None:
        self._database = database
        self._bus = bus
        self._shelf = shelf
        self._toolchains = toolchains
        self._sources = sources
        self._timeout_s = timeout_s
        self._cage = cage
        self._builder = builder
        self._turns = asyncio.Semaphore(at_once)
        self._builds: dict[str, _Build] = {}

    async def ask(self, session: AsyncSession, id_: str, *, afresh: bool = False) -> None:
        """Make a build due, and have it begin once that is committed: here, or by whoever builds."""
        if not await repository.apply(session, id_, move(Event.ask), error_code=None, error_message=None):
            return

        self.due(session, id_, afresh=afresh)

    def due(self, session: AsyncSession, id_: str, *, afresh: bool = False) -> None:
        """Have a build that is due begin once that is committed: here, or by whoever builds."""

        def begin() -> None:
            self.publish(id_, State.pending)
            if self._builder:
                self.start(id_, afresh=afresh)
            else:
                self._bus.publish("worker", {"type": "environment_due", "id": id_})

        after_commit(session, begin)

    def start(self, id_: str, *, afresh: bool = False) -> asyncio.Task[None]:
        """Have the due build of that environment done; every caller gets the same task.

        The task ends when the environment is ready and raises `BuildFailed` otherwise. Cancelling a caller must not
        cancel it (use ``asyncio.shield``). `afresh` builds anew what stands already.
        """
        build = self._builds.get(id_)
        if build is None:
            build = self._builds[id_] = _Build()
            build.task = asyncio.create_task(self._work(id_, build, afresh=afresh), name=f"build {id_}")
            build.task.add_done_callback(lambda task: self._ended(id_, task))
        return build.task

    def cancel(self, id_: str) -> None:
        """Stop a build of this process, if there is one."""
        build = self._builds.get(id_)
        if build is not None and not build.cancelled:
            build.cancelled = True
            build.task.cancel()

    async def close(self) -> None:
        """Stop every build; they are due again with the next start."""
        tasks = [build.task for build in self._builds.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def publish(self, id_: str, state: str) -> None:
        """Tell listeners that an environment's state has changed."""
        self._bus.publish(f"environment:{id_}", {"type": "environment", "environment": {"id": id_, "state": state}})

    def _ended(self, id_: str, task: asyncio.Task[None]) -> None:
        self._builds.pop(id_, None)
        # Whether somebody still waits or not: the row tells of the failure.
        if not task.cancelled():
            task.exception()

    async def _work(self, id_: str, build: _Build, *, afresh: bool) -> None:
        try:
            while True:
                async with self._turns:
                    row = await self._claim(id_, build)
                    if row is not None:
                        return await self._build(row, build, afresh=afresh)
                if await self._settled_elsewhere(id_):
                    return None
                await asyncio.sleep(_ELSEWHERE_S)
        except asyncio.CancelledError:
            raise (BuildCancelled if build.cancelled else BuildInterrupted) from None

    async def _claim(self, id_: str, build: _Build) -> Environment | None:
        taking = asyncio.create_task(self._take(id_))
        try:
            return await asyncio.shield(taking)
        except asyncio.CancelledError:
            row = await taking
            if row is not None:
                await self._settle(row, 0.0, None, BuildCancelled() if build.cancelled else BuildInterrupted())
            raise

    async def _take(self, id_: str) -> Environment | None:
        async with self._database.write() as session:
            if await repository.claim(session, id_, builder_name(), _LEASE_S, clock.now()) is None:
                return None
            after_commit(session, lambda: self.publish(id_, State.building))
            return await repository.find_with_lock(session, id_)

    async def _settled_elsewhere(self, id_: str) -> bool:
        async with self._database.read() as session:
            row = await repository.find(session, id_)
        if row is None or row.deleted_at is not None:
            raise NoSuchEnvironment
        if row.state == State.failed:
            raise BuildFailed.of(row.error_code or "", row.error_message or "")
        return row.state == State.ready

    async def _build(self, row: Environment, build: _Build, *, afresh: bool) -> None:
        """Do a build that was claimed, and settle it."""
        began = clock.monotonic()
        beating = asyncio.create_task(self._beat(row.id, row.build, build))
        failure: BuildFailed | None = None
        made: _Made | None = None
        path = self._shelf.log(row.id)
        with BuildLog(path, lambda last: self._grown(row.id, last)) as lines:
            try:
                made = await self._make(row, lines, afresh=afresh)
            except asyncio.CancelledError:
                failure = BuildCancelled() if build.cancelled else BuildInterrupted()
            except TimeoutError:
                failure = BuildTimedOut(f"The build took longer than {self._timeout_s:g} s and was stopped.")
            except BuildFailed as error:
                failure = error
            except OSError as error:
                full = error.errno in {errno.ENOSPC, errno.EDQUOT}
                failure = (DiskFull if full else InstallFailed)(str(error))
            except Problem as error:
                # Such as a cage that can't be had here.
                failure = InstallFailed(error.detail)
            except Exception as error:
                logger.exception("environment.build_crashed", environment_id=row.id)
                failure = BuildFailed(f"The build broke: {error!r}")
            took = clock.monotonic() - began
            lines.say(f"Ready after {took:.2f} s." if failure is None else f"Failed: {failure.message}")
        await tasks.end(beating)
        settled = asyncio.create_task(self._settle(row, took, made, failure))
        try:
            await asyncio.shield(settled)
        except asyncio.CancelledError:
            await settled
        if failure is not None:
            raise failure

    async def _make(self, row: Environment, lines: BuildLog, *, afresh: bool) -> _Made:
        toolchain = self._toolchains[Kind(row.kind)]
        want = Want(Kind(row.kind), tuple(row.requirements), row.requires_python)
        async with asyncio.timeout(self._timeout_s):
            interpreter = await asyncio.to_thread(toolchain.interpreter_at, Path(row.interpreter_path))
            if interpreter is None:
                interpreter = await asyncio.to_thread(toolchain.interpreter, want)
            with self._shelf.scratch() as scratch:
                site = Site(scratch, lines, self._cage, self._sources.of(row.project_id or INSTALLATION))
                wheels = self._shelf.wheels(row.id)
                site.wheels = wheels if row.origin == "imported" and wheels.is_dir() else None
                lines.say(f"Build {row.build} on {interpreter.title} ({interpreter.path})")
                if row.lock_text is None:
                    lines.say(f"Resolving {', '.join(want.requirements) or 'no requirements'}")
                    lock = await toolchain.resolve(want, interpreter, site)
                else:
                    lines.say("Keeping the versions that were resolved before")
                    lock = Lock(want.kind, row.lock_text)
                for package in lock.packages:
                    lines.say(f"  {package.name} {package.version}")
                name = lock.name(interpreter.identity)
                size = await self._install(toolchain, lock, name, interpreter, site, afresh=afresh)
                sizes = await asyncio.to_thread(toolchain.sizes, self._shelf.path(name))
        return _Made(lock, name, size, interpreter, sizes)

    async def _install(
        self, toolchain: Toolchain, lock: Lock, name: str, interpreter: Interpreter, site: Site, *, afresh: bool
    ) -> Size:
        async with self._shelf.hold(name) as grip:
            if not afresh and await asyncio.to_thread(self._shelf.is_whole, name):
                site.log.say("An environment with these packages stands already")
                return await asyncio.to_thread(measure, self._shelf.path(name))
            await _to_the_end(self._shelf.set_aside, name)
            site.grip = grip
            try:
                try:
                    await toolchain.install(lock, interpreter, self._shelf.path(name), site)
                except BaseException:
                    await _to_the_end(self._shelf.unmark, name)
                    raise
                return await _to_the_end(self._shelf.publish, name, toolchain.program)
            finally:
                site.grip = None
                await _to_the_end(self._shelf.settle, name)

    async def _settle(self, row: Environment, took: float, made: _Made | None, failure: BuildFailed | None) -> None:
        """Write down how a build ended, unless another builder has taken over meanwhile."""
        now = clock.now()
        packages: list[dict[str, Any]] = []
        values: dict[str, Any] = {"builder": None, "lease_until": None, "build_s": round(took, 3)}
        if made is not None:
            event = Event.succeed
            packages = [_package(package, made.sizes) for package in made.lock.packages]
            values |= {
                "lock_hash": made.name,
                "lock_text": made.lock.text,
                "packages": packages,
                "size_bytes": made.size.bytes,
                "interpreter": made.interpreter.title,
                "interpreter_path": str(made.interpreter.path),
                "ready_at": now,
                "last_used_at": now,
            }
        elif isinstance(failure, BuildInterrupted):
            event = Event.abandon
        else:
            assert failure is not None  # noqa: S101 - a build that made nothing has failed
            event = Event.cancel if isinstance(failure, BuildCancelled) else Event.fail
            values |= {"error_code": failure.code, "error_message": failure.message}
        step = move(event)
        async with self._database.write() as session:
            if await repository.apply(session, row.id, step, token=row.build, **values):
                if made is not None:
                    await inventory.put_packages(session, row.id, packages)
                after_commit(session, lambda: self.publish(row.id, step.target))
        logger.info(
            "environment.built",
            environment_id=row.id,
            state=step.target.value,
            code=failure.code if failure else None,
            took_ms=round(took * 1000),
        )

    async def _beat(self, id_: str, token: int, build: _Build) -> None:
        """Keep the lease, and hear cancels that came in through other processes."""
        count = 0
        while True:
            await asyncio.sleep(_LOOK_S)
            count += 1
            try:
                if count % _BEAT_EVERY == 0:
                    async with self._database.write() as session:
                        if not await repository.beat(session, id_, token, _LEASE_S):
                            build.task.cancel()
                            return
                async with self._database.read() as session:
                    if await repository.cancel_requested(session, id_):
                        self.cancel(id_)
                        return
            except Exception as error:  # noqa: BLE001 - a database that is away for a moment ends no build
                logger.warning("environment.beat_failed", environment_id=id_, error=str(error))

    def _grown(self, id_: str, last: int) -> None:
        self._bus.publish(f"environment:{id_}", {"type": "environment_log", "id": id_, "last": last})


def _package(package: Package, sizes: Sizes) -> dict[str, Any]:
    size = sizes.get(package.name, sizes.get(canonicalize_name(package.name)))
    return {"name": package.name, "version": package.version, **({} if size is None else {"size_bytes": size})}


@lru_cache(1)
def _me(pid: int) -> str:
    return f"{socket.gethostname()}:{pid}:{psutil.Process(pid).create_time():.2f}"


def builder_name() -> str:
    """Return what names this process among all that may build."""
    return _me(os.getpid())


def is_gone(builder: str) -> bool:
    """Whether a builder is known to be dead: one of this host whose process is not there any more."""
    host, _, rest = builder.rpartition(":")[0].rpartition(":")
    if host != socket.gethostname():
        return False
    try:
        return f"{psutil.Process(int(rest)).create_time():.2f}" != builder.rpartition(":")[2]
    except (psutil.NoSuchProcess, ValueError):
        return True


async def _to_the_end(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a blocking function in a thread and, even if we are cancelled meanwhile, wait until it has ended."""
    running = asyncio.ensure_future(asyncio.to_thread(function, *args, **kwargs))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise
