"""Sealed values: AES-256-GCM, bound to the place where they are kept."""

import base64
import binascii
import os
from collections.abc import Iterable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from runyard.errors import Problem
from runyard.secrets.keys import MasterKey

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

    def __init__(self, key: MasterKey, older: Iterable[MasterKey] = ()) -> None:
        self.key_id = key.id
        self._ciphers = {k.id: AESGCM(k.derive("sealing")) for k in (*older, key)}

    def seal(self, value: bytes, context: str) -> str:
        """Return `value` sealed for `context`."""
        nonce = os.urandom(_NONCE)
        sealed = self._ciphers[self.key_id].encrypt(nonce, value, _bound(self.key_id, context))
        return f"{_VERSION}.{self.key_id}.{base64.urlsafe_b64encode(nonce + sealed).decode()}"

    def open(self, sealed: str, context: str) -> bytes:
        """Return what was sealed for `context`; raise `SealBroken`."""
        version, _, rest = sealed.partition(".")
        key_id, _, text = rest.partition(".")
        cipher = self._ciphers.get(key_id)
        if version != _VERSION:
            raise SealBroken("This sealed value is of a kind that this version does not know.")
        if cipher is None:
            raise SealBroken(f"This value was sealed with another master key ({key_id[:8]}).")
        try:
            raw = base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True)
            return cipher.decrypt(raw[:_NONCE], raw[_NONCE:], _bound(key_id, context))
        except (ValueError, binascii.Error, InvalidTag) as error:
            raise SealBroken from error

    def outdated(self, sealed: str) -> bool:
        """Whether the value was sealed with an older key and should be sealed again."""
        return not sealed.startswith(f"{_VERSION}.{self.key_id}.")


def _bound(key_id: str, context: str) -> bytes:
    return f"{_VERSION}\0{key_id}\0{context}".encode()
