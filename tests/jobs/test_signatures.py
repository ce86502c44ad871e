"""Who calls a webhook: what proves it, and what does not."""

import hashlib
import hmac
from datetime import UTC, datetime

import pytest

from runyard.errors import Unauthenticated
from runyard.jobs.signatures import BadSignature, BadToken, NotSigned, SignatureTooOld, proven, signature

SECRET, BODY = b"a secret", b'{"a":1}'
NOW = datetime(2024, 5, 1, tzinfo=UTC)
AT = int(NOW.timestamp())


def headers(at: int = AT, secret: bytes = SECRET, body: bytes = BODY) -> dict[str, str]:
    return {"x-runyard-timestamp": str(at), "x-runyard-signature": signature(secret, str(at), body)}


def test_the_signature_is_what_the_contract_says() -> None:
    wanted = hmac.new(SECRET, b"1714521600." + BODY, hashlib.sha256).hexdigest()
    assert signature(SECRET, "1714521600", BODY) == f"sha256={wanted}"


@pytest.mark.parametrize("at", [AT, AT - 300, AT + 300])
def test_signed_within_the_window(at: int) -> None:
    assert proven(SECRET, "hmac", headers(at), BODY, NOW).key == f"signature:{signature(SECRET, str(at), BODY)}"


GITHUB = "sha256=" + hmac.new(SECRET, BODY, hashlib.sha256).hexdigest()


@pytest.mark.parametrize(
    ("auth", "given", "wrong"),
    [
        ("hmac", {}, NotSigned),
        ("hmac", {"x-runyard-signature": "sha256=00"}, NotSigned),
        ("hmac", {"x-runyard-timestamp": str(AT)}, NotSigned),
        ("hmac", headers(AT - 301), SignatureTooOld),
        ("hmac", headers(AT + 301), SignatureTooOld),
        ("hmac", headers(secret=b"another"), BadSignature),
        ("hmac", headers(body=b"{}"), BadSignature),
        ("hmac", {**headers(), "x-runyard-timestamp": str(AT + 1)}, BadSignature),
        ("hmac", {"x-runyard-timestamp": "now", "x-runyard-signature": signature(SECRET, "now", BODY)}, BadSignature),
        ("hmac", {"x-runyard-timestamp": "²", "x-runyard-signature": "é\udc80"}, BadSignature),
        ("hmac", {"x-hub-signature-256": "sha256=00"}, BadSignature),
        ("hmac", {"x-hub-signature": "sha1=00"}, NotSigned),
        ("hmac", {"x-runyard-token": SECRET.decode()}, NotSigned),
        ("token", {}, BadToken),
        ("token", headers(), BadToken),
        ("token", {"x-runyard-token": "another"}, BadToken),
        ("token", {"authorization": "Basic a secret"}, BadToken),
        ("token", {"authorization": "Bearer"}, BadToken),
        ("token", {"x-hub-signature-256": GITHUB}, BadToken),
    ],
)
def test_what_proves_nothing(auth: str, given: dict[str, str], wrong: type[Unauthenticated]) -> None:
    with pytest.raises(wrong):
        proven(SECRET, auth, given, BODY, NOW)


def test_github_signs_the_body_alone() -> None:
    assert proven(SECRET, "hmac", {"x-hub-signature-256": GITHUB}, BODY, NOW).key == f"signature:{GITHUB}"


@pytest.mark.parametrize("given", [{"x-runyard-token": "a secret"}, {"authorization": "bearer a secret"}])
def test_a_token_in_either_header(given: dict[str, str]) -> None:
    assert proven(SECRET, "token", given, BODY, NOW).key is None
    twice = [proven(SECRET, "token", {**given, "idempotency-key": key}, BODY, NOW).key for key in ("a", "a", "b")]
    assert twice[0] == twice[1] != twice[2]
