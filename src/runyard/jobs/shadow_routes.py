"""Shadow mode over HTTP."""

import asyncio
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from runyard import clock
from runyard.access.guards import allow
from runyard.access.permissions import Actor, Permission
from runyard.db.session import Database
from runyard.jobs import outlook, views
from runyard.jobs.models import Job
from runyard.jobs.schemas import JobBody
from runyard.jobs.shadow import Comparison, Log, latest
from runyard.jobs.shadowing import Shadows, logged
from runyard.jobs.specs import Zone
from runyard.scripts.schemas import Body
from runyard.web.depends import Reading, Transaction, provided

router = APIRouter(tags=["jobs"])
Shadowing = Annotated[Shadows, Depends(provided(Shadows))]
Whole = Annotated[Database, Depends(provided(Database))]
Reader = Annotated[Actor, allow(Permission.job_read)]
Writer = Annotated[Actor, allow(Permission.job_write)]
LONGEST_LOG = 4_000_000
MOST_LISTED = 1000
DAY_S = 86_400
Instants = Annotated[list[AwareDatetime], Field(max_length=100_000)]
Tolerance = Annotated[float, Field(ge=0, le=DAY_S, description="How many seconds apart is the same.")]
Text = Annotated[str, StringConstraints(max_length=200)]


class ShadowLog(Body):
    """What another system started: its log as text, or the instants themselves."""

    log: Annotated[str, StringConstraints(max_length=LONGEST_LOG)] | Instants
    start: Annotated[AwareDatetime, Field(alias="from")]
    end: Annotated[AwareDatetime, Field(alias="to")]
    tolerance_s: Tolerance = 60.0
    timezone: Annotated[Zone, Field(description="Of times in the log without an offset.")] = "UTC"
    contains: Annotated[Text, Field(description="Only lines that hold this count.")] = ""
    source: Annotated[Text, Field(description="What the log is of.")] = ""


class MatchBody(BaseModel):
    """One that both started; `late_ms` is how much later the other system did."""

    due_at: datetime
    seen_at: datetime
    late_ms: float


class ShadowBody(BaseModel):
    """What both systems started, and what only one did; of each list the first thousand."""

    matched: list[MatchBody]
    matched_count: int
    only_here: list[datetime] = Field(description="The job would have run, and the other system did not.")
    only_here_count: int
    only_there: list[datetime] = Field(description="The other system ran it, and the job would not have.")
    only_there_count: int
    late_ms: float = Field(description="How much later the other system usually was.")
    latest_ms: float = Field(description="And at the most.")
    unread: int = Field(0, description="Lines of the log that tell no time.")


@router.post("/jobs/{job_id}/shadow", operation_id="compare_job_shadow")
async def give(
    actor: Writer,
    database: Annotated[Database, Depends(provided(Database))],
    shadows: Shadowing,
    job_id: str,
    body: ShadowLog,
) -> ShadowBody:
    """Compare when a job would have run with when another system did; what that started is kept for the next look."""
    outlook.demand_stretch(body.start, body.end)
    if isinstance(body.log, str):
        log = await asyncio.to_thread(logged, body.log, body.timezone, body.start, body.end, body.contains)
    else:
        log = Log(tuple(sorted({clock.to_us(at) for at in body.log})), 0)
    async with database.write() as session:
        await shadows.keep(session, actor, job_id, log, body.source)
    async with database.read() as session:
        found = await shadows.compared(session, actor, job_id, log.starts, body.start, body.end, body.tolerance_s)
    return _compared(found, log.unread)


@router.get("/jobs/{job_id}/shadow", operation_id="get_job_shadow")
async def look(
    actor: Reader,
    session: Reading,
    shadows: Shadowing,
    job_id: str,
    start: Annotated[AwareDatetime, Query(alias="from")],
    end: Annotated[AwareDatetime, Query(alias="to")],
    tolerance_s: Annotated[float, Query(ge=0, le=DAY_S, description="How many seconds apart is the same.")] = 60.0,
) -> ShadowBody:
    """Compare with what was given last."""
    outlook.demand_stretch(start, end)
    seen = await shadows.kept(session, actor, job_id)
    return _compared(await shadows.compared(session, actor, job_id, seen, start, end, tolerance_s), 0)


@router.post("/jobs/{job_id}/shadow/begin", operation_id="begin_job_shadow")
async def begin(actor: Writer, session: Transaction, shadows: Shadowing, job_id: str) -> JobBody:
    """Put a job into shadow: it starts nothing by itself, and what is due stands in its ledger as paused."""
    return await _answer(session, actor, await shadows.begin(session, actor, job_id))


@router.post("/jobs/{job_id}/cut-over", operation_id="cut_job_over")
async def cut_over(actor: Writer, session: Transaction, shadows: Shadowing, job_id: str) -> JobBody:
    """End a job's shadow: from now on it starts its runs itself."""
    return await _answer(session, actor, await shadows.end(session, actor, job_id))


async def _answer(session: Transaction, actor: Actor, job: Job) -> JobBody:
    [body] = await views.bodies(session, actor, [job])
    return body


def _compared(found: Comparison, unread: int) -> ShadowBody:
    usual, most = latest(found.matched)
    return ShadowBody(
        matched=[
            MatchBody(due_at=clock.from_us(one.due), seen_at=clock.from_us(one.seen), late_ms=one.late_us / 1000)
            for one in found.matched[:MOST_LISTED]
        ],
        matched_count=len(found.matched),
        only_here=[clock.from_us(at) for at in found.only_here[:MOST_LISTED]],
        only_here_count=len(found.only_here),
        only_there=[clock.from_us(at) for at in found.only_there[:MOST_LISTED]],
        only_there_count=len(found.only_there),
        late_ms=usual / 1000,
        latest_ms=most / 1000,
        unread=unread,
    )
