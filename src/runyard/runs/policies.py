"""What projects lay down about their runs: bounds of submits, a limit, retention."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock
from runyard.access.permissions import Actor, Permission
from runyard.audit.events import Target
from runyard.audit.record import record
from runyard.ids import ProjectId
from runyard.runs import limits
from runyard.runs.admission import Scope
from runyard.runs.bounds import Bounds
from runyard.runs.limits import LimitBook
from runyard.runs.models import RunLimitRow, RunPolicyRow
from runyard.runs.retention import Retention
from runyard.scripts.models import ScriptVersion
from runyard.scripts.policy import Policy, Queue, WhenBusy, policy_of


class Limit(BaseModel):
    """How many runs may be under way at once, and what becomes of one more; null sets no limit."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[int | None, Field(strict=True, ge=1, le=100_000)] = None
    policy: WhenBusy = WhenBusy.queue


class RunPolicy(BaseModel):
    """What a project lays down about its runs. Without a `retention` the installation's holds."""

    model_config = ConfigDict(extra="forbid")

    concurrency: Limit = Limit()
    bounds: Bounds = Bounds()
    retention: Retention | None = None


class QueueLimit(Limit):
    """A limit of one queue."""

    queue: Queue


class YardLimits(BaseModel):
    """The limits that hold for all projects together."""

    model_config = ConfigDict(extra="forbid")

    installation: Limit = Limit()
    queues: Annotated[list[QueueLimit], Field(max_length=200)] = []


async def bounds_of(session: AsyncSession, project_id: str) -> Bounds:
    """Return what a project lets its submits ask for."""
    statement = select(RunPolicyRow.bounds).where(RunPolicyRow.project_id == project_id)
    found = (await session.execute(statement)).scalar_one_or_none()
    return Bounds.model_validate(found) if found else Bounds()


async def retentions(session: AsyncSession) -> dict[str, Retention]:
    """Return the retention of every project that has one of its own."""
    statement = select(RunPolicyRow.project_id, RunPolicyRow.retention).where(RunPolicyRow.retention.is_not(None))
    rows = (await session.execute(statement)).all()
    return {project_id: Retention.model_validate(rule) for project_id, rule in rows if rule is not None}


async def of_version(session: AsyncSession, version_id: str) -> Policy:
    """Return how a version's runs are admitted, retried and confined."""
    statement = select(ScriptVersion.options).where(ScriptVersion.id == version_id)
    return policy_of((await session.execute(statement)).scalar_one_or_none() or {})


class Policies:
    """Reads and changes what is laid down."""

    def __init__(self, book: LimitBook) -> None:
        self._book = book

    async def of_project(self, session: AsyncSession, actor: Actor, project: str) -> RunPolicy:
        """Return a project's policy; raise `NoSuchProject`, `Forbidden`."""
        return await self._read(session, actor.project(project, Permission.run_read))

    async def _read(self, session: AsyncSession, project_id: ProjectId) -> RunPolicy:
        row = (
            await session.execute(select(RunPolicyRow).where(RunPolicyRow.project_id == project_id))
        ).scalar_one_or_none()
        return RunPolicy(
            concurrency=await _limit(session, Scope.project, project_id),
            bounds=Bounds.model_validate(row.bounds) if row else Bounds(),
            retention=Retention.model_validate(row.retention) if row and row.retention else None,
        )

    async def set_project(self, session: AsyncSession, actor: Actor, project: str, body: RunPolicy) -> RunPolicy:
        """Lay a project's policy down anew; raise `NoSuchProject`, `Forbidden`."""
        project_id = actor.project(project, Permission.run_manage)
        now = clock.now()
        before = (await self._read(session, project_id)).model_dump(mode="json")
        target = Target("policy", project_id, f"runs of {project}", project_id)
        record(session, actor, "policy.update", target, before, body.model_dump(mode="json"))
        await self._put(session, Scope.project, project_id, body.concurrency, actor, now)
        values = {
            "bounds": body.bounds.model_dump(mode="json", exclude_none=True),
            "retention": body.retention.model_dump(mode="json") if body.retention else None,
            "updated_at": now,
            "updated_by": actor.user_id,
        }
        here = RunPolicyRow.project_id == project_id
        changed = await session.execute(
            update(RunPolicyRow).where(here).values(**values).returning(RunPolicyRow.project_id)
        )
        if changed.first() is None:
            await session.execute(insert(RunPolicyRow), [{"project_id": project_id, **values}])
        session.expire_all()
        return await self._read(session, project_id)

    async def of_yard(self, session: AsyncSession) -> YardLimits:
        """Return the limits that hold for all projects together."""
        rows = await _rows(session, Scope.queue)
        queues = [QueueLimit(queue=row.name, limit=row.limit, policy=WhenBusy(row.policy)) for row in rows]
        return YardLimits(installation=await _limit(session, Scope.installation, ""), queues=queues)

    async def set_yard(self, session: AsyncSession, actor: Actor, body: YardLimits) -> YardLimits:
        """Lay the limits that hold for all projects together down anew."""
        now = clock.now()
        before = (await self.of_yard(session)).model_dump(mode="json")
        target = Target("policy", "", "runs of the installation")
        record(session, actor, "policy.update", target, before, body.model_dump(mode="json"))
        await self._put(session, Scope.installation, "", body.installation, actor, now)
        wanted = {one.queue: one for one in body.queues}
        for row in await _rows(session, Scope.queue):
            if row.name not in wanted:
                await self._put(session, Scope.queue, row.name, Limit(), actor, now)
        for name, one in wanted.items():
            await self._put(session, Scope.queue, name, one, actor, now)
        session.expire_all()
        return await self.of_yard(session)

    async def _put(
        self, session: AsyncSession, scope: Scope, name: str, limit: Limit, actor: Actor, at: datetime
    ) -> None:
        await limits.put(session, scope, name, limit.limit, limit.policy, at, actor.user_id)
        self._book.changed(session)


async def _limit(session: AsyncSession, scope: Scope, name: str) -> Limit:
    found = [row for row in await _rows(session, scope) if row.name == name]
    return Limit(limit=found[0].limit, policy=WhenBusy(found[0].policy)) if found else Limit()


async def _rows(session: AsyncSession, scope: Scope) -> Sequence[RunLimitRow]:
    statement = select(RunLimitRow).where(RunLimitRow.scope == scope.value).order_by(RunLimitRow.name)
    return (await session.execute(statement)).scalars().all()
