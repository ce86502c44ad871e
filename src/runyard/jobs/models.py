"""Jobs, their triggers, and the ledger of what became of each due instant."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, String, Text, UniqueConstraint, false, text, true
from sqlalchemy.orm import Mapped, mapped_column

from runyard.db.base import WHERE, Base
from runyard.db.types import Instant, Json
from runyard.ids import ProjectId

_DUE = "next_at IS NOT NULL"
_FILES = "kind = 'file' AND deleted_at IS NULL"


class Job(Base):
    """A saved way to run a target. Deleting hides it; ``live_name`` is its name until then. Its ledger stays.

    ``values`` are parameters as they may be shown, ``sealed`` those of passwords. ``settings`` has the fields of
    `plans.JobSettings`, ``health`` those of `health.Health`: what the circuit breaker knows of it, and why it can't
    run, whose code is ``broken`` too.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        Index("uq_jobs_project_id_live_name", "project_id", "live_name", unique=True),
        Index("ix_jobs_target_id", "target_id"),
        Index("ix_jobs_project_id_deleted_at_name_key", "project_id", "deleted_at", "name_key"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    project_id: Mapped[ProjectId] = mapped_column(String(32), ForeignKey("projects.id"))
    name: Mapped[str] = mapped_column(String(200))
    live_name: Mapped[str | None] = mapped_column(String(200))
    name_key: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(Text, default="")
    target_kind: Mapped[str] = mapped_column(String(16))
    target_id: Mapped[str] = mapped_column(String(32))
    parameter_set_id: Mapped[str | None] = mapped_column(String(32))
    values: Mapped[dict[str, Any]] = mapped_column(Json)
    sealed: Mapped[str | None] = mapped_column(Text)
    labels: Mapped[dict[str, str]] = mapped_column(Json)
    settings: Mapped[dict[str, Any]] = mapped_column(Json)
    enabled: Mapped[bool] = mapped_column(default=True, server_default=true())
    health: Mapped[dict[str, Any]] = mapped_column(Json)
    broken: Mapped[str | None] = mapped_column(String(64))
    revision: Mapped[int] = mapped_column(Integer, default=1)
    owner_id: Mapped[str | None] = mapped_column(String(32), ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)
    updated_by: Mapped[str | None] = mapped_column(String(32), ForeignKey("users.id"))
    deleted_at: Mapped[datetime | None] = mapped_column(Instant)


class JobLabel(Base):
    """A label of a job, for who looks for it."""

    __tablename__ = "job_labels"
    __table_args__ = (Index("ix_job_labels_name_value", "name", "value", "job_id"),)

    job_id: Mapped[str] = mapped_column(String(32), ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[str] = mapped_column(String(200))


class JobTrigger(Base):
    """One trigger. ``spec`` is as the API has it, without secrets; those are ``sealed``.

    Of those that go by time, all that was due up to ``decided_until`` stands in the ledger, and ``next_at`` is the next
    instant at which something is due. Whoever decides moves ``decided_until`` from the value that was read, or loses.
    Of one after another job, ``source_job_id`` is that job, and ``decided_until`` how far its runs were looked at.
    """

    __tablename__ = "job_triggers"
    __table_args__ = (
        Index("ix_job_triggers_job_id", "job_id"),
        Index("ix_job_triggers_source_job_id", "source_job_id"),
        Index("ix_job_triggers_due", "next_at", info={WHERE: _DUE}, sqlite_where=text(_DUE)),
        Index("ix_job_triggers_files", "id", info={WHERE: _FILES}, sqlite_where=text(_FILES)),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    job_id: Mapped[str] = mapped_column(String(32), ForeignKey("jobs.id", ondelete="CASCADE"))
    project_id: Mapped[ProjectId] = mapped_column(String(32), ForeignKey("projects.id"))
    kind: Mapped[str] = mapped_column(String(16))
    spec: Mapped[dict[str, Any]] = mapped_column(Json)
    sealed: Mapped[str | None] = mapped_column(Text)
    enabled: Mapped[bool] = mapped_column(default=True, server_default=true())
    position: Mapped[int] = mapped_column(Integer, default=0)
    source_job_id: Mapped[str | None] = mapped_column(String(32))
    next_at: Mapped[datetime | None] = mapped_column(Instant)
    decided_until: Mapped[datetime] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)
    deleted_at: Mapped[datetime | None] = mapped_column(Instant)


class JobSlot(Base):
    """What became of one due instant, or of a stretch of them that shared an outcome which started nothing.

    ``reason`` is a `slots.Reason`, ``name`` of the blackout or of what paused it. ``stood_for_by`` is the due instant
    of the slot whose run stood for it or was in the way; ``run_id`` that run.
    """

    __tablename__ = "job_slots"
    __table_args__ = (
        Index("ix_job_slots_job_id_due_from", "job_id", "due_from", "trigger_id"),
        Index("ix_job_slots_job_id_outcome_due_from", "job_id", "outcome", "due_from", "trigger_id"),
        Index("ix_job_slots_project_id_due_from", "project_id", "due_from", "trigger_id"),
        Index("ix_job_slots_run_id", "run_id"),
        Index("ix_job_slots_due_to", "due_to"),
    )

    trigger_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    due_from: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    due_to: Mapped[datetime] = mapped_column(Instant)
    count: Mapped[int] = mapped_column(Integer)
    outcome: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(200), default="")
    stood_for_by: Mapped[datetime | None] = mapped_column(Instant)
    run_id: Mapped[str | None] = mapped_column(String(32))
    detail: Mapped[str] = mapped_column(String(1000), default="")
    job_id: Mapped[str] = mapped_column(String(32))
    project_id: Mapped[ProjectId] = mapped_column(String(32))
    decided_at: Mapped[datetime] = mapped_column(Instant)


class JobDelivery(Base):
    """A call of a webhook, a file that arrived, or a run of another job that ended; ``key`` makes it count once."""

    __tablename__ = "job_deliveries"
    __table_args__ = (
        UniqueConstraint("trigger_id", "key"),
        Index("ix_job_deliveries_trigger_id_id", "trigger_id", "id"),
        Index("ix_job_deliveries_job_id_id", "job_id", "id"),
        Index("ix_job_deliveries_run_id", "run_id"),
        Index("ix_job_deliveries_at", "at"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    trigger_id: Mapped[str] = mapped_column(String(32))
    job_id: Mapped[str] = mapped_column(String(32))
    project_id: Mapped[ProjectId] = mapped_column(String(32))
    kind: Mapped[str] = mapped_column(String(16))
    key: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime] = mapped_column(Instant)
    outcome: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(String(64))
    status: Mapped[int | None] = mapped_column(Integer)
    run_id: Mapped[str | None] = mapped_column(String(32))
    took_ms: Mapped[int | None] = mapped_column(Integer)
    detail: Mapped[dict[str, Any]] = mapped_column(Json)


class JobPause(Base):
    """A stretch in which a job, or all of a project (no ``job_id``), starts nothing; open without ``until_at``."""

    __tablename__ = "job_pauses"
    __table_args__ = (
        # Most are over, and nobody asks for those but who removes them.
        Index("ix_job_pauses_job_id_until_at", "job_id", "until_at"),
        Index("ix_job_pauses_project_id_until_at", "project_id", "until_at"),
        Index("ix_job_pauses_until_at", "until_at"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    project_id: Mapped[ProjectId] = mapped_column(String(32), ForeignKey("projects.id"))
    job_id: Mapped[str | None] = mapped_column(String(32))
    kind: Mapped[str] = mapped_column(String(16))
    why: Mapped[str] = mapped_column(String(500), default="")
    by: Mapped[str | None] = mapped_column(String(32), ForeignKey("users.id"))
    by_name: Mapped[str] = mapped_column(String(100), default="")
    from_at: Mapped[datetime] = mapped_column(Instant)
    until_at: Mapped[datetime | None] = mapped_column(Instant)


class JobChange(Base):
    """One revision of a job: who changed what, with before and after; secrets are ``***``."""

    __tablename__ = "job_changes"
    __table_args__ = (UniqueConstraint("job_id", "revision"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    job_id: Mapped[str] = mapped_column(String(32), ForeignKey("jobs.id", ondelete="CASCADE"))
    revision: Mapped[int] = mapped_column(Integer)
    at: Mapped[datetime] = mapped_column(Instant)
    by: Mapped[str | None] = mapped_column(String(32), ForeignKey("users.id"))
    by_name: Mapped[str] = mapped_column(String(100), default="")
    act: Mapped[str] = mapped_column(String(32))
    changes: Mapped[dict[str, Any]] = mapped_column(Json)


class BlackoutCalendar(Base):
    """Windows in which nothing may start, under a name; ``windows`` are those of `specs`, in one time zone."""

    __tablename__ = "blackout_calendars"
    __table_args__ = (UniqueConstraint("project_id", "name"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    project_id: Mapped[ProjectId] = mapped_column(String(32), ForeignKey("projects.id"))
    name: Mapped[str] = mapped_column(String(200))
    timezone: Mapped[str] = mapped_column(String(64))
    windows: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    whole_project: Mapped[bool] = mapped_column(default=False, server_default=false())
    revision: Mapped[int] = mapped_column(Integer, default=1)
    created_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)
    updated_by: Mapped[str | None] = mapped_column(String(32), ForeignKey("users.id"))


class JobShadow(Base):
    """What another system's scheduler did, to be compared with what a job would have done; until it is cut over."""

    __tablename__ = "job_shadows"
    __table_args__ = (Index("ix_job_shadows_job_id_id", "job_id", "id"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    job_id: Mapped[str] = mapped_column(String(32), ForeignKey("jobs.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(Instant)
    by: Mapped[str | None] = mapped_column(String(32), ForeignKey("users.id"))
    log: Mapped[list[int]] = mapped_column(Json)
    source: Mapped[str] = mapped_column(String(200))
