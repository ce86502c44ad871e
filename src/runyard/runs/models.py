"""Runs: a narrow row that the queue and the lists work on, and wide ones beside it."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Float, ForeignKey, Index, Integer, String, Text, false, text
from sqlalchemy.orm import Mapped, mapped_column

from runyard.db.base import WHERE, Base, part_of
from runyard.db.types import Instant, Json
from runyard.ids import ProjectId

BIGINT = BigInteger().with_variant(Integer, "sqlite")


_OPEN = "finished_at IS NULL"
_OF_JOB = "job_id IS NOT NULL"


def _partial(name: str, where: str, *columns: str) -> Index:
    # PostgreSQL's words are added where they are needed: they have its whole dialect loaded, at every start.
    return Index(name, *columns, info={WHERE: where}, sqlite_where=text(where))


class RunRow(Base):
    """One run: where it stands. Ids sort by time, so lists page by id.

    ``gate`` is null for a run that no limit concerns; else it names what counts together by the script's own limit
    (``gate_limit`` of them at once), or is empty where only the yard's limits count. While ``held`` a queued run is not
    to be claimed. ``labelled`` tells whether there are label rows that must follow its state.

    Runs of a job have its ``job_id``, and as ``job_limit`` how many of them may be admitted at once, where it says so;
    they are ``watched`` until the job was told of their end.
    """

    __tablename__ = "runs"
    __table_args__ = (
        Index("ix_runs_project_id_id", "project_id", "id"),
        Index("ix_runs_project_id_state_id", "project_id", "state", "id"),
        Index("ix_runs_script_id_id", "script_id", "id"),
        Index("ix_runs_script_id_state_id", "script_id", "state", "id"),
        # Partial ones. Of runs that are over nobody asks who holds them: history pays nothing for these. Who asks says
        # `is_open`, by which databases know that the index will do.
        _partial("ix_runs_open_state", _OPEN, "state", "held", "queue", "priority", "id"),
        _partial("ix_runs_open_worker_id", _OPEN, "worker_id", "state"),
        _partial("ix_runs_open_environment_id", _OPEN, "environment_id", "state"),
        # Nor does a run pay that no limit concerns, and one that did not fail.
        _partial(
            "ix_runs_held",
            "held",
            *("queue", "project_id", "gate", "gate_limit", "job_id", "job_limit", "priority", "id"),
        ),
        _partial("ix_runs_gate_state_held_id", "gate IS NOT NULL", "gate", "state", "held", "id"),
        _partial("ix_runs_job_id_id", _OF_JOB, "job_id", "id"),
        _partial("ix_runs_job_id_state_id", _OF_JOB, "job_id", "state", "id"),
        _partial("ix_runs_job_id_finished_at", _OF_JOB, "job_id", "finished_at", "state"),
        _partial("ix_runs_open_job_id", f"{_OPEN} AND {_OF_JOB}", "job_id", "state", "held", "id"),
        _partial("ix_runs_watched", "watched", "finished_at", "id"),
        _partial("ix_runs_failure_id_state_id", "failure_id IS NOT NULL", "failure_id", "state", "id"),
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
    gate: Mapped[str | None] = mapped_column(String(255))
    gate_limit: Mapped[int | None] = mapped_column(Integer)
    held: Mapped[bool] = mapped_column(default=False, server_default=false())
    labelled: Mapped[bool] = mapped_column(default=False, server_default=false())
    failure_id: Mapped[str | None] = mapped_column(String(32))
    job_id: Mapped[str | None] = mapped_column(String(32))
    job_limit: Mapped[int | None] = mapped_column(Integer)
    watched: Mapped[bool] = mapped_column(server_default=false())


def is_open() -> ColumnElement[bool]:
    """Return the condition that a run is not over, as the indexes over such runs have it."""
    return RunRow.finished_at.is_(None)


class RunInputRow(Base):
    """What a run was given; written once. ``retry`` and ``timezone`` are what its job says of it."""

    __tablename__ = "run_inputs"

    run_id: Mapped[str] = mapped_column(String(32), part_of("runs.id"), primary_key=True)
    parameters: Mapped[dict[str, Any]] = mapped_column(Json)
    sealed: Mapped[str | None] = mapped_column(Text)
    labels: Mapped[dict[str, str]] = mapped_column(Json)
    uploads: Mapped[list[str]] = mapped_column(Json)
    timeout_s: Mapped[float | None] = mapped_column(Float)
    rerun_of: Mapped[str | None] = mapped_column(String(32))
    limits: Mapped[dict[str, Any] | None] = mapped_column(Json)
    stage: Mapped[str | None] = mapped_column(String(32))
    trigger_id: Mapped[str | None] = mapped_column(String(32))
    slot_due_at: Mapped[datetime | None] = mapped_column(Instant)
    retry: Mapped[dict[str, Any] | None] = mapped_column(Json)
    timezone: Mapped[str | None] = mapped_column(String(64))


class RunLabelRow(Base):
    """A label of a run, with what lists filter by besides: so that every mix of filters is one walk down an index."""

    __tablename__ = "run_labels"
    __table_args__ = (
        Index("ix_run_labels_listed", "project_id", "name", "value", "state", "run_id"),
        Index("ix_run_labels_of_script", "script_id", "name", "value", "state", "run_id"),
        # A name whatever its value.
        Index("ix_run_labels_named", "project_id", "name", "state", "run_id"),
        Index("ix_run_labels_named_of_script", "script_id", "name", "state", "run_id"),
    )

    run_id: Mapped[str] = mapped_column(String(32), part_of("runs.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[str] = mapped_column(String(200))
    project_id: Mapped[str] = mapped_column(String(32), server_default="")
    script_id: Mapped[str | None] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(String(16), server_default="")


class RunAttemptRow(Base):
    """One attempt: who executed it, in what confinement, and how it ended.

    Until then ``sealed`` has the secrets that it was given.
    """

    __tablename__ = "run_attempts"

    run_id: Mapped[str] = mapped_column(String(32), part_of("runs.id"), primary_key=True)
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
    sealed: Mapped[str | None] = mapped_column(Text)


class RunEventRow(Base):
    """The journal of a run: every state change, written with it."""

    __tablename__ = "run_events"
    __table_args__ = (Index("ix_run_events_run_id_id", "run_id", "id"),)

    id: Mapped[int] = mapped_column(BIGINT, primary_key=True, autoincrement=True)
    run_id: Mapped[str] = mapped_column(String(32), part_of("runs.id"))
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


class RunUsageRow(Base):
    """What an attempt used over time: one compact, bounded series (``runs.series``)."""

    __tablename__ = "run_usage"

    run_id: Mapped[str] = mapped_column(String(32), part_of("runs.id"), primary_key=True)
    attempt: Mapped[int] = mapped_column(Integer, primary_key=True)
    fence: Mapped[int] = mapped_column(Integer)
    series: Mapped[dict[str, Any]] = mapped_column(Json)
    updated_at: Mapped[datetime] = mapped_column(Instant)


class RunLimitRow(Base):
    """How many runs of a queue, of a project or of the installation (an empty name) may be admitted at once."""

    __tablename__ = "run_limits"

    scope: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    limit: Mapped[int | None] = mapped_column(Integer)
    policy: Mapped[str] = mapped_column(String(16))
    updated_at: Mapped[datetime] = mapped_column(Instant)
    updated_by: Mapped[str | None] = mapped_column(String(32))


class RunPolicyRow(Base):
    """What a project lets its submits ask for, and how long it keeps its runs."""

    __tablename__ = "run_policies"

    project_id: Mapped[str] = mapped_column(String(32), ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True)
    bounds: Mapped[dict[str, Any]] = mapped_column(Json)
    retention: Mapped[dict[str, Any] | None] = mapped_column(Json)
    updated_at: Mapped[datetime] = mapped_column(Instant)
    updated_by: Mapped[str | None] = mapped_column(String(32))


class RunKeepRow(Base):
    """A run that stays, whatever the rules of retention say."""

    __tablename__ = "run_keeps"
    __table_args__ = (Index("ix_run_keeps_project_id_run_id", "project_id", "run_id"),)

    run_id: Mapped[str] = mapped_column(String(32), part_of("runs.id"), primary_key=True)
    project_id: Mapped[str] = mapped_column(String(32))
    note: Mapped[str] = mapped_column(String(500), default="")
    kept_by: Mapped[str | None] = mapped_column(String(32))
    kept_by_name: Mapped[str] = mapped_column(String(100), default="")
    kept_at: Mapped[datetime] = mapped_column(Instant)


class RunSizeRow(Base):
    """How many bytes of files and logs a finished run has on disk; measured where a project limits them."""

    __tablename__ = "run_sizes"
    __table_args__ = (Index("ix_run_sizes_project_id_run_id_bytes", "project_id", "run_id", "bytes"),)

    run_id: Mapped[str] = mapped_column(String(32), part_of("runs.id"), primary_key=True)
    project_id: Mapped[str] = mapped_column(String(32))
    bytes: Mapped[int] = mapped_column(BigInteger)


class RunTombstoneRow(Base):
    """A run whose rows are gone and whose files are still to follow."""

    __tablename__ = "run_tombstones"

    run_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    buried_at: Mapped[datetime] = mapped_column(Instant)


class FailureGroupRow(Base):
    """Failures of one script that are the same but for times, ids and numbers; drafts have no ``script_id``."""

    __tablename__ = "failure_groups"
    __table_args__ = (
        Index("uq_failure_groups_project_id_script_key_hash", "project_id", "script_key", "hash", unique=True),
        Index("ix_failure_groups_project_id_last_at_id", "project_id", "last_at", "id"),
        Index("ix_failure_groups_script_key_last_at", "script_key", "last_at", "id"),
        Index("ix_failure_groups_last_at", "last_at"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    project_id: Mapped[str] = mapped_column(String(32), ForeignKey("projects.id", ondelete="CASCADE"))
    script_key: Mapped[str] = mapped_column(String(32))
    script_name: Mapped[str] = mapped_column(String(200))
    hash: Mapped[str] = mapped_column(String(64))
    code: Mapped[str] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(String(200))
    text: Mapped[str] = mapped_column(Text)
    count: Mapped[int] = mapped_column(Integer)
    first_at: Mapped[datetime] = mapped_column(Instant)
    first_run_id: Mapped[str] = mapped_column(String(32))
    last_at: Mapped[datetime] = mapped_column(Instant)
    last_run_id: Mapped[str] = mapped_column(String(32))
