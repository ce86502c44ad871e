"""Codes of authenticator apps: RFC 6238, drift, and that none is good twice."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runyard.access import authenticator
from runyard.access.authenticator import STEP_S, Proof, code_at, fingerprint, proof_of, step_of, tidied

RFC = b"12345678901234567890"
NOW = datetime(2026, 3, 1, 12, 0, 7, tzinfo=UTC)
STEP = int(NOW.timestamp()) // STEP_S


@pytest.mark.parametrize(
    ("at", "code"),
    # The test vectors of RFC 6238, appendix B, for SHA-1, cut to six digits.
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_the_vectors_of_the_standard(at: int, code: str) -> None:
    assert code_at(RFC, at // STEP_S) == code
    assert step_of(RFC, code, datetime.fromtimestamp(at, UTC), None) == at // STEP_S


@pytest.mark.parametrize(("drift", "right"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_clock_may_be_off_by_a_step(drift: int, *, right: bool) -> None:
    found = step_of(RFC, code_at(RFC, STEP + drift), NOW, None)
    assert found == (STEP + drift if right else None)


@pytest.mark.parametrize(
    ("code_of", "last", "right"),
    [
        (STEP, STEP - 1, True),
        (STEP, STEP, False),
        (STEP - 1, STEP, False),
        (STEP, STEP + 1, False),
        (STEP + 1, STEP, True),
        (STEP, None, True),
    ],
)
def test_no_step_is_good_twice_nor_one_before_it(code_of: int, last: int | None, *, right: bool) -> None:
    assert (step_of(RFC, code_at(RFC, code_of), NOW, last) is not None) is right


@given(st.text(max_size=30))
def test_whatever_is_typed_is_wrong_and_never_an_error(typed: str) -> None:
    good = {code_at(RFC, STEP + drift) for drift in (-1, 0, 1)}
    proof = proof_of(typed, RFC, None, {"rec_1": fingerprint("usr_1", "abcd-efgh-jkmn-pqrs")}, "usr_1", NOW)
    assert proof is None or tidied(typed) in good


@pytest.mark.parametrize(
    ("typed", "user", "found"),
    [
        ("abcd-efgh-jkmn-pqrs", "usr_1", "rec_2"),
        (" ABCD EFGH JKMN PQRS ", "usr_1", "rec_2"),
        ("abcdefghjkmnpqrs", "usr_1", "rec_2"),
        ("abcd-efgh-jkmn-pqrt", "usr_1", None),
        ("abcd-efgh-jkmn-pqrs", "usr_2", None),
        ("", "usr_1", None),
    ],
)
def test_recovery_codes_may_be_typed_anyhow_and_are_one_user_s(typed: str, user: str, found: str | None) -> None:
    kept = {"rec_1": fingerprint("usr_1", "x"), "rec_2": fingerprint("usr_1", "abcd-efgh-jkmn-pqrs")}
    assert proof_of(typed, RFC, None, kept, user, NOW) == (Proof(recovery_id=found) if found else None)


def test_a_code_of_the_app_proves_its_step() -> None:
    typed = code_at(RFC, STEP)
    assert proof_of(f"{typed[:3]} {typed[3:]}", RFC, None, {}, "usr_1", NOW) == Proof(step=STEP)


def test_what_is_made_up_is_long_and_different_each_time() -> None:
    codes = authenticator.new_recovery_codes()
    assert len(set(codes)) == authenticator.CODES
    assert all(len(tidied(code)) == 16 for code in codes)
    assert len({authenticator.new_secret() for _ in range(5)}) == 5
    uri = authenticator.uri_of(RFC, "Ada (yard.test)")
    assert uri.startswith("otpauth://totp/Runyard:Ada")
    assert "issuer=Runyard" in uri
