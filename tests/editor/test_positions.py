import pytest
from hypothesis import given
from hypothesis import strategies as st

from runyard.editor.positions import Place, Ruler

TEXT = "aé😀b\r\nzwei\n\ndrei"


@pytest.mark.parametrize(
    ("row", "column", "place"),
    [
        (1, 1, Place(1, 1)),
        (1, 3, Place(1, 3)),
        (1, 4, Place(1, 5)),
        (1, 99, Place(1, 6)),
        (2, 1, Place(2, 1)),
        (3, 7, Place(3, 1)),
        (4, 5, Place(4, 5)),
        (9, 1, Place(4, 5)),
        (0, 0, Place(1, 1)),
        (2, -3, Place(2, 1)),
    ],
)
def test_columns_of_characters_become_columns_of_units(row: int, column: int, place: Place) -> None:
    assert Ruler(TEXT).at(row, column) == place


@pytest.mark.parametrize(
    ("offset", "place"),
    [
        (0, Place(1, 1)),
        (1, Place(1, 2)),
        (3, Place(1, 3)),
        (7, Place(1, 5)),
        (8, Place(1, 6)),
        (10, Place(2, 1)),
        (15, Place(3, 1)),
        (16, Place(4, 1)),
        (999, Place(4, 5)),
        (-1, Place(1, 1)),
    ],
)
def test_bytes_become_places(offset: int, place: Place) -> None:
    assert Ruler(TEXT).at_byte(offset) == place


@given(st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("\r\n😀")), st.data())
def test_both_ways_agree_on_every_character(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text)))
    # Between the two halves of a line end there is no place.
    if text[:at].endswith("\r") and text[at : at + 1] == "\n":
        at += 1
    lines = text[:at].replace("\r\n", "\n").replace("\r", "\n").split("\n")
    ruler = Ruler(text)
    expected = Place(len(lines), len(lines[-1].encode("utf-16-le")) // 2 + 1)
    assert ruler.at_byte(len(text[:at].encode())) == expected
    assert ruler.at(len(lines), len(lines[-1]) + 1) == expected


def test_an_empty_text_has_one_place() -> None:
    assert Ruler("").at(3, 3) == Ruler("").at_byte(7) == Place(1, 1)
