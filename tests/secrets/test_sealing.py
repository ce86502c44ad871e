import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runyard.secrets.keys import MasterKey
from runyard.secrets.sealing import SealBroken, Sealer

KEY, OTHER = MasterKey(b"k" * 32), MasterKey(b"o" * 32)
sealer = Sealer(KEY)


@given(st.binary(max_size=2000), st.text(max_size=60))
def test_what_was_sealed_opens_under_its_context(value: bytes, context: str) -> None:
    sealed = sealer.seal(value, context)
    assert sealed.isascii()
    assert sealer.open(sealed, context) == value


def test_the_same_value_never_seals_alike_and_shows_nothing() -> None:
    sealed = {sealer.seal(b"hunter2-hunter2", "c") for _ in range(50)}
    assert len(sealed) == 50
    raw = base64.urlsafe_b64decode(sealed.pop().split(".")[2])
    assert b"hunter2" not in raw


def test_a_value_moved_to_another_place_does_not_open() -> None:
    with pytest.raises(SealBroken):
        sealer.open(sealer.seal(b"v", "run:run_1:parameters"), "run:run_2:parameters")


@given(st.data())
def test_a_changed_value_does_not_open(data: st.DataObject) -> None:
    sealed = sealer.seal(b"value", "c")
    at = data.draw(st.integers(0, len(sealed) - 1))
    with_ = data.draw(st.sampled_from("Aaf0.-=é\0"))
    changed = sealed[:at] + with_ + sealed[at + 1 :]
    if changed == sealed:
        return
    with pytest.raises(SealBroken):
        sealer.open(changed, "c")


@pytest.mark.parametrize("text", ["", "rs1", "rs1.", "rs1..", "plain text", "rs2.aaaaaaaa.AAAA", "rs1.00000000.AAAA"])
def test_what_is_no_seal_does_not_open(text: str) -> None:
    with pytest.raises(SealBroken):
        sealer.open(text, "c")


@pytest.mark.parametrize("body", ["", "AAAA", "A", "====", "A" * 16])
def test_a_short_seal_of_our_key_does_not_open(body: str) -> None:
    with pytest.raises(SealBroken):
        sealer.open(f"rs1.{KEY.id}.{body}", "c")


def test_values_of_an_older_key_open_and_ask_to_be_sealed_again() -> None:
    old = Sealer(OTHER).seal(b"v", "c")
    with pytest.raises(SealBroken, match="another master key"):
        sealer.open(old, "c")
    turning = Sealer(KEY, older=[OTHER])
    assert turning.open(old, "c") == b"v"
    assert turning.outdated(old)
    new = turning.seal(b"v", "c")
    assert not turning.outdated(new)
    assert sealer.open(new, "c") == b"v"
