"""Help, versions and how wrong calls are answered."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from runyard import __version__
from runyard.cli.app import app
from runyard.cli.commands import TARGETS, overview

from .conftest import Commands


@pytest.mark.parametrize("name", TARGETS)
def test_every_command_explains_itself(name: str) -> None:
    result = CliRunner().invoke(app, [name, "--help"])
    assert result.exit_code == 0, result.output
    assert "Usage: " in result.output
    assert f"  {name} " in overview()


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["--version"], []])
def test_help_and_version_load_nothing(arguments: list[str]) -> None:
    program = (
        "import sys, runyard.cli\n"
        f"sys.argv = ['runyard', *{arguments!r}]\n"
        "try:\n    runyard.cli.main()\nexcept SystemExit as end:\n    code = end.code\n"
        "slow = {'typer', 'rich', 'httpx', 'pydantic', 'asyncio'} & set(sys.modules)\n"
        "sys.exit(f'loaded {slow}' if slow else code)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == (0 if arguments else 2), done.stderr
    assert done.stdout.strip() == (f"runyard {__version__}" if arguments == ["--version"] else overview())


def test_help_is_the_same_with_other_options(bare: Commands) -> None:
    assert bare("--debug", "--help").out.strip() == overview()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["sto"], "Did you mean 'stop'"),
        (["run"], "Missing argument"),
        (["runs", "--limit", "many"], "--limit"),
        (["runs", "--state", "sleeping"], "'sleeping' is not a state"),
        (["run", "./nowhere.py"], "There is no file nowhere.py"),
        (["run", ".", "--timeout", "soon"], "'soon' is not a duration"),
        (["run", "x", "--label", "oops"], "'oops' is not a label"),
        (["run", "x", "-F", "nowhere.csv"], "There is no file nowhere.csv"),
        (["login", "ftp://example.org"], "is not the address of a server"),
        (["login"], "no terminal to ask"),
        (["scripts", "push", "nowhere"], "There is no file or folder nowhere"),
        (["scripts", "pull"], "say --all"),
        (["files", "run_1", "--get", "a", "--all"], "Choose one"),
        (["up", "--port", "99999"], "--port"),
    ],
)
def test_wrong_calls_say_what_is_wrong_and_exit_with_2(bare: Commands, arguments: list[str], said: str) -> None:
    done = bare(*arguments)
    assert done.code == 2
    assert said in done.err
    assert done.out == ""


def test_without_a_session_one_is_told_to_sign_in(bare: Commands) -> None:
    done = bare("runs")
    assert done.code == 1
    assert "You are not signed in" in done.err
    assert "runyard login" in done.err


def test_without_a_server_one_is_told_to_start_it(bare: Commands) -> None:
    done = bare("runs", RUNYARD_URL="http://127.0.0.1:9", RUNYARD_TOKEN="x")
    assert done.code == 1
    assert "No server answers at http://127.0.0.1:9" in done.err
    assert "runyard up" in done.err


def test_without_a_home_the_session_has_no_place(bare: Commands) -> None:
    del bare.env["RUNYARD_CONFIG"]
    done = bare("login", "http://127.0.0.1:9", "--password-stdin", stdin="x\n")
    assert done.code == 1
    assert "HOME" in done.err or "No server answers" in done.err


def test_settings_that_are_wrong_are_named(bare: Commands) -> None:
    done = bare("up", RUNYARD_SLOTS="many", RUNYARD_DATA=str(bare.folder / "data"))
    assert done.code == 1
    assert "slots: " in done.err
    assert not (bare.folder / "data").exists()
