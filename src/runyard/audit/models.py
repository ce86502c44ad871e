"""The audit's rows. Nothing refers to anything: what was done stays said when who did it has gone."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from runyard.db.base import Base
from runyard.db.types import Instant


class AuditEvent(Base):
    """One act. ``seq`` counts without a gap; ``changes`` is canonical JSON, kept as the text that was hashed."""

    __tablename__ = "audit_events"

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    id: Mapped[str] = mapped_column(String(32), unique=True)
    at: Mapped[datetime] = mapped_column(Instant)
    actor_kind: Mapped[str] = mapped_column(String(8))
    actor_id: Mapped[str] = mapped_column(String(32))
    actor_name: Mapped[str] = mapped_column(String(64))
    session_id: Mapped[str] = mapped_column(String(32))
    token_id: Mapped[str] = mapped_column(String(32))
    address: Mapped[str] = mapped_column(String(64))
    user_agent: Mapped[str] = mapped_column(String(200))
    request_id: Mapped[str] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(64))
    object_kind: Mapped[str] = mapped_column(String(32))
    object_id: Mapped[str] = mapped_column(String(64))
    object_name: Mapped[str] = mapped_column(String(200))
    project_id: Mapped[str | None] = mapped_column(String(32))
    outcome: Mapped[str] = mapped_column(String(8))
    code: Mapped[str] = mapped_column(String(64))
    changes: Mapped[str] = mapped_column(Text)
    prev_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))

    __table_args__ = (
        Index("ix_audit_events_at", "at", "seq"),
        Index("ix_audit_events_actor_id", "actor_id", "at", "seq"),
        Index("ix_audit_events_actor_name", "actor_name", "at", "seq"),
        Index("ix_audit_events_action", "action", "at", "seq"),
        Index("ix_audit_events_object_kind", "object_kind", "at", "seq"),
        Index("ix_audit_events_object_id", "object_id", "at", "seq"),
        Index("ix_audit_events_project_id", "project_id", "at", "seq"),
        Index("ix_audit_events_address", "address", "at", "seq"),
        Index("ix_audit_events_outcome", "outcome", "at", "seq"),
    )


class AuditHead(Base):
    """The newest end of the chain, in its one row, under a seal: so that a tail that was cut off is missed."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str] = mapped_column(String(64))
    seal: Mapped[str] = mapped_column(String(100))


class AuditCheckpoint(Base):
    """Where the chain was pruned: events up to ``seq`` are gone, the next one follows ``hash``; under a seal."""

    __tablename__ = "audit_checkpoints"

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hash: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(Instant)
    pruned: Mapped[int] = mapped_column(BigInteger)
    seal: Mapped[str] = mapped_column(String(100))
