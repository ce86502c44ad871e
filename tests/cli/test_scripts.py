"""Scripts between files and the server."""

import json
from pathlib import Path

import pytest

from .conftest import Commands

MANIFEST = """\
name = "{name}"
language = "python"
entry = "main.py"
description = "Says hello"
tags = ["b", "a"]
requirements = []
timeout_s = 60
network = true

[[parameters]]
key = "COUNT"
type = "number"
required = true
min = 1

[[parameters]]
key = "LOUD"
type = "switch"
default = false

[[parameters]]
key = "MAP"
type = "json"
default_json = '{{"a": [1, null]}}'

[[parameters]]
key = "TOKEN"
type = "password"
default = "hush-hush"
"""
CODE = "import os\nprint(os.environ['COUNT'], os.environ['LOUD'], os.environ['MAP'], os.environ['TOKEN'])\n"


@pytest.fixture
def hello(ry: Commands, tmp_path: Path) -> tuple[str, Path]:
    """A script's name of this test's own, and its folder."""
    name = f"Hello {tmp_path.name}"
    ry.write("hello/script.toml", MANIFEST.format(name=name))
    ry.write("hello/main.py", CODE)
    return name, ry.folder / "hello"


def test_a_round_trip_changes_nothing(ry: Commands, hello: tuple[str, Path]) -> None:
    name, folder = hello
    pushed = ry("scripts", "push", folder, "--json").json
    assert [(item["name"], item["version"], item["outcome"]) for item in pushed] == [(name, 1, "created")]
    before = ry("scripts", "show", name, "--json").json
    pulled = ry("scripts", "pull", name, "-o", "pulled")
    place = ry.folder / pulled.out.strip()
    assert (place / "main.py").read_text() == CODE
    assert "hush" not in (place / "script.toml").read_text()
    assert "unchanged, version 1" in ry("scripts", "push", place).out
    assert ry("scripts", "show", name, "--json").json == before
    assert ry("scripts", "pull", before["id"], "-o", "pulled").code == 0
    ran = ry("run", name, "-f", "-p", "COUNT=3", "-p", "LOUD=yes")
    assert ran.code == 0, ran.err
    assert ran.out == '3 true {"a":[1,null]} ***\n'


def test_pushing_again_makes_a_version(ry: Commands, hello: tuple[str, Path]) -> None:
    name, folder = hello
    ry("scripts", "push", folder)
    (folder / "main.py").write_text("print('new')\n")
    assert "updated, version 2" in ry("scripts", "push", folder, "-m", "says something new").out
    assert "updated, version 3" in ry("scripts", "push", ry.write("bare.py", "print(3)\n"), "--name", name).out
    whole = ry("scripts", "show", name, "--json").json
    assert (whole["code"], whole["description"], len(whole["parameters"])) == ("print(3)\n", "Says hello", 4)
    kept = ry("scripts", "pull", name, "-o", folder.parent / "p")
    (ry.folder / kept.out.strip() / "main.py").write_text("mine")
    refused = ry("scripts", "pull", name, "-o", folder.parent / "p")
    assert refused.code == 1
    assert "--force" in refused.err
    assert ry("scripts", "pull", name, "-o", folder.parent / "p", "--force").code == 0


def test_a_folder_of_folders_is_pushed_whole(ry: Commands, tmp_path: Path) -> None:
    for name in ("x", "y"):
        ry.write(f"many/{name}/script.toml", f'name = "{tmp_path.name} {name}"\nentry = "main.sh"\n')
        ry.write(f"many/{name}/main.sh", "echo\n")
    assert len(ry("scripts", "push", "many", "--json").json) == 2
    listed = ry("scripts", "list", tmp_path.name, "--json").json
    assert [item["name"] for item in listed] == [f"{tmp_path.name} x", f"{tmp_path.name} y"]
    assert f"{tmp_path.name} x" in ry("scripts", "list", "--language", "shell").out


def test_what_is_refused_names_each_field(ry: Commands, hello: tuple[str, Path]) -> None:
    name, folder = hello
    ry("scripts", "push", folder)
    unknown = ry("run", name, "-p", "COUNT=1", "-p", "OTHER=1")
    assert unknown.code == 1
    assert "OTHER: There is no parameter of that name" in unknown.err
    assert "COUNT" in ry("run", name).err
    assert "COUNT: 'many' is not a number" in ry("run", name, "-p", "COUNT=many").err
    assert "at least 1" in ry("run", name, "-p", "COUNT=0").err
    ry.write("bad/script.toml", 'name = "bad"\nentry = "main.py"\nlanguage = "cobol"\ntimeout_s = -1\n')
    ry.write("bad/main.py", "")
    bad = ry("scripts", "push", "bad")
    assert bad.code == 1
    assert "language" in bad.err
    assert "timeout_s" in bad.err


def test_names_that_are_almost_right(ry: Commands, hello: tuple[str, Path]) -> None:
    name, folder = hello
    ry("scripts", "push", folder)
    done = ry("run", name.lower())
    assert done.code == 1
    assert f"Did you mean '{name}'" in done.err


def test_parameters_from_a_document_and_from_standard_input(ry: Commands, hello: tuple[str, Path]) -> None:
    name, folder = hello
    ry("scripts", "push", folder)
    document = ry.write("values.json", json.dumps({"COUNT": 2, "MAP": [1]}))
    done = ry("run", name, "-P", document, "-p", "TOKEN=-", "-f", stdin="secret-word\n")
    assert done.out == "2 false [1] ***\n"


def test_deleting_and_restoring(ry: Commands, hello: tuple[str, Path]) -> None:
    name, folder = hello
    script_id = ry("scripts", "push", folder, "--json").json[0]["id"]
    unasked = ry("scripts", "delete", name)
    assert unasked.code == 2
    assert "--yes" in unasked.err
    gone = ry("scripts", "delete", name, "--yes")
    assert f"runyard scripts restore {script_id}" in gone.out
    assert ry("scripts", "show", name).code == 1
    assert ry("scripts", "restore", script_id).code == 0
    assert ry("scripts", "show", name).code == 0


def test_a_folder_runs_as_a_draft_with_its_parameters(ry: Commands, hello: tuple[str, Path]) -> None:
    _name, folder = hello
    for what in (folder, folder / "main.py"):
        done = ry("run", what, "-f", "-p", "COUNT=1")
        assert done.out == '1 false {"a":[1,null]} ***\n'
        assert ry("run", what, "-p", "OTHER=1").code == 1


def test_a_project_goes_in_and_out(ry: Commands, tmp_path: Path) -> None:
    name = f"Project {tmp_path.name}"
    ry.write("shop/script.toml", f'name = "{name}"\nlanguage = "python"\nentry = "bin/go.py"\nfiles = ["pack/a.py"]\n')
    ry.write("shop/bin/go.py", "import pack.a\n")
    ry.write("shop/pack/a.py", "print('packed')\n")
    assert ry("scripts", "push", ry.folder / "shop").out == f"{name}: created, version 1\n"
    assert ry("run", name, "--follow").out.splitlines()[0] == "packed"
    place = ry.folder / ry("scripts", "pull", name, "-o", "out").out.strip()
    assert (place / "pack/a.py").read_text() == "print('packed')\n"
    (place / "pack/a.py").unlink()
    manifest = (place / "script.toml").read_text()
    (place / "script.toml").write_text(manifest.replace('"pack/a.py"', '"pack/b.py"'))
    (place / "pack/b.py").write_text("print('other')\n")
    assert "version 2" in ry("scripts", "push", place).out
    ry("scripts", "export", name, "-o", "one.zip")
    assert ry("scripts", "import", "one.zip", "--on-conflict", "update").out == f"{name}: unchanged, version 2\n"


def test_parameters_are_read_off_code(ry: Commands) -> None:
    ry.write("job.sh", 'echo "$1" "${MODE:-fast}"\n')
    found = ry("scripts", "analyse", "job.sh", "--json").json
    assert [item["definition"]["key"] for item in found["parameters"]] == ["arg1", "MODE"]
    assert "MODE" in ry("scripts", "analyse", "job.sh").out
