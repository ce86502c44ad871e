"""Taking environments out as files and taking them in again."""

import asyncio
from pathlib import Path
from typing import IO

from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock, ids, log
from runyard.db.session import Database
from runyard.environments import archives, repository
from runyard.environments.archives import Manifest, NotExportable
from runyard.environments.builds import Builds
from runyard.environments.directory import Shelf, remove_tree
from runyard.environments.interpreters import Interpreter
from runyard.environments.lifecycle import State
from runyard.environments.models import Environment
from runyard.environments.sources import INSTALLATION, SourceBook
from runyard.environments.toolchain import Toolchain
from runyard.environments.wants import Kind, Want, normal_python
from runyard.errors import Conflict

logger = log.get("environments")


class EnvironmentThere(Conflict):
    """There is an environment for these requirements already: delete it to have the imported one instead."""


class TransferService:
    """Exports Python environments that stand, and imports them where no index can be reached."""

    def __init__(
        self,
        database: Database,
        builds: Builds,
        shelf: Shelf,
        python: Toolchain | None,
        sources: SourceBook,
        room: Path,
    ) -> None:
        self._database = database
        self._builds = builds
        self._shelf = shelf
        self._python = python
        self._sources = sources
        self._room = room

    async def export(self, session: AsyncSession, id_: str) -> Path:
        """Return a file with the environment in it, which the caller removes; raise `NotExportable`."""
        row = await repository.find_with_lock(session, id_)
        if row is None or row.kind != Kind.python or self._python is None:
            raise NotExportable("Only Python environments can be exported.")
        if row.state != State.ready or row.lock_hash is None or not self._shelf.is_whole(row.lock_hash):
            raise NotExportable("Only an environment that is ready can be exported.")
        interpreter = await asyncio.to_thread(self._python.interpreter_at, Path(row.interpreter_path))
        manifest = Manifest(
            kind=row.kind,
            requirements=tuple(row.requirements),
            requires_python=row.requires_python,
            interpreter=row.interpreter,
            platform=interpreter.platform if interpreter is not None else "",
        )
        packages = [(package["name"], package["version"]) for package in row.packages or ()]
        path = self._room / ids.new("exp")
        try:
            await asyncio.to_thread(self._pack, row.lock_hash, manifest, packages, path)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return path

    async def take_in(self, file: IO[bytes]) -> Environment:
        """Import an exported environment and have it built from its own packages; return it.

        Raises: ArchiveMalformed; RequirementMalformed; PythonMissing where no fitting Python is here; EnvironmentThere.
        """
        if self._python is None:
            raise NotExportable
        id_ = ids.new("env")
        wheels = self._shelf.wheels(id_)
        try:
            manifest, lock = await asyncio.to_thread(self._unpack, file, wheels)
            want = Want(Kind.python, normal_python(manifest.requirements), manifest.requires_python)
            interpreter = await asyncio.to_thread(self._fitting, want, manifest)
            request = want.digest(interpreter.identity, *self._python.surroundings(self._sources.of(INSTALLATION)))
            async with self._database.write() as session:
                if await repository.current(session, request) is not None:
                    raise EnvironmentThere
                row = _row(id_, request, want, interpreter, lock)
                session.add(row)
                await session.flush()
                self._builds.due(session, id_)
        except BaseException:
            await asyncio.to_thread(remove_tree, wheels)
            raise
        logger.info("environment.imported", environment_id=id_)
        return row

    def _pack(self, name: str, manifest: Manifest, packages: list[tuple[str, str]], path: Path) -> None:
        with path.open("xb") as file:
            archives.pack(self._shelf.path(name), manifest, packages, file)

    @staticmethod
    def _unpack(file: IO[bytes], wheels: Path) -> tuple[Manifest, str]:
        wheels.mkdir(mode=0o700, parents=True)
        return archives.unpack(file, wheels)

    def _fitting(self, want: Want, manifest: Manifest) -> Interpreter:
        """Return a Python of the same version as the one that the packages were taken from."""
        assert self._python is not None  # noqa: S101 - asked before
        minor = ".".join(manifest.interpreter.rpartition(" ")[2].split(".")[:2])
        same = Want(Kind.python, (), ",".join(filter(None, (want.requires_python, f"=={minor}.*" if minor else ""))))
        return self._python.interpreter(same)


def _row(id_: str, request: str, want: Want, interpreter: Interpreter, lock: str) -> Environment:
    return Environment(
        id=id_,
        request_hash=request,
        current=request,
        kind=want.kind.value,
        requirements=list(want.requirements),
        requires_python=want.requires_python,
        interpreter=interpreter.title,
        interpreter_path=str(interpreter.path),
        state=State.pending.value,
        lock_text=lock,
        created_at=clock.now(),
        origin="imported",
    )
