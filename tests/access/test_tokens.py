import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runyard.access.tokens import AccessTokens, BadToken, DeviceTokens, RefreshTokens, fingerprint
from runyard.secrets.keys import MasterKey

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEY, OTHER = MasterKey(b"k" * 32), MasterKey(b"o" * 32)
SIGNING = KEY.derive("access token")
tokens = AccessTokens(KEY, 900)
GOOD: dict[str, Any] = {
    "iss": "runyard",
    "aud": "runyard:api",
    "sub": "usr_1",
    "sid": "ses_1",
    "iat": int(NOW.timestamp()),
    "exp": int(NOW.timestamp()) + 900,
}


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in GOOD.items() if key != name}


def test_a_token_of_ours_says_whose_it_is() -> None:
    claims = tokens.read(tokens.issue("usr_1", "ses_1", NOW), NOW)
    assert (claims.user_id, claims.session_id, claims.expires) == ("usr_1", "ses_1", GOOD["exp"])
    assert tokens.read(jwt.encode(GOOD, SIGNING, "HS256"), NOW) == claims


ABUSES = {
    "empty": "",
    "nonsense": "a.b.c",
    "two parts": "a.b",
    "none": f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(GOOD)}.",
    "None": f"{part({'alg': 'None'})}.{part(GOOD)}.",
    "no algorithm": f"{part({'typ': 'JWT'})}.{part(GOOD)}.",
    "signature dropped": jwt.encode(GOOD, SIGNING, "HS256").rsplit(".", 1)[0] + ".",
    "another hash": jwt.encode(GOOD, SIGNING * 2, "HS512"),
    "another key": jwt.encode(GOOD, OTHER.derive("access token"), "HS256"),
    "the master key itself": jwt.encode(GOOD, KEY.secret, "HS256"),
    "a key of another purpose": jwt.encode(GOOD, KEY.derive("refresh token"), "HS256"),
    "a refresh token": RefreshTokens(KEY).issue("ses_1", 0),
    "another audience": jwt.encode(GOOD | {"aud": "elsewhere"}, SIGNING, "HS256"),
    "audiences": jwt.encode(GOOD | {"aud": ["runyard:api"]}, SIGNING, "HS256"),
    "another issuer": jwt.encode(GOOD | {"iss": "elsewhere"}, SIGNING, "HS256"),
    "expiry as text": jwt.encode(GOOD | {"exp": "soon"}, SIGNING, "HS256"),
    "expiry as truth": jwt.encode(GOOD | {"exp": True}, SIGNING, "HS256"),
    "session as number": jwt.encode(GOOD | {"sid": 1}, SIGNING, "HS256"),
    **{f"without {name}": jwt.encode(without(name), SIGNING, "HS256") for name in GOOD},
    "crit": jwt.encode(GOOD, SIGNING, "HS256", headers={"crit": ["exp"]}),
    "surrogate": "\ud800.a.b",
    "not ascii": "é.é.é",
}


@pytest.mark.parametrize("abuse", ABUSES)
def test_no_other_token_is_believed(abuse: str) -> None:
    with pytest.raises(BadToken):
        tokens.read(ABUSES[abuse], NOW)


@pytest.mark.parametrize(("seconds", "holds"), [(0, True), (899, True), (900, False), (901, False), (10**6, False)])
def test_a_token_ends_when_it_says(seconds: int, *, holds: bool) -> None:
    token = tokens.issue("usr_1", "ses_1", NOW)
    at = NOW + timedelta(seconds=seconds)
    for _ in range(2):  # from the signature and from memory
        if holds:
            tokens.read(token, at)
        else:
            with pytest.raises(BadToken):
                tokens.read(token, at)


def test_a_changed_body_is_refused_though_the_token_is_known() -> None:
    token = tokens.issue("usr_1", "ses_1", NOW)
    tokens.read(token, NOW)
    head, _, signature = token.split(".")
    with pytest.raises(BadToken):
        tokens.read(f"{head}.{part(GOOD | {'sub': 'usr_2'})}.{signature}", NOW)


def test_memory_of_known_tokens_is_bounded() -> None:
    few = AccessTokens(KEY, 900)
    for n in range(4200):
        few.read(few.issue("usr_1", f"ses_{n}", NOW), NOW)
    assert len(few._known) <= 4096


def test_refresh_tokens_are_told_from_inventions() -> None:
    refresh = RefreshTokens(KEY)
    token = refresh.issue("ses_1", 7)
    assert refresh.genuine(token)
    assert refresh.session_of(token) == "ses_1"
    assert refresh.issue("ses_1", 7) == token
    assert len({fingerprint(refresh.issue("ses_1", n)) for n in range(9)}) == 9
    assert not RefreshTokens(OTHER).genuine(token)
    mac = token.rsplit(".", 1)[1]
    for forged in (
        "",
        "ses_1",
        "ses_1.7",
        "ses_1.7.",
        f"ses_1.8.{mac}",
        f"ses_2.7.{mac}",
        f"ses_1.07.{mac}",
        f"ses_1.\u0667.{mac}",
    ):
        assert not refresh.genuine(forged)


@given(st.text(max_size=80))
def test_no_text_is_a_token(text: str) -> None:
    assert not RefreshTokens(KEY).genuine(text)
    assert DeviceTokens(KEY).device_of(text, "usr_1") is None
    with pytest.raises(BadToken):
        tokens.read(text, NOW)


def test_a_device_is_known_for_one_user_only() -> None:
    devices = DeviceTokens(KEY)
    token = devices.issue("usr_1")
    assert devices.device_of(token, "usr_1") == token.split(".")[0]
    assert devices.device_of(token, "usr_2") is None
    assert devices.device_of(None, "usr_1") is None
    assert DeviceTokens(OTHER).device_of(token, "usr_1") is None


def test_a_device_stays_known_when_the_master_key_changes() -> None:
    before = DeviceTokens(KEY)
    token = before.issue("usr_1")
    after = DeviceTokens(OTHER, (KEY,))
    assert after.device_of(token, "usr_1") == before.device_of(token, "usr_1")
    assert after.device_of(token, "usr_2") is None
    # It gets another one while it is known, for older keys are dropped at last.
    assert (before.is_lasting(token, "usr_1"), after.is_lasting(token, "usr_1")) == (True, False)
    assert after.is_lasting(after.issue("usr_1"), "usr_1")
    assert DeviceTokens(OTHER).device_of(token, "usr_1") is None
