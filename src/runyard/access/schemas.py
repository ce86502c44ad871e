"""What signing in and oneself look like from outside."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field, SecretStr, StringConstraints
from pydantic_core import PydanticCustomError

from runyard.access.permissions import Permission

Language = Literal["en", "zh-CN"]
Origin = Literal["oidc", "ldap"]
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


def _of_length(secret: SecretStr) -> SecretStr:
    # In words: the library counts the items of a value.
    if len(secret.get_secret_value()) < SHORTEST:
        raise PydanticCustomError("too_short", "A password has at least {least} characters", {"least": SHORTEST})
    if len(secret.get_secret_value()) > LONGEST:
        raise PydanticCustomError("too_long", "A password has at most {most} characters", {"most": LONGEST})
    return secret


Chosen = Annotated[
    SecretStr,
    AfterValidator(_of_length),
    AfterValidator(encodable),
    AfterValidator(_not_blank),
    Field(json_schema_extra={"minLength": SHORTEST, "maxLength": LONGEST}),
]
"""A password that somebody wants to have from now on."""


Code = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
"""A code of an authenticator app or a recovery code, as somebody typed it."""


Email = Annotated[
    str,
    # As HTML has it. Of what is allowed, for what is not would be most of Unicode, which readers of the API's document
    # that make examples up go through letter by letter.
    StringConstraints(
        strip_whitespace=True, max_length=254, pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+$"
    ),
]
"""A mail address in plain letters; whether it is anybody's shows when a letter arrives."""


class LoginBody(BaseModel):
    """A user name and a password, and the code of a second factor for those who have one."""

    username: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    password: Typed
    code: Code | None = None


class TokenBody(BaseModel):
    """An access token and for how many seconds it holds. The refresh token travels as a cookie.

    With `second_factor_required` it is only good for setting a second factor up, until that is done.
    """

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the scheme, not a token
    expires_in: int
    second_factor_required: bool = False


class MyProject(BaseModel):
    """A project of yours and what you may do there."""

    id: str
    name: str
    permissions: list[Permission]


class MeBody(BaseModel):
    """Yourself. A null `language` or `theme` follows the browser; `origins` is how you may sign in elsewhere."""

    id: str
    username: str
    display_name: str
    email: str | None
    is_admin: bool
    has_password: bool
    origins: list[Origin]
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


class PasswordAgain(BaseModel):
    """The password you have, to show that it is still you."""

    current_password: Typed


class CodeBody(BaseModel):
    """A code that the app shows."""

    code: Code


class SecondFactorBody(BaseModel):
    """Your second factor: since when it is on (null: it is off), and how many recovery codes are left."""

    confirmed_at: datetime | None
    recovery_codes: int


class NewSecondFactor(BaseModel):
    """What your authenticator app has to know, told this once; `uri` is what a picture of it holds."""

    secret: str
    uri: str


class RecoveryCodes(BaseModel):
    """Codes that each stand in once for the app, told this once."""

    recovery_codes: list[str]
