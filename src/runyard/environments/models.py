"""Environments, as rows."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from runyard.db.base import Base
from runyard.db.types import Instant, Json


class Environment(Base):
    """One request for an environment, and what became of it.

    `current` equals `request_hash` while new requests of that kind are answered by this row, and is null after it was
    deleted: the row then stays for the runs that were pinned to its lock. `build` counts builds and fences late
    writers; `lease_until` is in the database's time.
    """

    __tablename__ = "environments"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    request_hash: Mapped[str] = mapped_column(String(64), index=True)
    current: Mapped[str | None] = mapped_column(String(64), unique=True)
    kind: Mapped[str] = mapped_column(String(16))
    requirements: Mapped[list[str]] = mapped_column(Json)
    requires_python: Mapped[str] = mapped_column(String(200), default="")
    interpreter: Mapped[str] = mapped_column(String(200))
    interpreter_path: Mapped[str] = mapped_column(String(1024))
    state: Mapped[str] = mapped_column(String(16))
    build: Mapped[int] = mapped_column(default=0)
    builder: Mapped[str | None] = mapped_column(String(200))
    lease_until: Mapped[datetime | None] = mapped_column(Instant)
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    lock_hash: Mapped[str | None] = mapped_column(String(64), index=True)
    lock_text: Mapped[str | None] = mapped_column(Text, deferred=True)
    packages: Mapped[list[dict[str, Any]] | None] = mapped_column(Json)
    size_bytes: Mapped[int | None] = mapped_column(BigInteger)
    error_code: Mapped[str | None] = mapped_column(String(64))
    error_message: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Instant)
    started_at: Mapped[datetime | None] = mapped_column(Instant)
    ready_at: Mapped[datetime | None] = mapped_column(Instant)
    last_used_at: Mapped[datetime | None] = mapped_column(Instant)
    build_s: Mapped[float | None]
    deleted_at: Mapped[datetime | None] = mapped_column(Instant)

    __table_args__ = (
        Index("ix_environments_listed", "deleted_at", "id"),
        Index("ix_environments_state", "deleted_at", "state", "id"),
        Index("ix_environments_kind", "deleted_at", "kind", "id"),
    )
