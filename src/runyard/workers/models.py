"""Workers: agents that execute runs, and their leases."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from runyard.db.base import Base
from runyard.db.types import Instant, Json


class WorkerRow(Base):
    """One worker. Its lease covers every run that it holds: past `lease_until` they are nobody's."""

    __tablename__ = "workers"
    __table_args__ = (Index("ix_workers_lease_until", "lease_until"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    host: Mapped[str] = mapped_column(String(255))
    version: Mapped[str] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(String(16))
    slots: Mapped[int] = mapped_column(Integer)
    queues: Mapped[list[str]] = mapped_column(Json)
    info: Mapped[dict[str, Any]] = mapped_column(Json)
    started_at: Mapped[datetime] = mapped_column(Instant)
    heartbeat_at: Mapped[datetime] = mapped_column(Instant)
    lease_until: Mapped[datetime] = mapped_column(Instant)
