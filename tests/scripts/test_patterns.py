import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runyard.scripts import patterns


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        (r"^\d{4}-\d{2}$", "2025-01", True),
        (r"^\d{4}-\d{2}$", "2025-01\n", False),
        (r"b", "abc", True),
        (r"^b", "abc", False),
        (r"^\p{Han}+$", "日报", True),
        (r"^[一-龥]+$", "日报x", False),
        (r"^(a+)+$", "a" * 50_000 + "!", False),
        (r"^$|^https?://.+", "", True),
    ],
)
def test_patterns_are_searched_for(pattern: str, text: str, expected: bool) -> None:  # noqa: FBT001
    patterns.demand(pattern)
    assert patterns.found(pattern, text) is expected


@pytest.mark.parametrize(
    ("pattern", "word"),
    [
        ("[", "unclosed"),
        ("(?=a)b", "look-around"),
        (r"(a)\1", "backreferences"),
        ("a{1000}{1000}", "size limit"),
        ("a" * 501, "at most 500"),
        ("*", "repetition"),
    ],
)
def test_what_cannot_be_matched_in_linear_time_is_refused(pattern: str, word: str) -> None:
    with pytest.raises(patterns.BadPattern, match=word):
        patterns.demand(pattern)


@settings(deadline=None)
@given(st.text(max_size=40), st.text(max_size=200))
def test_any_text_is_a_pattern_or_is_refused(pattern: str, text: str) -> None:
    try:
        patterns.demand(pattern)
    except patterns.BadPattern as error:
        reason = str(error)
    else:
        reason = f"The regular expression can't be used: {patterns.found(pattern, text)}"
    assert reason.startswith("The regular expression can't be used")
    assert "\n" not in reason
