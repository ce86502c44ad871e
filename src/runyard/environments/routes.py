"""Environments over HTTP."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent

from runyard.access.guards import allow
from runyard.access.permissions import Actor, Permission
from runyard.environments.buildlog import Line
from runyard.environments.lifecycle import State
from runyard.environments.models import Environment
from runyard.environments.schemas import (
    CleanupAnswer,
    CleanupRequest,
    EnvironmentBody,
    EnvironmentSummary,
    ErrorBody,
    LogLine,
    PackageBody,
    UsedByBody,
)
from runyard.environments.service import EnvironmentService
from runyard.environments.wants import Kind
from runyard.web.depends import Reading, Transaction, provided
from runyard.web.paging import Page, Paging, cursor_of, cut

router = APIRouter(prefix="/environments", tags=["environments"])

Environments = Annotated[EnvironmentService, Depends(provided(EnvironmentService))]
Reader = Annotated[Actor, allow(Permission.environment_read)]
Keeper = Annotated[Actor, allow(Permission.environment_manage)]


async def _existing(session: Reading, environments: Environments, environment_id: str) -> Environment:
    """Answer 404 before a stream begins."""
    return await environments.get(session, environment_id)


@router.get("", operation_id="list_environments")
async def list_environments(
    _actor: Reader,
    session: Reading,
    environments: Environments,
    window: Paging,
    state: Annotated[list[State] | None, Query(description="Only those in one of these states.")] = None,
    kind: Annotated[Kind | None, Query(description="Only those of this kind.")] = None,
) -> Page[EnvironmentSummary]:
    """List environments, newest first."""
    before = window.after(str)
    rows = await environments.page(session, state or (), kind, before[0] if before else None, window.limit + 1)
    shown, last = cut(rows, window.limit)
    return Page(items=[_summary(row) for row in shown], next_cursor=cursor_of(last.id) if last else None)


@router.post("/cleanup", operation_id="clean_up_environments")
async def clean_up_environments(
    _actor: Keeper, session: Transaction, environments: Environments, body: CleanupRequest
) -> CleanupAnswer:
    """Delete environments that nothing has used for long; those in use stay."""
    deleted, freed = await environments.clean_up(session, body.unused_days)
    return CleanupAnswer(deleted=deleted, freed_bytes=freed)


@router.get("/{environment_id}", operation_id="get_environment")
async def get_environment(
    actor: Reader, session: Reading, environments: Environments, environment_id: str
) -> EnvironmentBody:
    """Get an environment with its packages and the scripts that use it."""
    row = await environments.get(session, environment_id)
    users = await environments.used_by(session, actor, environment_id)
    return EnvironmentBody(
        **_summary(row).model_dump(),
        packages=None if row.packages is None else [PackageBody(**package) for package in row.packages],
        used_by=[UsedByBody(script_id=user.script_id, name=user.name) for user in users],
    )


@router.get("/{environment_id}/log", operation_id="get_environment_log")
async def get_environment_log(
    _actor: Reader,
    session: Reading,
    environments: Environments,
    environment_id: str,
    after: Annotated[int, Query(ge=0, description="Only lines with a number above this one.")] = 0,
    limit: Annotated[int, Query(ge=1, le=5000)] = 1000,
) -> Page[LogLine]:
    """Get lines of the build log, oldest first; pass `next_cursor` as `after` for more."""
    await environments.get(session, environment_id)
    lines = await environments.log(environment_id, after, limit)
    more = str(lines[-1].n) if len(lines) == limit else None
    return Page(items=[_line(line) for line in lines], next_cursor=more)


@router.get("/{environment_id}/log/stream", operation_id="stream_environment_log", response_class=EventSourceResponse)
async def stream_environment_log(
    _actor: Reader,
    _known: Annotated[Environment, Depends(_existing)],
    environments: Environments,
    environment_id: str,
    last_event_id: Annotated[int, Header(ge=0)] = 0,
) -> AsyncIterator[ServerSentEvent]:
    """Follow the build log: events `log` (id = line number), `state`, and `end` once the build is settled."""
    async for item in environments.follow(environment_id, last_event_id):
        if isinstance(item, Line):
            yield ServerSentEvent(event="log", id=str(item.n), data=_line(item))
        else:
            yield ServerSentEvent(event="state", data={"id": environment_id, "state": item.value})
    yield ServerSentEvent(event="end", data={})


@router.post("/{environment_id}/cancel", operation_id="cancel_environment", status_code=202)
async def cancel_environment(
    _actor: Keeper, session: Transaction, environments: Environments, environment_id: str
) -> EnvironmentSummary:
    """Stop the build of an environment."""
    return _summary(await environments.cancel(session, environment_id))


@router.post("/{environment_id}/rebuild", operation_id="rebuild_environment", status_code=202)
async def rebuild_environment(
    _actor: Keeper, session: Transaction, environments: Environments, environment_id: str
) -> EnvironmentSummary:
    """Build an environment anew, or try again after a failure; the versions stay those of its lock."""
    return _summary(await environments.rebuild(session, environment_id))


@router.delete("/{environment_id}", operation_id="delete_environment", status_code=204)
async def delete_environment(
    _actor: Keeper, session: Transaction, environments: Environments, environment_id: str
) -> None:
    """Delete an environment; the next run that wants it resolves its requirements afresh."""
    await environments.delete(session, environment_id)


def _summary(row: Environment) -> EnvironmentSummary:
    failed = row.error_code is not None
    return EnvironmentSummary(
        id=row.id,
        kind=Kind(row.kind),
        state=State(row.state),
        requirements=row.requirements,
        interpreter=row.interpreter,
        size_bytes=row.size_bytes,
        error=ErrorBody(code=row.error_code or "", message=row.error_message or "") if failed else None,
        created_at=row.created_at,
        ready_at=row.ready_at,
        last_used_at=row.last_used_at,
        build_s=row.build_s,
    )


def _line(line: Line) -> LogLine:
    return LogLine(n=line.n, t=line.t, stream=line.stream, text=line.text)
