"""Jobs as rows, schedulers over them, and a clock that goes as a test wants it to."""

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

import runyard.jobs.models
import runyard.wiring  # noqa: F401 - every room's tables belong to the schema
from runyard import clock, ids
from runyard.access.models import User
from runyard.access.permissions import Role
from runyard.db.session import Database
from runyard.dispatch.local import LocalDispatch
from runyard.engine.ticker import Ticker
from runyard.jobs.expressions import Worked
from runyard.jobs.firing import Firing
from runyard.jobs.following import Following
from runyard.jobs.models import Job, JobDelivery, JobPause, JobSlot, JobTrigger
from runyard.jobs.specs import spec_of
from runyard.jobs.values import JobValues
from runyard.live.bus import LocalBus
from runyard.projects.models import Project
from runyard.runs.enlisting import Enlisting
from runyard.runs.gatekeeper import Desk
from runyard.runs.limits import LimitBook
from runyard.runs.models import RunInputRow, RunRow
from runyard.runs.newruns import NewRuns
from runyard.scripts.entries import ScriptListing
from runyard.scripts.schemas import NewScript
from runyard.scripts.service import ScriptService
from runyard.secrets.envelope import DataKeys
from runyard.secrets.keys import KeyRing, MasterKey
from runyard.secrets.sealing import Sealer
from runyard.secrets.service import Vault
from runyard.secrets.wrapping import LocalWrapper
from tests.scripts.yard import actor

T = TypeVar("T")
BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
PROJECT = "prj_default"


class Killed(BaseException):
    """A process ended, at whatever it was."""


class Mortal(Database):
    """The database as one process sees it that may be killed wherever it waits."""

    def __init__(self, database: Database, chance: float, dice: random.Random) -> None:
        self.__dict__.update(database.__dict__)
        self._real, self._chance, self._dice = database, chance, dice

    def _maybe(self) -> None:
        if self._dice.random() < self._chance:
            raise Killed

    async def look(self, work: Callable[[Connection], T]) -> T:
        self._maybe()
        found = await self._real.look(work)
        self._maybe()
        return found

    async def transact(self, work: Callable[[Connection], T]) -> T:
        self._maybe()

        def dying(connection: Connection) -> T:
            done = work(connection)
            self._maybe()
            return done

        done = await self._real.transact(dying)
        # It is committed, and nobody hears of it.
        self._maybe()
        return done


async def named(expressions: Any, context: Any) -> Worked:
    """Work expressions out that are paths."""
    values: dict[str, Any] = {}
    for key, path in expressions.items():
        found = context
        for step in path.split("."):
            found = found[step]
        values[key] = found
    return Worked(values, {})


class World:
    """A project with a script, jobs that run it, and any number of schedulers."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.bus = LocalBus()
        self.now = BEGIN
        sealer = Sealer(MasterKey(bytes(32)))
        self.scripts = ScriptService(sealer, self.bus)
        book, dispatch = LimitBook(database, self.bus), LocalDispatch(self.bus)
        desk = Desk(self.bus, dispatch, lambda _run, _state: None)
        self.queued: list[str] = []
        enlisting = Enlisting(NewRuns(sealer, book), desk, book, lambda new: self.queued.append(new.run["id"]))
        vault = Vault(DataKeys(LocalWrapper(KeyRing((MasterKey(bytes(32)),)))), ScriptListing())
        self.firing = Firing(self.scripts, JobValues(sealer, self.scripts.sets), vault, enlisting)
        self.following = Following(database, self.bus, self.firing, named)
        self.actor = actor("ada", ("default", Role.admin))

    async def furnish(self) -> None:
        async with self.database.write() as session:
            session.add(Project(id=PROJECT, name="default", created_at=BEGIN))
            session.add(User(id="usr_ada", username="ada", username_key="ada", created_at=BEGIN))
        self.script = await self.add_script("script")

    async def add_script(self, name: str, **facts: Any) -> str:
        async with self.database.write() as session:
            new = NewScript(name=name, language="shell", code="true", **facts)
            return str((await self.scripts.create(session, self.actor, new)).script.id)

    async def job(self, *triggers: dict[str, Any], script: str | None = None, **settings: Any) -> str:
        """Save a job."""
        job_id = ids.new("job")
        facts: dict[str, Any] = {
            name: settings.pop(name) for name in ("values", "labels", "health") if name in settings
        }
        async with self.database.write() as session:
            row: dict[str, Any] = {
                "id": job_id,
                "project_id": PROJECT,
                "name": job_id,
                "live_name": job_id,
                "name_key": job_id,
                "description": "",
                "target_kind": "script",
                "target_id": script or self.script,
                "values": {},
                "labels": {},
                "settings": settings,
                "health": {},
                "revision": 1,
                "created_at": self.now,
                "updated_at": self.now,
                **facts,
            }
            session.add(Job(**row))
            await session.flush()
            for position, spec in enumerate(triggers):
                session.add(self._trigger(job_id, position, spec))
        return job_id

    def _trigger(self, job_id: str, position: int, spec: dict[str, Any]) -> JobTrigger:
        made = spec_of(spec)
        row = JobTrigger(
            id=ids.new("trg"),
            job_id=job_id,
            project_id=PROJECT,
            kind=spec["type"],
            spec=made.model_dump(mode="json"),
            enabled=True,
            position=position,
            source_job_id=spec.get("job_id"),
            decided_until=self.now,
            created_at=self.now,
        )
        if spec["type"] in {"cron", "interval", "date"}:
            due = made.rule(self.now).next(clock.to_us(self.now))  # type: ignore[union-attr]
            row.next_at = None if due is None else clock.from_us(due.at)
        return row

    def scheduler(self, offset: timedelta = timedelta(0), database: Database | None = None) -> Ticker:
        """Return a scheduler whose clock differs."""
        return Ticker(
            database or self.database, self.bus, lambda: self.firing, now=lambda _connection: self.now + offset
        )

    async def tick(self, **later: float) -> None:
        """Let time pass, and one scheduler decide."""
        self.now += timedelta(**later)
        await self.scheduler().turn()

    async def pause(self, job_id: str | None, **facts: Any) -> None:
        row = {"kind": "person", "why": "", "by_name": "ada", "from_at": self.now, "until_at": None, **facts}
        async with self.database.write() as session:
            await session.execute(
                insert(JobPause), [{"id": ids.new("pau"), "project_id": PROJECT, "job_id": job_id, **row}]
            )

    async def resume(self) -> None:
        async with self.database.write() as session:
            await session.execute(update(JobPause).where(JobPause.until_at.is_(None)).values(until_at=self.now))

    async def end(self, run_id: str, state: str = "succeeded") -> None:
        """Have a run be over."""
        async with self.database.write() as session:
            ended = update(RunRow).where(RunRow.id == run_id).values(state=state, finished_at=self.now, held=False)
            await session.execute(ended)

    async def all(self, model: type[T], *order: Any) -> Sequence[T]:
        async with self.database.read() as session:
            return (await session.scalars(select(model).order_by(*order))).all()

    async def slots(self, job_id: str | None = None) -> list[JobSlot]:
        rows = await self.all(JobSlot, JobSlot.due_from, JobSlot.trigger_id)
        return [row for row in rows if job_id in {None, row.job_id}]

    async def outcomes(self, job_id: str | None = None) -> list[tuple[str, str, int]]:
        return [(row.outcome, row.reason, row.count) for row in await self.slots(job_id)]

    async def runs(self, job_id: str | None = None) -> list[RunRow]:
        return [row for row in await self.all(RunRow, RunRow.id) if job_id in {None, row.job_id}]

    async def going_on(self) -> list[str]:
        """Return the ids of the runs that are not over: a run of months has far more that are."""
        async with self.database.read() as session:
            query = select(RunRow.id).where(RunRow.finished_at.is_(None)).order_by(RunRow.id)
            return list(await session.scalars(query))

    async def inputs(self) -> dict[str, RunInputRow]:
        return {row.run_id: row for row in await self.all(RunInputRow, RunInputRow.run_id)}

    async def deliveries(self) -> Sequence[JobDelivery]:
        return await self.all(JobDelivery, JobDelivery.id)

    async def get(self, job_id: str) -> Job:
        async with self.database.read() as session:
            return await session.get_one(Job, job_id)

    async def session(self, work: Callable[[AsyncSession], Any]) -> Any:
        async with self.database.write() as session:
            return await work(session)
