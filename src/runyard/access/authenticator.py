"""Codes of an authenticator app (TOTP, RFC 6238), and the recovery codes beside them. Pure."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.twofactor.totp import TOTP

STEP_S = 30
DIGITS = 6
SECRET_BYTES = 20
DRIFT = (0, -1, 1)
"""How many steps the clock of a phone may be off, the likeliest first."""
CODES = 10
ISSUER = "Runyard"
# Easy to read aloud and to type: no look-alikes. 16 of 31 characters are 79 bits, which nobody finds from a hash.
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
_LETTERS = 16


class Proof(Struct, frozen=True):
    """A right code, to be used up: the `step` of time that it was made for, or the id of a recovery code."""

    step: int | None = None
    recovery_id: str | None = None


def new_secret() -> bytes:
    """Return a secret for an app to keep."""
    return secrets.token_bytes(SECRET_BYTES)


def uri_of(secret: bytes, account: str) -> str:
    """Return the ``otpauth://`` address that apps read from a picture."""
    return _totp(secret).get_provisioning_uri(account, ISSUER)


def code_at(secret: bytes, step: int) -> str:
    """Return the code of a step of time."""
    return _totp(secret).generate(step * STEP_S).decode()


def step_of(secret: bytes, code: str, now: datetime, last: int | None) -> int | None:
    """Return the step that a code was made for; None for a wrong one, and for one not after the `last` used step."""
    present = int(now.timestamp()) // STEP_S
    found = None
    for drift in DRIFT:
        step = present + drift
        right = hmac.compare_digest(code_at(secret, step).encode(), code.encode("utf-8", "replace"))
        if right and found is None and (last is None or step > last):
            found = step
    return found


def new_recovery_codes() -> list[str]:
    """Return as many codes as one writes down, each good for one sign-in without the app."""
    letters = ["".join(secrets.choice(_ALPHABET) for _ in range(_LETTERS)) for _ in range(CODES)]
    return ["-".join(code[at : at + 4] for at in range(0, _LETTERS, 4)) for code in letters]


def tidied(code: str) -> str:
    """Return a code without the spaces and dashes that people type, in small letters."""
    return "".join(part for part in code.lower() if part.isalnum())


def fingerprint(user_id: str, code: str) -> str:
    """Return what is kept of a recovery code: a SHA-256 bound to its user."""
    return hashlib.sha256(f"{user_id}\0{tidied(code)}".encode("utf-8", "replace")).hexdigest()


def proof_of(
    code: str, secret: bytes, last: int | None, recovery: Mapping[str, str], user_id: str, now: datetime
) -> Proof | None:
    """Return what a typed code proves, by the app's `secret` or one of the unused `recovery` fingerprints (by id)."""
    typed = tidied(code)
    if len(typed) == DIGITS and typed.isascii() and typed.isdigit():
        step = step_of(secret, typed, now, last)
        return None if step is None else Proof(step=step)
    shown = fingerprint(user_id, typed)
    found = [id_ for id_, kept in recovery.items() if hmac.compare_digest(kept, shown)]
    return Proof(recovery_id=found[0]) if found else None


def _totp(secret: bytes) -> "TOTP":
    from cryptography.hazmat.primitives.hashes import SHA1
    from cryptography.hazmat.primitives.twofactor.totp import TOTP

    # SHA-1 is what every app knows; within HMAC its weakness is none.
    return TOTP(secret, DIGITS, SHA1(), STEP_S)  # noqa: S303
