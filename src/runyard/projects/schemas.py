"""What projects and their members look like from outside."""

from datetime import datetime

from pydantic import BaseModel

from runyard.access.people_schemas import About, Name, Who, WhoBody
from runyard.access.permissions import Permission


class ProjectBody(BaseModel):
    """A project, and what the asker may do in it. `archived_at` is null while it lives."""

    id: str
    name: str
    description: str
    created_at: datetime
    archived_at: datetime | None = None
    permissions: list[Permission]


class ProjectCreate(BaseModel):
    """A project to make."""

    name: Name
    description: About = ""


class ProjectChange(BaseModel):
    """What to change; what is left out stays. An archived project is hidden with all that is in it."""

    name: Name | None = None
    description: About | None = None
    archived: bool | None = None


class MemberBody(BaseModel):
    """A member, and their own role; what teams give them comes on top."""

    user_id: str
    username: str
    display_name: str
    disabled: bool
    role: str
    role_id: str
    added_at: datetime


class MemberCreate(WhoBody):
    """A user, and a role by name or id."""

    role: Who


class RoleChoice(BaseModel):
    """A role by name or id."""

    role: Who


class ProjectTeamBody(BaseModel):
    """A team that is a member, and its role: all its people hold it."""

    team_id: str
    name: str
    members: int
    role: str
    role_id: str
    added_at: datetime


class ProjectTeamCreate(BaseModel):
    """A team and a role, each by name or id."""

    team: Who
    role: Who
