"""Environments for real: a database, a data directory, an index on loopback, uv and npm themselves."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from runyard.db.session import Database
from runyard.environments import repository
from runyard.environments.models import Environment
from runyard.environments.service import EnvironmentService
from runyard.environments.toolchain import Ready
from runyard.environments.wants import Want, want_for
from runyard.ids import ProjectId
from runyard.live.bus import LocalBus
from runyard.secrets.keys import MasterKey
from runyard.secrets.sealing import Sealer
from runyard.settings import EnvironmentSettings, Settings, WorkerSettings

from .gate import SLOW
from .registry import Registry, serving

SEALER = Sealer(MasterKey(bytes(32)))
PROJECT = ProjectId("prj_test")


@pytest.fixture
def registry() -> Iterator[Registry]:
    with serving() as registry:
        registry.wheel("tiny")
        yield registry


@pytest.fixture
def gate(registry: Registry, tmp_path: Path) -> Path:
    """A file that lets builds of the package ``slow`` pass; beside it the builder leaves its process id."""
    gate = tmp_path / "gate"
    registry.sdist("slow", SLOW.replace("GATE", str(gate)))
    return gate


class Yard:
    """Environment services over one data directory, and short ways to ask them."""

    def __init__(self, database: Database, data: Path, registry: Registry, stack: AsyncExitStack) -> None:
        self.database = database
        self.data = data
        self.registry = registry
        self.bus = LocalBus()
        self._stack = stack

    def settings(self, **environments: Any) -> Settings:
        options = {"index_url": self.registry.index, "npm_registry": self.registry.url, **environments}
        return Settings(data=self.data, environments=EnvironmentSettings(**options), worker=WorkerSettings(builds=2))

    async def open(self, *, recover: bool = True, **options: Any) -> EnvironmentService:
        settings = options.pop("settings", None) or self.settings()
        service = EnvironmentService(self.database, self.bus, settings, SEALER, **options)
        self._stack.push_async_callback(service.close)
        if recover:
            await service.recover()
        return service

    async def row(self, id_: str) -> Environment:
        async with self.database.read() as session:
            row = await repository.find_with_lock(session, id_)
            assert row is not None
            return row

    async def rows(self) -> list[Environment]:
        async with self.database.read() as session:
            return list(await repository.page(session, (), None, None, 100))

    async def until(self, found: Callable[[Environment], bool]) -> Environment:
        """Wait for the only environment to be so."""
        while True:
            for row in await self.rows():
                if found(row):
                    return row
            await asyncio.sleep(0.01)

    def names(self) -> list[str]:
        return sorted(path.name for path in (self.data / "envs").iterdir() if not path.name.startswith("."))


@pytest.fixture
async def yard(sqlite: Database, tmp_path: Path, registry: Registry) -> AsyncIterator[Yard]:
    async with AsyncExitStack() as stack:
        yield Yard(sqlite, tmp_path / "data", registry, stack)


@pytest.fixture
async def each_yard(database: Database, tmp_path: Path, registry: Registry) -> AsyncIterator[Yard]:
    """The same over each kind of database."""
    async with AsyncExitStack() as stack:
        yield Yard(database, tmp_path / "data", registry, stack)


@pytest.fixture
async def environments(yard: Yard) -> EnvironmentService:
    return await yard.open()


def pins(row: Environment) -> list[tuple[str, str]]:
    """Name and version of what an environment holds."""
    return [(package["name"], package["version"]) for package in row.packages or ()]


def python(*requirements: str, code: str = "", version: str = "") -> Want:
    want = want_for("python", code, requirements, python_version=version)
    assert want is not None
    return want


def node(*requirements: str) -> Want:
    want = want_for("javascript", "", requirements)
    assert want is not None
    return want


async def execute(ready: Ready, folder: Path, name: str, code: str) -> tuple[int, str, str]:
    """Run a script the way the executor does: code and links in one directory, another as working directory."""
    place, cwd = folder / "code", folder / "files"
    place.mkdir(parents=True, exist_ok=True)
    cwd.mkdir(exist_ok=True)
    (place / name).write_text(code)
    for link, target in ready.links:
        if not (place / link).is_symlink():
            (place / link).symlink_to(target)
    process = await asyncio.create_subprocess_exec(
        *ready.argv,
        str(place / name),
        cwd=cwd,
        env={"PATH": os.environ["PATH"], **ready.env},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()
