import pytest

from runyard.scripts.content import copy_name
from runyard.scripts.folding import fold, name_key, searched, terms


@pytest.mark.parametrize(
    ("left", "right"), [("Ｃａｆé", "CAFÉ"), ("STRASSE", "straße"), ("ﬁle", "FILE"), ("ÅNGSTRÖM", "ångström")]
)
def test_spellings_that_people_take_for_the_same_are_equal(left: str, right: str) -> None:
    assert fold(left) == fold(right)


def test_words_are_searched_one_by_one() -> None:
    assert terms("  Foo \t BAR\0baz ") == ["foo", "bar", "baz"]
    assert terms("") == []
    assert len(terms(" ".join("abcdefghijkl"))) == 8


def test_no_term_spans_two_parts() -> None:
    assert "ab" not in searched("a", "b", "c")
    assert searched(
        "Ａ",  # noqa: RUF001 - folding it is the point
        "日报",
        "X\x1fY",
    ).split("\x1f") == ["a", "日报", "x y"]


def test_sort_keys_stay_within_their_column() -> None:
    assert len(name_key("\ufdfa" * 200)) == 200


@pytest.mark.parametrize(
    ("name", "taken", "expected"),
    [
        ("A", set(), "A copy"),
        ("A", {"A", "A copy"}, "A copy 2"),
        ("A copy", {"A", "A copy"}, "A copy 2"),
        ("A copy 2", {"A copy", "A copy 2", "A copy 3"}, "A copy 4"),
        ("A copybook", set(), "A copybook copy"),
        ("A copy x", set(), "A copy x copy"),
        ("A copy ²", set(), "A copy ² copy"),
        ("x" * 200, set(), "x" * 195 + " copy"),
        (" copy", set(), " copy"),
    ],
)
def test_a_copy_gets_a_free_name(name: str, taken: set[str], expected: str) -> None:
    made = copy_name(name, taken)
    assert made == expected
    assert len(made) <= 200
