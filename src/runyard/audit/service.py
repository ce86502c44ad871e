"""Reading the audit: lists, exports, alerts, verifying; and pruning it."""

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock, log
from runyard.access.permissions import Actor, Permission
from runyard.audit import repository
from runyard.audit.chain import FIELDS
from runyard.audit.events import Outcome, Target, Who
from runyard.audit.models import AuditEvent
from runyard.audit.origin import present
from runyard.audit.record import record
from runyard.audit.repository import Filter
from runyard.audit.rules import Alert, Seen, alerts
from runyard.audit.trail import Trail
from runyard.audit.verify import Flaw, Report, verify
from runyard.db.session import Database
from runyard.errors import Forbidden
from runyard.projects import repository as projects
from runyard.web.buckets import Buckets, Rate

logger = log.get("audit")

STEP = 1000
LOOKED_BACK = timedelta(hours=24)
MOST_LOOKED_AT = 20_000
PRUNED_AT_ONCE = 2000
REFUSALS = Rate(burst=60, per_s=60)
STRANGERS = Rate(burst=1, per_s=60)
COLUMNS = (*FIELDS, "prev_hash", "hash")


class AuditService:
    """What people do with the audit. Installation administrators see all of it, project administrators their own."""

    def __init__(self, database: Database, trail: Trail) -> None:
        self._database = database
        self._trail = trail
        self._verifying = asyncio.Lock()
        self._refusals = Buckets(REFUSALS)
        self._strangers = Buckets(STRANGERS)

    def seen_by(self, actor: Actor, wanted: Filter, project: str | None) -> Filter:
        """Narrow a filter to what an actor may see; raise `NoSuchProject`, `Forbidden`."""
        if project is None and actor.is_admin:
            return wanted
        places = actor.projects(Permission.audit_read, project)
        if not places:
            raise Forbidden
        return replace(wanted, projects=places)

    async def page(
        self, session: AsyncSession, wanted: Filter, after: tuple[datetime, int] | None, limit: int
    ) -> Sequence[AuditEvent]:
        """Return up to `limit` events, newest first."""
        return await repository.page(session, wanted, after, limit)

    async def project_names(self, session: AsyncSession, rows: Iterable[AuditEvent | Seen]) -> dict[str, str]:
        """Return what the projects of events are called, archived ones too."""
        ids = {row.project_id for row in rows if row.project_id is not None}
        return await projects.names(session, ids) if ids else {}

    async def note_export(self, by: Who, wanted: Filter, form: str) -> None:
        """Write down that somebody takes events away."""
        names = ("projects", "actor", "action", "kind", "object", "address", "outcome", "since", "until")
        chosen = {name: getattr(wanted, name) for name in names}
        facts = {"format": form} | {
            name: str(value) if isinstance(value, datetime) else value for name, value in chosen.items() if value
        }
        async with self._database.write() as session:
            record(session, by, "audit.export", Target("audit"), after=facts)

    async def lines(self, wanted: Filter, form: str) -> AsyncIterator[bytes]:
        """Yield all events that a filter finds, newest first, as CSV or as a JSON array, a thousand at a time."""
        yield b"[" if form == "json" else _csv([COLUMNS])
        after: tuple[datetime, int] | None = None
        while True:
            async with self._database.read() as session:
                rows = await repository.page(session, wanted, after, STEP)
            if rows:
                first = after is None
                yield await asyncio.to_thread(_json if form == "json" else _as_csv, rows, first)
                after = (rows[-1].at, rows[-1].seq)
            if len(rows) < STEP:
                break
        if form == "json":
            yield b"\n]\n"

    async def alerts(self, session: AsyncSession, wanted: Filter) -> tuple[list[Alert], datetime, bool]:
        """Return what is out of the ordinary in the last day, since when was looked, and whether that is all of it."""
        since = clock.now() - LOOKED_BACK
        rows = await repository.page(session, replace(wanted, since=since), None, MOST_LOOKED_AT + 1)
        whole = len(rows) <= MOST_LOOKED_AT
        rows = rows[:MOST_LOOKED_AT]
        return alerts([_seen(row) for row in reversed(rows)]), since if whole else rows[-1].at, whole

    async def note_refusal(self, code: str) -> None:
        """Write down that the present request's act was refused; of one actor's, so many a minute."""
        act = present()
        if act is None or not self._refusals.take(act.who.id, clock.monotonic()).allowed:
            return
        async with self._database.write() as session:
            record(session, act.who, act.action, act.target, outcome=Outcome.refused, code=code)

    async def note_stranger(self, who: Who, code: str) -> None:
        """Write down that somebody was turned away at the door; of one address once a minute, and so many of all."""
        logger.warning("request.turned_away", address=who.address, code=code)
        now = clock.monotonic()
        if self._strangers.take(who.address, now).allowed and self._refusals.take("", now).allowed:
            async with self._database.write() as session:
                record(session, who, "access.refuse", Target("installation"), outcome=Outcome.refused, code=code)

    async def verify(self, by: Who, *, accept: bool = False) -> Report:
        """Check the whole chain, one check at a time; that it was done is an event of its own.

        With `accept` the present end is what this server has seen from now on: for after a backup was put back.
        """
        async with self._verifying:
            report = await verify(self._database, self._trail.seals, self._trail.witness)
        if accept and report.flaw in {Flaw.rolled_back, Flaw.rewritten, Flaw.witness}:
            self._trail.witness.forget()
        facts = {"checked": report.checked, "flaw": report.flaw and report.flaw.value, "at_event": report.seq}
        facts |= {"accepted": True} if accept else {}
        async with self._database.write() as session:
            record(session, by, "audit.verify", Target("audit"), after=facts)
        return report

    async def sweep(self, keep: timedelta) -> int:
        """Forget events that are older than `keep`; return how many."""
        gone = 0
        before = clock.now() - keep
        while True:
            async with self._database.write() as session:
                pruned = await self._trail.prune(session, before, PRUNED_AT_ONCE)
            gone += pruned
            if pruned < PRUNED_AT_ONCE:
                return gone


def plain(row: AuditEvent) -> dict[str, object]:
    """Return an event as it is exported."""
    facts = {name: getattr(row, name) for name in COLUMNS}
    return facts | {"at": clock.rfc3339(row.at), "changes": json.loads(row.changes)}


def _json(rows: Sequence[AuditEvent], first: bool) -> bytes:  # noqa: FBT001 - given by position to a thread
    texts = [json.dumps(plain(row), ensure_ascii=False) for row in rows]
    return (("\n" if first else ",\n") + ",\n".join(texts)).encode("utf-8", "replace")


def _as_csv(rows: Sequence[AuditEvent], _first: bool) -> bytes:  # noqa: FBT001 - as above
    return _csv([[_cell(plain(row)[name]) for name in COLUMNS] for row in rows])


def _csv(rows: Sequence[Sequence[object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode("utf-8", "replace")


def _cell(value: object) -> object:
    """Return what a spreadsheet shows as text: a cell that begins like a formula is not one."""
    if value is None or isinstance(value, int):
        return value
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"'{text}" if text.lstrip(" ")[:1] in {"=", "+", "-", "@", "\t", "\r", "\n", "|"} else text


def _seen(row: AuditEvent) -> Seen:
    return Seen(
        at=row.at,
        action=row.action,
        outcome=row.outcome,
        actor_id=row.actor_id,
        actor_name=row.actor_name,
        address=row.address,
        object_kind=row.object_kind,
        object_id=row.object_id,
        object_name=row.object_name,
        project_id=row.project_id,
        changes=json.loads(row.changes),
    )
