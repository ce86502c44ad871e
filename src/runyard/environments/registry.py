"""Interpreters that environments can be built on: found on the machine or registered by people, probed, one default."""

import asyncio
import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from msgspec import Struct
from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock, ids, log
from runyard.access.permissions import Actor
from runyard.audit.events import Target
from runyard.audit.record import about
from runyard.db.session import Database, after_commit
from runyard.environments import interpreters
from runyard.environments.interpreters import Interpreter
from runyard.environments.models import RegisteredInterpreter
from runyard.environments.wants import Kind
from runyard.errors import Conflict, FieldError, Forbidden, Invalid, Missing
from runyard.live.bus import Bus
from runyard.sandbox.reach import closed_part

logger = log.get("environments")


class NoSuchInterpreter(Missing):
    """There is no interpreter of that id."""


class InterpreterUnusable(Invalid):
    """Environments can't be built on that."""


class InterpreterKnown(Conflict):
    """That interpreter is registered already."""


class _Probed(Struct, frozen=True):
    """What a look at a path has told."""

    found: Interpreter | None
    trouble: str
    closed: str


class InterpreterRegistry:
    """The interpreters of one machine."""

    def __init__(self, database: Database, bus: Bus, data: Path) -> None:
        self._database = database
        self._bus = bus
        self._data = data
        self._usable: tuple[RegisteredInterpreter, ...] = ()
        self._scanned = False

    async def load(self) -> None:
        """Read what is registered."""
        async with self._database.read() as session:
            rows = (await session.scalars(select(RegisteredInterpreter))).all()
        self._usable = tuple(sorted((row for row in rows if not row.trouble), key=_preference))

    def default(self, kind: Kind, requires: str = "") -> Path | None:
        """Return the default of a kind, if there is one and its version fits."""
        return next((Path(r.path) for r in self._fitting(kind, requires) if r.is_default), None)

    def others(self, kind: Kind, requires: str = "") -> Iterator[Path]:
        """Yield what else of a kind fits, those that runs can reach first, newer ones before older ones."""
        return (Path(row.path) for row in self._fitting(kind, requires) if not row.is_default)

    async def items(self) -> Sequence[RegisteredInterpreter]:
        """Return every interpreter; the first time, the machine is searched for them."""
        if not self._scanned:
            await self.scan()
        async with self._database.read() as session:
            rows = (await session.scalars(select(RegisteredInterpreter))).all()
        return sorted(rows, key=lambda row: (row.kind, *_preference(row)))

    async def scan(self) -> None:
        """Search the machine for interpreters and probe the registered ones again."""
        found = await asyncio.to_thread(lambda: list(interpreters.every_interpreter()))
        async with self._database.read() as session:
            rows = (await session.scalars(select(RegisteredInterpreter))).all()
        again = {row.path: await asyncio.to_thread(_probe, Kind(row.kind), Path(row.path)) for row in rows}
        now = clock.now()
        async with self._database.write() as session:
            known = {row.path: row for row in await session.scalars(select(RegisteredInterpreter))}
            for path, probed in again.items():
                if path in known:
                    _note(known[path], probed, now)
            for interpreter in found:
                if str(interpreter.path) not in known:
                    row = _row(interpreter.kind, interpreter.path, "found", now)
                    _note(row, _Probed(interpreter, "", _closed(interpreter)), now)
                    session.add(row)
            after_commit(session, self._tell)
        self._scanned = True
        await self.load()

    async def register(self, actor: Actor, kind: Kind, path: str) -> RegisteredInterpreter:
        """Register the interpreter at a path after it has been probed.

        Raises: Forbidden for all but administrators, since it is run as Runyard; InterpreterUnusable with the reason;
        InterpreterKnown.
        """
        _demand(actor)
        place = self._place(path)
        probed = await asyncio.to_thread(_probe, kind, place)
        if probed.found is None:
            raise InterpreterUnusable(probed.trouble, fields=[FieldError("path", probed.trouble)])
        now = clock.now()
        async with self._database.write() as session:
            here = select(RegisteredInterpreter).where(RegisteredInterpreter.path == str(place))
            row = (await session.scalars(here)).one_or_none()
            if row is not None and row.source == "registered":
                raise InterpreterKnown
            if row is None:
                row = _row(kind, place, "registered", now)
                session.add(row)
            row.source = "registered"
            _note(row, probed, now)
            about(Target("interpreter", row.id, row.path), after={"path": row.path, "version": row.version})
            after_commit(session, self._tell)
        await self.load()
        return row

    async def probe(self, actor: Actor, id_: str) -> RegisteredInterpreter:
        """Look again at what an interpreter is; raise `NoSuchInterpreter`."""
        _demand(actor)
        async with self._database.read() as session:
            row = await _get(session, id_)
        probed = await asyncio.to_thread(_probe, Kind(row.kind), Path(row.path))
        async with self._database.write() as session:
            row = await _get(session, id_)
            _note(row, probed, clock.now())
            after_commit(session, self._tell)
        await self.load()
        return row

    async def choose(self, session: AsyncSession, actor: Actor, id_: str, *, default: bool) -> RegisteredInterpreter:
        """Make an interpreter the default of its kind, or no default any more.

        Raises: NoSuchInterpreter; InterpreterUnusable if it can't be run.
        """
        _demand(actor)
        row = await _get(session, id_)
        if default and row.trouble:
            raise InterpreterUnusable(row.trouble)
        await session.execute(
            update(RegisteredInterpreter)
            .where(RegisteredInterpreter.kind == row.kind, RegisteredInterpreter.is_default)
            .values(is_default=False)
        )
        about(Target("interpreter", row.id, row.path), {"is_default": row.is_default}, {"is_default": default})
        row.is_default = default
        await session.flush()
        after_commit(session, self._tell)
        return row

    async def remove(self, session: AsyncSession, actor: Actor, id_: str) -> None:
        """Forget an interpreter; environments that were built on it go on. Raise `NoSuchInterpreter`."""
        _demand(actor)
        row = await _get(session, id_)
        about(Target("interpreter", row.id, row.path), {"path": row.path, "version": row.version})
        await session.delete(row)
        await session.flush()
        after_commit(session, self._tell)

    def _tell(self) -> None:
        self._bus.publish("worker", {"type": "environments_changed"})

    def _fitting(self, kind: Kind, requires: str) -> list[RegisteredInterpreter]:
        wanted = SpecifierSet(requires, prereleases=True)
        return [row for row in self._usable if row.kind == kind and row.version in wanted]

    def _place(self, path: str) -> Path:
        place = Path(path)
        trouble = ""
        if not place.is_absolute() or ".." in place.parts or not path.isprintable():
            trouble = "An absolute path is needed."
        elif place.resolve().is_relative_to(self._data):
            trouble = "Interpreters don't come from the data directory."
        elif not place.is_file():
            trouble = f"There is no file {path}."
        elif not os.access(place, os.X_OK):
            trouble = f"{path} is not a program."
        if trouble:
            raise InterpreterUnusable(trouble, fields=[FieldError("path", trouble)])
        return place


def _demand(actor: Actor) -> None:
    if not actor.is_admin:
        raise Forbidden("Only administrators look after interpreters.")


async def _get(session: AsyncSession, id_: str) -> RegisteredInterpreter:
    row = await session.get(RegisteredInterpreter, id_, populate_existing=True)
    if row is None:
        raise NoSuchInterpreter
    return row


def _row(kind: Kind, path: Path, source: str, now: datetime) -> RegisteredInterpreter:
    return RegisteredInterpreter(
        id=ids.new("int"), kind=kind.value, path=str(path), source=source, is_default=False, created_at=now
    )


def _note(row: RegisteredInterpreter, probed: _Probed, now: datetime) -> None:
    row.trouble, row.closed, row.probed_at = probed.trouble[:500], probed.closed[:500], now
    if probed.found is not None:
        row.version = probed.found.version
        row.implementation = probed.found.implementation
        row.platform = probed.found.platform


def _probe(kind: Kind, path: Path) -> _Probed:
    found = interpreters.ask_python(path) if kind is Kind.python else interpreters.ask_node(path)
    if found is None:
        return _Probed(None, interpreters.why_not(kind, path), "")
    return _Probed(found, "", _closed(found))


def _closed(interpreter: Interpreter) -> str:
    """Return why users of runs can't reach an interpreter, or an empty string."""
    return next(filter(None, (closed_part(path) for path in (interpreter.path, *interpreter.roots))), "")


def _preference(row: RegisteredInterpreter) -> tuple[bool, bool, tuple[int, ...]]:
    try:
        release = tuple(-part for part in Version(row.version).release)
    except InvalidVersion:
        release = (1,)
    return not row.is_default, bool(row.closed), release
