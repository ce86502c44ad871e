"""What guards the installation, as it is in force in this process: for administrators to look over."""

import os
from collections.abc import Iterator
from typing import Any, Literal, get_args

from pydantic import BaseModel, Field, SecretStr

from runyard.access import brake
from runyard.access.passwords import Cost
from runyard.access.schemas import SHORTEST
from runyard.secrets import keys
from runyard.settings import Settings
from runyard.web.security import content_policy

Group = Literal["network", "rates", "sizes", "browser", "sessions", "passwords", "keys"]
Value = str | int | float | bool | list[str]

SETTINGS: tuple[tuple[Group, str], ...] = (
    ("network", "host"),
    ("network", "public_url"),
    ("network", "trusted_proxies"),
    ("network", "allow_from"),
    ("network", "cors_origins"),
    ("network", "fetch_allow"),
    ("rates", "rates.authentication"),
    ("rates", "rates.webhooks"),
    ("rates", "rates.address"),
    ("rates", "rates.user"),
    ("rates", "rates.token"),
    ("sizes", "limits.body"),
    ("sizes", "limits.upload"),
    ("sizes", "limits.head"),
    ("sizes", "limits.silence_s"),
    ("sessions", "access.access_token_s"),
    ("sessions", "access.refresh_token_s"),
    ("sessions", "access.refresh_grace_s"),
    ("sessions", "access.longest_session_s"),
    ("browser", "hsts_subdomains"),
    ("keys", "retention.audit_days"),
)
"""What is shown as it was set; what nobody can set is said by `_built_in`."""


class Fact(BaseModel):
    """One thing that is in force. An empty value is one that is off, or lets everybody."""

    group: Group
    key: str = Field(description="What it is: the setting's name where there is one.")
    value: Value
    setting: str | None = Field(description="The setting that changes it; null for what can't be changed.")
    variable: str | None = Field(description="The environment variable of that setting.")


class SecurityBody(BaseModel):
    """What is in force, and from where this request came, as this server sees it."""

    file: str = Field(description="The file where settings stand.")
    address: str = Field(description="The address that this request came from.")
    https: bool = Field(description="Whether this request came over HTTPS, as far as this server or its proxy says.")
    items: list[Fact]


def facts(settings: Settings, *, local_login: bool) -> list[Fact]:
    """Return what guards the installation by these settings, group by group.

    `local_login` is whether people sign in with passwords of Runyard's own at this moment.
    """
    found = [_set(group, name, _read(settings, name)) for group, name in SETTINGS]
    found += [Fact(group=group, key=key, value=value, setting=None, variable=None) for group, key, value in _built_in()]
    found += [
        # Where it is may hold a password: only that there is one is told.
        _set("rates", "redis_url", settings.redis_url is not None),
        _set("keys", "keys.wrapper", _key_kind(settings)),
        _set("passwords", "access.local_login", local_login),
        _set("passwords", "access.second_factor", settings.access.second_factor),
        Fact(group="passwords", key="sso", value=list(settings.sso.kinds), setting="sso", variable=None),
    ]
    order = get_args(Group)
    return sorted(found, key=lambda fact: order.index(fact.group))


def _built_in() -> Iterator[tuple[Group, str, Value]]:
    cost = Cost()
    yield "browser", "content_policy", content_policy()
    yield "browser", "cookies", ["HttpOnly", "SameSite=Strict", "Path=/api/v1/auth", "Secure and __Secure- (HTTPS)"]
    yield "browser", "transport_security", "max-age=31536000 (HTTPS)"
    yield "passwords", "shortest", SHORTEST
    yield "passwords", "hash", f"Argon2id, {cost.memory_kib // 1024} MiB, t={cost.passes}, p={cost.lanes}"
    yield "passwords", "free_tries", brake.FREE
    yield "passwords", "longest_wait_s", int(brake.LONGEST.total_seconds())
    yield "passwords", "strangers_a_day", round(brake.STRANGERS.tokens_per_s * 86_400)


def _set(group: Group, name: str, value: Value) -> Fact:
    variable = f"RUNYARD_{name.replace('.', '__').upper()}"
    return Fact(group=group, key=name, value=value, setting=name, variable=variable)


def _read(settings: Settings, name: str) -> Value:
    found: Any = settings
    for part in name.split("."):
        found = getattr(found, part)
    if isinstance(found, SecretStr):
        raise TypeError(f"{name} is not to be shown")
    return list(found) if isinstance(found, tuple) else found


def _key_kind(settings: Settings) -> str:
    """Say where the master key comes from, as `secrets.custody` finds it."""
    if settings.keys.wrapper != "local":
        return settings.keys.wrapper
    return "environment" if keys.VARIABLE in os.environ else "file"
