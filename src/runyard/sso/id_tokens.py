"""Checking what a provider has signed. Pure: keys and the time are arguments."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from runyard.errors import Unauthenticated

if TYPE_CHECKING:
    import jwt

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""With keys of two halves only: never "none", and never a secret that could be a public key taken for one."""
LEEWAY_S = 60
LONGEST = 65_536
BACKCHANNEL = "http://schemas.openid.net/event/backchannel-logout"
_KINDS = {"R": "RSA", "P": "RSA", "E": "EC"}
_STALE_S = 600


class ProviderNotTrusted(Unauthenticated):
    """What the provider said could not be checked. Try again; if it stays so, tell an administrator."""

    code = "sso_not_trusted"


class UnknownKey(ProviderNotTrusted):
    """The provider has signed with a key that it does not publish."""

    code = "sso_unknown_key"


class Expected(Struct, frozen=True):
    """Whose tokens are taken, and for whom they must be meant."""

    issuer: str
    client_id: str


def read_id_token(
    token: str, keys: Sequence[Mapping[str, Any]], expected: Expected, nonce: str, now: datetime
) -> dict[str, Any]:
    """Return what an ID token says; raise `UnknownKey`, and `ProviderNotTrusted` for whatever else is wrong with it."""
    claims = _signed(token, keys, expected, ("iss", "sub", "aud", "exp", "iat"))
    _in_time(claims, now)
    if claims.get("nonce") != nonce:
        raise ProviderNotTrusted("The ID token was made for another sign-in.")
    audience = claims["aud"]
    azp = claims.get("azp")
    if azp is not None and azp != expected.client_id:
        raise ProviderNotTrusted("The ID token was handed out to another client.")
    if isinstance(audience, list) and len(audience) > 1 and azp is None:
        raise ProviderNotTrusted("The ID token is meant for several clients and does not say for which.")
    return claims


def read_logout_token(
    token: str, keys: Sequence[Mapping[str, Any]], expected: Expected, now: datetime
) -> dict[str, Any]:
    """Return what a token of a back-channel log-out says; raise `UnknownKey`, `ProviderNotTrusted`."""
    claims = _signed(token, keys, expected, ("iss", "aud", "iat", "jti", "events"))
    _in_time(claims, now)
    events = claims["events"]
    if not isinstance(events, dict) or not isinstance(events.get(BACKCHANNEL), dict):
        raise ProviderNotTrusted("The token speaks of no log-out.")
    if "nonce" in claims:
        raise ProviderNotTrusted("An ID token is no logout token.")
    if not any(isinstance(claims.get(name), str) and claims[name] for name in ("sub", "sid")):
        raise ProviderNotTrusted("The token does not say who has logged out.")
    return claims


def _signed(
    token: str, keys: Sequence[Mapping[str, Any]], expected: Expected, required: tuple[str, ...]
) -> dict[str, Any]:
    # It loads a library of ciphers: not at the start, but when somebody signs in.
    import jwt

    if len(token) > LONGEST:
        raise ProviderNotTrusted("The token is too long.")
    try:
        header = jwt.get_unverified_header(token)
    except jwt.InvalidTokenError as error:
        raise ProviderNotTrusted("That is no token.") from error
    algorithm = header.get("alg")
    if algorithm not in ALGORITHMS:
        raise ProviderNotTrusted("The token is signed in a way that is not accepted.")
    key = _key(keys, header.get("kid"), algorithm)
    try:
        said: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            audience=expected.client_id,
            issuer=expected.issuer,
            # Times are compared with the time that is given.
            options={"require": list(required), "verify_exp": False, "verify_iat": False, "verify_nbf": False},
        )
    except (jwt.InvalidTokenError, ValueError) as error:
        raise ProviderNotTrusted(f"The token does not hold: {error}.") from error
    if "sub" in required and not (isinstance(said["sub"], str) and 0 < len(said["sub"]) <= 255):  # noqa: PLR2004 - OIDC
        raise ProviderNotTrusted("The token does not say who signs in.")
    return said


def _key(keys: Sequence[Mapping[str, Any]], kid: Any, algorithm: str) -> "jwt.PyJWK":
    import jwt

    kind = "OKP" if algorithm == "EdDSA" else _KINDS[algorithm[0]]
    fitting = [
        key
        for key in keys
        if key.get("kty") == kind
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
        and (kid is None or key.get("kid") == kid)
    ]
    # Without a name it is only clear which one is meant where there is but one.
    if len(fitting) != 1:
        raise UnknownKey
    try:
        return jwt.PyJWK(dict(fitting[0]), algorithm)
    except (jwt.PyJWTError, ValueError, KeyError, TypeError) as error:
        raise UnknownKey from error


def _in_time(claims: Mapping[str, Any], now: datetime) -> None:
    at = now.timestamp()
    issued, ends, begins = claims["iat"], claims.get("exp"), claims.get("nbf", 0)
    if not all(_is_time(one) for one in (issued, begins, 0 if ends is None else ends)):
        raise ProviderNotTrusted("The token's times are no times.")
    if ends is not None and ends + LEEWAY_S <= at:
        raise ProviderNotTrusted("The token has expired.")
    if max(issued, begins) - LEEWAY_S > at:
        raise ProviderNotTrusted("The token is of the future: one of the two clocks is wrong.")
    if ends is None and issued + _STALE_S < at:
        raise ProviderNotTrusted("The token is too old.")


def _is_time(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
