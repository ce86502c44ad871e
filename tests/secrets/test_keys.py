import base64
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from runyard.secrets import keys
from runyard.secrets.keys import MasterKey, MasterKeyUnusable


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_a_missing_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    first = keys.load(tmp_path / "data", {})
    path = tmp_path / "data" / keys.FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(base64.b64decode(path.read_text())) == 32
    assert keys.load(tmp_path / "data", {}) == first
    assert names(tmp_path / "data") == [keys.FILE]


def test_processes_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    got: list[MasterKey] = []
    threads = [threading.Thread(target=lambda: got.append(keys.load(tmp_path, {}))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 8
    assert len({key.secret for key in got}) == 1
    assert names(tmp_path) == [keys.FILE]


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o601])
def test_a_key_that_others_may_read_is_refused_with_the_remedy(tmp_path: Path, mode: int) -> None:
    keys.load(tmp_path, {})
    (tmp_path / keys.FILE).chmod(mode)
    with pytest.raises(MasterKeyUnusable, match="chmod 600"):
        keys.load(tmp_path, {})


@pytest.mark.parametrize("text", ["", "short", "!" * 44, base64.b64encode(b"x" * 31).decode(), "é" * 44])
def test_a_malformed_key_is_refused_and_left_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / keys.FILE
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(MasterKeyUnusable, match="32 bytes") as refused:
        keys.load(tmp_path, {})
    assert not text or text not in refused.value.detail
    assert path.read_text() == text


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
@pytest.mark.parametrize("strip", ["", "="])
def test_the_environment_wins_and_makes_no_file(tmp_path: Path, encode: Callable[[bytes], bytes], strip: str) -> None:
    secret = bytes(range(224, 256))
    given = encode(secret).decode().rstrip(strip or None)
    assert keys.load(tmp_path, {keys.VARIABLE: f" {given}\n"}).secret == secret
    assert names(tmp_path) == []


def test_a_malformed_key_in_the_environment_is_not_replaced_by_the_file(tmp_path: Path) -> None:
    keys.load(tmp_path, {})
    with pytest.raises(MasterKeyUnusable, match="RUNYARD_MASTER_KEY"):
        keys.load(tmp_path, {keys.VARIABLE: "nonsense"})


def test_something_else_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / keys.FILE).mkdir()
    with pytest.raises(MasterKeyUnusable, match="not a regular file"):
        keys.load(tmp_path, {})


def test_an_unwritable_place_says_so(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    with pytest.raises(MasterKeyUnusable, match="can't be"):
        keys.load(tmp_path / "data", {})


def test_derived_keys_differ_by_purpose_and_by_key_and_stay_the_same() -> None:
    key = MasterKey(bytes(32))
    assert key.derive("a") == MasterKey(bytes(32)).derive("a")
    assert len({key.derive("a"), key.derive("b"), MasterKey(b"x" * 32).derive("a"), key.secret}) == 4
    assert len(key.id) == 8


def test_the_key_is_not_shown_by_repr() -> None:
    assert repr(MasterKey(b"s" * 32)) == "MasterKey()"


def test_a_folder_that_leads_nowhere_says_so(tmp_path: Path) -> None:
    (tmp_path / "data").symlink_to(tmp_path / "gone" / "away")
    with pytest.raises(MasterKeyUnusable, match="can't be written"):
        keys.load(tmp_path / "data", {})


def test_a_key_that_was_made_meanwhile_is_the_one(tmp_path: Path) -> None:
    first = keys.load(tmp_path, {})
    keys._create(tmp_path / keys.FILE, "another")
    assert keys.load(tmp_path, {}) == first
    assert names(tmp_path) == [keys.FILE]


def test_a_key_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys.load(tmp_path, {})
    facts = list((tmp_path / keys.FILE).stat()[:10])
    facts[4] = os.geteuid() + 1
    monkeypatch.setattr(os, "fstat", lambda _descriptor: os.stat_result(facts))
    with pytest.raises(MasterKeyUnusable, match="another user"):
        keys.load(tmp_path, {})


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_key_of_another_length_is_none(size: int) -> None:
    with pytest.raises(MasterKeyUnusable, match="32 bytes"):
        MasterKey(bytes(size))
