"""Parameter sets from a terminal."""

from pathlib import Path

import pytest

from .conftest import Commands

MANIFEST = """\
name = "{name}"
language = "shell"
entry = "main.sh"

[[parameters]]
key = "SIZE"
type = "number"
max = 100

[[parameters]]
key = "TEAMS"
type = "json"

[[parameters]]
key = "PIN"
type = "password"
"""


@pytest.fixture
def sized(ry: Commands, tmp_path: Path) -> str:
    """A script's name of this test's own."""
    name = f"Sized {tmp_path.name}"
    ry.write("sized/script.toml", MANIFEST.format(name=name))
    ry.write("sized/main.sh", 'echo "$SIZE" "$TEAMS" "${#PIN}"\n')
    assert ry("scripts", "push", ry.folder / "sized").code == 0
    return name


def test_a_set_is_kept_and_run_with(ry: Commands, sized: str) -> None:
    made = ry("sets", "save", sized, "Nightly", "-p", "SIZE=40", "-p", 'TEAMS=["a"]', "-p", "PIN=hush-hush")
    assert (made.code, made.out) == (0, "Nightly: created\n"), made.err
    assert ry("sets", "show", sized, "Nightly").out == 'SIZE=40\nTEAMS=["a"]\nPIN=***\n'
    # What is not named stays, a password too.
    ry.write("more.json", '{"SIZE": 41}')
    changed = ry("sets", "save", sized, "Nightly", "-P", "more.json", "--without", "TEAMS", "--rename", "At night")
    assert (changed.code, changed.out) == (0, "At night: updated\n"), changed.err
    ran = ry("run", sized, "--set", "At night", "-f", "-p", "TEAMS={}")
    assert (ran.code, ran.out) == (0, "41 {} 9\n"), ran.err
    (listed,) = ry("sets", "list", sized, "--json").json
    assert (listed["name"], listed["values"]) == ("At night", {"SIZE": 41, "PIN": "***"})
    assert "At night" in ry("sets", "list", sized).out
    assert ry("sets", "delete", sized, listed["id"]).code == 0
    assert "has no sets" in ry("sets", "list", sized).err


def test_wrong_sets_are_answered(ry: Commands, sized: str) -> None:
    assert ry("sets", "save", sized, "Fits", "-p", "SIZE=1").code == 0
    for words, said in (
        (("save", sized, "Large", "-p", "SIZE=500"), "100"),
        (("save", sized, "Foreign", "-p", "COLOUR=red"), "COLOUR"),
        (("show", sized, "Nowhere"), "has no set 'Nowhere'"),
        (("delete", sized, "Nowhere"), "There are 'Fits'"),
        (("list", "Nobody's"), "There is no script"),
    ):
        refused = ry("sets", *words)
        assert refused.code != 0
        assert said in refused.err, refused.err


def test_a_set_that_fits_no_more_says_so(ry: Commands, sized: str) -> None:
    ry("sets", "save", sized, "Wide", "-p", "SIZE=90")
    ry.write("sized/script.toml", MANIFEST.format(name=sized).replace("100", "50"))
    assert ry("scripts", "push", ry.folder / "sized").code == 0
    assert "1 not taken" in ry("sets", "list", sized).out
    assert "SIZE" in ry("sets", "show", sized, "Wide").err
