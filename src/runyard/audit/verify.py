"""Verifying the chain: every event, both ends, and what the witness saw."""

import asyncio
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from msgspec import Struct
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock
from runyard.audit.chain import FIELDS, GENESIS, Link, Seals, hash_of
from runyard.audit.models import AuditCheckpoint, AuditEvent, AuditHead
from runyard.audit.trail import HEAD
from runyard.audit.witness import Witness
from runyard.db.session import Database

STEP = 1000


class Flaw(StrEnum):
    """What is wrong at the first place where something is."""

    changed = "changed"
    missing = "missing"
    unlinked = "unlinked"
    cut = "cut"
    beyond = "beyond"
    head = "head"
    checkpoint = "checkpoint"
    rolled_back = "rolled_back"
    rewritten = "rewritten"
    witness = "witness"


SENTENCES: dict[Flaw, str] = {
    Flaw.changed: "Event {seq} is not what it was when it was written.",
    Flaw.missing: "Event {seq} is missing.",
    Flaw.unlinked: "Event {seq} does not follow the one before it.",
    Flaw.cut: "The chain ends before event {seq}, which was there.",
    Flaw.beyond: "Event {seq} stands beyond the sealed end of the chain.",
    Flaw.head: "The seal of the chain's end, event {seq}, is not one of this installation.",
    Flaw.checkpoint: "The checkpoint at event {seq} has no seal of this installation.",
    Flaw.rolled_back: "This server has seen event {seq}, and the chain ends before it: the database is an older one.",
    Flaw.rewritten: "Event {seq} is another one than this server has seen.",
    Flaw.witness: "The file audit.head beside the database is damaged or has been changed.",
}


class Report(Struct, frozen=True):
    """What was found: events `first` to `last` were `checked`; `flaw` is the first thing that is wrong, at `seq`."""

    checked: int
    first: int
    last: int
    pruned_through: int
    flaw: Flaw | None = None
    seq: int | None = None

    @property
    def sentence(self) -> str:
        """What to tell people."""
        if self.flaw is not None:
            return SENTENCES[self.flaw].format(seq=self.seq)
        return f"{self.checked} events are whole and in order." if self.checked else "There are no events yet."


def first_flaw(rows: Sequence[Mapping[str, Any]], before: Link) -> tuple[Link, Flaw | None, int]:
    """Follow the chain over rows, in order, after the link `before`; return the last good link and the first flaw."""
    for row in rows:
        seq = row["seq"]
        if seq != before.seq + 1:
            return before, Flaw.missing, before.seq + 1
        if row["prev_hash"] != before.hash:
            return before, Flaw.unlinked, seq
        if hash_of(row, before.hash) != row["hash"]:
            return before, Flaw.changed, seq
        before = Link(seq, row["hash"])
    return before, None, 0


async def verify(database: Database, seals: Seals, witness: Witness) -> Report:
    """Check the whole chain while others go on writing to it."""
    kept, believable = witness.seen()
    seen = kept if believable else None
    async with database.read() as session:
        if database.dialect == "postgresql":
            # Events may be pruned meanwhile.
            await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        head, newest = await _ends(session)
        start, flaw = await _start(session, seals)
        if flaw is not None:
            return Report(0, start.seq + 1, newest, start.seq, flaw, start.seq)
        link = start
        while True:
            rows = await _rows(session, link.seq)
            if not rows:
                break
            link, flaw, seq = await asyncio.to_thread(first_flaw, rows, link)
            if flaw is None and seen is not None and rows[0]["seq"] <= seen.seq <= link.seq:
                there = next((row["hash"] for row in rows if row["seq"] == seen.seq), None)
                flaw, seq = (None, 0) if there == seen.hash else (Flaw.rewritten, seen.seq)
            if flaw is not None:
                return Report(link.seq - start.seq, start.seq + 1, newest, start.seq, flaw, seq)
            if link.seq >= newest:
                break
    flaw, seq = _end(head, link, seals, seen)
    if flaw is None and not believable:
        flaw, seq = Flaw.witness, link.seq
    return Report(link.seq - start.seq, start.seq + 1, link.seq, start.seq, flaw, seq or None)


def _end(head: tuple[Link, str] | None, link: Link, seals: Seals, seen: Link | None) -> tuple[Flaw | None, int]:
    """Tell what is wrong with the end of a chain whose every event is good, up to `link`."""
    if head is None:
        if seen is not None and seen.seq > 0:
            return Flaw.rolled_back, seen.seq
        return (None, 0) if link.seq == 0 else (Flaw.head, link.seq)
    sealed, seal = head
    if not seals.holds(seal, "head", sealed.seq, sealed.hash):
        return Flaw.head, sealed.seq
    if sealed.seq > link.seq:
        return Flaw.cut, link.seq + 1
    if sealed.seq < link.seq:
        return Flaw.beyond, sealed.seq + 1
    if sealed.hash != link.hash:
        return Flaw.changed, link.seq
    if seen is not None and seen.seq > sealed.seq:
        return Flaw.rolled_back, seen.seq
    return None, 0


async def _ends(session: AsyncSession) -> tuple[tuple[Link, str] | None, int]:
    """Return the sealed head and the number of the newest event, both of one moment."""
    newest = select(func.max(AuditEvent.seq)).scalar_subquery()
    query = select(AuditHead.seq, AuditHead.hash, AuditHead.seal, newest).where(AuditHead.id == HEAD)
    found = (await session.execute(query)).one_or_none()
    if found is None:
        return None, await session.scalar(select(func.max(AuditEvent.seq))) or 0
    return (Link(found[0], found[1]), found[2]), found[3] or 0


async def _start(session: AsyncSession, seals: Seals) -> tuple[Link, Flaw | None]:
    newest = select(AuditCheckpoint).order_by(AuditCheckpoint.seq.desc()).limit(1)
    row = (await session.scalars(newest)).one_or_none()
    if row is None:
        return Link(0, GENESIS), None
    holds = seals.holds(row.seal, "checkpoint", row.seq, row.hash, clock.to_us(row.at), row.pruned)
    return Link(row.seq, row.hash), None if holds else Flaw.checkpoint


async def _rows(session: AsyncSession, after: int) -> list[dict[str, Any]]:
    columns = [getattr(AuditEvent, name) for name in (*FIELDS, "prev_hash", "hash")]
    query = select(*columns).where(AuditEvent.seq > after).order_by(AuditEvent.seq).limit(STEP)
    rows = [dict(row) for row in (await session.execute(query)).mappings()]
    for row in rows:
        row["at"] = clock.to_us(row["at"])
    return rows
