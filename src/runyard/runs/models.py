"""Runs: a narrow row that the queue and the lists work on, and wide ones beside it."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Float, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from runyard.db.base import Base
from runyard.db.types import Instant, Json
from runyard.ids import ProjectId

BIGINT = BigInteger().with_variant(Integer, "sqlite")


class RunRow(Base):
    """One run: where it stands. Ids sort by time, so lists page by id."""

    __tablename__ = "runs"
    __table_args__ = (
        Index("ix_runs_project_id_id", "project_id", "id"),
        Index("ix_runs_project_id_state_id", "project_id", "state", "id"),
        Index("ix_runs_script_id_id", "script_id", "id"),
        Index("ix_runs_script_id_state_id", "script_id", "state", "id"),
        Index("ix_runs_state_queue_priority_id", "state", "queue", "priority", "id"),
        Index("ix_runs_worker_id_state", "worker_id", "state"),
        Index("ix_runs_environment_id_state", "environment_id", "state"),
        Index("ix_runs_project_id_queued_at", "project_id", "queued_at"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    project_id: Mapped[ProjectId] = mapped_column(String(32), ForeignKey("projects.id"))
    script_id: Mapped[str | None] = mapped_column(String(32), ForeignKey("scripts.id"))
    version_id: Mapped[str] = mapped_column(String(32), ForeignKey("script_versions.id"), index=True)
    script_name: Mapped[str] = mapped_column(String(200))
    language: Mapped[str] = mapped_column(String(16))
    version: Mapped[int | None] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(16))
    attempt: Mapped[int] = mapped_column(Integer, default=1)
    fence: Mapped[int] = mapped_column(Integer, default=0)
    queue: Mapped[str] = mapped_column(String(64), default="default")
    priority: Mapped[int] = mapped_column(Integer, default=0)
    not_before: Mapped[datetime | None] = mapped_column(Instant)
    waiting: Mapped[str | None] = mapped_column(String(32))
    worker_id: Mapped[str | None] = mapped_column(String(32))
    environment_id: Mapped[str | None] = mapped_column(String(64))
    trigger_kind: Mapped[str] = mapped_column(String(16))
    created_by: Mapped[str | None] = mapped_column(String(32))
    created_by_name: Mapped[str] = mapped_column(String(100), default="")
    queued_at: Mapped[datetime] = mapped_column(Instant)
    started_at: Mapped[datetime | None] = mapped_column(Instant)
    finished_at: Mapped[datetime | None] = mapped_column(Instant)
    cancel_requested_at: Mapped[datetime | None] = mapped_column(Instant)
    exit_code: Mapped[int | None] = mapped_column(Integer)
    error_code: Mapped[str | None] = mapped_column(String(64))


class RunInputRow(Base):
    """What a run was given; written once."""

    __tablename__ = "run_inputs"

    run_id: Mapped[str] = mapped_column(String(32), ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    parameters: Mapped[dict[str, Any]] = mapped_column(Json)
    sealed: Mapped[str | None] = mapped_column(Text)
    labels: Mapped[dict[str, str]] = mapped_column(Json)
    uploads: Mapped[list[str]] = mapped_column(Json)
    timeout_s: Mapped[float | None] = mapped_column(Float)
    rerun_of: Mapped[str | None] = mapped_column(String(32))


class RunLabelRow(Base):
    """A label of a run, for filters."""

    __tablename__ = "run_labels"
    __table_args__ = (Index("ix_run_labels_name_value_run_id", "name", "value", "run_id"),)

    run_id: Mapped[str] = mapped_column(String(32), ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[str] = mapped_column(String(200))


class RunAttemptRow(Base):
    """One attempt: who executed it, in what confinement, and how it ended."""

    __tablename__ = "run_attempts"

    run_id: Mapped[str] = mapped_column(String(32), ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True)
    attempt: Mapped[int] = mapped_column(Integer, primary_key=True)
    fence: Mapped[int] = mapped_column(Integer, primary_key=True)
    worker_id: Mapped[str] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(String(16))
    claimed_at: Mapped[datetime] = mapped_column(Instant)
    started_at: Mapped[datetime | None] = mapped_column(Instant)
    finished_at: Mapped[datetime | None] = mapped_column(Instant)
    exit_code: Mapped[int | None] = mapped_column(Integer)
    error_code: Mapped[str | None] = mapped_column(String(64))
    error_message: Mapped[str | None] = mapped_column(Text)
    outputs: Mapped[Any] = mapped_column(Json, nullable=True)
    usage: Mapped[dict[str, Any] | None] = mapped_column(Json)
    isolation: Mapped[dict[str, Any] | None] = mapped_column(Json)
    progress: Mapped[dict[str, Any] | None] = mapped_column(Json)


class RunEventRow(Base):
    """The journal of a run: every state change, written with it."""

    __tablename__ = "run_events"
    __table_args__ = (Index("ix_run_events_run_id_id", "run_id", "id"),)

    id: Mapped[int] = mapped_column(BIGINT, primary_key=True, autoincrement=True)
    run_id: Mapped[str] = mapped_column(String(32), ForeignKey("runs.id", ondelete="CASCADE"))
    attempt: Mapped[int] = mapped_column(Integer)
    at: Mapped[datetime] = mapped_column(Instant)
    kind: Mapped[str] = mapped_column(String(64))
    data: Mapped[dict[str, Any]] = mapped_column(Json)


class IdempotencyRow(Base):
    """An ``Idempotency-Key`` that was used, and the run that it made."""

    __tablename__ = "run_idempotency"
    __table_args__ = (Index("ix_run_idempotency_created_at", "created_at"),)

    user_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    run_id: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(Instant)
