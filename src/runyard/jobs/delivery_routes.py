"""What arrived at triggers, and what a payload would give."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field, JsonValue, StringConstraints

from runyard.access.guards import allow
from runyard.access.permissions import Actor, Permission
from runyard.jobs import deliveries
from runyard.jobs.deliveries import Outcome
from runyard.jobs.hooks import BadPayload, Call, Hooks, PayloadUnsupported, read
from runyard.jobs.mapping import Arrived
from runyard.jobs.models import JobDelivery
from runyard.jobs.service import JobService
from runyard.web.depends import Reading, provided
from runyard.web.paging import Page, Paging, cursor_of, cut
from runyard.web.problems import FieldProblem

router = APIRouter(tags=["triggers"])
Jobs = Annotated[JobService, Depends(provided(JobService))]
Kept = Annotated[Hooks, Depends(provided(Hooks))]
Reader = Annotated[Actor, allow(Permission.job_read)]
Writer = Annotated[Actor, allow(Permission.job_write)]
MOST_HEADERS = 100
Name = Annotated[str, StringConstraints(max_length=200)]
Text = Annotated[str, StringConstraints(max_length=8192)]


class DeliveryBody(BaseModel):
    """Something that arrived: a call, a file, a run of another job that ended; and what became of it."""

    id: str
    at: datetime
    kind: str
    outcome: Outcome
    reason: str = Field(description="A stable code, empty where there is nothing to say.")
    status: int | None = Field(description="The HTTP status that a call was answered with.")
    run_id: str | None
    took_ms: int | None
    detail: dict[str, Any]


class Trial(BaseModel):
    """What a trigger is shown to see what it makes of it: a body as a call would bring it, or a file."""

    body: JsonValue = None
    headers: dict[Name, Text] = Field(default_factory=dict, max_length=MOST_HEADERS)
    query: dict[Name, Text] = Field(default_factory=dict, max_length=MOST_HEADERS)
    content_type: Annotated[str, StringConstraints(max_length=200)] = Field(
        "application/json", description="Of a form or a text, `body` is the text that would be sent."
    )
    file: dict[str, JsonValue] | None = Field(None, max_length=20, description="What expressions see as `file`.")
    run: bool = Field(False, description="Start a run of it, if it would start one.")


class Tried(BaseModel):
    """What came of it: parameters (those of passwords as ***), whether the condition held, and what is wrong."""

    parameters: dict[str, Any]
    condition: bool | None
    errors: list[FieldProblem]
    run_id: str | None


@router.get("/triggers/{trigger_id}/deliveries", operation_id="list_deliveries")
async def list_deliveries(
    actor: Reader, session: Reading, jobs: Jobs, window: Paging, trigger_id: str
) -> Page[DeliveryBody]:
    """List what arrived at a trigger, newest first."""
    trigger = await jobs.trigger(session, actor, trigger_id, Permission.job_read)
    after = window.after(str)
    rows, last = cut(
        await deliveries.page(session, trigger.id, after[0] if after else None, window.limit + 1), window.limit
    )
    return Page(items=[_shown(row) for row in rows], next_cursor=cursor_of(last.id) if last is not None else None)


@router.post("/triggers/{trigger_id}/test", operation_id="test_trigger")
async def test_trigger(actor: Writer, hooks: Kept, trigger_id: str, body: Trial) -> Tried:
    """Show what a trigger makes of a payload, and start a run of it if that is asked for."""
    tried = await hooks.try_out(actor, trigger_id, _arrived(body), run=body.run)
    return Tried(
        parameters=tried.mapped.parameters,
        condition=tried.mapped.condition,
        errors=[FieldProblem(field=e.field, message=e.message, code=e.code) for e in tried.mapped.errors],
        run_id=tried.run_id,
    )


def _arrived(body: Trial) -> Arrived:
    headers = {name.lower(): value for name, value in body.headers.items()}
    if not isinstance(body.body, str) or "json" in body.content_type:
        return Arrived(body.body, headers, body.query, body.file)
    headers["content-type"] = body.content_type
    try:
        found = read(Call(headers, body.query, body.body.encode("utf-8", "replace")))
    except PayloadUnsupported as problem:
        raise BadPayload(problem.detail) from problem
    return found


def _shown(row: JobDelivery) -> DeliveryBody:
    return DeliveryBody(
        id=row.id,
        at=row.at,
        kind=row.kind,
        outcome=Outcome(row.outcome),
        reason=row.reason,
        status=row.status,
        run_id=row.run_id,
        took_ms=row.took_ms,
        detail=row.detail,
    )
