"""Requests for a second person's consent, and what was said about them."""

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from runyard.db.base import Base
from runyard.db.types import Instant, Json


class Approval(Base):
    """One request. `kind` is an operation, or ``script.publish`` for a review, which has a `revision` and `authors`.

    `project_id` is null for what belongs to the installation. `sealed` holds the request as it came, until it has been
    carried out or never will be; `digest` says what it would do. `changes` are ``{field: [old, new]}``.
    """

    __tablename__ = "approvals"
    __table_args__ = (
        Index("ix_approvals_state_project_id_id", "state", "project_id", "id"),
        Index("ix_approvals_asked_by_id", "asked_by", "id"),
        Index("ix_approvals_subject_id_state", "subject_id", "state"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    project_id: Mapped[str | None] = mapped_column(String(32), ForeignKey("projects.id"))
    kind: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16))
    subject_kind: Mapped[str] = mapped_column(String(32))
    subject_id: Mapped[str] = mapped_column(String(64))
    subject_name: Mapped[str] = mapped_column(String(200), default="")
    changes: Mapped[dict[str, Any]] = mapped_column(Json)
    digest: Mapped[str] = mapped_column(String(64), default="")
    note: Mapped[str] = mapped_column(Text, default="")
    revision: Mapped[int | None] = mapped_column(Integer)
    base: Mapped[int | None] = mapped_column(Integer)
    authors: Mapped[list[str]] = mapped_column(Json)
    sealed: Mapped[str | None] = mapped_column(Text)
    asked_by: Mapped[str] = mapped_column(String(32), ForeignKey("users.id"))
    token_id: Mapped[str | None] = mapped_column(String(32))
    asked_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime | None] = mapped_column(Instant)
    decided_by: Mapped[str | None] = mapped_column(String(32), ForeignKey("users.id"))
    decided_at: Mapped[datetime | None] = mapped_column(Instant)
    reason: Mapped[str] = mapped_column(Text, default="")
    finished_at: Mapped[datetime | None] = mapped_column(Instant)
    code: Mapped[str] = mapped_column(String(64), default="")
    outcome: Mapped[str] = mapped_column(Text, default="")


class ApprovalEntry(Base):
    """Something that was said or done: a comment (on the whole, or on a `line` of a revision), or an act.

    A comment that answers another names it in `thread_id`; what begins a thread is resolved or not.
    """

    __tablename__ = "approval_entries"
    __table_args__ = (Index("ix_approval_entries_approval_id_id", "approval_id", "id"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    approval_id: Mapped[str] = mapped_column(String(32), ForeignKey("approvals.id", ondelete="CASCADE"))
    what: Mapped[str] = mapped_column(String(16))
    user_id: Mapped[str | None] = mapped_column(String(32), ForeignKey("users.id"))
    at: Mapped[datetime] = mapped_column(Instant)
    text: Mapped[str] = mapped_column(Text, default="")
    revision: Mapped[int | None] = mapped_column(Integer)
    line: Mapped[int | None] = mapped_column(Integer)
    thread_id: Mapped[str | None] = mapped_column(String(32))
    resolved: Mapped[bool] = mapped_column(Boolean, default=False)
