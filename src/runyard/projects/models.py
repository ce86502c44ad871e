"""Projects, and who belongs to them."""

from datetime import datetime

from sqlalchemy import Boolean, ForeignKey, Integer, String, false, text
from sqlalchemy.orm import Mapped, mapped_column

from runyard.db.base import Base
from runyard.db.types import Instant, Json


class Project(Base):
    """A boundary: what belongs to one project never answers to another's people.

    An archived one is nobody's: it is in no list and answers no id until it is brought back. With `four_eyes` its
    scripts are published by somebody else than who wrote them; `second_person` names the operations that wait for one,
    for `approval_hours` at the most.
    """

    __tablename__ = "projects"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    description: Mapped[str] = mapped_column(String(500), default="")
    created_at: Mapped[datetime] = mapped_column(Instant)
    archived_at: Mapped[datetime | None] = mapped_column(Instant)
    four_eyes: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    second_person: Mapped[list[str]] = mapped_column(Json, default=list, server_default=text("'[]'"))
    approval_hours: Mapped[int] = mapped_column(Integer, default=72, server_default="72")


class ProjectMember(Base):
    """A user's role in a project: the name of a built-in one, or the id of another."""

    __tablename__ = "project_members"

    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True)
    role: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(Instant)


class ProjectTeam(Base):
    """A team's role in a project: all its people hold it there."""

    __tablename__ = "project_teams"

    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True)
    team_id: Mapped[str] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True, index=True)
    role: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(Instant)
