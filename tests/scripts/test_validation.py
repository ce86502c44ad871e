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
