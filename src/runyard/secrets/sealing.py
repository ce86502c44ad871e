"""Sealed values: AES-256-GCM, bound to the place where they are kept."""

import base64
import binascii
import os
from collections.abc import Iterable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from runyard.errors import Problem
from runyard.secrets.keys import KeyRing, MasterKey

_VERSION = "rs1"
_NONCE = 12


class SealBroken(Problem):
    """A sealed value can't be opened: it was changed, moved, or sealed with another master key."""


class Sealer:
    """Seals and opens values with keys derived from the master key.

    A sealed value is ``rs1.<key id>.<base64url of nonce, ciphertext and tag>``. It names its key, so that values sealed
    with an `older` key still open while they are sealed again with the present one; and it opens only under the context
    it was sealed with (such as ``run:<id>:parameters``), so that a row can't be given another row's value.
    """

    def __init__(self, key: MasterKey | KeyRing, older: Iterable[MasterKey] = (), *, purpose: str = "sealing") -> None:
        self.ring = key if isinstance(key, KeyRing) else KeyRing((key, *older))
        self._purpose = purpose
        self._ciphers: dict[str, AESGCM] = {}

    @property
    def key_id(self) -> str:
        """The id of the master key that values are sealed with now."""
        return self.ring.present.id

    def seal(self, value: bytes, context: str) -> str:
        """Return `value` sealed for `context`."""
        key_id = self.key_id
        cipher = self._cipher(key_id)
        assert cipher is not None  # noqa: S101 - the present key is always there
        return f"{_VERSION}.{key_id}.{locked(cipher, value, _bound(key_id, context))}"

    def open(self, sealed: str, context: str) -> bytes:
        """Return what was sealed for `context`; raise `SealBroken`."""
        version, _, rest = sealed.partition(".")
        key_id, _, text = rest.partition(".")
        if version != _VERSION:
            raise SealBroken("This sealed value is of a kind that this version does not know.")
        cipher = self._cipher(key_id)
        if cipher is None:
            raise SealBroken(f"This value was sealed with another master key ({key_id[:8]}).")
        return unlocked(cipher, text, _bound(key_id, context))

    def outdated(self, sealed: str) -> bool:
        """Whether the value was sealed with an older key and should be sealed again."""
        return not sealed.startswith(f"{_VERSION}.{self.key_id}.")

    def _cipher(self, key_id: str) -> AESGCM | None:
        if key_id not in self._ciphers:
            key = self.ring.find(key_id)
            if key is None:
                return None
            self._ciphers[key_id] = AESGCM(key.derive(self._purpose))
        return self._ciphers[key_id]


def locked(cipher: AESGCM, value: bytes, bound: bytes) -> str:
    """Return nonce, ciphertext and tag in base64url."""
    nonce = os.urandom(_NONCE)
    return base64.urlsafe_b64encode(nonce + cipher.encrypt(nonce, value, bound)).decode()


def unlocked(cipher: AESGCM, text: str, bound: bytes) -> bytes:
    """Return what `locked` was given; raise `SealBroken`."""
    try:
        raw = base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True)
        return cipher.decrypt(raw[:_NONCE], raw[_NONCE:], bound)
    except (ValueError, binascii.Error, InvalidTag) as error:
        raise SealBroken from error


def _bound(key_id: str, context: str) -> bytes:
    return f"{_VERSION}\0{key_id}\0{context}".encode()
