"""Keeping the chain: events are appended as the last thing of the transaction that they belong to."""

import json
import re
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, Self, cast

from sqlalchemy import Connection, Table, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock, ids
from runyard.audit.chain import GENESIS, Link, Seals, hash_of
from runyard.audit.events import Event, Target
from runyard.audit.models import AuditCheckpoint, AuditEvent, AuditHead
from runyard.audit.origin import present
from runyard.audit.record import PENDING, record
from runyard.audit.witness import FILE, Witness
from runyard.db.session import Database, after_commit
from runyard.secrets.keys import KeyRing

HEAD = 1
CHECKPOINTS = 100
"""How many checkpoints are kept; only the newest one is needed."""
_UNKEPT = re.compile("[\0\ud800-\udfff]")
_EVENTS = cast("Table", AuditEvent.__table__)
_HEAD = cast("Table", AuditHead.__table__)


class Trail:
    """One chain for an installation. `append` belongs at the end of every transaction: see `Database.closing`."""

    def __init__(self, seals: Seals, witness: Witness) -> None:
        self.seals = seals
        self.witness = witness

    @classmethod
    def beside(cls, data: Path, ring: KeyRing, database: Database) -> Self:
        """Return the chain of a data directory; every transaction of `database` is written down from now on."""
        seals = Seals(ring.present, ring.older)
        trail = cls(seals, Witness(data / FILE, seals))
        trail.follow(database)
        return trail

    def follow(self, database: Database) -> None:
        """Have every transaction of a database end with what was done in it."""
        database.closing = self.append

    async def append(self, session: AsyncSession) -> None:
        """Write down what was recorded in a session; if nothing was, what the present request is about.

        The row that holds the chain's head is locked from here to the commit, and nothing is locked after it.
        """
        events: list[Event] = session.info.pop(PENDING, [])
        act = present()
        if act is not None and not act.told:
            act.told = True
            events.append(Event(act.who, act.action, act.target, act.changes))
        if not events:
            return
        await session.flush()
        now = clock.now()
        link = await session.run_sync(lambda sync: self.chain(sync.connection(), events, now))
        after_commit(session, lambda: self.witness.note(link))

    def chain(self, connection: Connection, events: Iterable[Event], now: datetime) -> Link:
        """Add events to the chain within a transaction; return its new end."""
        link = self._locked_head(connection)
        rows = []
        for event in events:
            row = _row(event, link.seq + 1, now)
            row["prev_hash"] = link.hash
            row["hash"] = hash_of(row, link.hash)
            rows.append({**row, "at": now})
            link = Link(row["seq"], row["hash"])
        connection.execute(insert(_EVENTS), rows)
        seal = self.seals.seal("head", link.seq, link.hash)
        connection.execute(update(_HEAD).where(_HEAD.c.id == HEAD).values(seq=link.seq, hash=link.hash, seal=seal))
        return link

    async def prune(self, session: AsyncSession, before: datetime, most: int) -> int:
        """Forget up to `most` events older than an instant, from the oldest on without a gap; return how many.

        A sealed checkpoint says where the chain goes on, and an event says that it was done.
        """
        oldest = select(AuditEvent.seq, AuditEvent.at, AuditEvent.hash).order_by(AuditEvent.seq).limit(most)
        last: Link | None = None
        pruned = 0
        for seq, at, hash_ in await session.execute(oldest):
            if at >= before:
                break
            last, pruned = Link(seq, hash_), pruned + 1
        if last is None:
            return 0
        await session.execute(delete(AuditEvent).where(AuditEvent.seq <= last.seq))
        now = clock.now()
        seal = self.seals.seal("checkpoint", last.seq, last.hash, clock.to_us(now), pruned)
        session.add(AuditCheckpoint(seq=last.seq, hash=last.hash, at=now, pruned=pruned, seal=seal))
        await session.flush()
        newest = select(AuditCheckpoint.seq).order_by(AuditCheckpoint.seq.desc()).limit(CHECKPOINTS)
        floor = min((await session.scalars(newest)).all())
        await session.execute(delete(AuditCheckpoint).where(AuditCheckpoint.seq < floor))
        record(session, None, "audit.prune", Target("audit"), after={"pruned": pruned, "through": last.seq})
        return pruned

    def _locked_head(self, connection: Connection) -> Link:
        query = select(_HEAD.c.seq, _HEAD.c.hash).where(_HEAD.c.id == HEAD).with_for_update()
        found = connection.execute(query).one_or_none()
        if found is None:
            first = {"id": HEAD, "seq": 0, "hash": GENESIS, "seal": self.seals.seal("head", 0, GENESIS)}
            if connection.dialect.name == "postgresql":
                from sqlalchemy.dialects.postgresql import insert as insert_once
            else:
                from sqlalchemy.dialects.sqlite import insert as insert_once  # type: ignore[assignment]
            connection.execute(insert_once(_HEAD).values(first).on_conflict_do_nothing())
            found = connection.execute(query).one()
        return Link(found.seq, found.hash)


def _row(event: Event, seq: int, now: datetime) -> dict[str, Any]:
    who, target = event.who, event.target
    return {
        "seq": seq,
        "id": ids.new("aud"),
        "at": clock.to_us(now),
        "actor_kind": who.kind,
        "actor_id": _kept(who.id, 32),
        "actor_name": _kept(who.name, 64),
        "session_id": _kept(who.session_id, 32),
        "token_id": _kept(who.token_id, 32),
        "address": _kept(who.address, 64),
        "user_agent": _kept(who.user_agent, 200),
        "request_id": _kept(who.request_id, 64),
        "action": event.action,
        "object_kind": target.kind,
        "object_id": _kept(target.id, 64),
        "object_name": _kept(target.name, 200),
        "project_id": target.project_id,
        "outcome": event.outcome.value,
        "code": event.code,
        "changes": json.dumps(event.changes, ensure_ascii=True, sort_keys=True, separators=(",", ":")),
    }


def _kept(text: str, longest: int) -> str:
    """Return a text as every database keeps it."""
    return _UNKEPT.sub("�", text)[:longest]
