"""How many runs may be admitted at once by queue, project and installation: kept in rows, held in memory."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from msgspec import Struct, field
from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import log, tasks
from runyard.db.session import Database, after_commit
from runyard.live.bus import Bus
from runyard.runs.admission import Gate, Scope
from runyard.runs.bounds import Bounds
from runyard.runs.models import RunLimitRow, RunPolicyRow
from runyard.scripts.policy import Concurrency, WhenBusy

logger = log.get("runs")

TOPIC = "run-limits"
AGAIN_S = 30.0
LONGEST = 255
_LIMITS = RunLimitRow.__table__
LOCK = (Scope.installation.value, "")
"""The row that decisions about limited runs take in turn; it is there also where the installation has no limit."""


class Limits(Struct, frozen=True):
    """The yard's own limits at one moment."""

    gates: Mapping[tuple[Scope, str], Gate] = field(default_factory=dict)
    bounds: Mapping[str, Bounds] = field(default_factory=dict)

    def of(self, project_id: str, queue: str) -> tuple[Gate, ...]:
        """Return the gates that concern every run of a project in a queue, narrowest first."""
        if not self.gates:
            return ()
        names = ((Scope.queue, queue), (Scope.project, project_id), (Scope.installation, ""))
        return tuple(self.gates[name] for name in names if name in self.gates)

    @classmethod
    def read(cls, rows: Sequence[Any], bounds: Sequence[Any] = ()) -> "Limits":
        """Return what rows of (scope, name, limit, policy) and of (project, bounds) say."""
        gates = {}
        for scope, name, limit, policy in rows:
            if limit is not None:
                key = (Scope(scope), name)
                gates[key] = Gate(key[0], gate_name(*key), limit, WhenBusy(policy))
        return cls(gates, {project_id: Bounds.model_validate(said) for project_id, said in bounds if said})


def gate_name(scope: Scope, name: str) -> str:
    """Return what counts together at a gate, as one word."""
    return f"{scope.value}:{name}"


def own_gate(
    concurrency: Concurrency | None, project_id: str, script_id: str | None, values: Mapping[str, str]
) -> Gate | None:
    """Return the gate that a script's own limit makes; `values` are parameters as text, without secret ones.

    Without a key runs of the script count together; a draft that belongs to no script has then nothing to count with.
    """
    if concurrency is None:
        return None
    if not concurrency.key:
        if script_id is None:
            return None
        return Gate(Scope.script, gate_name(Scope.script, script_id), concurrency.limit, concurrency.policy)
    key = concurrency.key
    for name, value in values.items():
        key = key.replace(f"{{{name}}}", value)
    return Gate(Scope.key, gate_name(Scope.key, f"{project_id}:{key}")[:LONGEST], concurrency.limit, concurrency.policy)


def stored_gate(gate: str | None, limit: int | None) -> Gate | None:
    """Return the gate that a run's row tells of."""
    if not gate or limit is None:
        return None
    return Gate(Scope(gate.partition(":")[0]), gate, limit)


def job_gate(job_id: str | None, limit: int | None, policy: WhenBusy = WhenBusy.queue) -> Gate | None:
    """Return the gate of a job's runs, if it lets no more than `limit` of them in."""
    if job_id is None or limit is None:
        return None
    return Gate(Scope.job, gate_name(Scope.job, job_id), limit, policy)


def read_limits(connection: Connection) -> Limits:
    """Return the limits that hold now."""
    return Limits.read(connection.execute(_READ).all())


_READ = select(_LIMITS.c.scope, _LIMITS.c.name, _LIMITS.c.limit, _LIMITS.c.policy)


async def put(
    session: AsyncSession, scope: Scope, name: str, limit: int | None, policy: WhenBusy, at: datetime, by: str
) -> None:
    """Set a limit; None takes it away."""
    here = (RunLimitRow.scope == scope.value, RunLimitRow.name == name)
    if limit is None and (scope.value, name) != LOCK:
        await session.execute(delete(RunLimitRow).where(*here))
        return
    values = {"limit": limit, "policy": policy.value, "updated_at": at, "updated_by": by}
    changed = await session.execute(update(RunLimitRow).where(*here).values(**values).returning(RunLimitRow.scope))
    if changed.first() is None:
        await session.execute(insert(RunLimitRow), [{"scope": scope.value, "name": name, **values}])


class LimitBook:
    """The yard's limits in memory: whoever submits looks them up without a query."""

    def __init__(self, database: Database, bus: Bus) -> None:
        self._database = database
        self._bus = bus
        self.now = Limits()
        self._listening: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Read the limits, and again whenever they change."""
        await self.refresh()
        ready = asyncio.Event()
        self._listening = asyncio.create_task(self._listen(ready), name="runs.limits")
        await ready.wait()

    async def close(self) -> None:
        """Stop listening."""
        await tasks.end(self._listening)

    async def refresh(self) -> None:
        """Read the limits."""
        async with self._database.read() as session:
            bounds = await session.execute(select(RunPolicyRow.project_id, RunPolicyRow.bounds))
            self.now = Limits.read((await session.execute(_READ)).all(), bounds.all())

    def changed(self, session: AsyncSession) -> None:
        """Tell every process, once the session's transaction is committed."""
        after_commit(session, lambda: self._bus.publish(TOPIC, {"type": "limits"}))
        after_commit(session, lambda: self._bus.publish("admission", {"type": "limits"}))

    async def _listen(self, ready: asyncio.Event) -> None:
        with self._bus.subscribe(TOPIC) as news:
            ready.set()
            while True:
                # Word of a change may be lost between processes: rows are the truth.
                with suppress(TimeoutError):
                    async with asyncio.timeout(AGAIN_S):
                        await news.get()
                try:
                    await self.refresh()
                except Exception:
                    logger.exception("runs.limits_unread")
                    await asyncio.sleep(1)
