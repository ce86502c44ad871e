"""Scripts as files: what is written is what is read."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from runyard.cli.errors import Misuse
from runyard.cli.manifest import MANIFEST, UnusableManifest, files, folder_name, folders, read

SCRIPT: dict[str, Any] = {
    "name": 'Quotes " and \\ and \x7f, 数据',
    "language": "python",
    "description": "Line one\nline two\t\x1b end",
    "tags": ["a", "b c"],
    "requirements": ["pandas>=2,<4", 'x; python_version < "3.12"'],
    "timeout_s": 2.5,
    "network": False,
    "code": "print('a')\r\nprint('b')\n\n# ünï",
    "parameters": [
        {
            "key": "A",
            "label": "",
            "type": "json",
            "required": False,
            "default": {"x y": [1, None], "ok": 1.0},
            "options": [],
        },
        {"key": "B", "type": "json", "required": True, "default": {"x y": [1, 2.5, True], "z": {}}, "min": None},
        {"key": "C", "type": "select", "default": "", "options": [{"value": "a", "label": ""}]},
        {"key": "D", "type": "number", "default": 10**25, "min": -1e300, "max": 5.0},
        {"key": "E", "type": "switch", "default": False, "regex": "^\\d+$"},
    ],
}


def put(folder: Path, contents: dict[str, bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return folder


def stripped(parameter: dict[str, Any]) -> dict[str, Any]:
    return {
        key: value
        for key, value in parameter.items()
        if value is not None and (value not in ("", []) or key == "default")
    }


def test_writing_and_reading_gives_the_same_script(tmp_path: Path) -> None:
    source = read(put(tmp_path / "it", files(SCRIPT)))
    assert source.body == {**SCRIPT, "parameters": [stripped(parameter) for parameter in SCRIPT["parameters"]]}
    assert source.unknown == ()
    assert source.path.name == "main.py"


def test_what_is_unset_stays_unset(tmp_path: Path) -> None:
    bare = {**SCRIPT, "timeout_s": None, "tags": [], "requirements": [], "parameters": [], "description": ""}
    contents = files(bare)
    assert "timeout_s" not in tomllib.loads(contents[MANIFEST].decode())
    assert read(put(tmp_path / "it", contents)).body == bare


def test_a_file_alone_decides_name_language_and_code_only(tmp_path: Path) -> None:
    path = tmp_path / "Tidy up.sh"
    path.write_text("echo\n")
    assert read(path).body == {"name": "Tidy up", "language": "shell", "code": "echo\n"}


def test_a_file_with_its_manifest_beside_it_is_the_whole_script(tmp_path: Path) -> None:
    folder = put(tmp_path / "it", files(SCRIPT))
    assert read(folder / "main.py").body["name"] == SCRIPT["name"]
    other = folder / "other.py"
    other.write_text("")
    assert read(other).manifest is None


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        ("name = ", "not TOML"),
        ("name = 'x'", "entry"),
        ("entry = '../x.py'", "entry"),
        ("entry = 'main.txt'", "language"),
        ("entry = 'main.py'\nparameters = [1]", "parameter"),
        ("entry = 'main.py'\n[[parameters]]\nkey='A'\ndefault_json='{'", "default_json of A"),
    ],
)
def test_manifests_that_are_wrong_say_why(tmp_path: Path, manifest: str, said: str) -> None:
    folder = put(tmp_path / "it", {MANIFEST: manifest.encode(), "main.py": b"", "main.txt": b""})
    with pytest.raises(UnusableManifest, match=said):
        read(folder)


def test_what_is_no_script(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("")
    (tmp_path / "y.py").write_bytes(b"\xff")
    for path, said in (
        (tmp_path, "holds no script.toml"),
        (tmp_path / "x.txt", "languages"),
        (tmp_path / "y.py", "UTF-8"),
    ):
        with pytest.raises(Misuse, match=said):
            read(path)


def test_fields_that_mean_nothing_are_named(tmp_path: Path) -> None:
    manifest = b"entry = 'main.py'\ndescription_zh = 'x'\ntimeout = 5\n"
    assert read(put(tmp_path / "it", {MANIFEST: manifest, "main.py": b""})).unknown == ("timeout",)


def test_a_folder_of_folders(tmp_path: Path) -> None:
    for name in ("b", "a"):
        put(tmp_path / name, files({**SCRIPT, "name": name}))
    (tmp_path / "c").mkdir()
    assert folders(tmp_path) == [tmp_path / "a", tmp_path / "b"]
    assert folders(tmp_path / "a") == [tmp_path / "a"]


@pytest.mark.parametrize(
    ("name", "folder"),
    [("HTTP API to SQLite", "http-api-to-sqlite"), ("../../etc", "etc"), ("数据 清洗", "数据-清洗"), ("...", "script")],
)
def test_folder_names(name: str, folder: str) -> None:
    assert folder_name(name) == folder
