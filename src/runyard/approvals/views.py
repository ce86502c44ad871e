"""Requests for consent as they are answered."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from runyard.approvals import repository
from runyard.approvals.models import ApprovalEntry
from runyard.approvals.schemas import ApprovalBody, ApprovalOutcome, ApprovalSubject, ApprovalWhole, EntryBody
from runyard.approvals.service import Shown


async def body(session: AsyncSession, shown: Shown) -> ApprovalBody:
    """Return one request."""
    return (await bodies(session, [shown]))[0]


async def bodies(session: AsyncSession, shown: Sequence[Shown]) -> list[ApprovalBody]:
    """Return requests with the usernames that they mention."""
    names = await repository.usernames(
        session, [id_ for one in shown for id_ in (one.row.asked_by, one.row.decided_by)]
    )
    return [ApprovalBody(**_facts(one, names)) for one in shown]


async def whole(session: AsyncSession, shown: Shown) -> ApprovalWhole:
    """Return a request with all that was said about it."""
    entries = await repository.entries(session, shown.row.id)
    ids = [shown.row.asked_by, shown.row.decided_by, *(entry.user_id for entry in entries)]
    names = await repository.usernames(session, ids)
    return ApprovalWhole(**_facts(shown, names), entries=[_entry(entry, names) for entry in entries])


async def said(session: AsyncSession, entry: ApprovalEntry) -> EntryBody:
    """Return one comment."""
    return _entry(entry, await repository.usernames(session, [entry.user_id]))


def _facts(shown: Shown, names: dict[str | None, str]) -> dict[str, Any]:
    row = shown.row
    return {
        "id": row.id,
        "kind": row.kind,
        "state": row.state,
        "project": shown.project,
        "subject": ApprovalSubject(kind=row.subject_kind, id=row.subject_id, name=row.subject_name),
        "changes": row.changes,
        "note": row.note,
        "revision": row.revision,
        "base": row.base,
        "asked_by": names.get(row.asked_by),
        "asked_at": row.asked_at,
        "expires_at": row.expires_at,
        "decided_by": names.get(row.decided_by),
        "decided_at": row.decided_at,
        "reason": row.reason,
        "finished_at": row.finished_at,
        "outcome": ApprovalOutcome(code=row.code, message=row.outcome) if row.code else None,
        "may": list(shown.may),
        "why_not": shown.why_not,
    }


def _entry(entry: ApprovalEntry, names: dict[str | None, str]) -> EntryBody:
    return EntryBody(
        id=entry.id,
        what=entry.what,
        by=names.get(entry.user_id),
        at=entry.at,
        text=entry.text,
        revision=entry.revision,
        line=entry.line,
        thread_id=entry.thread_id,
        resolved=entry.resolved,
    )
