"""Asking for a second person's consent, giving and refusing it, and talking about it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock, ids, log
from runyard.access.permissions import Actor, Permission
from runyard.approvals import repository
from runyard.approvals.errors import NeedsSecondPerson, NoSuchApproval, NoSuchComment, OpenThreads
from runyard.approvals.lifecycle import OPEN, Act, NotOpen, Person, Standing, State, after, refusal
from runyard.approvals.models import Approval, ApprovalEntry
from runyard.approvals.operations import OPERATIONS, Operation
from runyard.approvals.schemas import NewComment
from runyard.audit.events import Target
from runyard.audit.record import record
from runyard.db.session import after_commit
from runyard.ids import ProjectId
from runyard.live.bus import Bus
from runyard.secrets.sealing import Sealer

logger = log.get("approvals")
MOST_COUNTED = 100
RELEASED = timedelta(hours=1)
"""For how long what was released may be done."""
SWEPT = 200
STALE = timedelta(minutes=10)
"""After which time an act that was begun is taken for interrupted."""
INSTALLATION_HOURS = 72


class Reviewed(Protocol):
    """A room whose things are published by four eyes: scripts, and whatever else has drafts and versions."""

    kind: str
    permission: Permission

    async def revision(self, session: AsyncSession, row: Approval) -> None:
        """Hold the thing, and bring the request's `revision` and `authors` up to date."""

    async def publish(self, session: AsyncSession, actor: Actor, row: Approval) -> None:
        """Publish what has been approved."""

    async def switch(self, session: AsyncSession, actor: Actor, project_id: str, *, on: bool) -> None:
        """Begin or end four-eyes publishing in a project."""

    async def gate(self, session: AsyncSession, project_id: str, operations: frozenset[Operation]) -> None:
        """Take note of which operations wait from now on."""


class Shown(Struct, frozen=True):
    """A request as its reader may see it."""

    row: Approval
    project: str | None
    may: tuple[str, ...]
    why_not: str | None


class Approvals:
    """Requests for consent. Every method works within the session that it is given."""

    def __init__(self, sealer: Sealer, bus: Bus, reviewed: Sequence[Reviewed] = ()) -> None:
        self._sealer = sealer
        self._bus = bus
        self._reviewed = {one.kind: one for one in reviewed}

    @property
    def reviewed(self) -> Sequence[Reviewed]:
        """The rooms whose things are published by four eyes."""
        return tuple(self._reviewed.values())

    # Asking

    async def ask(self, session: AsyncSession, waits: NeedsSecondPerson, request: bytes) -> Approval:
        """Keep a request until somebody has decided; who has asked for the same already is given that."""
        actor, target, now = waits.actor, waits.target, clock.now()
        kind = waits.operation.value
        row = await repository.waiting(session, actor.user_id, kind, waits.digest, now)
        if row is not None:
            return row
        hours = INSTALLATION_HOURS
        if target.project_id is not None:
            hours = (await repository.rules(session, target.project_id)).approval_hours
        row = Approval(
            **_new(actor, kind, target, now),
            changes=waits.changes,
            digest=waits.digest,
            token_id=actor.token_id,
            expires_at=now + timedelta(hours=hours),
            authors=[],
        )
        row.sealed = self._sealer.seal(request, _context(row.id))
        return await self.add(session, actor, row, "approval.ask")

    async def add(self, session: AsyncSession, actor: Actor, row: Approval, action: str) -> Approval:
        """Keep a new request and tell of it."""
        session.add(row)
        await session.flush()
        record(session, actor, action, target_of(row), after={"operation": row.kind, "about": row.subject_name})
        logger.info("approval.asked", approval_id=row.id, kind=row.kind, by=actor.user_id)
        self.tell(session, row)
        return row

    def request_of(self, row: Approval) -> bytes:
        """Return the request that a row keeps."""
        return self._sealer.open(row.sealed or "", _context(row.id))

    # Reading

    async def page(
        self, session: AsyncSession, actor: Actor, view: str, project: str | None, before: str | None, limit: int
    ) -> list[Shown]:
        """Return up to `limit` requests, newest first: what others wait for, what one has asked for, what is over."""
        rows = await repository.page(
            session,
            self._seen(actor),
            self._reviewed,
            mine={"waiting": False, "mine": True}.get(view),
            over=view == "done",
            project_ids=None if project is None else [actor.place(project).project_id],
            before=before,
            limit=limit,
        )
        return [self.shown(actor, row) for row in rows]

    async def count(self, session: AsyncSession, actor: Actor) -> int:
        """Return how many requests wait for the actor, a hundred at the most."""
        rows = await self.page(session, actor, "waiting", None, None, MOST_COUNTED)
        return sum("approve" in one.may for one in rows)

    async def find(self, session: AsyncSession, actor: Actor, approval_id: str, *, lock: bool = False) -> Approval:
        """Return a request that the actor may see; raise `NoSuchApproval`."""
        row = await repository.get(session, approval_id)
        if row is None or not self._sees(actor, row):
            raise NoSuchApproval
        if lock:
            if row.kind in self._reviewed and row.state in OPEN:
                # Whoever saves takes the thing before its review, and so must we.
                await self._reviewed[row.kind].revision(session, row)
            row = await repository.get(session, approval_id, lock=True)
            assert row is not None  # noqa: S101 - requests are never deleted
        return row

    def shown(self, actor: Actor, row: Approval) -> Shown:
        """Return a request with what its reader may do."""
        on, by = _standing(row), self._person(actor, row)
        acts = {act: refusal(act, on, by, on.revision) for act in (Act.approve, Act.reject, Act.withdraw)}
        may = [act.value for act, why in acts.items() if why is None]
        if State(row.state) in OPEN:
            may.append("comment")
        why = acts[Act.approve]
        names = {m.project_id: m.name for m in actor.memberships}
        project = None if row.project_id is None else names.get(ProjectId(row.project_id))
        return Shown(row, project, tuple(may), None if why is None else why.code)

    # Deciding

    async def approve(
        self, session: AsyncSession, actor: Actor, approval_id: str, reason: str, revision: int | None
    ) -> Approval:
        """Agree: to a review at a revision, or to an operation, which is to be carried out next.

        Raises: NoSuchApproval; Forbidden; OwnRequest; OwnChange; PersonsOnly; NotOpen; ChangedSince; OpenThreads.
        """
        row = await self.find(session, actor, approval_id, lock=True)
        _refuse(refusal(Act.approve, _standing(row), self._person(actor, row), revision))
        if row.kind in self._reviewed:
            if await repository.open_threads(session, row.id):
                raise OpenThreads
            act, state = Act.approve, after(State(row.state), Act.approve)
        else:
            act, state = Act.carry, after(State(row.state), Act.carry)
            if OPERATIONS[Operation(row.kind)].released:
                state = after(state, Act.finish)
                row.expires_at, row.sealed = clock.now() + RELEASED, None
        return await self._decided(session, actor, row, act, state, reason)

    async def publish(self, session: AsyncSession, actor: Actor, row: Approval) -> None:
        """Publish what somebody has just agreed to."""
        await self._reviewed[row.kind].publish(session, actor, row)

    async def reject(self, session: AsyncSession, actor: Actor, approval_id: str, reason: str) -> Approval:
        """Refuse consent, with a reason; raise what `approve` does."""
        row = await self.find(session, actor, approval_id, lock=True)
        _refuse(refusal(Act.reject, _standing(row), self._person(actor, row)))
        row.sealed = None
        return await self._decided(session, actor, row, Act.reject, after(State(row.state), Act.reject), reason)

    async def withdraw(self, session: AsyncSession, actor: Actor, approval_id: str) -> Approval:
        """Take a request back; raise `NoSuchApproval`, `NotTheAsker`, `NotOpen`."""
        row = await self.find(session, actor, approval_id, lock=True)
        _refuse(refusal(Act.withdraw, _standing(row), self._person(actor, row)))
        row.sealed = None
        return await self._decided(session, actor, row, Act.withdraw, after(State(row.state), Act.withdraw), "")

    async def failed(self, session: AsyncSession, row: Approval, code: str, why: str) -> None:
        """Note that what was agreed to could not be done."""
        row.state, row.finished_at, row.sealed = after(State(row.state), Act.fail), clock.now(), None
        row.code, row.outcome = code[:64], why
        note(session, row, "failed", None, why)
        record(session, None, "approval.carry_out", target_of(row), after={"operation": row.kind, "failed": code})
        await session.flush()
        self.tell(session, row)

    async def sweep(self, session: AsyncSession, now: datetime) -> int:
        """End requests that have waited too long, and acts that were interrupted; return how many."""
        rows = await repository.due(session, now, SWEPT)
        for row in rows:
            row.state, row.finished_at, row.sealed = after(State(row.state), Act.expire), now, None
            note(session, row, "expired", None)
            record(session, None, "approval.expire", target_of(row), after={"operation": row.kind})
            self.tell(session, row)
        await session.flush()
        return len(rows) + len(await repository.interrupted(session, now - STALE))

    # Talking

    async def comment(self, session: AsyncSession, actor: Actor, approval_id: str, body: NewComment) -> ApprovalEntry:
        """Say something; raise `NoSuchApproval`, `NoSuchComment` for an unknown thread, `NotOpen`."""
        row = await self.find(session, actor, approval_id)
        if State(row.state) not in OPEN:
            raise NotOpen
        revision, line = body.revision or row.revision, body.line
        if body.thread_id is not None:
            begun = await self._thread(session, row, body.thread_id)
            revision, line = begun.revision, begun.line
        entry = note(session, row, "comment", actor, body.text, revision=revision)
        entry.line, entry.thread_id = line, body.thread_id
        await session.flush()
        record(session, actor, "approval.comment", target_of(row), after={"comment": entry.id})
        self.tell(session, row)
        return entry

    async def resolve(
        self, session: AsyncSession, actor: Actor, approval_id: str, comment_id: str, *, resolved: bool
    ) -> ApprovalEntry:
        """Settle a thread or open it again; raise `NoSuchApproval`, `NoSuchComment`, `NotOpen`."""
        row = await self.find(session, actor, approval_id)
        if State(row.state) not in OPEN:
            raise NotOpen
        entry = await self._thread(session, row, comment_id)
        before, entry.resolved = entry.resolved, resolved
        await session.flush()
        record(session, actor, "approval.comment", target_of(row), {"resolved": before}, {"resolved": entry.resolved})
        self.tell(session, row)
        return entry

    async def _thread(self, session: AsyncSession, row: Approval, comment_id: str) -> ApprovalEntry:
        entry = await repository.entry(session, row.id, comment_id)
        if entry is None or entry.what != "comment" or entry.thread_id is not None:
            raise NoSuchComment
        return entry

    # Parts

    def tell(self, session: AsyncSession, row: Approval) -> None:
        """Tell whoever looks that a request has changed, once that is committed."""
        tell(self._bus, session, row)

    async def _decided(
        self, session: AsyncSession, actor: Actor, row: Approval, act: Act, state: State, reason: str
    ) -> Approval:
        before, now = row.state, clock.now()
        row.state, row.decided_by, row.decided_at, row.reason = state, actor.user_id, now, reason
        row.finished_at = None if state in {State.approved, State.carrying} else now
        word = {Act.carry: "approve"}.get(act, act.value)
        note(session, row, word, actor, reason)
        changes: dict[str, Any] = {"state": state.value, "operation": row.kind, "reason": reason}
        record(session, actor, f"approval.{word}", target_of(row), {"state": before}, changes)
        await session.flush()
        logger.info("approval.decided", approval_id=row.id, act=word, by=actor.user_id)
        self.tell(session, row)
        return row

    def _person(self, actor: Actor, row: Approval) -> Person:
        place = None if row.project_id is None else ProjectId(row.project_id)
        if place is None:
            decides = manages = actor.is_admin
        elif row.kind in self._reviewed:
            decides = actor.may(self._reviewed[row.kind].permission, place)
            manages = actor.may(Permission.project_manage, place)
        else:
            right = OPERATIONS[Operation(row.kind)].permission
            decides = actor.may(Permission.approval_decide, place) and actor.may(right, place)
            manages = actor.may(Permission.project_manage, place)
        return Person(actor.user_id, decides, manages, by_token=actor.token_id is not None)

    def _seen(self, actor: Actor) -> repository.Seen:
        reviewing = {place for one in self._reviewed.values() for place in actor.projects(one.permission)}
        return repository.Seen(
            actor.user_id,
            deciding=actor.projects(Permission.approval_decide),
            reviewing=sorted(reviewing),
            installation=actor.is_admin,
        )

    def _sees(self, actor: Actor, row: Approval) -> bool:
        places = {m.project_id for m in actor.memberships}
        if row.project_id is not None and row.project_id not in places:
            return False
        if row.asked_by == actor.user_id:
            return True
        if row.project_id is None:
            return actor.is_admin
        right = self._reviewed[row.kind].permission if row.kind in self._reviewed else Permission.approval_decide
        return actor.may(right, ProjectId(row.project_id))


def note(
    session: AsyncSession, row: Approval, what: str, by: Actor | None, text: str = "", *, revision: int | None = None
) -> ApprovalEntry:
    """Add something that was said or done to a request."""
    entry = ApprovalEntry(
        id=ids.new("ape"),
        approval_id=row.id,
        what=what,
        user_id=None if by is None else by.user_id,
        at=clock.now(),
        text=text,
        revision=revision or row.revision,
        resolved=False,
    )
    session.add(entry)
    return entry


def tell(bus: Bus, session: AsyncSession, row: Approval) -> None:
    """Tell whoever looks that a request has changed, once that is committed."""
    facts = {"id": row.id, "state": State(row.state).value}
    topic = f"project:{row.project_id or ''}"
    after_commit(session, lambda: bus.publish(topic, {"type": "approval", "approval": facts}))


def review(actor: Actor, kind: str, target: Target, *, revision: int, base: int | None, note: str) -> Approval:
    """Return a new review of a thing; its `authors` are still to be filled in."""
    row = _new(actor, kind, target, clock.now())
    return Approval(**row, changes={}, revision=revision, base=base, note=note, token_id=actor.token_id, authors=[])


def target_of(row: Approval) -> Target:
    """Return what an act on a request is about."""
    return Target("approval", row.id, row.subject_name, row.project_id)


def _new(actor: Actor, kind: str, target: Target, now: datetime) -> dict[str, Any]:
    return {
        "id": ids.new("apv"),
        "project_id": target.project_id,
        "kind": kind,
        "state": State.waiting.value,
        "subject_kind": target.kind,
        "subject_id": target.id,
        "subject_name": target.name[:200],
        "asked_by": actor.user_id,
        "asked_at": now,
    }


def _context(approval_id: str) -> str:
    return f"approval:{approval_id}:request"


def _standing(row: Approval) -> Standing:
    expired = row.expires_at is not None and row.expires_at <= clock.now()
    return Standing(State(row.state), row.asked_by, expired, frozenset(row.authors), row.revision)


def _refuse(why: type[Exception] | None) -> None:
    if why is not None:
        raise why()
