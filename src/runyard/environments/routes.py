"""Environments over HTTP."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent

from runyard.access.actors import leashed
from runyard.access.guards import allow
from runyard.access.permissions import Actor, Permission
from runyard.access.service import AccessService
from runyard.audit.events import Target
from runyard.audit.record import about
from runyard.environments import views
from runyard.environments.buildlog import Line
from runyard.environments.lifecycle import State
from runyard.environments.models import Environment
from runyard.environments.schemas import (
    CleanupAnswer,
    CleanupRequest,
    EnvironmentBody,
    EnvironmentSummary,
    LogLine,
)
from runyard.environments.service import EnvironmentService
from runyard.environments.wants import Kind
from runyard.web.depends import Reading, Transaction, provided
from runyard.web.paging import Page, Paging, cursor_of, cut

router = APIRouter(prefix="/environments", tags=["environments"])

Environments = Annotated[EnvironmentService, Depends(provided(EnvironmentService))]
Reader = Annotated[Actor, allow(Permission.environment_read)]
Keeper = Annotated[Actor, allow(Permission.environment_manage)]
Administrator = Annotated[Actor, allow(Permission.system_manage)]


async def visible_environment(
    actor: Reader, session: Reading, environments: Environments, environment_id: str
) -> Environment:
    """Answer 404 for what is not there, or comes from another project's own sources."""
    row = await environments.see(session, actor, environment_id)
    about(_target(row))
    return row


async def changeable_environment(
    actor: Keeper, session: Reading, environments: Environments, environment_id: str
) -> Environment:
    """Answer 403 for what projects use where the actor may not change environments."""
    row = await environments.see(session, actor, environment_id)
    await environments.demand(session, actor, row)
    about(_target(row))
    return row


@router.get("", operation_id="list_environments")
async def list_environments(
    actor: Reader,
    session: Reading,
    environments: Environments,
    window: Paging,
    state: Annotated[list[State] | None, Query(description="Only those in one of these states.")] = None,
    kind: Annotated[Kind | None, Query(description="Only those of this kind.")] = None,
    package: Annotated[str | None, Query(max_length=214, description="Only those that hold this package.")] = None,
) -> Page[EnvironmentSummary]:
    """List environments, newest first."""
    before = window.after(str)
    rows = await environments.page(
        session, actor, state or (), kind, package or None, before[0] if before else None, window.limit + 1
    )
    shown, last = cut(rows, window.limit)
    items = await views.summaries(environments, session, actor, shown)
    return Page(items=items, next_cursor=cursor_of(last.id) if last else None)


@router.post("/cleanup", operation_id="clean_up_environments")
async def clean_up_environments(
    _actor: Administrator, session: Transaction, environments: Environments, body: CleanupRequest
) -> CleanupAnswer:
    """Delete environments that nothing has used for long; those in use stay."""
    deleted, freed = await environments.clean_up(session, body.unused_days)
    after = {"unused_days": body.unused_days, "deleted": deleted, "freed_bytes": freed}
    about(Target("environment"), after=after)
    return CleanupAnswer(deleted=deleted, freed_bytes=freed)


@router.get("/{environment_id}", operation_id="get_environment")
async def get_environment(
    actor: Reader,
    session: Reading,
    environments: Environments,
    row: Annotated[Environment, Depends(visible_environment)],
) -> EnvironmentBody:
    """Get an environment with its packages, their known vulnerabilities, and the scripts that use it."""
    return await views.whole(environments, session, actor, row)


@router.get("/{environment_id}/log", operation_id="get_environment_log")
async def get_environment_log(
    _actor: Reader,
    row: Annotated[Environment, Depends(visible_environment)],
    environments: Environments,
    after: Annotated[int, Query(ge=0, description="Only lines with a number above this one.")] = 0,
    limit: Annotated[int, Query(ge=1, le=5000)] = 1000,
) -> Page[LogLine]:
    """Get lines of the build log, oldest first; pass `next_cursor` as `after` for more."""
    lines = await environments.watching.log(row.id, after, limit)
    more = str(lines[-1].n) if len(lines) == limit else None
    return Page(items=[_line(line) for line in lines], next_cursor=more)


@router.get("/{environment_id}/log/stream", operation_id="stream_environment_log", response_class=EventSourceResponse)
async def stream_environment_log(
    actor: Reader,
    row: Annotated[Environment, Depends(visible_environment)],
    environments: Environments,
    access: Annotated[AccessService, Depends(provided(AccessService))],
    last_event_id: Annotated[int, Header(ge=0)] = 0,
) -> AsyncIterator[ServerSentEvent]:
    """Follow the build log: events `log` (id = line number), `state`, and `end` once the build is settled."""

    async def holds(reader: Actor) -> bool:
        return await environments.shown_to(reader, row.id)

    async for item in leashed(environments.watching.follow(row.id, last_event_id), access.actors, actor, holds):
        if isinstance(item, Line):
            yield ServerSentEvent(event="log", id=str(item.n), data=_line(item))
        else:
            yield ServerSentEvent(event="state", data={"id": row.id, "state": item.value})
    yield ServerSentEvent(event="end", data={})


@router.post("/{environment_id}/cancel", operation_id="cancel_environment", status_code=202)
async def cancel_environment(
    actor: Keeper,
    session: Transaction,
    environments: Environments,
    row: Annotated[Environment, Depends(changeable_environment)],
) -> EnvironmentSummary:
    """Stop the build of an environment."""
    changed = await environments.cancel(session, row.id)
    return await views.summary(environments, session, actor, changed)


@router.post("/{environment_id}/rebuild", operation_id="rebuild_environment", status_code=202)
async def rebuild_environment(
    actor: Keeper,
    session: Transaction,
    environments: Environments,
    row: Annotated[Environment, Depends(changeable_environment)],
) -> EnvironmentSummary:
    """Build an environment anew, or try again after a failure; the versions stay those of its lock."""
    changed = await environments.rebuild(session, row.id)
    return await views.summary(environments, session, actor, changed)


@router.delete("/{environment_id}", operation_id="delete_environment", status_code=204)
async def delete_environment(
    _actor: Keeper,
    session: Transaction,
    environments: Environments,
    row: Annotated[Environment, Depends(changeable_environment)],
) -> None:
    """Delete an environment; the next run that wants it resolves its requirements afresh."""
    await environments.delete(session, row.id)


def _target(row: Environment) -> Target:
    return Target("environment", row.id, f"{row.kind}: {', '.join(row.requirements)}", row.project_id)


def _line(line: Line) -> LogLine:
    return LogLine(n=line.n, t=line.t, stream=line.stream, text=line.text)
