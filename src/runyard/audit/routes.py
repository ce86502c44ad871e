"""The audit over HTTP."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import StreamingResponse

from runyard import clock, log
from runyard.access.guards import allow
from runyard.access.permissions import Actor, Permission
from runyard.audit.acts import ACTIONS, KINDS
from runyard.audit.models import AuditEvent
from runyard.audit.origin import who_is
from runyard.audit.repository import Filter
from runyard.audit.rules import Alert
from runyard.audit.schemas import (
    AuditActions,
    AuditActor,
    AuditAlert,
    AuditAlerts,
    AuditEntry,
    AuditObject,
    AuditVerdict,
)
from runyard.audit.service import AuditService
from runyard.web.depends import Reading, provided
from runyard.web.paging import Page, Paging, cursor_of, cut

logger = log.get("audit")
router = APIRouter(tags=["audit"])
Audit = Annotated[AuditService, Depends(provided(AuditService))]
Reader = Annotated[Actor, allow(Permission.audit_read)]
LATEST_US = clock.to_us(datetime.max.replace(tzinfo=UTC))
Project = Annotated[str | None, Query(max_length=64, description="Only what was done in this project.")]


class Wanted:
    """Which events; all conditions hold at once."""

    def __init__(
        self,
        actor: Annotated[str | None, Query(max_length=64, description="A user's name or id.")] = None,
        action: Annotated[list[str] | None, Query(max_length=50, description="Such as `script.update`.")] = None,
        kind: Annotated[str | None, Query(max_length=32, description="A kind of object, such as `script`.")] = None,
        object: Annotated[str | None, Query(max_length=64, description="An object's id.")] = None,  # noqa: A002 - its name outside
        address: Annotated[str | None, Query(max_length=64, description="From where.")] = None,
        outcome: Annotated[Literal["ok", "refused"] | None, Query()] = None,
        since: Annotated[datetime | None, Query(alias="from", description="Then or later.")] = None,
        until: Annotated[datetime | None, Query(alias="to", description="Before.")] = None,
    ) -> None:
        self.filter = Filter(
            actor=actor,
            action=tuple(action or ()),
            kind=kind,
            object=object,
            address=address,
            outcome=outcome,
            since=_aware(since),
            until=_aware(until),
        )


Chosen = Annotated[Wanted, Depends()]


@router.get("/audit", operation_id="list_audit")
async def list_audit(
    actor: Reader, session: Reading, audit: Audit, window: Paging, wanted: Chosen, project: Project = None
) -> Page[AuditEntry]:
    """List what was done, newest first."""
    after = window.after(int, int)
    keys = (clock.from_us(max(0, min(after[0], LATEST_US))), after[1]) if after else None
    rows = await audit.page(session, audit.seen_by(actor, wanted.filter, project), keys, window.limit + 1)
    kept, last = cut(rows, window.limit)
    names = await audit.project_names(session, kept)
    return Page(
        items=[_entry(row, names) for row in kept],
        next_cursor=None if last is None else cursor_of(clock.to_us(last.at), last.seq),
    )


@router.get("/audit/actions", operation_id="list_audit_actions")
async def list_audit_actions(_actor: Reader) -> AuditActions:
    """List what events may be called, and what they may be about."""
    return AuditActions(actions=sorted(ACTIONS), kinds=sorted(KINDS))


@router.get("/audit/alerts", operation_id="list_audit_alerts")
async def list_audit_alerts(actor: Reader, session: Reading, audit: Audit, project: Project = None) -> AuditAlerts:
    """List what was out of the ordinary in the last 24 hours, the latest first."""
    found, since, whole = await audit.alerts(session, audit.seen_by(actor, Filter(), project))
    names = await audit.project_names(session, (event for alert in found for event in alert.events))
    return AuditAlerts(items=[_alert(alert, names) for alert in found], since=since, whole=whole)


@router.get(
    "/audit/export",
    operation_id="export_audit",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {}, "application/json": {}}}},
)
async def export_audit(
    actor: Reader,
    request: Request,
    audit: Audit,
    wanted: Chosen,
    project: Project = None,
    format: Annotated[Literal["csv", "json"], Query()] = "csv",  # noqa: A002 - its name outside
) -> StreamingResponse:
    """Download all events that the filters find; that it was done is an event too."""
    narrowed = audit.seen_by(actor, wanted.filter, project)
    await audit.note_export(who_is(request, actor), narrowed, format)
    name = f"audit-{clock.now():%Y%m%d-%H%M%S}.{format}"
    return StreamingResponse(
        audit.lines(narrowed, format),
        media_type="text/csv; charset=utf-8" if format == "csv" else "application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@router.get("/audit/verify", operation_id="verify_audit")
async def verify_audit(
    actor: Annotated[Actor, allow(Permission.system_manage)], request: Request, audit: Audit
) -> AuditVerdict:
    """Check the whole chain of hashes; for administrators of the installation."""
    report = await audit.verify(who_is(request, actor))
    if report.flaw is not None:
        logger.error("audit.broken", flaw=report.flaw.value, seq=report.seq)
    return AuditVerdict(
        intact=report.flaw is None,
        checked=report.checked,
        first=report.first,
        last=report.last,
        pruned_through=report.pruned_through,
        flaw=report.flaw and report.flaw.value,
        seq=report.seq,
        message=report.sentence,
        at=clock.now(),
    )


def _aware(at: datetime | None) -> datetime | None:
    return at if at is None or at.tzinfo is not None else at.replace(tzinfo=UTC)


def _entry(row: AuditEvent, names: Mapping[str, str]) -> AuditEntry:
    return AuditEntry(
        id=row.id,
        seq=row.seq,
        at=row.at,
        actor=AuditActor.model_validate(
            {
                "kind": row.actor_kind,
                "id": row.actor_id or None,
                "name": row.actor_name or None,
                "token_id": row.token_id or None,
                "session_id": row.session_id or None,
            }
        ),
        address=row.address or None,
        user_agent=row.user_agent or None,
        request_id=row.request_id or None,
        action=row.action,
        object=AuditObject(kind=row.object_kind, id=row.object_id or None, name=row.object_name or None),
        project=_project(row.project_id, names),
        outcome="ok" if row.outcome == "ok" else "refused",
        code=row.code or None,
        changes=json.loads(row.changes),
        hash=row.hash,
    )


def _alert(alert: Alert, names: Mapping[str, str]) -> AuditAlert:
    projects = {event.project_id for event in alert.events}
    return AuditAlert(
        rule=alert.rule,
        severity="critical" if alert.severity == "critical" else "warning",
        message=alert.message,
        count=len(alert.events),
        first_at=alert.events[0].at,
        last_at=alert.last_at,
        actor=alert.actor or None,
        address=alert.address or None,
        about=alert.about or None,
        project=_project(projects.pop(), names) if len(projects) == 1 else None,
        action=sorted({event.action for event in alert.events}),
    )


def _project(id_: str | None, names: Mapping[str, str]) -> str | None:
    return None if id_ is None else names.get(id_, id_)
