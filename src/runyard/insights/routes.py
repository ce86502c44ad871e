"""Routes of Home and of the system page."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import __version__, clock
from runyard.access.guards import allow
from runyard.access.permissions import Actor, Permission
from runyard.insights import repository
from runyard.insights.machine import Gauge
from runyard.insights.schemas import Home, QueueCounts, SandboxLevel, Slots, SystemInfo
from runyard.runs import listing as lists
from runyard.runs import queue, views
from runyard.runs.lifecycle import State
from runyard.runs.schemas import Items
from runyard.web.depends import Reading, provided
from runyard.workers import repository as worker_rows
from runyard.workers import views as workers
from runyard.workers.schemas import Worker

router = APIRouter(tags=["system"])

RECENT = 10
Reader = Annotated[Actor, allow(Permission.run_read)]
SystemReader = Annotated[Actor, allow(Permission.system_read)]
Machine = Annotated[Gauge, Depends(provided(Gauge))]


@router.get("/home")
async def home(
    actor: Reader,
    session: Reading,
    gauge: Machine,
    project: Annotated[str | None, Query(max_length=64)] = None,
) -> Home:
    """Return the first page's figures."""
    projects = actor.projects(Permission.run_read, project)
    now = clock.now()
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    week = timedelta(days=7)
    running = lists.Filter(projects=projects, states=(State.starting, State.running))
    return Home(
        scripts=await repository.scripts(session, projects),
        runs_today=await repository.states_since(session, projects, today),
        hours=await repository.hours(session, projects, now),
        this_week=await repository.rate(session, projects, now - week, now),
        last_week=await repository.rate(session, projects, now - 2 * week, now - week),
        queue=await _queue(session, projects),
        slots=await _slots(session),
        machine=gauge.read(),
        running=await views.summaries(session, actor, await lists.listed(session, running, None, RECENT)),
        recent=await views.summaries(
            session, actor, await lists.listed(session, lists.Filter(projects=projects), None, RECENT)
        ),
        broke=await repository.broke(session, projects, now - timedelta(days=1)),
        ever_ran=await repository.ever_ran(session, projects),
    )


@router.get("/system")
async def system(actor: SystemReader, session: Reading, gauge: Machine) -> SystemInfo:
    """Return what runs here and on what; of the queue, what belongs to your projects."""
    listed = await workers.listed(session, await queue.held(session))
    online = next((worker for worker in listed if worker.state == worker_rows.ONLINE), None)
    info = online.info if online else {}
    return SystemInfo(
        version=__version__,
        machine=gauge.read(),
        slots=await _slots(session),
        queue=await _queue(session, actor.projects(Permission.run_read)),
        sandbox=[SandboxLevel(**level) for level in info.get("sandbox", [])],
        default_level=info.get("default_level", ""),
        workers=listed,
    )


@router.get("/workers")
async def listing(actor: SystemReader, session: Reading) -> Items[Worker]:
    """List workers, online ones first."""
    del actor
    return Items(items=await workers.listed(session, await queue.held(session)))


async def _queue(session: AsyncSession, projects: Sequence[str]) -> QueueCounts:
    counts = await queue.counts(session, (State.queued, State.starting, State.running), projects)
    return QueueCounts(queued=counts[State.queued], starting=counts[State.starting], running=counts[State.running])


async def _slots(session: AsyncSession) -> Slots:
    return Slots(total=await worker_rows.online_slots(session), in_use=sum((await queue.held(session)).values()))
