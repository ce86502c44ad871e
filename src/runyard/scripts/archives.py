"""Files out of zip and tar archives that somebody sends: nothing of them is written, and nothing is believed."""

import io
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO

from runyard.errors import FieldError
from runyard.scripts import trees
from runyard.scripts.errors import BadTree

MOST_ENTRIES = trees.MOST_FILES * 5
MOST_UNPACKED = trees.MOST_BYTES * 8
"""What may be read through in all, skipped parts included: packages and caches are often packed along."""
_CHUNK = 256 * 1024
_UNREADABLE = (zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error, OSError, ValueError, NotImplementedError)
_ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")


def is_archive(name: str) -> bool:
    """Whether a name is one of an archive."""
    return name.lower().endswith(_ENDINGS)


def unpacked(name: str, data: bytes) -> tuple[dict[str, bytes], frozenset[str]]:
    """Return the files of an archive, by path, and which of them are executable; caches and the like are left out.

    Raises: BadTree, with a sentence of its own for everything that is refused.
    """
    found: dict[str, bytes] = {}
    executable: set[str] = set()
    try:
        members = _zip(data) if zipfile.is_zipfile(io.BytesIO(data)) else _tar(data)
        for path, content, runs in members:
            if path in found:
                raise bad(f"{path} is in the archive twice.")
            found[path] = content
            trees.demand_size(len(found), sum(map(len, found.values())))
            if runs:
                executable.add(path)
    except _UNREADABLE as error:
        raise bad(f"{name} is no zip or tar archive that can be read: {error}.") from error
    if not found:
        raise bad("The archive holds no files.")
    return trees.checked(found), frozenset(executable)


def bad(sentence: str) -> BadTree:
    """Return the refusal that says this sentence."""
    return BadTree(sentence, fields=[FieldError("file", sentence, "archive")])


def _path(name: str) -> str | None:
    """Return a member's path; None for what is left out. Raises `BadTree` for a path that leads elsewhere."""
    path = name.removeprefix("./").rstrip("/")
    if not path or path == ".":
        return None
    if (trouble := trees.path_trouble(path)) is not None:
        raise bad(trouble)
    return None if trees.skipped(path) else path


def _zip(data: bytes) -> Iterator[tuple[str, bytes, bool]]:
    left = MOST_UNPACKED
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = archive.infolist()
        if len(entries) > MOST_ENTRIES:
            raise bad(f"The archive has more than {MOST_ENTRIES:,} entries.")
        for entry in entries:
            path = _path(entry.filename)
            mode = entry.external_attr >> 16
            if stat.S_ISLNK(mode):
                raise bad(f"{entry.filename} is a link; links are not taken.")
            if path is None or entry.is_dir():
                continue
            if stat.S_IFMT(mode) not in {0, stat.S_IFREG}:
                raise bad(f"{entry.filename} is no regular file.")
            if entry.flag_bits & 1:
                raise bad(f"{entry.filename} is encrypted.")
            with archive.open(entry) as file:
                content = _bounded(file, min(left, trees.MOST_BYTES))
            left -= len(content)
            yield path, content, bool(mode & 0o100)


def _tar(data: bytes) -> Iterator[tuple[str, bytes, bool]]:
    left, count = MOST_UNPACKED, 0
    # As a stream: a member's size is known before any of it is unpacked.
    with tarfile.open(fileobj=io.BytesIO(data), mode="r|*") as archive:
        for member in archive:
            count += 1
            left -= member.size
            if count > MOST_ENTRIES:
                raise bad(f"The archive has more than {MOST_ENTRIES:,} entries.")
            if left < 0:
                raise bad(f"The archive unpacks to more than {MOST_UNPACKED // 2**20} MiB.")
            path = _path(member.name)
            if member.issym() or member.islnk():
                raise bad(f"{member.name} is a link; links are not taken.")
            if path is None or member.isdir():
                continue
            if not member.isreg():
                raise bad(f"{member.name} is no regular file.")
            file = archive.extractfile(member)
            yield path, _bounded(file, trees.MOST_BYTES) if file else b"", bool(member.mode & 0o100)


def _bounded(file: IO[bytes], most: int) -> bytes:
    """Read a member, whatever size it claims to have."""
    parts: list[bytes] = []
    size = 0
    while chunk := file.read(_CHUNK):
        size += len(chunk)
        if size > most:
            raise bad(f"The files of a project have at most {trees.MOST_BYTES // 2**20} MiB together, unpacked.")
        parts.append(chunk)
    return b"".join(parts)
