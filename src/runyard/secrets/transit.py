"""HashiCorp Vault's transit engine as the keeper of the master key: keys go there to be wrapped, and it never leaves.

What is said to Vault follows its documented API; it has been tried against recorded exchanges only.
"""

import base64
import binascii
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from runyard.secrets.keys import MasterKeyUnusable
from runyard.secrets.sealing import SealBroken

if TYPE_CHECKING:
    import httpx
    from pydantic import SecretStr

_BAD_REQUEST, _FORBIDDEN, _NOT_FOUND = 400, 403, 404


class TransitSettings(Protocol):
    """Where Vault is and which of its keys is ours (``settings.KeySettings``)."""

    vault_address: str
    vault_token: "SecretStr | None"
    vault_token_file: Path | None
    vault_namespace: str
    vault_mount: str
    vault_key: str
    vault_timeout_s: float


class VaultTransit:
    """A `KeyWrapper` that asks Vault: ``vault:v<version>:<ciphertext>``, bound to the context as associated data."""

    def __init__(self, settings: TransitSettings, transport: "httpx.BaseTransport | None" = None) -> None:
        self._settings = settings
        self._transport = transport
        self._newest: int | None = None

    @property
    def name(self) -> str:
        """The key's name in Vault."""
        return f"vault {self._settings.vault_mount}/{self._settings.vault_key}"

    def wrap(self, key: bytes, context: str) -> str:
        """Return `key` encrypted by Vault's newest version of its key."""
        answer = self._ask("encrypt", {"plaintext": _text(key), "associated_data": _text(context.encode())})
        wrapped = str(answer.get("ciphertext", ""))
        self._newest = version_of(wrapped)
        if self._newest is None:
            raise MasterKeyUnusable("Vault's answer holds no ciphertext.")
        return wrapped

    def unwrap(self, wrapped: str, context: str) -> bytes:
        """Return the key that was wrapped for `context`."""
        answer = self._ask("decrypt", {"ciphertext": wrapped, "associated_data": _text(context.encode())})
        try:
            return base64.b64decode(str(answer["plaintext"]), validate=True)
        except (KeyError, ValueError, binascii.Error) as error:
            raise MasterKeyUnusable("Vault's answer holds no key.") from error

    def outdated(self, wrapped: str) -> bool:
        """Whether an older version of Vault's key has wrapped it; asks Vault which version is the newest."""
        version = version_of(wrapped)
        if version is None:
            return True
        self._newest = int(self._ask("keys", None).get("latest_version", version))
        return version < self._newest

    def _ask(self, what: str, body: dict[str, str] | None) -> dict[str, Any]:
        import httpx

        settings = self._settings
        headers = {"X-Vault-Token": self._token(), "X-Vault-Request": "true"}
        if settings.vault_namespace:
            headers["X-Vault-Namespace"] = settings.vault_namespace
        path = f"/v1/{settings.vault_mount}/{what}/{settings.vault_key}"
        try:
            with httpx.Client(
                base_url=settings.vault_address, timeout=settings.vault_timeout_s, transport=self._transport
            ) as client:
                answer = client.request("GET" if body is None else "POST", path, json=body, headers=headers)
        except httpx.HTTPError as error:
            raise MasterKeyUnusable(f"Vault can't be asked: {str(error) or type(error).__name__}.") from error
        if answer.status_code == _BAD_REQUEST and what == "decrypt":
            raise SealBroken("Vault does not open this key: it was changed, moved, or wrapped by another key.")
        if answer.is_error:
            raise MasterKeyUnusable(_refusal(answer.status_code, path))
        try:
            data = answer.json()["data"]
        except (ValueError, KeyError, TypeError) as error:
            raise MasterKeyUnusable("What answers at Vault's address is not Vault.") from error
        return dict(data)

    def _token(self) -> str:
        file = self._settings.vault_token_file
        if file is None:
            token = self._settings.vault_token
            return "" if token is None else token.get_secret_value()
        try:
            # Read each time: whoever keeps it fresh writes it there.
            return file.read_text().strip()
        except OSError as error:
            raise MasterKeyUnusable(f"Vault's token can't be read from {file}: {error.strerror}.") from error


def version_of(wrapped: str) -> int | None:
    """Return which version of Vault's key has wrapped this; None for what Vault has not wrapped."""
    kind, _, rest = wrapped.partition(":")
    number, found, _ = rest.partition(":")
    digits = number.removeprefix("v")
    return int(digits) if kind == "vault" and found and digits.isascii() and digits.isdigit() else None


def _refusal(status: int, path: str) -> str:
    if status == _FORBIDDEN:
        return f"Vault refuses {path}: its token is not good for that, or no longer."
    if status == _NOT_FOUND:
        return f"Vault knows no {path}: is the transit engine mounted there, with a key of that name?"
    return f"Vault answered {path} with {status}."


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
