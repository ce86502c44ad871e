import io
import os
import shutil
import socket
import stat
import zipfile
from pathlib import Path
from typing import Any

import pytest

from runyard import clock
from runyard.runs import files
from runyard.runs.errors import BadUpload, DiskFull, NoPlainFile, NoSuchFile, UploadsGone, UploadTooLarge

ROOT = os.geteuid() == 0


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A workspace with something of everything, beside a file that no one inside may read."""
    (tmp_path / "secret").write_text("the master key")
    root = tmp_path / "files"
    root.mkdir()
    (root / "a.txt").write_text("hello")
    (root / "sub" / "deep").mkdir(parents=True)
    (root / "sub" / "deep" / "b.csv").write_text("x,y\n")
    (root / "link").symlink_to("/etc/passwd")
    (root / "out").symlink_to("..")
    (root / "sub" / "up").symlink_to("../a.txt")
    (root / "loop").symlink_to("loop")
    os.mkfifo(root / "fifo")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.path.relpath(root / "sock"))
    return root


def paths(root: Path, kind: str) -> list[str]:
    return [entry.path for entry in files.listing(root) if entry.kind == kind]


def packed(root: Path) -> zipfile.ZipFile:
    target = io.BytesIO()
    count = files.pack(root, target)
    archive = zipfile.ZipFile(target)
    assert len(archive.infolist()) == count
    assert archive.testzip() is None
    return archive


def content(root: Path, path: str) -> bytes:
    file, info = files.opened(root, path)
    with file:
        data = file.read()
    assert len(data) == info.st_size
    return data


def test_a_listing_names_everything_and_follows_nothing(root: Path) -> None:
    assert paths(root, "file") == ["a.txt", "sub/deep/b.csv"]
    assert paths(root, "dir") == ["sub", "sub/deep"]
    assert paths(root, "other") == ["fifo", "link", "loop", "out", "sock", "sub/up"]
    sizes = {entry.path: entry.size for entry in files.listing(root)}
    assert sizes["a.txt"] == 5
    assert sizes["sub"] == sizes["link"] == 0


def test_files_are_read_by_their_path(root: Path) -> None:
    assert content(root, "a.txt") == b"hello"
    assert content(root, "sub/deep/b.csv") == b"x,y\n"


@pytest.mark.parametrize(
    "path",
    [
        *("", ".", "..", "/", "/etc/passwd", "//a.txt", "a.txt/", "./a.txt", "../secret", "sub/../a.txt"),
        *("sub", "sub/", "link", "out/secret", "sub/up", "loop", "loop/x", "fifo", "sock", "a.txt/x", "nothing"),
        *("a.txt\0", "\0", "x" * 300, "/".join("d" * 3000)),
    ],
)
def test_whatever_else_is_asked_for_is_not_there(root: Path, path: str) -> None:
    with pytest.raises(NoSuchFile):
        files.opened(root, path)


@pytest.mark.parametrize("path", ["sub", "link", "loop", "fifo", "sock", "sub/up"])
def test_what_is_no_plain_file_is_told_to_be_none(root: Path, path: str) -> None:
    with pytest.raises(NoPlainFile):
        files.opened(root, path)


def test_a_file_is_opened_by_the_path_that_is_shown(root: Path) -> None:
    (root / os.fsdecode(b"caf\xe9.txt")).write_text("bytes")
    file, _info = files.shown(root, "caf\ufffd.txt")
    with file:
        assert file.read() == b"bytes"
    with pytest.raises(NoSuchFile):
        files.shown(root, "th\ufffd.txt")
    with pytest.raises(NoPlainFile):
        files.shown(root, "link")


def test_a_root_that_is_gone_or_is_no_directory(tmp_path: Path, root: Path) -> None:
    (tmp_path / "way").symlink_to(root)
    for place in (tmp_path / "gone", tmp_path / "secret", tmp_path / "way"):
        assert files.listing(place) == []
        assert packed(place).namelist() == []
        with pytest.raises(NoSuchFile):
            files.opened(place, "a.txt")


@pytest.mark.needs_root
@pytest.mark.skipif(not ROOT, reason="only root makes devices and gives files away")
def test_devices_and_second_names_of_other_people_s_files_are_not_read(root: Path, tmp_path: Path) -> None:
    os.mknod(root / "zero", stat.S_IFCHR | 0o666, os.makedev(1, 5))
    os.chown(root, 64_999, 64_999)
    (root / "stolen").hardlink_to(tmp_path / "secret")
    (root / "own").write_text("mine")
    os.chown(root / "own", 64_999, 64_999)
    (root / "own too").hardlink_to(root / "own")
    for path in ("zero", "stolen"):
        with pytest.raises(NoSuchFile):
            files.opened(root, path)
    assert content(root, "own too") == b"mine"
    assert "stolen" not in packed(root).namelist()
    assert "zero" in paths(root, "other")


def test_names_that_are_no_text(root: Path) -> None:
    for name in (b"caf\xe9", b"caf\xe8", "naïve \u4e16\n\t.txt".encode()):
        (root / os.fsdecode(name)).write_bytes(name)
    entries = {entry.raw: entry for entry in files.listing(root)}
    odd = entries[os.fsdecode(b"caf\xe9")]
    assert odd.path == "caf\ufffd"
    assert content(root, odd.raw) == b"caf\xe9"
    assert content(root, "naïve \u4e16\n\t.txt") == "naïve \u4e16\n\t.txt".encode()
    archive = packed(root)
    assert {"caf\ufffd", "caf\ufffd (2)"} <= set(archive.namelist())
    assert {archive.read("caf\ufffd"), archive.read("caf\ufffd (2)")} == {b"caf\xe9", b"caf\xe8"}


def test_deep_nests_end_somewhere(tmp_path: Path) -> None:
    fd = os.open(tmp_path, os.O_RDONLY)
    for _ in range(200):
        os.mkdir("d", dir_fd=fd)
        deeper = os.open("d", os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = deeper
    os.close(fd)
    assert len(files.listing(tmp_path)) == files.MOST_DEPTH + 1
    shutil.rmtree(tmp_path / "d")


def test_huge_directories_end_somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST_ENTRIES", 10)
    for name in range(30):
        (tmp_path / f"{name:03}").touch()
    (tmp_path / "000d").mkdir()
    assert [entry.path for entry in files.listing(tmp_path)][:3] == ["000", "000d", "001"]
    assert len(files.listing(tmp_path)) == 10
    assert len(packed(tmp_path).namelist()) == 9


def test_what_vanishes_or_is_locked_while_it_is_looked_at(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real_stat, real_open = os.stat, os.open

    def stat_(path: Any, **options: Any) -> os.stat_result:
        if path == "a.txt":
            raise PermissionError(13, "Permission denied")
        return real_stat(path, **options)

    def open_(path: Any, flags: int, *args: Any, **options: Any) -> int:
        if path == "deep":
            raise FileNotFoundError(2, "gone")
        return real_open(path, flags, *args, **options)

    monkeypatch.setattr(os, "stat", stat_)
    monkeypatch.setattr(os, "open", open_)
    assert paths(root, "file") == []
    assert paths(root, "dir") == ["sub", "sub/deep"]
    with pytest.raises(NoSuchFile):
        files.opened(root, "sub/deep/b.csv")


def test_a_file_that_goes_between_listing_and_packing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = files.listing(root)
    monkeypatch.setattr(files, "listing", lambda _root: before)
    (root / "a.txt").unlink()
    assert packed(root).namelist() == ["sub/deep/b.csv"]


@pytest.mark.parametrize("when", [-(10**12), 0, 1_700_000_000, 10**10, 10**15])
def test_any_time_that_a_script_may_set_can_be_shown_and_packed(root: Path, when: int) -> None:
    try:
        os.utime(root / "a.txt", (when, when))
    except OverflowError:
        pytest.fail("the platform takes no such time")
    (entry,) = (entry for entry in files.listing(root) if entry.path == "a.txt")
    assert clock.from_us(entry.modified_us).year >= 1
    assert 1980 <= packed(root).getinfo("a.txt").date_time[0] <= 2107


def test_a_zip_is_compressed_and_holds_no_way_out(root: Path) -> None:
    (root / "zeros").write_bytes(b"\0" * 1_000_000)
    (root / "..\\..\\evil").write_text("x")
    archive = packed(root)
    assert archive.getinfo("zeros").compress_size < 10_000
    assert ".._.._evil" in archive.namelist()
    assert not any("\\" in name or name.startswith("/") or ".." in name.split("/") for name in archive.namelist())


def test_a_file_that_grows_is_packed_as_it_was(root: Path) -> None:
    target = io.BytesIO()
    files._copy(io.BytesIO(b"0123456789"), target, 4)
    files._copy(io.BytesIO(b"ab"), target, 4)
    assert target.getvalue() == b"0123ab"


class Full(io.BytesIO):
    def write(self, _data: Any) -> int:
        raise OSError(28, "No space left on device")


def test_a_disk_that_is_full_while_packing(root: Path) -> None:
    with pytest.raises(DiskFull):
        files.pack(root, Full())


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("a.txt", "text/plain"),
        ("x/A.CSV", "text/csv"),
        ("a.html", "text/html"),
        ("p.png", "image/png"),
        ("q.sql", "text/plain"),
        ("none", "application/octet-stream"),
        ("a.zip", "application/zip"),
    ],
)
def test_media_types(path: str, kind: str) -> None:
    assert files.media_type(path) == kind


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("a.csv", "a.csv"),
        ("/etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("C:\\x\\y.txt", "y.txt"),
        (" \u4e16.txt ", "\u4e16.txt"),
        (".profile", ".profile"),
    ],
)
def test_uploads_are_kept_by_base_name(given: str, name: str) -> None:
    assert files.upload_name(given) == name


@pytest.mark.parametrize("given", [None, "", " ", ".", "..", "a/", "a/..", "x\0y", "n" * 256, "\u4e16" * 90, "\ud800"])
def test_names_that_can_not_be_kept(given: str | None) -> None:
    with pytest.raises(BadUpload):
        files.upload_name(given)


def uploads(**named: bytes) -> list[tuple[str, Any]]:
    return [(name, io.BytesIO(data)) for name, data in named.items()]


def test_uploads_are_stored_whole(tmp_path: Path) -> None:
    folder = tmp_path / "run" / "uploads"
    assert files.store(folder, uploads(a=b"1", b=b"22"), cap=3, spare=0) == ["a", "b"]
    assert (folder / "b").read_bytes() == b"22"
    assert folder.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("given", "options", "problem"),
    [
        (uploads(a=b"1", b=b"22"), {"cap": 2, "spare": 0}, UploadTooLarge),
        (uploads(a=b"1"), {"cap": 9, "spare": 1 << 62}, DiskFull),
        ([("a", io.BytesIO(b"1")), ("x/a", io.BytesIO(b"2"))], {"cap": 9, "spare": 0}, BadUpload),
        ([("..", io.BytesIO(b"1"))], {"cap": 9, "spare": 0}, BadUpload),
    ],
)
def test_all_of_the_uploads_or_none(
    tmp_path: Path, given: list[tuple[str, Any]], options: dict[str, int], problem: type[Exception]
) -> None:
    with pytest.raises(problem):
        files.store(tmp_path / "run" / "uploads", given, **options)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("number", "raised"), [(28, DiskFull), (122, DiskFull), (5, OSError)])
def test_trouble_of_the_disk_leaves_nothing_behind(tmp_path: Path, number: int, raised: type[Exception]) -> None:
    class Broken(io.BytesIO):
        def read(self, _size: int | None = -1) -> bytes:
            raise OSError(number, "trouble")

    with pytest.raises(raised):
        files.store(tmp_path / "run" / "uploads", [("a", Broken())], cap=9, spare=0)
    assert list(tmp_path.iterdir()) == []


def test_uploads_go_along_to_another_run(tmp_path: Path) -> None:
    files.store(tmp_path / "one" / "uploads", uploads(a=b"1"), cap=9, spare=0)
    files.copy_uploads(tmp_path / "one" / "uploads", tmp_path / "two" / "uploads", spare=0)
    assert (tmp_path / "two" / "uploads" / "a").read_bytes() == b"1"
    with pytest.raises(DiskFull):
        files.copy_uploads(tmp_path / "one" / "uploads", tmp_path / "three" / "uploads", spare=1 << 62)
    files.discard(tmp_path / "one")
    with pytest.raises(UploadsGone):
        files.copy_uploads(tmp_path / "one" / "uploads", tmp_path / "three" / "uploads", spare=0)
    assert [path.name for path in tmp_path.iterdir()] == ["two"]


@pytest.mark.parametrize(
    ("error", "raised"),
    [(OSError(28, "full"), DiskFull), (OSError(5, "broken"), OSError), (shutil.Error("full"), DiskFull)],
)
def test_a_copy_that_fails_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, raised: type[Exception]
) -> None:
    files.store(tmp_path / "one" / "uploads", uploads(a=b"1"), cap=9, spare=0)

    def copy(*_: Any) -> None:
        raise error

    monkeypatch.setattr(shutil, "copytree", copy)
    with pytest.raises(raised):
        files.copy_uploads(tmp_path / "one" / "uploads", tmp_path / "two" / "uploads", spare=0)
    assert not (tmp_path / "two").exists()


def test_chunks_close_the_file(root: Path) -> None:
    file, _info = files.opened(root, "a.txt")
    assert b"".join(files.chunks(file)) == b"hello"
    assert file.closed
