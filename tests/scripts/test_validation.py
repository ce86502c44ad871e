from typing import Any

import pytest

from runyard.scripts import parameters
from runyard.scripts.definitions import Definition
from runyard.scripts.validation import findings, multiple


def test_the_schema_alone_refuses_what_is_not_declared_and_what_is_missing() -> None:
    made = parameters.schema([Definition(key="A", required=True), Definition(key="B")])
    assert sorted(findings(made, {"B": "x", "C": 1})) == [
        ("A", "required", "A value is needed."),
        ("C", "unknown", "There is no parameter of that name."),
    ]


def test_multiples_are_exact() -> None:
    assert multiple(0.3, 0.1)
    assert multiple(-7.5, 2.5)
    assert multiple(10**200, 1)
    assert not multiple(0.30000000000000004, 0.1)
    assert not multiple(1, 3)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("a.csv", []),
        ("A.CSV", []),
        ("b.tar.gz", []),
        ("csv", [("F", "extension", "Only files that end in .csv, .tar.gz are taken.")]),
        (".", [("F", "filename", "The name of an uploaded file is needed, without a path.")]),
        (5, [("F", "type", "The value must be text.")]),
    ],
)
def test_names_of_files(value: Any, found: list[Any]) -> None:
    made = parameters.schema(
        [Definition.model_validate({"key": "F", "type": "file", "extensions": ["CSV", ".tar.gz"]})]
    )
    assert [one for one in findings(made, {"F": value}) if one[1] != "extension" or value != "."] == found
