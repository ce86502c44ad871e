"""AWS KMS as the keeper of the master key: keys go there to be wrapped, and it never leaves.

Requests are plain HTTP, signed by `sigv4`; no AWS library is needed.
"""

import base64
import binascii
import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from runyard import clock
from runyard.secrets.keys import MasterKeyUnusable
from runyard.secrets.sealing import SealBroken
from runyard.secrets.sigv4 import Credentials, signed

if TYPE_CHECKING:
    import httpx
    from pydantic import SecretStr

PREFIX = "kms:"
_NOT_OURS = frozenset({"InvalidCiphertextException", "IncorrectKeyException"})


class KmsSettings(Protocol):
    """Which of whose keys is ours (``settings.KeySettings``)."""

    kms_key: str
    kms_region: str
    kms_endpoint: str
    kms_access_key_id: str
    kms_secret_access_key: "SecretStr | None"
    kms_timeout_s: float


class AwsKms:
    """A `KeyWrapper` that asks AWS KMS: ``kms:<key's id>:<ciphertext>``, bound to the context.

    Keys to sign with come from the settings, else from ``AWS_ACCESS_KEY_ID``, ``AWS_SECRET_ACCESS_KEY`` and
    ``AWS_SESSION_TOKEN``.
    """

    def __init__(
        self,
        settings: KmsSettings,
        transport: "httpx.BaseTransport | None" = None,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self._settings = settings
        self._transport = transport
        self._environ = environ

    @property
    def name(self) -> str:
        """The key, as the settings name it."""
        return f"kms {self._settings.kms_key}"

    def wrap(self, key: bytes, context: str) -> str:
        """Return `key` encrypted by KMS."""
        asked = {"KeyId": self._settings.kms_key, "Plaintext": _text(key), "EncryptionContext": _bound(context)}
        answer = self._ask("Encrypt", asked)
        try:
            return f"{PREFIX}{_short(str(answer['KeyId']))}:{answer['CiphertextBlob']}"
        except KeyError as error:
            raise MasterKeyUnusable("KMS's answer holds no ciphertext.") from error

    def unwrap(self, wrapped: str, context: str) -> bytes:
        """Return the key that was wrapped for `context`; raise `SealBroken`."""
        _key_id, found, ciphertext = wrapped.removeprefix(PREFIX).partition(":")
        if not wrapped.startswith(PREFIX) or not found:
            raise SealBroken("KMS has not wrapped this key.")
        answer = self._ask("Decrypt", {"CiphertextBlob": ciphertext, "EncryptionContext": _bound(context)})
        try:
            return base64.b64decode(str(answer["Plaintext"]), validate=True)
        except (KeyError, ValueError, binascii.Error) as error:
            raise MasterKeyUnusable("KMS's answer holds no key.") from error

    def outdated(self, wrapped: str) -> bool:
        """Whether another key of KMS has wrapped it; what KMS does to rotate a key within is its own affair."""
        if not wrapped.startswith(PREFIX):
            return True
        told = self._ask("DescribeKey", {"KeyId": self._settings.kms_key}).get("KeyMetadata") or {}
        return wrapped.removeprefix(PREFIX).partition(":")[0] != _short(str(told.get("KeyId", "")))

    def _ask(self, what: str, body: dict[str, Any]) -> dict[str, Any]:
        import httpx

        settings = self._settings
        url = f"{settings.kms_endpoint.rstrip('/') or f'https://kms.{settings.kms_region}.amazonaws.com'}/"
        content = json.dumps(body).encode()
        sent = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"TrentService.{what}"}
        headers = signed("POST", url, content, self._keys(), settings.kms_region, "kms", clock.now(), sent)
        try:
            with httpx.Client(timeout=settings.kms_timeout_s, transport=self._transport) as client:
                answer = client.post(url, content=content, headers=headers)
        except httpx.HTTPError as error:
            raise MasterKeyUnusable(f"KMS can't be asked: {str(error) or type(error).__name__}.") from error
        try:
            said = dict(answer.json())
        except (ValueError, TypeError) as error:
            told = f"It answered {answer.status_code}." if answer.is_error else "That is not KMS."
            raise MasterKeyUnusable(f"What answers at KMS's address can't be read. {told}") from error
        if answer.is_error:
            code = str(said.get("__type", answer.status_code)).rpartition("#")[2]
            if code in _NOT_OURS and what == "Decrypt":
                raise SealBroken("KMS does not open this key: it was changed, moved, or wrapped by another key.")
            words = str(said.get("message") or said.get("Message") or "")[:300]
            raise MasterKeyUnusable(f"KMS refuses {what}: {code}. {words}".strip())
        return said

    def _keys(self) -> Credentials:
        settings, environ = self._settings, self._environ
        if settings.kms_access_key_id and settings.kms_secret_access_key is not None:
            return Credentials(settings.kms_access_key_id, settings.kms_secret_access_key.get_secret_value())
        found = (environ.get("AWS_ACCESS_KEY_ID", ""), environ.get("AWS_SECRET_ACCESS_KEY", ""))
        if not all(found):
            raise MasterKeyUnusable("There are no keys to ask KMS with: set AWS_ACCESS_KEY_ID and its secret.")
        return Credentials(*found, environ.get("AWS_SESSION_TOKEN", ""))


def _bound(context: str) -> dict[str, str]:
    return {"runyard": context}


def _short(key: str) -> str:
    """Return a key's id without the rest of its ARN."""
    return key.rpartition("/")[2]


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
