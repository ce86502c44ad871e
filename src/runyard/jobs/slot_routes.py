"""The ledger of a job's slots, over HTTP."""

from datetime import datetime
from typing import Annotated, get_args

from fastapi import APIRouter, Depends, Header, Query
from pydantic import AwareDatetime, BaseModel, Field

from runyard import clock
from runyard.access.guards import allow
from runyard.access.permissions import Actor, Permission
from runyard.jobs import ledger
from runyard.jobs.ledger import Which
from runyard.jobs.models import JobSlot
from runyard.jobs.service import JobService
from runyard.jobs.slots import Outcome, Reason, Slot
from runyard.jobs.words.slots import Language, why
from runyard.runs import records
from runyard.runs.lifecycle import State
from runyard.web.depends import Reading, provided
from runyard.web.paging import BadCursor, Page, Paging, Window, cursor_of, cut

router = APIRouter(tags=["jobs"])
Jobs = Annotated[JobService, Depends(provided(JobService))]
Reader = Annotated[Actor, allow(Permission.job_read)]
ENGLISH, CHINESE = get_args(Language)
LATEST_US = clock.to_us(datetime.max.replace(tzinfo=clock.EPOCH.tzinfo))


class Decided(BaseModel):
    """What became of a slot, and why: in words of the language that is asked for, and as a code."""

    trigger_id: str
    outcome: Outcome
    reason: str
    code: Reason
    name: str = Field(description="Of the blackout window, or of who or what paused the job.")
    run_id: str | None = Field(description="Its run; or the one that stood for it, or was in the way.")
    run_state: State | None = Field(description="Null also where the run is not kept any more.")
    decided_at: datetime


class SlotBody(Decided):
    """One due instant."""

    due_at: datetime


class SlotSpan(Decided):
    """A stretch of due instants, `count` of them, that shared what became of them."""

    due_from: datetime
    due_to: datetime
    count: int


@router.get("/jobs/{job_id}/slots", operation_id="list_job_slots")
async def list_slots(
    actor: Reader,
    session: Reading,
    jobs: Jobs,
    job_id: str,
    window: Paging,
    outcome: Annotated[list[Outcome] | None, Query()] = None,
    trigger_id: Annotated[str | None, Query(max_length=32, pattern=r"^[^\x00]*$")] = None,
    since: Annotated[AwareDatetime | None, Query(alias="from", description="Due then or later.")] = None,
    until: Annotated[AwareDatetime | None, Query(alias="to", description="Due before.")] = None,
    languages: Annotated[str, Header(alias="Accept-Language", max_length=500)] = "",
) -> Page[SlotBody | SlotSpan]:
    """List what became of each instant at which a job was due, newest first; triggers that were deleted too."""
    job = await jobs.find(session, actor, job_id, Permission.job_read)
    which = Which(job.id, [each.value for each in outcome or ()], trigger_id, since, until)
    rows, last = cut(await ledger.page(session, which, _before(window), window.limit + 1), window.limit)
    runs = await records.rows_of(session, [row.run_id for row in rows if row.run_id is not None])
    states = {run.id: State(run.state) for run in runs}
    language = language_of(languages)
    return Page(
        items=[_slot(row, states, language) for row in rows],
        next_cursor=None if last is None else cursor_of(clock.to_us(last.due_from), last.trigger_id),
    )


def language_of(header: str) -> Language:
    """Return the language, of those that there are, which a client names first."""
    for part in header.lower().split(","):
        tag = part.partition(";")[0].strip()
        if tag.startswith("zh"):
            return CHINESE  # type: ignore[no-any-return]
        if tag.startswith("en"):
            break
    return ENGLISH  # type: ignore[no-any-return]


def _before(window: Window) -> tuple[datetime, str] | None:
    keys = window.after(int, str)
    if keys is None:
        return None
    if not 0 <= keys[0] <= LATEST_US:
        raise BadCursor
    return clock.from_us(keys[0]), keys[1]


def _slot(row: JobSlot, states: dict[str, State], language: Language) -> SlotBody | SlotSpan:
    said = Slot(0, 0, row.count, Outcome(row.outcome), Reason(row.reason), row.name)
    told = {
        "trigger_id": row.trigger_id,
        "outcome": said.outcome,
        "reason": " ".join(part for part in (why(said, language), row.detail) if part),
        "code": said.reason,
        "name": row.name,
        "run_id": row.run_id,
        "run_state": states.get(row.run_id or ""),
        "decided_at": row.decided_at,
    }
    if row.count == 1:
        return SlotBody(**told, due_at=row.due_from)
    return SlotSpan(**told, due_from=row.due_from, due_to=row.due_to, count=row.count)
