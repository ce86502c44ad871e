"""How connections answered when they were tested; connections themselves stand among the secrets."""

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Float, ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from runyard.db.base import Base
from runyard.db.types import Instant, Json


class ConnectionCheck(Base):
    """The latest test of a connection, at the `version` that it had then."""

    __tablename__ = "connection_checks"

    connection_id: Mapped[str] = mapped_column(
        String(32), ForeignKey("secrets.id", ondelete="CASCADE"), primary_key=True
    )
    version: Mapped[int] = mapped_column(Integer)
    at: Mapped[datetime] = mapped_column(Instant)
    by: Mapped[str | None] = mapped_column(String(32), ForeignKey("users.id"))
    ok: Mapped[bool] = mapped_column(Boolean)
    code: Mapped[str] = mapped_column(String(32))
    said: Mapped[str] = mapped_column(String(1000))
    server: Mapped[str] = mapped_column(String(1000))
    details: Mapped[dict[str, Any]] = mapped_column(Json)
    took_ms: Mapped[float | None] = mapped_column(Float)
