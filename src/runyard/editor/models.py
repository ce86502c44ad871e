"""Snippets."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from runyard.db.base import Base
from runyard.db.types import Instant


class Snippet(Base):
    """A piece of code that is inserted by its prefix: its owner's own, or shared with a project."""

    __tablename__ = "snippets"
    __table_args__ = (
        Index("ix_snippets_owner_id_prefix", "owner_id", "prefix"),
        Index("ix_snippets_project_id_prefix", "project_id", "prefix"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    owner_id: Mapped[str] = mapped_column(String(32), ForeignKey("users.id"))
    project_id: Mapped[str | None] = mapped_column(String(32), ForeignKey("projects.id"))
    prefix: Mapped[str] = mapped_column(String(40))
    title: Mapped[str] = mapped_column(String(120))
    language: Mapped[str] = mapped_column(String(16))
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)
