"""The three tokens: what they carry, and how a forged one is told from ours.

*Access* (JWT, minutes) goes with every request. *Refresh* (cookie, days) earns the next pair. *Device* (cookie, long)
says that this browser has signed in as this user before; it opens nothing and only has a guess brake of its own.
"""

import base64
import hashlib
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from runyard.errors import Unauthenticated
from runyard.secrets.keys import MasterKey

ALGORITHM = "HS256"
ISSUER = "runyard"
AUDIENCE = "runyard:api"
_REQUIRED = ("iss", "aud", "exp", "iat", "sub", "sid")
_REMEMBERED = 4096


class BadToken(Unauthenticated):
    """The access token is not valid, or no longer; sign in again."""


class Claims(Struct, frozen=True):
    """What an access token says: whose, of which session, until when (seconds since 1970)."""

    user_id: str
    session_id: str
    expires: int


class AccessTokens:
    """Signs and reads access tokens."""

    def __init__(self, key: MasterKey, lifetime_s: int) -> None:
        self._key = key.derive("access token")
        self._headers = {"kid": key.id}
        self.lifetime_s = lifetime_s
        # Checking a signature takes longer than a whole permission check may.
        self._known: OrderedDict[str, Claims] = OrderedDict()

    def issue(self, user_id: str, session_id: str, now: datetime) -> str:
        """Return a token that holds from now for its lifetime."""
        # It loads a library of ciphers: not at the start, but when somebody signs in.
        import jwt

        issued = int(now.timestamp())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": user_id,
            "sid": session_id,
            "iat": issued,
            "exp": issued + self.lifetime_s,
        }
        return jwt.encode(claims, self._key, ALGORITHM, headers=self._headers)

    def read(self, token: str, now: datetime) -> Claims:
        """Return what a token of ours says; raise `BadToken` for any other and for an expired one."""
        claims = self._known.get(token)
        if claims is None:
            claims = self._verify(token)
            self._known[token] = claims
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        if claims.expires <= now.timestamp():
            self._known.pop(token, None)
            raise BadToken
        return claims

    def _verify(self, token: str) -> Claims:
        import jwt

        try:
            said = jwt.decode(
                token,
                self._key,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=ISSUER,
                # Times are compared by `read`, which is told the time.
                options={"require": list(_REQUIRED), "verify_exp": False, "verify_iat": False, "strict_aud": True},
            )
        except (jwt.InvalidTokenError, ValueError) as error:
            raise BadToken from error
        user_id, session_id, expires = said["sub"], said["sid"], said["exp"]
        if not (isinstance(user_id, str) and isinstance(session_id, str) and type(expires) is int):
            raise BadToken
        return Claims(user_id, session_id, expires)


class RefreshTokens:
    """Makes refresh tokens ``<session>.<generation>.<mac>``.

    A token can be made again from its session and generation, so that a parallel tab is handed the very token that the
    other one got; and an old one is known as ours, so that only a true replay revokes a family.
    """

    def __init__(self, key: MasterKey) -> None:
        self._key = key.derive("refresh token")

    def issue(self, session_id: str, generation: int) -> str:
        """Return the token of that generation."""
        return f"{session_id}.{generation}.{_mac(self._key, session_id, str(generation))}"

    def session_of(self, token: str) -> str:
        """Return the session that a token claims; it may be anybody's invention."""
        return token.partition(".")[0][:32]

    def genuine(self, token: str) -> bool:
        """Whether the token was made here, for whatever generation."""
        session_id, _, rest = token.partition(".")
        generation, _, _ = rest.partition(".")
        if not (generation.isascii() and generation.isdigit() and len(generation) < 10):  # noqa: PLR2004 - digits
            return False
        return same(self.issue(session_id, int(generation)), token)


class DeviceTokens:
    """Makes and reads device tokens ``<random>.<mac>``, bound to one user; those under `older` keys still count."""

    def __init__(self, key: MasterKey, older: Sequence[MasterKey] = ()) -> None:
        self._key, *self._older = (each.derive("device token") for each in (key, *older))

    def issue(self, user_id: str) -> str:
        """Return a new token for a browser where that user has signed in."""
        device = secrets.token_urlsafe(12)
        return f"{device}.{_mac(self._key, user_id, device)}"

    def device_of(self, token: str | None, user_id: str) -> str | None:
        """Return the device if the token is ours and that user's."""
        device = self._device(token, user_id, self._key)
        # A change of the master key makes nobody a stranger at home, where strangers can use up their tries.
        return device or next(filter(None, (self._device(token, user_id, key) for key in self._older)), None)

    def is_lasting(self, token: str | None, user_id: str) -> bool:
        """Whether a token is as good as a new one: one under an older key is worth nothing once that is dropped."""
        return self._device(token, user_id, self._key) is not None

    def _device(self, token: str | None, user_id: str, key: bytes) -> str | None:
        if not token:
            return None
        device, _, mac = token.partition(".")
        return device if same(mac, _mac(key, user_id, device)) else None


def fingerprint(token: str) -> str:
    """Return what is stored in place of a refresh token: its SHA-256 in hexadecimal."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def same(one: str, other: str) -> bool:
    """Compare two strings in a time that says nothing about where they differ."""
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))


def _mac(key: bytes, *parts: str) -> str:
    text = "\0".join(parts).encode("utf-8", "replace")
    return base64.urlsafe_b64encode(hmac.digest(key, text, "sha256")).decode().rstrip("=")
