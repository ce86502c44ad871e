"""Environments, as rows."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from runyard.db.base import Base
from runyard.db.types import Instant, Json


class Environment(Base):
    """One request for an environment, and what became of it.

    `current` equals `request_hash` while new requests of that kind are answered by this row, and is null after it was
    deleted: the row then stays for the runs that were pinned to its lock. `build` counts builds and fences late
    writers; `lease_until` is in the database's time. `project_id` is set where the packages come from sources that a
    project has of its own; `trial_of` names the environment that this one may replace; `origin` is ``resolved`` or
    ``imported``.
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
    project_id: Mapped[str | None] = mapped_column(String(32), index=True)
    trial_of: Mapped[str | None] = mapped_column(String(32), index=True)
    origin: Mapped[str] = mapped_column(String(16), default="resolved", server_default="resolved")

    __table_args__ = (
        Index("ix_environments_listed", "deleted_at", "id"),
        Index("ix_environments_state", "deleted_at", "state", "id"),
        Index("ix_environments_kind", "deleted_at", "kind", "id"),
    )


class EnvironmentPackage(Base):
    """A package that an environment holds, so that environments are found by it."""

    __tablename__ = "environment_packages"
    __table_args__ = (Index("ix_environment_packages_name_environment_id", "name", "environment_id"),)

    environment_id: Mapped[str] = mapped_column(ForeignKey("environments.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(214), primary_key=True)
    version: Mapped[str] = mapped_column(String(200), primary_key=True)


class EnvironmentUse(Base):
    """A script that has run in an environment; `current` on the one that it used last."""

    __tablename__ = "environment_uses"
    __table_args__ = (
        Index("ix_environment_uses_script_id_current", "script_id", "current"),
        Index("ix_environment_uses_environment_id_current", "environment_id", "current"),
    )

    environment_id: Mapped[str] = mapped_column(ForeignKey("environments.id", ondelete="CASCADE"), primary_key=True)
    script_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    project_id: Mapped[str] = mapped_column(String(32))
    current: Mapped[bool]
    last_used_at: Mapped[datetime] = mapped_column(Instant)


class RegisteredInterpreter(Base):
    """An interpreter that environments can be built on; `source` is ``registered`` or ``found``.

    `trouble` is why it can't be used, empty where it can; `closed` why users of runs can't reach it, empty where they
    can.
    """

    __tablename__ = "interpreters"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    path: Mapped[str] = mapped_column(String(1024), unique=True)
    version: Mapped[str] = mapped_column(String(64), default="")
    implementation: Mapped[str] = mapped_column(String(64), default="")
    platform: Mapped[str] = mapped_column(String(200), default="")
    is_default: Mapped[bool] = mapped_column(default=False)
    source: Mapped[str] = mapped_column(String(16))
    trouble: Mapped[str] = mapped_column(String(500), default="")
    closed: Mapped[str] = mapped_column(String(500), default="")
    created_at: Mapped[datetime] = mapped_column(Instant)
    probed_at: Mapped[datetime] = mapped_column(Instant)


class PackageSource(Base):
    """Where packages come from, sealed since addresses may carry passwords; `scope` is a project's id or empty."""

    __tablename__ = "package_sources"

    scope: Mapped[str] = mapped_column(String(32), primary_key=True)
    sealed: Mapped[str] = mapped_column(Text)
    updated_at: Mapped[datetime] = mapped_column(Instant)
    updated_by: Mapped[str] = mapped_column(String(200))


class Advisory(Base):
    """A known vulnerability of one package, as OSV tells it; `affected` has its version ranges and lists."""

    __tablename__ = "advisories"

    ecosystem: Mapped[str] = mapped_column(String(16), primary_key=True)
    package: Mapped[str] = mapped_column(String(214), primary_key=True)
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    summary: Mapped[str] = mapped_column(String(500))
    severity: Mapped[str] = mapped_column(String(16), default="")
    aliases: Mapped[list[str]] = mapped_column(Json)
    affected: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    url: Mapped[str] = mapped_column(String(500))
    modified_at: Mapped[datetime] = mapped_column(Instant)


class AdvisoryImport(Base):
    """An import of advisories; only the newest few are kept."""

    __tablename__ = "advisory_imports"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant)
    source: Mapped[str] = mapped_column(String(500))
    by: Mapped[str] = mapped_column(String(200))
    advisories: Mapped[int]
