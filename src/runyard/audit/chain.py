"""The chain: every event's hash covers the one before, and seals made with the installation's key hold its ends. Pure.

Whoever can write the table but does not have the key can make a new chain, but no seal for it.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from runyard.secrets.keys import MasterKey

VERSION = 1
GENESIS = "0" * 64
FIELDS = (
    "seq",
    "id",
    "at",
    "actor_kind",
    "actor_id",
    "actor_name",
    "session_id",
    "token_id",
    "address",
    "user_agent",
    "request_id",
    "action",
    "object_kind",
    "object_id",
    "object_name",
    "project_id",
    "outcome",
    "code",
    "changes",
)
"""What the hash covers, in this order: everything that a row says. ``at`` in microseconds."""


class Link(Struct, frozen=True):
    """A place in the chain: the number of an event and its hash."""

    seq: int = 0
    hash: str = GENESIS


def hash_of(row: Mapping[str, Any], before: str) -> str:
    """Return the hash of a row after the one with the hash `before`: SHA-256 of canonical JSON, in hexadecimal."""
    values = [VERSION, before, *(row[name] for name in FIELDS)]
    text = json.dumps(values, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


class Seals:
    """Makes and checks seals ``<key id>.<HMAC-SHA256>``; those of `older` keys still hold."""

    def __init__(self, key: MasterKey, older: Iterable[MasterKey] = ()) -> None:
        self._id = key.id
        self._keys = {one.id: one.derive("audit seal") for one in (*older, key)}

    def seal(self, purpose: str, *facts: object) -> str:
        """Return the seal of some facts for one purpose."""
        return f"{self._id}.{_mac(self._keys[self._id], purpose, facts)}"

    def holds(self, seal: str, purpose: str, *facts: object) -> bool:
        """Whether the seal was made here, for exactly this."""
        key_id, _, mac = seal.partition(".")
        key = self._keys.get(key_id)
        return key is not None and hmac.compare_digest(mac.encode(), _mac(key, purpose, facts).encode())


def _mac(key: bytes, purpose: str, facts: tuple[object, ...]) -> str:
    text = json.dumps([VERSION, purpose, *facts], ensure_ascii=True, separators=(",", ":"))
    return hmac.digest(key, text.encode(), "sha256").hex()
