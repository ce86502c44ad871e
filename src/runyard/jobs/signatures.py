"""Who calls a webhook: proven by a signature over time and body, by GitHub's over the body, or by a token. Pure."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from runyard.errors import Unauthenticated

WINDOW_S = 300
"""How far the clock of who calls may be off, and how long a call may be on its way."""
TIMESTAMP, SIGNATURE, TOKEN = "x-runyard-timestamp", "x-runyard-signature", "x-runyard-token"
GITHUB = "x-hub-signature-256"
PROOFS = frozenset({SIGNATURE, TOKEN, GITHUB, "x-hub-signature", "authorization", "proxy-authorization", "cookie"})
"""Headers that are nobody's to see: neither kept nor shown to expressions."""
_LONGEST_STAMP = 12


class NotSigned(Unauthenticated):
    """The call is not signed: send X-Runyard-Timestamp and X-Runyard-Signature."""

    code = "not_signed"


class BadSignature(Unauthenticated):
    """The signature does not fit this body, this time and this webhook's secret."""

    code = "bad_signature"


class SignatureTooOld(Unauthenticated):
    """The signature's time is more than five minutes from now."""

    code = "signature_too_old"


class BadToken(Unauthenticated):
    """The token is not this webhook's."""

    code = "bad_webhook_token"


class Proof(Struct, frozen=True):
    """That a call is genuine; two with the same `key` are the same call, where there is one."""

    key: str | None


def signature(secret: bytes, timestamp: str, body: bytes) -> str:
    """Return what ``X-Runyard-Signature`` has to say."""
    return "sha256=" + hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def proven(secret: bytes, auth: str, headers: Mapping[str, str], body: bytes, now: datetime) -> Proof:
    """Return the proof that a call came from who has the secret; names of `headers` are in lower case.

    Raises: NotSigned, BadSignature, SignatureTooOld; BadToken where `auth` is ``token``.
    """
    if auth == "token":
        return _shown(secret, headers)
    given = headers.get(SIGNATURE, "")
    if not given and headers.get(GITHUB):
        return _as_github(secret, headers[GITHUB], body)
    stamp = headers.get(TIMESTAMP, "")
    if not given or not stamp:
        raise NotSigned
    if not _same(signature(secret, stamp, body), given):
        raise BadSignature
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= _LONGEST_STAMP):
        raise BadSignature("X-Runyard-Timestamp has to be seconds since 1970.")
    if abs(now.timestamp() - int(stamp)) > WINDOW_S:
        raise SignatureTooOld
    return Proof(f"signature:{given.lower()}")


def _as_github(secret: bytes, given: str, body: bytes) -> Proof:
    wanted = "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()
    if not _same(wanted, given):
        raise BadSignature
    # It holds no time: so it counts once, for as long as calls are remembered.
    return Proof(f"signature:{given.lower()}")


def _shown(secret: bytes, headers: Mapping[str, str]) -> Proof:
    token = headers.get(TOKEN, "")
    if not token:
        scheme, _, rest = headers.get("authorization", "").partition(" ")
        token = rest.strip() if scheme.lower() == "bearer" else ""
    if not token or not _same(secret.decode("latin-1"), token):
        raise BadToken
    key = headers.get("idempotency-key", "")
    return Proof(f"key:{hashlib.sha256(key.encode()).hexdigest()}" if key else None)


def _same(wanted: str, given: str) -> bool:
    return hmac.compare_digest(wanted.encode("utf-8", "replace"), given.strip().encode("utf-8", "replace"))
