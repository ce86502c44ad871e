"""How letters are sent."""

from typing import Literal, Self

from pydantic import BaseModel, Field, SecretStr, model_validator


class MailSettings(BaseModel, extra="forbid"):
    """The server that letters are handed to; without a host none are sent. Times in seconds.

    ``port`` empty means what is usual for `security`: 587 for starttls, 465 for tls, 25 for none.
    """

    host: str = ""
    port: int | None = Field(None, ge=1, le=65_535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: str = ""
    password: SecretStr | None = None
    sender: str = ""
    timeout_s: float = Field(20.0, gt=0)

    @model_validator(mode="after")
    def _signed(self) -> Self:
        if self.host and "@" not in self.sender:
            raise ValueError("mail.host is set, so mail.sender needs to be an address such as runyard@example.org")
        if self.password is not None and self.security == "none":
            raise ValueError("mail.security is none, so mail.password would travel in the clear")
        return self
