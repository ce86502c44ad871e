"""Archives that somebody sends: each thing that is refused has its own sentence."""

import io
import stat
import tarfile
import zipfile
from collections.abc import Callable

import pytest

from runyard.scripts import archives, trees
from runyard.scripts.errors import BadTree

Fill = Callable[[str, bytes], None]


def zipped(*entries: tuple[str, bytes], mode: int = 0) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return target.getvalue()


def tarred(*entries: tuple[str, bytes] | tarfile.TarInfo, kind: str = "w:gz") -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode=kind) as archive:  # type: ignore[call-overload]
        for entry in entries:
            if isinstance(entry, tarfile.TarInfo):
                archive.addfile(entry)
                continue
            info = tarfile.TarInfo(entry[0])
            info.size = len(entry[1])
            info.mode = 0o755 if entry[0].endswith(".sh") else 0o644
            archive.addfile(info, io.BytesIO(entry[1]))
    return target.getvalue()


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


@pytest.mark.parametrize("kind", ["w", "w:gz", "w:bz2", "w:xz"])
def test_a_tar(kind: str) -> None:
    data = tarred(
        ("./a.py", b"1"), ("d/run.sh", b"2"), ("d/.git/config", b"3"), ("node_modules/x/i.js", b"4"), kind=kind
    )
    assert archives.unpacked("x.tar", data) == ({"a.py": b"1", "d/run.sh": b"2"}, frozenset({"d/run.sh"}))


def test_a_zip() -> None:
    data = zipped(("a.py", b"1"), ("d/", b""), ("d/ü.sh", b"2"), ("__MACOSX/._a", b"3"), ("b.pyc", b"4"), mode=0o755)
    assert archives.unpacked("x.zip", data) == ({"a.py": b"1", "d/ü.sh": b"2"}, frozenset({"a.py", "d/ü.sh"}))


@pytest.mark.parametrize("pack", [zipped, tarred])
@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("../evil.py", "leads out of the project"),
        ("a/../../evil.py", "leads out of the project"),
        ("/etc/cron.d/evil", "not relative"),
        ("C:/evil.py", "not relative"),
        ("a\\..\\evil.py", "not relative"),
        ("a//b.py", "no path of a file"),
        ("a\nb.py", "control characters"),
        ("/".join(["d"] * 40) + "/a.py", "too long or too deep"),
        ("x" * 300, "too long or too deep"),
    ],
)
def test_paths_that_lead_elsewhere(pack: Callable[..., bytes], name: str, sentence: str) -> None:
    with pytest.raises(BadTree, match=sentence):
        archives.unpacked("x", pack(("good.py", b""), (name, b"x")))


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (zipped(("link", b"/etc/passwd"), mode=stat.S_IFLNK | 0o777), "links are not taken"),
        (zipped(("pipe", b""), mode=stat.S_IFIFO | 0o644), "no regular file"),
        (tarred(special("link", tarfile.SYMTYPE, "/etc/passwd")), "links are not taken"),
        (tarred(("a", b"1"), special("hard", tarfile.LNKTYPE, "a")), "links are not taken"),
        (tarred(special("fifo", tarfile.FIFOTYPE)), "no regular file"),
        (tarred(special("device", tarfile.CHRTYPE)), "no regular file"),
        (zipped(("a", b"1"), ("a/b", b"2")), "both a file and a folder"),
        (zipped(), "holds no files"),
        (zipped((".git/config", b"")), "holds no files"),
        (b"not an archive", "no zip or tar archive"),
        (zipped(("a", b"1" * 5000))[:-30], "no zip or tar archive"),
        (tarred(("a", bytes(range(256)) * 400))[:200], "no zip or tar archive"),
        (tarred(("a", b"1"), ("a", b"2")), "twice"),
        (zipped(*((f"f{n}", b"") for n in range(trees.MOST_FILES + 1))), "at most 2000 files"),
        (tarred(*(special(f"f{n}", tarfile.DIRTYPE) for n in range(archives.MOST_ENTRIES + 1))), "10,000 entries"),
    ],
    # Archives carry the time at which they were made; names of tests may not.
    ids=lambda value: value if isinstance(value, str) else "data",
)
def test_what_is_refused(data: bytes, sentence: str) -> None:
    with pytest.raises(BadTree, match=sentence) as caught:
        archives.unpacked("x", data)
    assert [field.code for field in caught.value.fields] in (["archive"], ["tree"])


def test_bombs() -> None:
    zeros = bytes(trees.MOST_BYTES + 1)
    for data in (zipped(("bomb", zeros)), tarred(("bomb", zeros))):
        assert len(data) < 200_000
        with pytest.raises(BadTree, match="at most 32 MiB together"):
            archives.unpacked("x", data)
    with pytest.raises(BadTree, match="at most 32 MiB together"):
        archives.unpacked("x", zipped(*((f"part{n}", zeros[: 2**24]) for n in range(3))))
    # What is skipped is read through all the same, so it is bounded too.
    claim = tarfile.TarInfo("node_modules/huge")
    claim.size = archives.MOST_UNPACKED + 1
    with pytest.raises(BadTree, match="unpacks to more than 256 MiB"):
        archives.unpacked("x", claim.tobuf() + bytes(1024))


def test_a_zip_that_lies_about_sizes() -> None:
    data = bytearray(zipped(("bomb", bytes(1_000_000))))
    for mark, at in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        place = data.index(mark) + at
        data[place : place + 4] = (10).to_bytes(4, "little")
    with pytest.raises(BadTree):
        archives.unpacked("x", bytes(data))


def test_an_encrypted_zip() -> None:
    data = bytearray(zipped(("a", b"1")))
    for mark, at in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        data[data.index(mark) + at] |= 1
    with pytest.raises(BadTree, match="is encrypted"):
        archives.unpacked("x", bytes(data))


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.ZIP", True), ("a.tar.gz", True), ("a.tgz", True), ("a.gz", False), ("zip", False), ("a.zip.py", False)],
)
def test_what_is_taken_for_an_archive(name: str, *, expected: bool) -> None:
    assert archives.is_archive(name) is expected


def test_a_zip_of_too_many_entries() -> None:
    packed = zipped(*((f"d{n}/", b"") for n in range(archives.MOST_ENTRIES + 1)))
    with pytest.raises(BadTree, match="10,000 entries"):
        archives.unpacked("x", packed)


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["p/a.py", "p/b/c.txt"], ["a.py", "b/c.txt"]),
        (["p/a.py", "q/b.py"], ["p/a.py", "q/b.py"]),
        (["p/a.py", "b.py"], ["p/a.py", "b.py"]),
        ([], []),
    ],
)
def test_the_one_folder_around_everything_is_taken_off(paths: list[str], expected: list[str]) -> None:
    assert list(trees.without_root(dict.fromkeys(paths, b""))) == expected


def test_what_could_be_started_comes_in_order() -> None:
    found = trees.entries(["lib/main.py", "zeta.py", "notes.txt", "main.py", "index.js", "alpha.sh"])
    assert found[0] == "main.py"
    assert found[-1] == "lib/main.py"
    assert set(found) == {"lib/main.py", "zeta.py", "main.py", "index.js", "alpha.sh"}


def test_the_place_itself_is_no_file() -> None:
    found, _ = archives.unpacked("x", tarred(special("./", tarfile.DIRTYPE), ("./a", b"1")))
    assert found == {"a": b"1"}


def test_contents_that_come_without_an_archive_obey_the_same_rules() -> None:
    with pytest.raises(BadTree, match="leads out of the project"):
        trees.checked({"good": b"", "../evil": b""})
