import datetime as dt
import re
from typing import Any

import pytest

from .cases import CASES, FIRST_RUNS
from .manifests import EXAMPLES, Example, load

ALL = load()
SUFFIXES = {"python": ".py", "javascript": ".js", "shell": ".sh"}
FIELDS = {
    "name",
    "language",
    "entry",
    "description",
    "description_zh",
    "tags",
    "requirements",
    "timeout_s",
    "network",
    "parameters",
}
PARAMETER_FIELDS = {
    "key",
    "label",
    "type",
    "required",
    "default",
    "help",
    "placeholder",
    "options",
    "min",
    "max",
    "step",
    "min_length",
    "max_length",
    "regex",
}
# Fields that only some types have.
NUMBER_FIELDS = {"min", "max", "step"}
TEXT_FIELDS = {"min_length", "max_length", "regex", "placeholder"}
TEXT_TYPES = {"text", "textarea", "password"}
KINDS: dict[str, type | tuple[type, ...]] = {
    "text": str,
    "textarea": str,
    "password": str,
    "number": (int, float),
    "select": str,
    "switch": bool,
    "date": str,
    "json": object,
}
RESERVED = re.compile(
    r"(LD_.*|DYLD_.*|PYTHON.*|NODE_OPTIONS|NODE_PATH|RUNYARD_.*|PATH|HOME|TZ|LANG|LC_.*|SHELL|USER|LOGNAME|TMPDIR|PWD"
    r"|OLDPWD|IFS|ENV|BASH_ENV|SHELLOPTS|BASHOPTS|PS4|VIRTUAL_ENV|UID|EUID|PPID)",
    re.IGNORECASE,
)

every_example = pytest.mark.parametrize("example", ALL.values(), ids=list(ALL))
every_parameter = pytest.mark.parametrize(
    "parameter", [pytest.param(p, id=f"{e.key}:{p['key']}") for e in ALL.values() for p in e.parameters]
)


@every_example
def test_a_manifest_has_every_field_and_no_other(example: Example) -> None:
    assert set(example.manifest) == FIELDS
    for name in ("name", "description", "description_zh"):
        assert example.manifest[name].strip() == example.manifest[name] != ""
    assert re.search(r"[\u4e00-\u9fff]", example.manifest["description_zh"])
    assert not re.search(r"[\u4e00-\u9fff]", example.manifest["name"] + example.manifest["description"])
    assert isinstance(example.manifest["network"], bool)
    assert 0 < example.manifest["timeout_s"] <= 24 * 3600
    assert all(isinstance(text, str) for text in (*example.manifest["tags"], *example.manifest["requirements"]))
    assert len(set(example.manifest["tags"])) == len(example.manifest["tags"]) > 0


@every_example
def test_the_code_is_there_and_in_the_language_it_says(example: Example) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", example.key)
    assert example.entry.name == f"main{SUFFIXES[example.manifest['language']]}"
    assert example.code.strip()
    assert "\r" not in example.code


@every_example
def test_the_tag_tells_who_needs_no_package(example: Example) -> None:
    assert ("no-packages" in example.manifest["tags"]) == (not example.packages)


@every_example
def test_every_parameter_is_read_by_the_code(example: Example) -> None:
    keys = [parameter["key"] for parameter in example.parameters]
    assert len(set(keys)) == len(keys)
    for key in keys:
        assert re.search(rf"\b{key}\b", example.code), key


@every_example
def test_a_script_reports_and_returns(example: Example) -> None:
    assert "::progress " in example.code
    assert "RUNYARD_OUTPUTS" in example.code


@every_parameter
def test_a_parameter_has_the_shape(parameter: dict[str, Any]) -> None:
    assert set(parameter) <= PARAMETER_FIELDS
    assert {"key", "label", "type", "required"} <= set(parameter)
    assert re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", parameter["key"])
    assert not RESERVED.fullmatch(parameter["key"])
    assert parameter["label"]
    assert parameter["type"] in KINDS
    assert isinstance(parameter["required"], bool)
    assert ("options" in parameter) == (parameter["type"] == "select")
    assert parameter["type"] == "number" or not NUMBER_FIELDS & set(parameter)
    assert parameter["type"] in TEXT_TYPES or not TEXT_FIELDS & set(parameter)


@every_parameter
def test_a_default_is_a_value_the_parameter_takes(parameter: dict[str, Any]) -> None:
    if "default" not in parameter:
        # A first run fills nothing in: what is required has to bring its value along.
        assert not parameter["required"]
        return
    default, kind = parameter["default"], parameter["type"]
    assert kind != "password"
    of_its_kind = isinstance(default, KINDS[kind])
    assert of_its_kind
    assert isinstance(default, bool) == (kind == "switch")
    if kind == "number":
        assert parameter.get("min", default) <= default <= parameter.get("max", default)
    elif kind == "select":
        values = [option["value"] for option in parameter["options"]]
        assert all(set(option) == {"value", "label"} for option in parameter["options"])
        assert len(set(values)) == len(values)
        assert default in values
    elif kind == "date":
        dt.date.fromisoformat(default)
    elif kind in TEXT_TYPES:
        assert re.search(parameter.get("regex", ""), default)
        assert len(default) <= parameter.get("max_length", len(default))


def test_names_are_unique_and_there_is_enough_to_choose_from() -> None:
    names = [example.manifest["name"] for example in ALL.values()]
    assert len(set(names)) == len(names) >= 12
    assert {example.manifest["language"] for example in ALL.values()} == set(SUFFIXES)
    assert sum(not example.packages for example in ALL.values()) >= 4


def test_one_example_names_its_packages_in_a_pep_723_header() -> None:
    inline = [example.key for example in ALL.values() if example.packages and not example.manifest["requirements"]]
    assert inline == ["image-thumbnails"]


def test_every_parameter_type_is_shown_by_some_example() -> None:
    assert {parameter["type"] for example in ALL.values() for parameter in example.parameters} == set(KINDS)


def test_every_folder_is_an_example_or_the_data() -> None:
    assert {path.name for path in EXAMPLES.iterdir() if path.is_dir()} == {*ALL, "data"}


def test_every_example_has_a_first_run_and_real_ones() -> None:
    assert [case.example for case in FIRST_RUNS] == sorted(ALL)
    assert {case.example for case in CASES if case.parameters or case.uploads} == set(ALL)
    assert len({case.id for case in CASES}) == len(CASES)


def test_the_readme_names_every_example() -> None:
    readme = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    for key, example in ALL.items():
        assert f"]({key}/)" in readme
        assert example.manifest["name"] in readme
