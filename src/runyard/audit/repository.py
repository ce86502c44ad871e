"""Looking events up: every filter walks down an index, newest first."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct, field
from sqlalchemy import ColumnElement, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from runyard.audit.models import AuditEvent


class Filter(Struct, frozen=True):
    """Which events; what is None or empty does not narrow. `projects` None means the whole installation."""

    projects: Sequence[str] | None = None
    actor: str | None = None
    action: Sequence[str] = field(default=())
    kind: str | None = None
    object: str | None = None
    address: str | None = None
    outcome: str | None = None
    since: datetime | None = None
    until: datetime | None = None


async def page(
    session: AsyncSession, wanted: Filter, after: tuple[datetime, int] | None, limit: int
) -> Sequence[AuditEvent]:
    """Return up to `limit` events, newest first, after the keys of the page before."""
    query = select(AuditEvent).where(*_conditions(wanted))
    if after is not None:
        query = query.where(tuple_(AuditEvent.at, AuditEvent.seq) < after)
    query = query.order_by(AuditEvent.at.desc(), AuditEvent.seq.desc()).limit(limit)
    return (await session.scalars(query)).all()


def _conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.projects is not None:
        found.append(AuditEvent.project_id.in_(wanted.projects))
    if wanted.actor:
        by_id = wanted.actor.startswith("usr_")
        found.append((AuditEvent.actor_id if by_id else AuditEvent.actor_name) == wanted.actor)
    if wanted.action:
        found.append(AuditEvent.action.in_(wanted.action))
    equal = (
        (AuditEvent.object_kind, wanted.kind),
        (AuditEvent.object_id, wanted.object),
        (AuditEvent.address, wanted.address),
        (AuditEvent.outcome, wanted.outcome),
    )
    found += [column == value for column, value in equal if value]
    if wanted.since is not None:
        found.append(AuditEvent.at >= wanted.since)
    if wanted.until is not None:
        found.append(AuditEvent.at < wanted.until)
    return found
