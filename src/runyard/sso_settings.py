"""Settings of single sign-on: the provider, the directory, and what their groups mean here."""

from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, SecretStr, field_validator, model_validator

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def is_safe_url(url: str) -> bool:
    """Whether what is sent to an address can't be read on the way: HTTPS, or on this machine itself."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK))


class GroupRole(BaseModel, extra="forbid"):
    """A role in a project that everybody of a group is given."""

    group: str = Field(min_length=1)
    project: str = Field(min_length=1)
    role: str = Field(min_length=1)


class Mapping(BaseModel, extra="forbid"):
    """What the groups of whoever signs in from outside mean here.

    Whoever is in none of `allowed_groups` is turned away, if there are any.
    """

    create_users: bool = True
    allowed_groups: tuple[str, ...] = ()
    admin_groups: tuple[str, ...] = ()
    roles: tuple[GroupRole, ...] = ()


class OidcSettings(Mapping):
    """An OpenID provider; without `issuer` there is none."""

    issuer: str = ""
    client_id: str = ""
    client_secret: SecretStr | None = None
    label: str = "SSO"
    scopes: str = "openid profile email"
    username_claim: str = "preferred_username"
    name_claim: str = "name"
    mail_claim: str = "email"
    groups_claim: str = "groups"
    link_by_mail: bool = False
    timeout_s: float = Field(10.0, gt=0)

    @field_validator("issuer")
    @classmethod
    def _private(cls, issuer: str) -> str:
        if issuer and not is_safe_url(issuer):
            raise ValueError("the issuer is an https:// address, or an http:// one of this machine")
        return issuer

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.issuer and not self.client_id:
            raise ValueError("sso.oidc.issuer is set, so sso.oidc.client_id is needed")
        if "openid" not in self.scopes.split():
            raise ValueError("sso.oidc.scopes need openid among them")
        return self


class LdapSettings(Mapping):
    """An LDAP directory; without `url` there is none.

    Who signs in is found by a search from `base` on, as `bind_dn` or anonymously, or is named by `user_dn`.
    """

    url: str = ""
    start_tls: bool = True
    ca_file: str = ""
    bind_dn: str = ""
    bind_password: SecretStr | None = None
    user_dn: str = ""
    base: str = ""
    user_filter: str = "(uid={username})"
    username_attribute: str = "uid"
    name_attribute: str = "cn"
    mail_attribute: str = "mail"
    id_attribute: str = "entryUUID"
    group_base: str = ""
    group_filter: str = "(|(member={dn})(uniqueMember={dn})(memberUid={username}))"
    group_attribute: str = "cn"
    timeout_s: float = Field(5.0, gt=0)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if not self.url:
            return self
        parts = urlsplit(self.url)
        if parts.scheme not in {"ldap", "ldaps"} or not parts.hostname:
            raise ValueError("sso.ldap.url is an ldap:// or ldaps:// address")
        if parts.scheme == "ldap" and not self.start_tls and parts.hostname not in _LOOPBACK:
            raise ValueError("passwords would be sent in the clear: use ldaps://, or leave sso.ldap.start_tls on")
        if not self.base and not self.user_dn:
            raise ValueError("sso.ldap.url is set, so sso.ldap.base or sso.ldap.user_dn is needed")
        wanted = {"user_dn": "{username}", "user_filter": "{username}"}
        for name, mark in wanted.items():
            text = getattr(self, name)
            if text and mark not in text:
                raise ValueError(f"sso.ldap.{name} has no {mark}")
        return self


class SsoSettings(BaseModel, extra="forbid"):
    """Who else may say who somebody is. Times in seconds."""

    session_s: int = Field(43_200, ge=300)
    oidc: OidcSettings = OidcSettings()
    ldap: LdapSettings = LdapSettings()

    @property
    def kinds(self) -> tuple[Literal["oidc", "ldap"], ...]:
        """What is set up."""
        return (*(("oidc",) if self.oidc.issuer else ()), *(("ldap",) if self.ldap.url else ()))
