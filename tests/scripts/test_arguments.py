"""Values on a command line: nothing that a user types becomes an option."""

from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runyard.scripts import arguments, checks, parameters
from runyard.scripts.definitions import Definition
from runyard.scripts.errors import InvalidParameters

CHOICE = [{"value": "add"}, {"value": "drop"}]


def _definition(key: str, style: str, **more: Any) -> Definition:
    own = {name: more.pop(name) for name in ("flag", "off", "command") if name in more}
    return Definition.model_validate({"key": key, "argument": {"style": style, **own}, **more})


SIZE = _definition("size", "option", flag="--size", type="number")
SHORT = _definition("short", "option", flag="-s")
QUIET = _definition("quiet", "switch", flag="--quiet", off="--no-quiet", type="switch")
LOUD = _definition("loud", "times", flag="-v", type="number")
TAG = _definition("tag", "repeat", flag="--tag", type="textarea")
MANY = _definition("many", "spread", flag="--many", type="json")
NAME = _definition("name", "positional")
REST = _definition("rest", "spread", type="json")
ONE = _definition("one", "position")
TWO = _definition("two", "position")
VERB = _definition("verb", "command", type="select", options=CHOICE)
WHAT = _definition("what", "option", flag="--what", command="add")


@pytest.mark.parametrize(
    ("definitions", "values", "line"),
    [
        ([SIZE], {}, []),
        ([SIZE], {"size": 5.0}, ["--size=5"]),
        ([SIZE], {"size": -1.5}, ["--size=-1.5"]),
        ([SHORT], {"short": "x y"}, ["-s", "x y"]),
        ([SHORT], {"short": "--all"}, ["-s--all"]),
        ([QUIET], {"quiet": True}, ["--quiet"]),
        ([QUIET], {"quiet": False}, ["--no-quiet"]),
        ([LOUD], {"loud": 3}, ["-v", "-v", "-v"]),
        ([LOUD], {"loud": 0}, []),
        ([TAG], {"tag": "a\n\n--b"}, ["--tag=a", "--tag=--b"]),
        ([MANY], {"many": ["a", 2]}, ["--many", "a", "2"]),
        ([MANY], {"many": []}, []),
        ([NAME, SIZE], {"name": "x", "size": 1}, ["--size=1", "x"]),
        ([NAME, REST], {"name": "--help", "rest": ["y"]}, ["--", "--help", "y"]),
        ([ONE, TWO], {"two": "-x"}, ["", "-x"]),
        ([ONE, TWO], {"one": "a"}, ["a"]),
        ([WHAT, VERB, SIZE], {"verb": "add", "what": "w", "size": 1}, ["--size=1", "add", "--what=w"]),
        ([WHAT, VERB, SIZE], {"verb": "drop", "what": "w", "size": 1}, ["--size=1", "drop"]),
    ],
)
def test_the_line(definitions: list[Definition], values: dict[str, Any], line: list[str]) -> None:
    assert arguments.command_line(definitions, values) == line


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_no_text_becomes_an_option(text: str) -> None:
    line = arguments.command_line([NAME, SIZE, SHORT], {"name": text, "size": 1, "short": text})
    assert line[0] == "--size=1"
    parsed = line[1:]
    assert parsed.pop(0).startswith("-s")
    if not text.startswith("-"):
        assert parsed.pop(0) == text
    else:
        assert parsed.pop(0) == "--"
    assert parsed == [text]


def test_a_password_is_put_in_later() -> None:
    token = _definition("TOKEN", "option", flag="--token", type="password")
    line = arguments.command_line([SIZE, token], {"size": 1, "TOKEN": "hush"})
    assert arguments.hide(line) == (["--size=1", "--token=***"], [arguments.Hidden(1, "--token=", "TOKEN")])


@pytest.mark.parametrize(("definition", "value"), [(MANY, ["a", "-b"]), (VERB, "add")])
def test_what_would_be_an_option_is_refused(definition: Definition, value: Any) -> None:
    if definition is VERB:
        definition = _definition("verb", "command")
        value = "--all"
    with pytest.raises(InvalidParameters) as caught:
        parameters.complete([definition], {definition.key: value})
    assert [(field.field, field.code) for field in caught.value.fields] == [(f"parameters.{definition.key}", "flag")]


@pytest.mark.parametrize(
    ("argument", "more", "language", "field", "code"),
    [
        ({"style": "option"}, {}, "python", "argument.flag", "required"),
        ({"style": "option", "flag": "size"}, {}, "python", "argument.flag", "flag"),
        ({"style": "option", "flag": "--size=1"}, {}, "python", "argument.flag", "flag"),
        ({"style": "option", "flag": "--a", "off": "--b"}, {}, "python", "argument.off", "not_applicable"),
        ({"style": "switch", "flag": "--a"}, {}, "python", "argument.style", "not_applicable"),
        ({"style": "times", "flag": "-v"}, {}, "python", "argument.style", "not_applicable"),
        ({"style": "positional", "flag": "-v"}, {}, "python", "argument.flag", "not_applicable"),
        ({"style": "positional", "command": "-v"}, {}, "python", "argument.command", "flag"),
        ({"style": "option", "flag": "-p"}, {"type": "password"}, "shell", "argument", "secret"),
    ],
)
def test_definitions_that_make_no_sense(
    argument: dict[str, Any], more: dict[str, Any], language: str, field: str, code: str
) -> None:
    definition = Definition.model_validate({"key": "K", "argument": argument, **more})
    found = [(error.field, error.code) for error in checks.findings([definition], language)]
    assert (f"parameters.0.{field}", code) in found


async def test_files_have_rules_of_their_own(api: httpx.AsyncClient) -> None:
    body: dict[str, Any] = {"name": "n", "language": "shell", "code": ""}
    file = {"key": "F", "type": "file", "extensions": ["CSV", ".tar.gz", "csv"], "max_size_mb": 2}
    made = (await api.post("/scripts", json={**body, "parameters": [file]})).json()
    assert made["parameters"][0]["extensions"] == [".csv", ".tar.gz", ".csv"]
    schema = (await api.get(f"/scripts/{made['id']}/schema")).json()["properties"]["F"]
    assert (schema["maxSizeMb"], schema["format"]) == (2, "filename")
    for wrong, field in (
        ({**file, "default": "x"}, "default"),
        ({"key": "F", "extensions": ["csv"]}, "extensions"),
        ({**file, "extensions": ["a/b"]}, "extensions.0"),
        ({**file, "max_size_mb": 0}, "max_size_mb"),
    ):
        answer = await api.post("/scripts", json={**body, "name": "m", "parameters": [wrong]})
        assert answer.json()["errors"][0]["field"] == f"parameters.0.{field}", wrong
