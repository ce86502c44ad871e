"""The rows of requests for consent, and of what was said about them."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct
from sqlalchemy import and_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from runyard.access.models import User
from runyard.approvals.lifecycle import OPEN, OVER, State
from runyard.approvals.models import Approval, ApprovalEntry
from runyard.projects.models import Project

MOST_ENTRIES = 1000


class Seen(Struct, frozen=True):
    """Which requests somebody sees: their own, those of projects by kind of right, and the installation's."""

    user_id: str
    deciding: Sequence[str]
    reviewing: Sequence[str]
    installation: bool


async def get(session: AsyncSession, approval_id: str, *, lock: bool = False) -> Approval | None:
    """Return the request of that id; with `lock`, hold it until the transaction ends."""
    if "\0" in approval_id:
        # PostgreSQL refuses to even look for it.
        return None
    query = select(Approval).where(Approval.id == approval_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await session.scalars(query)).one_or_none()


async def page(
    session: AsyncSession,
    seen: Seen,
    reviews: Iterable[str],
    *,
    mine: bool | None,
    over: bool,
    project_ids: Sequence[str] | None,
    before: str | None,
    limit: int,
) -> Sequence[Approval]:
    """Return up to `limit` requests, newest first, below the id `before`: open ones, or those that are `over`.

    `mine` narrows them to those that the reader has asked for, or to all others.
    """
    states = OVER if over else {*OPEN, State.carrying}
    is_review = Approval.kind.in_(list(reviews))
    others = or_(
        and_(is_review, Approval.project_id.in_(seen.reviewing)),
        and_(~is_review, Approval.project_id.in_(seen.deciding)),
        *([Approval.project_id.is_(None)] if seen.installation else []),
    )
    own = Approval.asked_by == seen.user_id
    query = select(Approval).where(Approval.state.in_([state.value for state in states]))
    query = query.where(own if mine else and_(~own, others) if mine is False else or_(own, others))
    if project_ids is not None:
        query = query.where(Approval.project_id.in_(project_ids))
    if before is not None:
        query = query.where(Approval.id < before)
    return (await session.scalars(query.order_by(Approval.id.desc()).limit(limit))).all()


async def waiting(session: AsyncSession, asked_by: str, kind: str, digest: str, now: datetime) -> Approval | None:
    """Return what somebody has asked for already in the same words, while it waits."""
    query = select(Approval).where(
        Approval.asked_by == asked_by,
        Approval.state == State.waiting,
        Approval.kind == kind,
        Approval.digest == digest,
        Approval.expires_at > now,
    )
    return (await session.scalars(query.limit(1))).one_or_none()


async def open_of(session: AsyncSession, subject_id: str, kind: str, *, lock: bool = False) -> Approval | None:
    """Return the open review of a thing; there is one at the most."""
    query = select(Approval).where(
        Approval.subject_id == subject_id, Approval.kind == kind, Approval.state.in_([state.value for state in OPEN])
    )
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await session.scalars(query.order_by(Approval.id.desc()).limit(1))).one_or_none()


async def due(session: AsyncSession, now: datetime, limit: int) -> Sequence[Approval]:
    """Return requests that have waited too long, held until the transaction ends."""
    query = select(Approval).where(Approval.state == State.waiting, Approval.expires_at <= now)
    return (await session.scalars(query.limit(limit).with_for_update(skip_locked=True))).all()


async def interrupted(session: AsyncSession, before: datetime) -> Sequence[str]:
    """End what was begun before an instant and never finished; return their ids."""
    ended = (
        update(Approval)
        .where(Approval.state == State.carrying, Approval.decided_at < before)
        .values(
            state=State.failed,
            code="interrupted",
            outcome="Runyard stopped while this was carried out. Look whether it was done; if not, ask again.",
            finished_at=before,
            sealed=None,
        )
        .returning(Approval.id)
    )
    return list((await session.execute(ended)).scalars())


async def entries(session: AsyncSession, approval_id: str) -> Sequence[ApprovalEntry]:
    """Return what was said and done, oldest first."""
    query = select(ApprovalEntry).where(ApprovalEntry.approval_id == approval_id)
    return (await session.scalars(query.order_by(ApprovalEntry.id).limit(MOST_ENTRIES))).all()


async def entry(session: AsyncSession, approval_id: str, entry_id: str) -> ApprovalEntry | None:
    """Return a comment of a request."""
    query = select(ApprovalEntry).where(
        ApprovalEntry.approval_id == approval_id, ApprovalEntry.id == entry_id[:32].replace("\0", "")
    )
    return (await session.scalars(query)).one_or_none()


async def open_threads(session: AsyncSession, approval_id: str) -> bool:
    """Whether any comment still waits for an answer."""
    query = select(ApprovalEntry.id).where(
        ApprovalEntry.approval_id == approval_id,
        ApprovalEntry.what == "comment",
        ApprovalEntry.thread_id.is_(None),
        ApprovalEntry.resolved.is_(False),
    )
    return (await session.execute(query.limit(1))).first() is not None


async def usernames(session: AsyncSession, user_ids: Iterable[str | None]) -> dict[str | None, str]:
    """Return the usernames behind those ids."""
    query = select(User.id, User.username).where(User.id.in_({id_ for id_ in user_ids if id_ is not None}))
    return {id_: username for id_, username in await session.execute(query)}  # noqa: C416 - rows are no pairs to mypy


async def rules(session: AsyncSession, project_id: str, *, lock: bool = False) -> Project:
    """Return the row that holds a project's rules; with `lock`, hold it against whoever adds to the project."""
    query = select(Project).where(Project.id == project_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await session.scalars(query)).one()
