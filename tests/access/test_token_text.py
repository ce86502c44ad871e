import pytest
from hypothesis import given
from hypothesis import strategies as st

from runyard.access import token_text


def test_every_token_is_sound_and_another_one() -> None:
    made = {token_text.make() for _ in range(200)}
    assert len(made) == 200
    assert all(token_text.sound(text) and token_text.claims_to_be_one(text) for text in made)


@given(st.integers(4, 41), st.sampled_from("0123456789ABCXYZabcxyz"))
def test_one_wrong_letter_is_noticed(at: int, letter: str) -> None:
    text = token_text.make()
    wrong = text[:at] + letter + text[at + 1 :]
    assert token_text.sound(wrong) is (wrong == text)


@pytest.mark.parametrize("text", ["", "ryd_", "ryd_" + "a" * 38, "RYD_" + "a" * 38, "ryd_ä" + "a" * 37])
def test_what_is_none(text: str) -> None:
    assert not token_text.sound(text)
