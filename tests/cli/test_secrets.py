"""Secrets and variables from a terminal, against a server: kept, given, shown, scrubbed and deleted."""

from pathlib import Path

import pytest

from .conftest import Commands

MANIFEST = (
    'name = "{name}"\nlanguage = "shell"\nentry = "main.sh"\nsecrets = ["{secret}"]\nvariables = ["{variable}"]\n'
)


@pytest.fixture
def mark(tmp_path: Path) -> str:
    """What makes names this test's own: the server is everybody's."""
    return "".join(letter for letter in tmp_path.name.upper() if letter.isalnum())


@pytest.fixture
def script(ry: Commands, mark: str) -> str:
    """A script's name; it prints the secret and the variable of this test, and how long the secret is."""
    secret, variable = f"TOKEN_{mark}", f"REGION_{mark}"
    name = f"Given {mark}"
    ry.write("given/script.toml", MANIFEST.format(name=name, secret=secret, variable=variable))
    ry.write("given/main.sh", f'echo "$%s is ${{#{secret}}} long, in ${variable}"\n' % secret)
    pushed = ry("scripts", "push", ry.folder / "given")
    assert pushed.code == 0, pushed.err
    return name


def test_a_secret_is_kept_given_and_masked(ry: Commands, mark: str, script: str) -> None:
    secret, variable = f"TOKEN_{mark}", f"REGION_{mark}"
    kept = ry("secrets", "set", secret, "--description", "for the registry", stdin="swordfish-first\n")
    assert (kept.code, "version 1" in kept.err, "swordfish" in kept.out + kept.err) == (0, True, False)
    assert ry("variables", "set", variable, "north").code == 0
    ran = ry("run", script, "-f")
    assert (ran.code, ran.out) == (0, "*** is 15 long, in north\n")

    again = ry("secrets", "set", secret, stdin="swordfish-2\n")
    assert "(project default, every stage) is at version 2" in again.err
    assert ry("run", script, "-f").out == "*** is 11 long, in north\n"

    listed = next(one for one in ry("secrets", "list", "--json").json if one["name"] == secret)
    assert (listed["version"], listed["description"]) == (2, "for the registry")
    assert "value" not in listed
    row = next(line for line in ry("secrets", "list").out.splitlines() if line.startswith(secret))
    assert ("project default" in row, "v2" in row, f"by {script}" in row) == (True, True, True)
    uses = ry("secrets", "uses", secret).out.splitlines()[1:]
    assert [line.split()[-1] for line in uses] == ["v2", "v1"]
    assert len(ry("secrets", "uses", secret, "-n", "1").out.splitlines()) == 2


def test_values_are_refused_and_found_with_words_that_help(ry: Commands, mark: str) -> None:
    empty = ry("secrets", "set", f"EMPTY_{mark}")
    assert (empty.code, "There is no value." in empty.err, "Pipe it in" in empty.err) == (2, True, True)
    reserved = ry("secrets", "set", "PATH", stdin="x")
    assert (reserved.code, "PATH" in reserved.err) == (1, True)
    both = ry("variables", "set", f"BOTH_{mark}", "x", "--global", "--script", "any")
    assert (both.code, "not to both" in both.err) == (2, True)
    missing = ry("secrets", "uses", f"NONE_{mark}")
    assert (missing.code, f"There is no NONE_{mark} there." in missing.err) == (1, True)
    assert "runyard secrets list" in missing.err
    assert "no_such" not in missing.err


def test_what_scripts_list_is_deleted_by_force_only(ry: Commands, mark: str, script: str) -> None:
    secret = f"TOKEN_{mark}"
    ry("secrets", "set", secret, stdin="swordfish")
    refused = ry("secrets", "delete", secret)
    assert (refused.code, f"{secret} is used by {script}." in refused.err, "--force" in refused.err) == (1, True, True)
    assert "force=true" not in refused.err
    identity = next(one["id"] for one in ry("secrets", "list", "--json").json if one["name"] == secret)
    assert ry("secrets", "delete", identity, "--force").code == 0
    assert secret not in ry("secrets", "list").out
    starved = ry("run", script, "-f")
    assert (starved.code, secret in starved.err) == (125, True)


def test_the_nearest_value_wins_and_says_why(ry: Commands, mark: str, script: str) -> None:
    variable = f"REGION_{mark}"
    ry("secrets", "set", f"TOKEN_{mark}", stdin="swordfish")
    for value, where in (("everywhere", ["--global"]), ("here", []), ("own", ["--script", script])):
        kept = ry("variables", "set", variable, value, *where)
        assert kept.code == 0, kept.err
    ry("variables", "set", variable, "own in prod", "--script", script, "--stage", "prod")
    shown = ry("variables", "show", script)
    rows = {
        line.split()[2:4][0] + line.split()[3]: line for line in shown.out.splitlines() if line.startswith(variable)
    }
    assert rows["scriptevery"].rstrip().endswith("wins")
    assert rows["scriptprod"].rstrip().endswith("other stage")
    assert rows["projectevery"].rstrip().endswith("nearer")
    assert rows["globalevery"].rstrip().endswith("nearer")
    assert "Stage: none" in shown.err
    in_prod = ry("variables", "show", script, "--stage", "prod", "--json").json
    chosen = next(item for item in in_prod["items"] if item["name"] == variable)
    assert [one["value"] for one in chosen["candidates"] if one["why"] == "wins"] == ["own in prod"]
    hidden = next(item for item in in_prod["items"] if item["name"] == f"TOKEN_{mark}")
    assert [one["value"] for one in hidden["candidates"]] == [None]
    assert "swordfish" not in shown.out
    for where in (["--global"], ["--script", script, "--stage", "prod"]):
        gone = ry("variables", "delete", variable, *where, "--force")
        assert gone.code == 0, gone.err
    left = [one for one in ry("variables", "list", "--json").json if one["name"] == variable]
    assert sorted(one["value"] for one in left) == ["here", "own"]


def test_a_value_that_was_printed_before_it_was_secret_is_scrubbed(ry: Commands, mark: str) -> None:
    leaked = f"leaked-{mark}"
    run = ry("run", ry.write("leak.sh", f"echo {leaked}\n"), "--json").json["id"]
    assert ry("logs", run, "-f").out == f"{leaked}\n"
    ry("secrets", "set", f"LEAK_{mark}", stdin=leaked)
    done = ry("secrets", "scrub", f"LEAK_{mark}")
    assert (done.code, "; it was in 1." in done.err) == (0, True), done.err
    assert ry("logs", run).out == "***\n"
    assert ry("secrets", "scrub", f"LEAK_{mark}", "--no-wait").code == 0
    assert ry("secrets", "delete", f"LEAK_{mark}").code == 0
