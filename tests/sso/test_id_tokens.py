"""What a provider has signed, and everything that only looks like it."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from runyard.sso.id_tokens import (
    BACKCHANNEL,
    Expected,
    ProviderNotTrusted,
    UnknownKey,
    read_id_token,
    read_logout_token,
)

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
AT = int(NOW.timestamp())
US = Expected("https://id.example.com", "runyard")
RSA = rsa.generate_private_key(65537, 2048)
OTHER = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())
ED = ed25519.Ed25519PrivateKey.generate()
GOOD: dict[str, Any] = {
    "iss": US.issuer,
    "aud": US.client_id,
    "sub": "248289761001",
    "nonce": "the nonce",
    "iat": AT,
    "exp": AT + 300,
}
OUT: dict[str, Any] = {
    "iss": US.issuer,
    "aud": US.client_id,
    "sub": "248289761001",
    "iat": AT,
    "exp": AT + 120,
    "jti": "1",
    "events": {BACKCHANNEL: {}},
}


def published(key: Any, kid: str, **facts: str) -> dict[str, Any]:
    kinds = {"RSAPrivateKey": "RSAAlgorithm", "ECPrivateKey": "ECAlgorithm"}
    kind = next((name for start, name in kinds.items() if start in type(key).__name__), "OKPAlgorithm")
    made: dict[str, Any] = getattr(jwt.algorithms, kind).to_jwk(key.public_key(), as_dict=True)
    return {**made, "kid": kid, **facts}


KEYS = [published(RSA, "r", use="sig"), published(EC, "e"), published(ED, "d"), published(OTHER, "enc", use="enc")]


def signed(claims: dict[str, Any], key: Any = RSA, algorithm: str = "RS256", kid: str | None = "r") -> str:
    return jwt.encode(claims, key, algorithm, headers={"kid": kid} if kid else {})


def read(token: str) -> dict[str, Any]:
    return read_id_token(token, KEYS, US, "the nonce", NOW)


@pytest.mark.parametrize(
    ("key", "algorithm", "kid"), [(RSA, "RS256", "r"), (RSA, "PS384", "r"), (EC, "ES256", "e"), (ED, "EdDSA", "d")]
)
def test_what_the_provider_has_signed_is_believed(key: Any, algorithm: str, kid: str) -> None:
    assert read(signed(GOOD, key, algorithm, kid))["sub"] == "248289761001"


def test_a_key_needs_no_name_where_there_is_one() -> None:
    token = signed(GOOD, kid=None)
    assert read(token)
    with pytest.raises(UnknownKey):
        read_id_token(token, [*KEYS, published(OTHER, "s")], US, "the nonce", NOW)


def unsigned(algorithm: str) -> str:
    parts = [{"alg": algorithm, "kid": "r"}, GOOD]
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts) + "."


def by_public_key() -> str:
    """Sign with what everybody knows, as if it were a secret."""
    pem = RSA.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    import hashlib
    import hmac

    parts = [{"alg": "HS256", "kid": "r"}, GOOD]
    text = ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
    mac = base64.urlsafe_b64encode(hmac.digest(pem, text.encode(), hashlib.sha256)).decode().rstrip("=")
    return f"{text}.{mac}"


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a.b.c",
        "é.é.é",
        "x" * 70_000,
        unsigned("none"),
        unsigned("NONE"),
        unsigned("RS256"),
        by_public_key(),
        signed(GOOD, "secret" * 8, "HS256"),
        signed(GOOD, OTHER),
        signed(GOOD, OTHER, kid="enc"),
        signed(GOOD, OTHER, kid="nobody's"),
        signed(GOOD, EC, "ES256", "r"),
        signed(GOOD)[:-4] + "AAAA",
    ],
    ids=lambda token: token[:12],
)
def test_what_nobody_has_signed_is_not_believed(token: str) -> None:
    with pytest.raises(ProviderNotTrusted):
        read(token)


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "https://evil.example"},
        {"iss": "https://id.example.com/"},
        {"aud": "another client"},
        {"aud": ["runyard", "another client"]},
        {"aud": ["runyard", "another client"], "azp": "another client"},
        {"azp": "another client"},
        {"nonce": "another sign-in's"},
        {"nonce": None},
        {"exp": AT - 61},
        {"iat": AT + 61},
        {"nbf": AT + 61},
        {"exp": "soon"},
        {"iat": True},
        {"sub": ""},
        {"sub": "x" * 256},
        {"exp": None},
        {"sub": None},
        {"aud": None},
        {"iss": None},
        {"iat": None},
    ],
    ids=str,
)
def test_what_is_signed_but_not_for_this_is_refused(change: dict[str, Any]) -> None:
    claims = {name: value for name, value in (GOOD | change).items() if value is not None}
    with pytest.raises(ProviderNotTrusted):
        read(signed(claims))


@pytest.mark.parametrize(
    "change",
    [{"exp": AT - 59}, {"iat": AT + 59}, {"aud": ["runyard"]}, {"aud": ["runyard", "b"], "azp": "runyard"}],
    ids=str,
)
def test_clocks_may_differ_by_a_minute_and_audiences_be_lists(change: dict[str, Any]) -> None:
    assert read(signed(GOOD | change))


@pytest.mark.parametrize(
    "change",
    [
        {"nonce": "the nonce"},
        {"events": {}},
        {"events": BACKCHANNEL},
        {"events": {BACKCHANNEL: True}},
        {"events": None},
        {"sub": None},
        {"jti": None},
        {"exp": AT - 61},
        {"exp": None, "iat": AT - 601},
        {"aud": "another client"},
        {"iss": "https://evil.example"},
    ],
    ids=str,
)
def test_what_is_no_word_of_a_log_out_ends_nothing(change: dict[str, Any]) -> None:
    claims = {name: value for name, value in (OUT | change).items() if value is not None}
    with pytest.raises(ProviderNotTrusted):
        read_logout_token(signed(claims), KEYS, US, NOW)


@pytest.mark.parametrize("change", [{}, {"sub": None, "sid": "s"}, {"exp": None}], ids=str)
def test_a_word_of_a_log_out_is_heard(change: dict[str, Any]) -> None:
    claims = {name: value for name, value in (OUT | change).items() if value is not None}
    assert read_logout_token(signed(claims), KEYS, US, NOW)["iss"] == US.issuer


def test_an_id_token_is_no_logout_token() -> None:
    with pytest.raises(ProviderNotTrusted):
        read_logout_token(signed(GOOD), KEYS, US, NOW)
