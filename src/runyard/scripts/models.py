"""Scripts, their immutable versions, their tags and the text they are found by."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, Float, ForeignKey, Index, Integer, LargeBinary, String, Text, false
from sqlalchemy.orm import Mapped, mapped_column

from runyard.db.base import Base, part_of
from runyard.db.types import Instant, Json

BIGINT = BigInteger().with_variant(Integer, "sqlite")


class Script(Base):
    """A script as it stands. ``live_name`` is its name while it is not deleted, so that only living names collide.

    ``kind`` is ``script``, or ``module`` for one of the project's library. ``folder`` is a path such as ``ops/daily``;
    ``position`` is its place among the scripts that somebody has put in order.

    Where scripts are published by four eyes, ``published_id`` is the version that runs take, and empty while there is
    none; elsewhere it is null, and runs take the newest. ``marked`` ones may wait for a second person each time they
    are run; ``gated`` says that its project has some of its runs wait, so that others are never looked at.
    """

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
        Index("ix_scripts_project_id_deleted_at_position_id", "project_id", "deleted_at", "position", "id"),
        Index("ix_scripts_project_id_deleted_at_folder", "project_id", "deleted_at", "folder"),
        Index("ix_scripts_category_id", "category_id"),
        Index("ix_scripts_owner_id", "owner_id"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    project_id: Mapped[str] = mapped_column(String(32), ForeignKey("projects.id"))
    name: Mapped[str] = mapped_column(String(200))
    live_name: Mapped[str | None] = mapped_column(String(200))
    name_key: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(16), default="script", server_default="script")
    language: Mapped[str] = mapped_column(String(16))
    folder: Mapped[str] = mapped_column(String(500), default="", server_default="")
    category_id: Mapped[str | None] = mapped_column(
        String(32), ForeignKey("script_categories.id", name="fk_scripts_category_id_script_categories")
    )
    position: Mapped[int] = mapped_column(BIGINT, default=0, server_default="0")
    description: Mapped[str] = mapped_column(Text, default="")
    version: Mapped[int] = mapped_column(Integer)
    version_id: Mapped[str] = mapped_column(String(32))
    published: Mapped[int | None] = mapped_column(Integer)
    published_id: Mapped[str | None] = mapped_column(String(32))
    marked: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    gated: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    created_at: Mapped[datetime] = mapped_column(Instant)
    created_by: Mapped[str | None] = mapped_column(String(32), ForeignKey("users.id"))
    owner_id: Mapped[str | None] = mapped_column(String(32), ForeignKey("users.id", name="fk_scripts_owner_id_users"))
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


class ScriptPublication(Base):
    """That a version was published: by whom, when, and on which review; without one it was there before."""

    __tablename__ = "script_publications"
    __table_args__ = (Index("ix_script_publications_script_id_id", "script_id", "id"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    script_id: Mapped[str] = mapped_column(String(32), ForeignKey("scripts.id", ondelete="CASCADE"))
    version_id: Mapped[str] = mapped_column(String(32), ForeignKey("script_versions.id"))
    number: Mapped[int] = mapped_column(Integer)
    approval_id: Mapped[str | None] = mapped_column(String(32), ForeignKey("approvals.id"))
    published_at: Mapped[datetime] = mapped_column(Instant)
    published_by: Mapped[str | None] = mapped_column(String(32), ForeignKey("users.id"))


class ScriptBlob(Base):
    """The content of a project's file, kept once for all versions of all scripts of the project that have it."""

    __tablename__ = "script_blobs"

    project_id: Mapped[str] = mapped_column(String(32), ForeignKey("projects.id"), primary_key=True)
    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    size: Mapped[int] = mapped_column(Integer)
    data: Mapped[bytes] = mapped_column(LargeBinary)


class ScriptCategory(Base):
    """A category of a project's scripts: a name and a colour, in an order that people choose."""

    __tablename__ = "script_categories"
    __table_args__ = (Index("uq_script_categories_project_id_name", "project_id", "name", unique=True),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    project_id: Mapped[str] = mapped_column(String(32), ForeignKey("projects.id"))
    name: Mapped[str] = mapped_column(String(100))
    colour: Mapped[str] = mapped_column(String(7))
    position: Mapped[int] = mapped_column(Integer, default=0)


class ScriptStar(Base):
    """A user's star on a script."""

    __tablename__ = "script_stars"
    __table_args__ = (Index("ix_script_stars_script_id", "script_id"),)

    user_id: Mapped[str] = mapped_column(String(32), ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    script_id: Mapped[str] = mapped_column(String(32), ForeignKey("scripts.id", ondelete="CASCADE"), primary_key=True)


class ScriptRunModule(Base):
    """A version of a library's module that a run has taken along, so that a re-run takes the same."""

    __tablename__ = "script_run_modules"

    run_id: Mapped[str] = mapped_column(String(32), part_of("runs.id"), primary_key=True)
    version_id: Mapped[str] = mapped_column(String(32), ForeignKey("script_versions.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))


class ParameterSet(Base):
    """Values for a script's parameters under a name; passwords stand in ``sealed``."""

    __tablename__ = "script_parameter_sets"
    __table_args__ = (Index("uq_script_parameter_sets_script_id_name", "script_id", "name", unique=True),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    script_id: Mapped[str] = mapped_column(String(32), ForeignKey("scripts.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(100))
    description: Mapped[str] = mapped_column(String(1000), default="")
    values: Mapped[dict[str, Any]] = mapped_column(Json)
    sealed: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)
    updated_by: Mapped[str | None] = mapped_column(String(32), ForeignKey("users.id"))


class ScriptSource(Base):
    """Where a script comes from and is kept in step with: a path of a Git repository, or a Gist.

    ``sealed`` holds credentials and the webhook's key. ``next_at`` is when it is to be looked at again.
    """

    __tablename__ = "script_sources"
    __table_args__ = (Index("ix_script_sources_next_at", "next_at"),)

    script_id: Mapped[str] = mapped_column(String(32), ForeignKey("scripts.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    url: Mapped[str] = mapped_column(String(1000))
    ref: Mapped[str] = mapped_column(String(200), default="")
    path: Mapped[str] = mapped_column(String(500), default="")
    entry: Mapped[str] = mapped_column(String(500), default="")
    revision: Mapped[str] = mapped_column(String(64), default="")
    every_s: Mapped[int | None] = mapped_column(Integer)
    next_at: Mapped[datetime | None] = mapped_column(Instant)
    synced_at: Mapped[datetime | None] = mapped_column(Instant)
    error: Mapped[str | None] = mapped_column(Text)
    sealed: Mapped[str | None] = mapped_column(Text)
    user_id: Mapped[str | None] = mapped_column(String(32), ForeignKey("users.id"))


class ScriptTag(Base):
    """A tag of a script."""

    __tablename__ = "script_tags"
    __table_args__ = (Index("ix_script_tags_tag_script_id", "tag", "script_id"),)

    script_id: Mapped[str] = mapped_column(String(32), ForeignKey("scripts.id", ondelete="CASCADE"), primary_key=True)
    tag: Mapped[str] = mapped_column(String(50), primary_key=True)


class ScriptEntry(Base):
    """A secret or variable that the newest version of a script lists."""

    __tablename__ = "script_entries"
    __table_args__ = (Index("ix_script_entries_kind_name_script_id", "kind", "name", "script_id"),)

    script_id: Mapped[str] = mapped_column(String(32), ForeignKey("scripts.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(64), primary_key=True)


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
