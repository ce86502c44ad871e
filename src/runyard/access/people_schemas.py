"""What users, teams, roles and tokens of the API look like from outside."""

from datetime import datetime, timedelta
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, StringConstraints, model_validator

from runyard import clock
from runyard.access.permissions import Permission
from runyard.access.schemas import Chosen, Email, Origin

DEFAULT_LIFE = timedelta(days=90)
_IDS = ("prj_", "usr_", "tea_", "rol_", "tok_")


def _no_id(name: str) -> str:
    if name.startswith(_IDS):
        raise ValueError("a name must not look like an id")
    return name


Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=64, pattern=r"^\w[\w .-]*$"),
    AfterValidator(_no_id),
]
"""Letters and digits of any script, spaces, ``_``, ``.`` and ``-``."""
Username = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=64, pattern=r"^\w[\w.@+-]*$"),
    AfterValidator(_no_id),
]
Who = Annotated[str, StringConstraints(min_length=1, max_length=64)]
About = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]
DisplayName = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)]


class UserBody(BaseModel):
    """A user. `seen_at` is when they last began or renewed a session, `origins` how they may sign in elsewhere."""

    id: str
    username: str
    display_name: str
    email: str | None = None
    is_admin: bool
    disabled: bool
    second_factor: bool = False
    has_password: bool = True
    origins: list[Origin] = []
    created_at: datetime
    seen_at: datetime | None = None


class NewUserBody(UserBody):
    """A new user, or one with a new password; `password` is the one made up for them, told this once."""

    password: str | None = None


class UserCreate(BaseModel):
    """A user to add. Without `password` one is made up and told once."""

    username: Username
    password: Chosen | None = None
    display_name: DisplayName = ""
    email: Email | None = None
    is_admin: bool = False


class UserChange(BaseModel):
    """What to change; what is left out stays, and an empty `email` takes it away.

    Who is disabled is signed out everywhere at once.
    """

    display_name: DisplayName | None = None
    email: Email | Literal[""] | None = None
    is_admin: bool | None = None
    disabled: bool | None = None


class PasswordReset(BaseModel):
    """The new password; without it one is made up and told once."""

    password: Chosen | None = None


class RoleBody(BaseModel):
    """A role. A built-in one's `id` is its name."""

    id: str
    name: str
    description: str
    permissions: list[Permission]
    built_in: bool


class RoleCreate(BaseModel):
    """A role to make of permissions; to change a thing is to see it too."""

    name: Name
    description: About = ""
    permissions: Annotated[list[Permission], Field(max_length=100)]


class RoleChange(BaseModel):
    """What to change; what is left out stays."""

    name: Name | None = None
    description: About | None = None
    permissions: Annotated[list[Permission], Field(max_length=100)] | None = None


class PermissionBody(BaseModel):
    """A permission: whether roles may give it, or only administrators of the installation hold it."""

    name: Permission
    grantable: bool


class TeamBody(BaseModel):
    """A team, and of how many people it is."""

    id: str
    name: str
    description: str
    members: int
    created_at: datetime


class TeamProject(BaseModel):
    """A project of yours where a team has a role."""

    id: str
    name: str
    role: str


class TeamDetail(TeamBody):
    """A team with its role in each of the projects that you see."""

    projects: list[TeamProject]


class TeamCreate(BaseModel):
    """A team to make."""

    name: Name
    description: About = ""


class TeamChange(BaseModel):
    """What to change; what is left out stays."""

    name: Name | None = None
    description: About | None = None


class TeamMemberBody(BaseModel):
    """Somebody in a team."""

    user_id: str
    username: str
    display_name: str
    disabled: bool
    added_at: datetime


class WhoBody(BaseModel):
    """A user, by `username` or by `user_id`."""

    username: Who | None = None
    user_id: Who | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.username is None) == (self.user_id is None):
            raise ValueError("name the user by username or by user_id")
        return self

    @property
    def who(self) -> str:
        """The user's name or id."""
        return self.username or self.user_id or ""


class ApiTokenBody(BaseModel):
    """A token of the API. `projects` is null where it is good for all of its user's."""

    id: str
    name: str
    hint: str
    username: str
    permissions: list[Permission]
    projects: list[str] | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


class NewApiToken(ApiTokenBody):
    """A new token of the API: `token` is told this once."""

    token: str


class ApiTokenCreate(BaseModel):
    """A token to make: what it may do, in which projects (by name or id; left out: all of yours), and how long.

    Without `expires_at` it is good for 90 days; null means for ever.
    """

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
    permissions: Annotated[list[Permission], Field(min_length=1, max_length=100)]
    projects: Annotated[list[Who], Field(min_length=1, max_length=100)] | None = None
    expires_at: AwareDatetime | None = None

    def until(self) -> datetime | None:
        """Return when it expires."""
        if "expires_at" in self.model_fields_set:
            return self.expires_at
        return clock.now() + DEFAULT_LIFE
