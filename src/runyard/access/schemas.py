"""What signing in and oneself look like from outside."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field, SecretStr, StringConstraints

from runyard.access.permissions import Permission

Language = Literal["en", "zh-CN"]
Theme = Literal["light", "dark", "system"]
SHORTEST = 8
LONGEST = 512


def encodable(secret: SecretStr) -> SecretStr:
    """Return a secret that can be written as UTF-8; raise ValueError for any other."""
    secret.get_secret_value().encode()
    return secret


Typed = Annotated[SecretStr, Field(min_length=1, max_length=LONGEST), AfterValidator(encodable)]
"""A password as somebody typed it."""


def _not_blank(secret: SecretStr) -> SecretStr:
    if not secret.get_secret_value().strip():
        raise ValueError("a password of spaces is not a password")
    return secret


Chosen = Annotated[
    SecretStr,
    Field(min_length=SHORTEST, max_length=LONGEST),
    AfterValidator(encodable),
    AfterValidator(_not_blank),
]
"""A password that somebody wants to have from now on."""


class LoginBody(BaseModel):
    """A user name and a password."""

    username: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    password: Typed


class TokenBody(BaseModel):
    """An access token and for how many seconds it holds. The refresh token travels as a cookie."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the scheme, not a token
    expires_in: int


class MyProject(BaseModel):
    """A project of yours and what you may do there."""

    id: str
    name: str
    permissions: list[Permission]


class MeBody(BaseModel):
    """Yourself. A null `language` or `theme` follows the browser."""

    id: str
    username: str
    display_name: str
    is_admin: bool
    language: Language | None
    theme: Theme | None
    created_at: datetime
    projects: list[MyProject]


class MePatch(BaseModel):
    """What to change; what is left out stays."""

    display_name: Annotated[str, StringConstraints(max_length=100, strip_whitespace=True)] = ""
    language: Language | None = None
    theme: Theme | None = None


class PasswordBody(BaseModel):
    """The password you have and the one you want."""

    current_password: Typed
    new_password: Chosen
