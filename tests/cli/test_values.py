"""Parameters as typed, durations, pairs."""

from pathlib import Path
from typing import Any

import pytest

from runyard.cli.errors import Misuse
from runyard.cli.values import declared, gathered, pairs, seconds, typed

DEFINITIONS = [
    {"key": "NAME", "type": "text"},
    {"key": "COUNT", "type": "number"},
    {"key": "DRY", "type": "switch"},
    {"key": "MAP", "type": "json"},
    {"key": "NOTES", "type": "textarea"},
    {"key": "PICK", "type": "multiselect"},
]


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("text", "5", "5"),
        ("text", "", ""),
        ("password", "a=b", "a=b"),
        ("number", "5", 5),
        ("number", "-5", -5),
        ("number", "1e3", 1000.0),
        ("number", "0.5", 0.5),
        ("number", "", None),
        ("switch", "true", True),
        ("switch", "NO", False),
        ("switch", "1", True),
        ("json", '{"a": [1, null]}', {"a": [1, None]}),
        ("date", "2026-01-31", "2026-01-31"),
        ("select", "a", "a"),
    ],
)
def test_texts_become_what_the_definition_asks_for(kind: str, text: str, value: Any) -> None:
    found = typed("KEY", text, kind)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("kind", "text"), [("number", "five"), ("number", "nan"), ("number", "inf"), ("switch", "maybe"), ("json", "{")]
)
def test_what_does_not_fit_is_refused_by_name(kind: str, text: str) -> None:
    with pytest.raises(Misuse, match="KEY"):
        typed("KEY", text, kind)


def test_values_come_from_options_files_and_a_document(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("one\ntwo\n")
    document = tmp_path / "values.json"
    document.write_text('{"COUNT": 1, "DRY": false}')
    given = ["COUNT=2", f"NAME=@{text}", f"NOTES=@{text}", "PICK=a", "PICK=b", "UNKNOWN=@@x"]
    assert gathered(given, document, DEFINITIONS) == {
        "COUNT": 2,
        "DRY": False,
        "NAME": "one\ntwo",
        "NOTES": "one\ntwo\n",
        "PICK": ["a", "b"],
        "UNKNOWN": "@x",
    }


def test_a_list_may_be_one_json_value() -> None:
    assert gathered(['PICK=["a", "b"]'], None, DEFINITIONS) == {"PICK": ["a", "b"]}


@pytest.mark.parametrize("content", ["[1]", "{", '"x"'])
def test_a_document_must_be_an_object(tmp_path: Path, content: str) -> None:
    document = tmp_path / "values.json"
    document.write_text(content)
    with pytest.raises(Misuse, match="JSON"):
        gathered([], document, [])


@pytest.mark.parametrize("given", ["NAME", "=x", "NAME=@/nowhere/at/all"])
def test_what_is_no_parameter_is_refused(given: str) -> None:
    with pytest.raises(Misuse):
        gathered([given], None, [])


def test_a_file_without_definitions_declares_what_it_is_given(tmp_path: Path) -> None:
    document = tmp_path / "values.json"
    document.write_text('{"A": true, "B": 1.5, "C": [1], "D": "x\\ny"}')
    assert declared(["E=1", "F=-", "A=no"], document) == [
        {"key": "A", "type": "switch"},
        {"key": "B", "type": "number"},
        {"key": "C", "type": "json"},
        {"key": "D", "type": "textarea"},
        {"key": "E", "type": "text"},
        {"key": "F", "type": "password"},
    ]


@pytest.mark.parametrize(
    ("text", "value"), [("90", 90), ("1.5s", 1.5), ("10m", 600), ("10 min", 600), ("2h", 7200), ("1D", 86_400)]
)
def test_durations(text: str, value: Any) -> None:
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["", "0", "-1", "soon", "1y", "1h30m"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(Misuse, match="duration"):
        seconds(text)


def test_pairs() -> None:
    assert pairs(["a=1", "b=x=y", "a=2", "c="], "label") == {"a": "2", "b": "x=y", "c": ""}
    with pytest.raises(Misuse, match="label"):
        pairs(["a"], "label")
