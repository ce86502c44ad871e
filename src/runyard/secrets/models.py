"""Secrets and variables, the keys that secrets are sealed with, who was given them, and projects' stages."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from runyard.db.base import Base
from runyard.db.types import Instant, Json
from runyard.secrets.precedence import Level

BIGINT = BigInteger().with_variant(Integer, "sqlite")


class DataKey(Base):
    """A key that secrets of one project (or of the installation: an empty ``scope``) are sealed with.

    It is kept wrapped by the master key that ``wrapped_by`` names. The newest that is not retired seals; a retired one
    stays while anything is still sealed with it.
    """

    __tablename__ = "data_keys"
    __table_args__ = (Index("uq_data_keys_scope_version", "scope", "version", unique=True),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    scope: Mapped[str] = mapped_column(String(32))
    version: Mapped[int] = mapped_column(Integer)
    wrapped: Mapped[str] = mapped_column(Text)
    wrapped_by: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(Instant)
    retired_at: Mapped[datetime | None] = mapped_column(Instant)


class Entry(Base):
    """A secret, or a variable: a value that runs find under a name.

    ``project_id`` is null for one of the installation; ``script_id`` names the script of one that is a script's own.
    ``place`` is the nearest of the two, or empty, so that names are unique in a place and stage (an empty ``stage`` is
    every stage). A variable has its ``value`` in clear, a secret has it ``sealed`` and names its key.
    """

    __tablename__ = "secrets"
    __table_args__ = (
        Index("uq_secrets_place_stage_name", "place", "stage", "name", unique=True),
        Index("ix_secrets_kind_name_id", "kind", "name", "id"),
        Index("ix_secrets_project_id_kind_name_id", "project_id", "kind", "name", "id"),
        Index("ix_secrets_script_id", "script_id"),
        Index("ix_secrets_key_id_id", "key_id", "id"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    project_id: Mapped[str | None] = mapped_column(String(32), ForeignKey("projects.id", ondelete="CASCADE"))
    script_id: Mapped[str | None] = mapped_column(String(32), ForeignKey("scripts.id", ondelete="CASCADE"))
    place: Mapped[str] = mapped_column(String(32))
    stage: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(64))
    description: Mapped[str] = mapped_column(String(1000))
    value: Mapped[str | None] = mapped_column(Text)
    sealed: Mapped[str | None] = mapped_column(Text)
    key_id: Mapped[str | None] = mapped_column(String(32), ForeignKey("data_keys.id"))
    version: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(Instant)
    created_by: Mapped[str | None] = mapped_column(String(32), ForeignKey("users.id"))
    updated_at: Mapped[datetime] = mapped_column(Instant)
    updated_by: Mapped[str | None] = mapped_column(String(32), ForeignKey("users.id"))
    valued_at: Mapped[datetime] = mapped_column(Instant)

    @property
    def level(self) -> Level:
        """Where it belongs."""
        if self.script_id is not None:
            return Level.script
        return Level.everywhere if self.project_id is None else Level.project

    @property
    def scope(self) -> str:
        """Whose data key seals it."""
        return self.project_id or ""

    @property
    def context(self) -> str:
        """What its value is bound to: this row, in this place, under this name, at this version."""
        return f"secret:{self.id}:{self.scope}:{self.script_id or ''}:{self.stage}:{self.name}:{self.version}"


class SecretUse(Base):
    """An attempt was given a secret. It outlives the secret; how long, the settings say."""

    __tablename__ = "secret_uses"
    __table_args__ = (
        Index("ix_secret_uses_secret_id_id", "secret_id", "id"),
        Index("ix_secret_uses_at", "at"),
    )

    id: Mapped[int] = mapped_column(BIGINT, primary_key=True, autoincrement=True)
    secret_id: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(64))
    version: Mapped[int] = mapped_column(Integer)
    project_id: Mapped[str] = mapped_column(String(32))
    script_id: Mapped[str | None] = mapped_column(String(32))
    script_name: Mapped[str] = mapped_column(String(200))
    run_id: Mapped[str] = mapped_column(String(32))
    attempt: Mapped[int] = mapped_column(Integer)
    at: Mapped[datetime] = mapped_column(Instant)


class ProjectStages(Base):
    """The stages that a project knows, in order, and the one that its runs are in when nobody says."""

    __tablename__ = "project_stages"

    project_id: Mapped[str] = mapped_column(String(32), ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True)
    stages: Mapped[list[str]] = mapped_column(Json)
    default: Mapped[str | None] = mapped_column(String(32))
    updated_at: Mapped[datetime] = mapped_column(Instant)
    updated_by: Mapped[str | None] = mapped_column(String(32), ForeignKey("users.id"))


class SecretScrub(Base):
    """A search for a secret's value in what is stored of runs, up to the run that ``last_run_id`` names."""

    __tablename__ = "secret_scrubs"
    __table_args__ = (
        Index("ix_secret_scrubs_secret_id_id", "secret_id", "id"),
        Index("ix_secret_scrubs_state", "state"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    secret_id: Mapped[str] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(String(16))
    total: Mapped[int] = mapped_column(Integer)
    done: Mapped[int] = mapped_column(Integer)
    changed: Mapped[int] = mapped_column(Integer)
    last_run_id: Mapped[str] = mapped_column(String(32))
    error: Mapped[str | None] = mapped_column(String(500))
    started_at: Mapped[datetime] = mapped_column(Instant)
    started_by: Mapped[str] = mapped_column(String(100))
    finished_at: Mapped[datetime | None] = mapped_column(Instant)
