"""Reference pages name everything that there is, and nothing that there is not."""

import re
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Any, get_args

import pytest
import typer
from pydantic import BaseModel, TypeAdapter
from typer.core import TyperArgument, TyperCommand, TyperGroup

from runyard.api.app import PREFIX, make_app
from runyard.cli.app import app
from runyard.environments.lifecycle import State as EnvironmentState
from runyard.runs.lifecycle import State as RunState
from runyard.settings import Settings
from tests import problems

from .pages import ROOT, blocks, codes, documents, rows, text_of

REFERENCE = Path("docs/reference")


def _settings(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _settings(kind, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", field


def test_settings_are_the_ones_there_are() -> None:
    listed = [codes(row[0])[0] for row in rows(REFERENCE / "settings.md") if len(row) == 3]
    assert sorted(listed) == sorted(name for name, _field in _settings(Settings))


def test_settings_have_the_defaults_that_are_named() -> None:
    shown = {codes(row[0])[0]: row[1] for row in rows(REFERENCE / "settings.md") if len(row) == 3}
    for name, field in _settings(Settings):
        if field.default_factory is not None or name in {"environments.index_url", "environments.npm_registry"}:
            continue
        default = field.default
        if default in (None, "", ()):
            assert not codes(shown[name]), f"{name} has no default"
        else:
            said = codes(shown[name])[0]
            kind = next((one for one in get_args(field.annotation) if one is not type(None)), field.annotation)
            whole = field.annotation if not isinstance(field.annotation, UnionType) else kind
            assert TypeAdapter(whole).validate_strings(said) == default, name


def test_error_codes_are_named() -> None:
    named = {code for row in rows(REFERENCE / "error-codes.md") for code in codes(row[0])}
    assert problems.codes() <= named
    # What the framework refuses, and what only rows of runs and fields say, has no class.
    text = "\n".join(path.read_text() for path in (ROOT / "src" / "runyard").rglob("*.py"))
    invented = {code for code in named - problems.codes() if f'"{code}"' not in text}
    assert invented <= {"missing", "extra_forbidden", "greater_than_equal", "string_too_long"}


def _commands() -> dict[str, TyperCommand]:
    def below(name: str, command: Any) -> Iterator[tuple[str, TyperCommand]]:
        if isinstance(command, TyperGroup):
            for child in command.commands:
                yield from below(f"{name} {child}", command.commands[child])
        else:
            yield name, command

    return dict(below("runyard", typer.main.get_command(app)))


COMMANDS = _commands()


def test_commands_are_the_ones_there_are() -> None:
    shown = [codes(row[0])[0] for row in rows(REFERENCE / "cli.md") if row and row[0].startswith("`runyard ")]
    named = [next(name for name in _longest_first() if f"{line} ".startswith(f"{name} ")) for line in shown]
    assert sorted(named) == sorted(COMMANDS)


def _longest_first() -> list[str]:
    return sorted(COMMANDS, key=len, reverse=True)


def _shown_commands() -> Iterator[tuple[str, list[str]]]:
    for path in documents():
        for block in blocks(path):
            if block.kind == "sh":
                for line in block.text.replace("\\\n", " ").splitlines():
                    for call in re.findall(r"(?:^|[ (])(runyard [^|;&)<>#]*)", line):
                        words = [word.strip("\"'") for word in re.findall(r"'[^']*'|\"[^\"]*\"|\S+", call)]
                        yield f"{block.where}: {' '.join(words)}", words


SHOWN = list(_shown_commands())


@pytest.mark.parametrize(("where", "words"), SHOWN, ids=[where for where, _words in SHOWN])
def test_shown_commands_exist_with_their_options(where: str, words: list[str]) -> None:
    line = " ".join(words)
    name = next((name for name in _longest_first() if f"{line} ".startswith(f"{name} ")), None)
    assert name is not None, where
    known = {"--help"}
    for parameter in COMMANDS[name].params:
        if not isinstance(parameter, TyperArgument):
            known |= {*parameter.opts, *parameter.secondary_opts}
    for word in words[len(name.split()) :]:
        if re.match(r"--?[A-Za-z]", word):
            assert word in known, where


def test_commands_are_shown_at_all() -> None:
    assert len(SHOWN) > 30
    assert {
        next(name for name in _longest_first() if f"{' '.join(words)} ".startswith(f"{name} ")) for _, words in SHOWN
    }


def test_routes_are_the_ones_there_are() -> None:
    paths = make_app(None).openapi()["paths"]
    there = {(method.upper(), path.removeprefix(PREFIX)) for path, found in paths.items() for method in found}
    text = text_of(REFERENCE / "api.md")
    named = set(re.findall(r"`(GET|POST|PATCH|DELETE|PUT) (/[^`? ]*)", text))
    # Named beside the route that they belong to.
    for path in ("/runs/{run_id}/logs", "/environments/{environment_id}/log"):
        for more in ("/search", "/stream"):
            if ("GET", path + more) in there:
                assert more.removeprefix("/") in text
                named.add(("GET", path + more))
    assert named == there


@pytest.mark.parametrize("state", [*RunState, *EnvironmentState], ids=str)
def test_states_are_explained(state: str) -> None:
    assert state in {code for row in rows(REFERENCE / "states.md") for code in codes(row[0])}
