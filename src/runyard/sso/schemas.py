"""What single sign-on looks like from outside."""

from typing import Literal

from pydantic import BaseModel


class ProviderBody(BaseModel):
    """A provider that people may sign in by, as its button calls it."""

    label: str


class WaysBody(BaseModel):
    """How people sign in here: by name and password (`form`; `local` where Runyard keeps them), or by a provider.

    `second_factor` says of whom signing in by a password demands one.
    """

    form: bool
    local: bool
    second_factor: Literal["optional", "administrators", "everybody"]
    oidc: ProviderBody | None


class LogOutBody(BaseModel):
    """Where to go to log out at the provider too; null where there is no such place."""

    url: str | None
