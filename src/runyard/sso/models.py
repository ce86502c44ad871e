"""What a sign-in at a provider leaves behind: the session there, and the roles that its groups have given."""

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from runyard.db.base import Base


class ProviderSession(Base):
    """The provider's side of a session: it is ended by either. ``id_token`` is sealed."""

    __tablename__ = "provider_sessions"
    __table_args__ = (Index("ix_provider_sessions_subject", "issuer", "subject"),)

    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"), primary_key=True)
    issuer: Mapped[str] = mapped_column(String(255))
    subject: Mapped[str] = mapped_column(String(255))
    sid: Mapped[str] = mapped_column(String(255), default="")
    id_token: Mapped[str] = mapped_column(Text)


class GroupGrant(Base):
    """A role that somebody was given in a project for the groups they are in elsewhere, and not by hand."""

    __tablename__ = "group_grants"

    identity_id: Mapped[str] = mapped_column(ForeignKey("identities.id", ondelete="CASCADE"), primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[str] = mapped_column(String(32))
