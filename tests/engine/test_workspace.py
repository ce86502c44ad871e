import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runyard.engine.workspace import DEEPEST, Layout, Workspaces, read_outputs

CAP = 1000


@pytest.fixture
def spaces(tmp_path: Path) -> Workspaces:
    for name in ("work", "state"):
        (tmp_path / name).mkdir()
    return Workspaces(tmp_path / "work", tmp_path / "state")


def laid_out(spaces: Workspaces, **changes: Any) -> Layout:
    layout = spaces.layout("run_1", 1, "main.py")
    given = {"code": "print('ä')", "parameters": b"{}\n", "links": ()} | changes
    spaces.prepare(layout, "run_1", **given)
    return layout


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_an_attempt_is_laid_out(spaces: Workspaces, tmp_path: Path) -> None:
    uploads = spaces.uploads("run_1")
    uploads.mkdir(parents=True)
    (uploads / "a.txt").write_text("hello")
    before = os.umask(0o077)
    try:
        layout = laid_out(spaces, links=[("node_modules", tmp_path)])
    finally:
        os.umask(before)
    assert layout.entry.read_text() == "print('ä')"
    assert layout.parameters.read_bytes() == b"{}\n"
    assert (layout.files / "a.txt").read_text() == "hello"
    assert (layout.code / "node_modules").readlink() == tmp_path
    assert layout.files == spaces.files("run_1", 1)
    assert not layout.outputs.exists()
    # others may walk to the workspace, only its owner may look into it
    assert [mode(path) for path in (layout.base.parent, layout.base, layout.code)] == [0o711, 0o711, 0o755]
    assert [mode(path) for path in (layout.files, layout.io)] == [0o700, 0o700]


def test_what_a_broken_start_left_is_removed_first(spaces: Workspaces) -> None:
    layout = laid_out(spaces)
    (layout.files / "half").write_text("x")
    layout.outputs.write_text("[]")
    layout = laid_out(spaces, code="second")
    assert list(layout.files.iterdir()) == []
    assert not layout.outputs.exists()
    assert layout.entry.read_text() == "second"


def test_state_directories_stay_and_runs_go(spaces: Workspaces) -> None:
    layout = laid_out(spaces)
    state = spaces.state("scr_1")
    (state / "kept").touch()
    spaces.discard("run_1")
    spaces.discard("run_1")
    assert not layout.base.parent.exists()
    assert (spaces.state("scr_1") / "kept").exists()
    assert mode(state) == 0o700


def outputs(tmp_path: Path, data: bytes) -> tuple[Any, str | None]:
    path = tmp_path / "outputs.json"
    path.write_bytes(data)
    return read_outputs(path, CAP)


kept = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc\u4e16", max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(kept)
def test_any_json_comes_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, value: Any) -> None:
    path = tmp_path_factory.getbasetemp() / f"outputs-{os.getpid()}.json"
    path.write_text(json.dumps(value))
    assert read_outputs(path, 1 << 20) == (value, None)


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"{not json", "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        (b"[1] [2]", "not JSON"),
        (b"NaN", "NaN is not a JSON value"),
        (b'{"a": [-Infinity]}', "-Infinity is not a JSON value"),
        (b"1e999", "too large"),
        (b"1" + b"0" * 400, "too large"),
        (b"1" * 5000, "larger than"),
        (b'"' + b"x" * CAP + b'"', f"larger than {CAP} bytes"),
        (nested(DEEPEST + 2), "nested more than"),
        (b'{"a":' * 150 + b"1" + b"}" * 150, "nested more than"),
        (b'"a\\u0000b"', "NUL"),
        (b'{"a\\u0000": 1}', "NUL"),
        (b'["\\ud800"]', "surrogate"),
    ],
)
def test_what_can_not_be_kept_is_refused_in_words(tmp_path: Path, data: bytes, words: str) -> None:
    value, trouble = outputs(tmp_path, data)
    assert value is None
    assert words in str(trouble)


def test_nests_deeper_than_the_parser_goes(tmp_path: Path) -> None:
    path = tmp_path / "outputs.json"
    path.write_bytes(nested(200_000))
    assert "nested" in str(read_outputs(path, 1 << 20)[1])


@pytest.mark.parametrize("data", [b"", b"  \n "])
def test_an_empty_file_is_no_value(tmp_path: Path, data: bytes) -> None:
    assert outputs(tmp_path, data) == (None, None)


@pytest.mark.parametrize("data", [b"null", b"0", nested(DEEPEST), b'"\\ud83d\\ude00"', b"\xef\xbb\xbf1"])
def test_edges_that_are_fine(tmp_path: Path, data: bytes) -> None:
    assert outputs(tmp_path, data)[1] is None


def test_only_a_regular_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "outputs.json"
    assert read_outputs(path, CAP) == (None, None)
    path.symlink_to("/etc/passwd")
    assert read_outputs(path, CAP) == (None, "The outputs file is not a regular file.")
    path.unlink()
    os.mkfifo(path)
    assert read_outputs(path, CAP) == (None, "The outputs file is not a regular file.")
    path.unlink()
    path.mkdir()
    assert read_outputs(path, CAP) == (None, "The outputs file is not a regular file.")


def test_a_file_that_can_not_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    assert read_outputs(tmp_path / "x", CAP) == (None, "The outputs file can't be read: Permission denied.")


@pytest.mark.needs_root
@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_second_name_of_somebody_else_s_file_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text('"key"')
    io = tmp_path / "io"
    io.mkdir()
    os.chown(io, 64_999, 64_999)
    (io / "outputs.json").hardlink_to(tmp_path / "secret")
    assert read_outputs(io / "outputs.json", CAP) == (None, "The outputs file is somebody else's.")
    os.chown(tmp_path / "secret", 64_999, 64_999)
    assert read_outputs(io / "outputs.json", CAP) == ("key", None)
