"""The seam: one line in a service has its act wait for a second person where the project demands that."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from msgspec import Struct
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock
from runyard.access.permissions import Actor
from runyard.approvals.errors import ChangedMeanwhile, NeedsSecondPerson
from runyard.approvals.lifecycle import NotOpen, State
from runyard.approvals.models import Approval
from runyard.approvals.operations import OPERATIONS, Operation, known
from runyard.audit.changes import changed
from runyard.audit.events import SYSTEM, Event, Target
from runyard.audit.record import PENDING
from runyard.db.session import Closing
from runyard.projects.models import Project

CLEARED = "runyard.cleared"


class Clearance(Struct, frozen=True):
    """What a second person has agreed to, and is being carried out: just this, and nothing else on the way."""

    approval_id: str
    operation: Operation
    digest: str


_clearance: ContextVar[Clearance | None] = ContextVar("runyard.clearance", default=None)


@contextmanager
def cleared(clearance: Clearance) -> Iterator[None]:
    """Let what was agreed to pass while the block lasts."""
    token = _clearance.set(clearance)
    try:
        yield
    finally:
        _clearance.reset(token)


async def demand(
    session: AsyncSession,
    actor: Actor,
    operation: Operation,
    target: Target,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Let an act pass, or raise `NeedsSecondPerson`, of which the answer to the request is made.

    Call it where all else about the act has been looked at: who asks in vain should hear so at once. `before` and
    `after` are what the second person decides by; if they differ once the act is carried out, it is not.

    Raises: NeedsSecondPerson; ChangedMeanwhile.
    """
    if operation not in await demanded(session, operation, target.project_id):
        return
    changes = changed(before, after)
    digest = _digest(operation, target, changes)
    held = _clearance.get()
    if held is not None and held.operation is operation:
        if held.digest != digest:
            raise ChangedMeanwhile
        session.info[CLEARED] = held
        return
    if OPERATIONS[operation].released and await _released(session, actor, digest):
        return
    raise NeedsSecondPerson(actor, operation, target, changes, digest)


async def demanded(session: AsyncSession, operation: Operation, project_id: str | None) -> frozenset[Operation]:
    """Return what waits in a project; for what belongs to no project, what waits in any."""
    query = select(Project.second_person)
    if project_id is not None:
        query = query.where(Project.id == project_id)
    elif OPERATIONS[operation].everywhere:
        query = query.where(Project.archived_at.is_(None))
    else:
        return frozenset()
    return frozenset[Operation]().union(*[known(names) for names in await session.scalars(query)])


async def settle(session: AsyncSession) -> None:
    """End what is being carried out in the very transaction that does it; raise `NotOpen` if it is over already."""
    held: Clearance | None = session.info.pop(CLEARED, None)
    if held is None:
        return
    finished = (
        update(Approval)
        .where(Approval.id == held.approval_id, Approval.state == State.carrying)
        .values(state=State.done, finished_at=clock.now(), sealed=None)
        .returning(Approval.subject_name, Approval.project_id)
    )
    row = (await session.execute(finished)).one_or_none()
    if row is None:
        raise NotOpen
    name, project_id = row
    target = Target("approval", held.approval_id, name, project_id)
    facts = changed(None, {"operation": held.operation.value})
    # Beside the act's own event, in whose place it must not come.
    session.info.setdefault(PENDING, []).append(Event(SYSTEM, "approval.carry_out", target, facts))


def settling(closing: Closing) -> Closing:
    """Return what a transaction ends with: `settle`, and then whatever it ended with before."""

    async def close(session: AsyncSession) -> None:
        if CLEARED in session.info:
            await settle(session)
        await closing(session)

    return close


async def _released(session: AsyncSession, actor: Actor, digest: str) -> bool:
    query = select(Approval.id).where(
        Approval.asked_by == actor.user_id,
        Approval.state == State.done,
        Approval.digest == digest,
        Approval.expires_at > clock.now(),
    )
    return (await session.execute(query.limit(1))).first() is not None


def _digest(operation: Operation, target: Target, changes: Mapping[str, Any]) -> str:
    said = [operation.value, target.kind, target.id, target.project_id, changes]
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()
