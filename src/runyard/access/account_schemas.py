"""What invitations, registration and links by mail look like from outside."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field, SecretStr, StringConstraints

from runyard.access.people_schemas import DisplayName, Username, Who
from runyard.access.schemas import Chosen, Email, Typed

LinkToken = Annotated[SecretStr, Field(min_length=1, max_length=200)]
"""What stands behind the ``#`` of a link."""


class SelfService(BaseModel):
    """What the login page offers: a letter for who has forgotten the password, and registration."""

    password_reset: bool
    registration: bool


class ForgottenBody(BaseModel):
    """Whose password is forgotten: a user name or a mail address."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=254)]


class ResetBody(BaseModel):
    """A link, and the password from now on."""

    token: LinkToken
    password: Chosen


class TokenOnly(BaseModel):
    """A link."""

    token: LinkToken


class EmailBody(BaseModel):
    """Your password, and the address that letters are to go to; null for none."""

    current_password: Typed
    email: Email | None


class EmailAnswer(BaseModel):
    """Your address; `pending` says that the new one holds once the link that was sent there is opened."""

    email: str | None
    pending: bool


class NewcomerBody(BaseModel):
    """What somebody says of themselves when they come in."""

    username: Username
    display_name: DisplayName = ""
    password: Chosen


class AcceptBody(NewcomerBody):
    """An invitation's link, and what whoever was invited says of themselves."""

    token: LinkToken


class Arrived(BaseModel):
    """A user who may sign in now."""

    username: str


class InvitationFacts(BaseModel):
    """What a link invites to."""

    email: str | None
    invited_by: str
    expires_at: datetime


class Place(BaseModel):
    """A project, by name or id, and the role there."""

    project: Who
    role: Who


class InvitationCreate(BaseModel):
    """Whom to invite, to what, and for how many days. Without an address, hand the link on yourself."""

    email: Email | None = None
    is_admin: bool = False
    projects: Annotated[list[Place], Field(max_length=100)] = []
    days: Annotated[float, Field(gt=0, le=90)] | None = None


class InvitationBody(BaseModel):
    """An invitation that is open. A project that you do not see is told by its id."""

    id: str
    email: str | None
    is_admin: bool
    projects: list[Place]
    invited_by: str
    created_at: datetime
    expires_at: datetime


class NewInvitation(InvitationBody):
    """A new invitation: `link` is told this once; `mailed` says whether it was sent."""

    link: str
    mailed: bool
