"""Files that a run left in its workspace: listed, opened and packed without ever following what user code planted."""

import errno
import mimetypes
import os
import shutil
import stat
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO

from runyard.runs.errors import BadUpload, DiskFull, NoSuchFile, UploadTooLarge

_DIR = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
MOST_ENTRIES = 5000
MOST_DEPTH = 64
LONGEST_NAME = 255
_COPY = 1024 * 1024
_KINDS = {stat.S_IFREG: "file", stat.S_IFDIR: "dir"}
_TEXT = {".log", ".md", ".csv", ".tsv", ".toml", ".yaml", ".yml", ".jsonl", ".ndjson", ".ini", ".cfg", ".sql"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in a workspace. `path` is relative with ``/``; `kind` is file, dir or other (link, FIFO, device …)."""

    path: str
    kind: str
    size: int
    modified_us: int


def media_type(path: str) -> str:
    """Guess a media type from a name; text for what people read as text."""
    if PurePosixPath(path).suffix.lower() in _TEXT:
        return "text/csv" if path.lower().endswith(".csv") else "text/plain"
    return mimetypes.guess_type(path)[0] or "application/octet-stream"


def listing(root: Path) -> list[Entry]:
    """Return up to `MOST_ENTRIES` entries below `root` in the order of their paths; a root that is gone is empty."""
    found: list[Entry] = []
    with suppress(FileNotFoundError, NotADirectoryError):
        fd = os.open(root, _DIR)
        try:
            _list(fd, "", 0, found)
        finally:
            os.close(fd)
    return found


def _list(fd: int, prefix: str, depth: int, found: list[Entry]) -> None:
    for name in sorted(os.listdir(fd)):
        if len(found) >= MOST_ENTRIES:
            return
        try:
            info = os.stat(name, dir_fd=fd, follow_symlinks=False)
        except FileNotFoundError:
            continue
        path = prefix + os.fsencode(name).decode("utf-8", "replace")
        kind = _KINDS.get(stat.S_IFMT(info.st_mode), "other")
        found.append(Entry(path, kind, info.st_size if kind == "file" else 0, info.st_mtime_ns // 1000))
        if kind == "dir" and depth < MOST_DEPTH:
            try:
                below = os.open(name, _DIR, dir_fd=fd)
            except OSError:
                continue
            try:
                _list(below, path + "/", depth + 1, found)
            finally:
                os.close(below)


def opened(root: Path, path: str) -> tuple[BinaryIO, os.stat_result]:
    """Open a regular file beneath `root` for reading; no component may be a link. Raises `NoSuchFile` for all else."""
    parts = path.split("/")
    if not path or any(part in {"", ".", ".."} or "\0" in part for part in parts):
        raise NoSuchFile
    try:
        fd = os.open(root, _DIR)
    except OSError as error:
        raise NoSuchFile from error
    try:
        for part in parts[:-1]:
            deeper = os.open(part, _DIR, dir_fd=fd)
            os.close(fd)
            fd = deeper
        file = os.open(parts[-1], _FILE, dir_fd=fd)
    except OSError as error:
        raise NoSuchFile from error
    finally:
        os.close(fd)
    info = os.fstat(file)
    if not stat.S_ISREG(info.st_mode):
        os.close(file)
        raise NoSuchFile
    return os.fdopen(file, "rb"), info


def pack(root: Path, target: IO[bytes]) -> int:
    """Write a zip of every regular file beneath `root` to `target`; return how many."""
    count = 0
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
        for entry in listing(root):
            if entry.kind != "file":
                continue
            try:
                file, _info = opened(root, entry.path)
            except NoSuchFile:
                continue
            with file, archive.open(zipfile.ZipInfo(entry.path), "w", force_zip64=True) as packed:
                shutil.copyfileobj(file, packed, _COPY)
            count += 1
    target.seek(0)
    return count


def chunks(file: IO[bytes]) -> Iterator[bytes]:
    """Yield a file's content and close it."""
    with file:
        while chunk := file.read(_COPY):
            yield chunk


def upload_name(given: str | None) -> str:
    """Return the base name under which an upload is kept; raise `BadUpload` for one that can't be."""
    name = (given or "").replace("\\", "/").rsplit("/", 1)[-1].strip()
    if name in {"", ".", ".."} or "\0" in name or len(os.fsencode(name)) > LONGEST_NAME:
        raise BadUpload(f"{given!r} is not a file name that can be used.")
    return name


def store(folder: Path, uploads: Sequence[tuple[str, IO[bytes]]], *, cap: int, spare: int) -> list[str]:
    """Write uploads into a new `folder`; all of them or none. Return their names.

    Raises: UploadTooLarge past `cap` bytes in all, DiskFull when less than `spare` bytes would stay free, BadUpload
    for a name that can't be used or that comes twice.
    """
    names = [upload_name(name) for name, _file in uploads]
    for name in names:
        if names.count(name) > 1:
            raise BadUpload(f"Two of the files are named {name!r}.")
    folder.parent.mkdir(mode=0o711, exist_ok=True)
    folder.mkdir(mode=0o700)
    left = cap
    try:
        for name, (_given, source) in zip(names, uploads, strict=True):
            with (folder / name).open("xb") as target:
                while chunk := source.read(_COPY):
                    left -= len(chunk)
                    if left < 0:
                        raise UploadTooLarge(f"The files are larger than the {cap} bytes allowed.")
                    if shutil.disk_usage(folder).free - len(chunk) < spare:
                        raise DiskFull
                    target.write(chunk)
    except OSError as error:
        shutil.rmtree(folder.parent, ignore_errors=True)
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise DiskFull from error
        raise
    except BaseException:
        shutil.rmtree(folder.parent, ignore_errors=True)
        raise
    return names


def copy_uploads(source: Path, target: Path) -> None:
    """Give another run the same uploads."""
    target.parent.mkdir(mode=0o711, exist_ok=True)
    shutil.copytree(source, target)


def discard(folder: Path) -> None:
    """Remove a run's directory that came to nothing."""
    shutil.rmtree(folder, ignore_errors=True)
