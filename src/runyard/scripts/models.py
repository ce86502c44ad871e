"""Scripts, their immutable versions, their tags and the text they are found by."""

from datetime import datetime
from typing import Any

from sqlalchemy import Float, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from runyard.db.base import Base
from runyard.db.types import Instant, Json


class Script(Base):
    """A script as it stands. ``live_name`` is its name while it is not deleted, so that only living names collide."""

    __tablename__ = "scripts"
    __table_args__ = (
        Index("uq_scripts_project_id_live_name", "project_id", "live_name", unique=True),
        Index("ix_scripts_project_id_deleted_at_updated_at_id", "project_id", "deleted_at", "updated_at", "id"),
        Index("ix_scripts_project_id_deleted_at_name_key_id", "project_id", "deleted_at", "name_key", "id"),
        Index(
            "ix_scripts_project_id_deleted_at_language_updated_at_id",
            "project_id",
            "deleted_at",
            "language",
            "updated_at",
            "id",
        ),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    project_id: Mapped[str] = mapped_column(String(32), ForeignKey("projects.id"))
    name: Mapped[str] = mapped_column(String(200))
    live_name: Mapped[str | None] = mapped_column(String(200))
    name_key: Mapped[str] = mapped_column(String(200))
    language: Mapped[str] = mapped_column(String(16))
    description: Mapped[str] = mapped_column(Text, default="")
    version: Mapped[int] = mapped_column(Integer)
    version_id: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(Instant)
    created_by: Mapped[str | None] = mapped_column(String(32), ForeignKey("users.id"))
    updated_at: Mapped[datetime] = mapped_column(Instant)
    updated_by: Mapped[str | None] = mapped_column(String(32), ForeignKey("users.id"))
    deleted_at: Mapped[datetime | None] = mapped_column(Instant)


class ScriptVersion(Base):
    """What a script was at one save; never changed afterwards.

    A row without a ``number`` is a draft: an unsaved text that was run, in no list, of ``script_id`` if it belongs to
    one. In ``parameters``, a password's default stands sealed under ``sealed_default``.
    """

    __tablename__ = "script_versions"
    __table_args__ = (
        Index("uq_script_versions_script_id_number", "script_id", "number", unique=True),
        Index("ix_script_versions_project_id_content_hash", "project_id", "content_hash"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    script_id: Mapped[str | None] = mapped_column(String(32), ForeignKey("scripts.id"))
    project_id: Mapped[str] = mapped_column(String(32), ForeignKey("projects.id"))
    number: Mapped[int | None] = mapped_column(Integer)
    draft_name: Mapped[str | None] = mapped_column(String(200))
    language: Mapped[str] = mapped_column(String(16))
    code: Mapped[str] = mapped_column(Text)
    parameters: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    requirements: Mapped[list[str]] = mapped_column(Json)
    timeout_s: Mapped[float | None] = mapped_column(Float)
    network: Mapped[bool]
    options: Mapped[dict[str, Any]] = mapped_column(Json)
    content_hash: Mapped[str] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(String(500), default="")
    author_id: Mapped[str | None] = mapped_column(String(32), ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(Instant)


class ScriptTag(Base):
    """A tag of a script."""

    __tablename__ = "script_tags"
    __table_args__ = (Index("ix_script_tags_tag_script_id", "tag", "script_id"),)

    script_id: Mapped[str] = mapped_column(String(32), ForeignKey("scripts.id", ondelete="CASCADE"), primary_key=True)
    tag: Mapped[str] = mapped_column(String(50), primary_key=True)


class ScriptText(Base):
    """The folded name, description and current code of a script: what a search reads.

    Apart from `Script`, so that lists never drag code along. A search is a plain substring match over the living
    scripts of the asked projects: some ten milliseconds for each megabyte of code, the same on every database, and
    right for any alphabet. Full-text indexes would split words their own way (SQLite's and
    PostgreSQL's differently), and would not find two characters within a run of Chinese.
    """

    __tablename__ = "script_texts"

    script_id: Mapped[str] = mapped_column(String(32), ForeignKey("scripts.id", ondelete="CASCADE"), primary_key=True)
    folded: Mapped[str] = mapped_column(Text)
