"""What shapes of connections are made of: hosts, secrets, and how they are told to forms. Pure."""

import re
from abc import abstractmethod
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self
from urllib.parse import quote, urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, StringConstraints
from pydantic_core import PydanticCustomError

_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}|\[?[0-9A-Fa-f:.]{2,45}\]?", re.ASCII)
LONGEST_SECRET = 32_768


def _plain(text: str) -> str:
    if not text.isprintable():
        raise PydanticCustomError("one_line", "Line breaks and control characters don't belong here.")
    return text


def _host(text: str) -> str:
    if _HOST.fullmatch(text) is None:
        raise PydanticCustomError("host", "A host name or an address is needed, without a scheme or a port.")
    return text.strip("[]").lower()


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise PydanticCustomError("nul", "NUL characters can't be kept.")
    return text


def _hidden(value: SecretStr | None) -> SecretStr | None:
    if value is None:
        return None
    text = _without_nul(value.get_secret_value())
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise PydanticCustomError("surrogate", "Halves of surrogate pairs are no text.") from None
    if size > LONGEST_SECRET:
        raise PydanticCustomError("too_long", "A secret part has at most 32,768 bytes.")
    return value


def web_address(*schemes: str) -> AfterValidator:
    """Return the rule for a URL of these schemes, with neither user, password, query nor fragment."""

    def checked(text: str) -> str:
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError:
            port, parts = 0, urlsplit("")
        if parts.scheme not in schemes or not parts.hostname or port == 0 or not text.isprintable() or " " in text:
            raise PydanticCustomError("url", "A URL that begins with {schemes} is needed.", {"schemes": _or(schemes)})
        if parts.username is not None or parts.password is not None:
            raise PydanticCustomError("url", "User and password have fields of their own.")
        if parts.query or parts.fragment:
            raise PydanticCustomError("url", "The URL ends before any ? or #.")
        return text

    return AfterValidator(checked)


def _or(schemes: tuple[str, ...]) -> str:
    return " or ".join(f"{scheme}://" for scheme in schemes)


Host = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=253),
    AfterValidator(_host),
    Field(examples=["db.example.com"]),
]
Port = Annotated[int, Field(ge=1, le=65_535)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500), AfterValidator(_plain)]
Needed = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), AfterValidator(_plain)]
Lines = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=65_536),
    AfterValidator(_without_nul),
    Field(json_schema_extra={"multiline": True}),
]
Hidden = Annotated[
    SecretStr | None, AfterValidator(_hidden), Field(json_schema_extra={"writeOnly": True, "format": "password"})
]
HiddenLines = Annotated[
    SecretStr | None,
    AfterValidator(_hidden),
    Field(json_schema_extra={"writeOnly": True, "format": "password", "multiline": True}),
]
Tls = Annotated[
    Literal["verified", "unverified", "off"],
    Field(description="Whether the way there is encrypted, and whether the other end's certificate is checked."),
]


class Shape(BaseModel):
    """What one kind of connection consists of; unknown fields are refused by name, and no value is repeated."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, frozen=True)

    leads_to: ClassVar[tuple[str, ...]] = ("host", "port", "tls", "ca")
    """Fields that say where secrets are sent: with another one of these, secrets have to be given again."""

    @classmethod
    def secret_fields(cls) -> tuple[str, ...]:
        """Return which fields are secret."""
        return tuple(
            name
            for name, field in cls.model_fields.items()
            if isinstance(field.json_schema_extra, dict) and field.json_schema_extra.get("writeOnly")
        )

    def secrets(self) -> dict[str, str]:
        """Return the secrets that it has, by field."""
        found = {name: getattr(self, name) for name in self.secret_fields()}
        return {name: value.get_secret_value() for name, value in found.items() if value and value.get_secret_value()}

    def public(self) -> dict[str, Any]:
        """Return all of it that is not secret."""
        return self.model_dump(mode="json", exclude=set(self.secret_fields()))

    def whole(self) -> dict[str, Any]:
        """Return all of it, secrets in clear: for what connects, and to be sealed."""
        return {**self.public(), **self.secrets()}

    def lacking(self) -> dict[str, str]:
        """Return sentences for what is missing once secrets are known, by field."""
        return {}

    @abstractmethod
    def address(self) -> str:
        """Return its URL, with user and password where such URLs have them."""

    def with_kept(self, before: Mapping[str, Any] | None) -> tuple[Self, tuple[str, ...]]:
        """Return this with the secrets of what was there `before` that it leaves out, and which of those may not stay.

        An empty text removes a secret. None stay where the connection leads elsewhere: who may change a connection
        would have it tell its secrets to a server of their own.
        """
        left_out = [name for name in self.secret_fields() if getattr(self, name) is None]
        known = before if before is not None and before.get("kind") == getattr(self, "kind", None) else {}
        kept = {name: known[name] for name in left_out if known.get(name)}
        here = self.public()
        if kept and any(here.get(name) != known.get(name) for name in self.leads_to):
            return self, tuple(kept)
        return self.model_copy(update={name: SecretStr(value) for name, value in kept.items()}), ()


def login(username: str, password: str | None) -> str:
    """Return the part of a URL before its host."""
    if not username and not password:
        return ""
    return quote(username, safe="") + (f":{quote(password, safe='')}" if password else "") + "@"


def place(host: str, port: int) -> str:
    """Return host and port as a URL has them."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def signed_in(url: str, username: str, password: str | None) -> str:
    """Return a URL with user and password."""
    parts = urlsplit(url)
    return parts._replace(netloc=login(username, password) + parts.netloc).geturl()
