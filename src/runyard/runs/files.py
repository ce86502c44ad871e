"""Files that a run left in its workspace: listed, opened and packed without ever following what user code planted."""

import errno
import mimetypes
import os
import shutil
import stat
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO

from msgspec import Struct

from runyard import clock
from runyard.runs.errors import BadUpload, DiskFull, NoPlainFile, NoSuchFile, UploadsGone, UploadTooLarge

_DIR = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
MOST_ENTRIES = 5000
MOST_DEPTH = 64
LONGEST_NAME = 255
_COPY = 1024 * 1024
_DATES_FROM = clock.to_us(datetime(1, 1, 2, tzinfo=UTC))
_DATES_UNTIL = clock.to_us(datetime(9999, 12, 30, tzinfo=UTC))
# A zip knows the years 1980 to 2107.
_ZIP_FROM = clock.to_us(datetime(1980, 1, 1, tzinfo=UTC))
_ZIP_UNTIL = clock.to_us(datetime(2107, 12, 31, tzinfo=UTC))
_KINDS = {stat.S_IFREG: "file", stat.S_IFDIR: "dir"}
_TEXT = {".log", ".md", ".csv", ".tsv", ".toml", ".yaml", ".yml", ".jsonl", ".ndjson", ".ini", ".cfg", ".sql"}


class Entry(Struct, frozen=True):
    """One name in a workspace. `path` is relative with ``/``; `kind` is file, dir or other (link, FIFO, device …).

    Where a name is not UTF-8, `path` shows replacement characters; `raw` is what it really is, for `opened`.
    """

    path: str
    kind: str
    size: int
    modified_us: int
    raw: str


def media_type(path: str) -> str:
    """Guess a media type from a name; text for what people read as text."""
    if PurePosixPath(path).suffix.lower() in _TEXT:
        return "text/csv" if path.lower().endswith(".csv") else "text/plain"
    return mimetypes.guess_type(path)[0] or "application/octet-stream"


def listing(root: Path) -> list[Entry]:
    """Return up to `MOST_ENTRIES` entries below `root` in the order of their paths; a root that is gone is empty."""
    found: list[Entry] = []
    # A script may have taken its own directory's rights away, or put something else in its place.
    with suppress(OSError):
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
        except OSError:
            continue
        raw = prefix + name
        kind = _KINDS.get(stat.S_IFMT(info.st_mode), "other")
        size = info.st_size if kind == "file" else 0
        found.append(Entry(_shown(raw), kind, size, _moment(info.st_mtime_ns), raw))
        if kind == "dir" and depth < MOST_DEPTH:
            try:
                below = os.open(name, _DIR, dir_fd=fd)
            except OSError:
                continue
            try:
                _list(below, raw + "/", depth + 1, found)
            finally:
                os.close(below)


def _moment(ns: int) -> int:
    """Return µs since 1970; a script may set any time, and not every one is a date."""
    return min(max(ns // 1000, _DATES_FROM), _DATES_UNTIL)


def _shown(raw: str) -> str:
    return os.fsencode(raw).decode("utf-8", "replace")


def opened(root: Path, path: str) -> tuple[BinaryIO, os.stat_result]:
    """Open a regular file beneath `root` for reading; no component may be a link.

    Raises: NoPlainFile where something else has that name, NoSuchFile for all else.
    """
    parts = path.split("/")
    if not path or any(part in {"", ".", ".."} or "\0" in part for part in parts):
        raise NoSuchFile
    try:
        fd = os.open(root, _DIR)
    except OSError as error:
        raise NoSuchFile from error
    owner = os.fstat(fd).st_uid
    try:
        for part in parts[:-1]:
            deeper = os.open(part, _DIR, dir_fd=fd)
            os.close(fd)
            fd = deeper
        file = os.open(parts[-1], _FILE, dir_fd=fd)
    except OSError as error:
        # What a link or a socket answers to being opened as it is.
        raise (NoPlainFile if error.errno in {errno.ELOOP, errno.ENXIO} else NoSuchFile) from error
    finally:
        os.close(fd)
    info = os.fstat(file)
    # A second name of somebody else's file is how a script would have us read what it may not.
    if not stat.S_ISREG(info.st_mode) or (info.st_nlink > 1 and info.st_uid != owner):
        os.close(file)
        raise NoPlainFile
    return os.fdopen(file, "rb"), info


def shown(root: Path, path: str) -> tuple[BinaryIO, os.stat_result]:
    """Open a file by the path that a listing shows, where that is not its real one too. Raises as `opened` does."""
    try:
        return opened(root, path)
    except NoSuchFile:
        if "\ufffd" not in path:
            raise
        raw = next((entry.raw for entry in listing(root) if entry.path == path), path)
        return opened(root, raw)


def pack(root: Path, target: IO[bytes]) -> int:
    """Write a zip of every regular file beneath `root` to `target`; return how many. Raises: DiskFull."""
    taken: set[str] = set()
    try:
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
            for entry in listing(root):
                if entry.kind != "file":
                    continue
                try:
                    file, info = opened(root, entry.raw)
                except NoSuchFile:
                    continue
                with file, archive.open(_member(entry, taken), "w", force_zip64=True) as packed:
                    # What a living run goes on writing is not waited for.
                    _copy(file, packed, info.st_size)
    except OSError as error:
        raise _disk_trouble(error) from error
    target.seek(0)
    return len(taken)


def _member(entry: Entry, taken: set[str]) -> zipfile.ZipInfo:
    # On Windows a backslash separates folders too, and with it ways out of the one that is unpacked into.
    name = given = entry.path.replace("\\", "_")
    number = 1
    while name in taken:
        number += 1
        name = f"{given} ({number})"
    taken.add(name)
    moment = clock.from_us(min(max(entry.modified_us, _ZIP_FROM), _ZIP_UNTIL))
    member = zipfile.ZipInfo(name, moment.timetuple()[:6])
    member.compress_type = zipfile.ZIP_DEFLATED
    return member


def _copy(source: IO[bytes], target: IO[bytes], size: int) -> None:
    while size > 0 and (chunk := source.read(min(_COPY, size))):
        target.write(chunk)
        size -= len(chunk)


def _disk_trouble(error: OSError) -> Exception:
    return DiskFull() if error.errno in {errno.ENOSPC, errno.EDQUOT} else error


def chunks(file: IO[bytes]) -> Iterator[bytes]:
    """Yield a file's content and close it."""
    with file:
        while chunk := file.read(_COPY):
            yield chunk


def upload_name(given: str | None) -> str:
    """Return the base name under which an upload is kept; raise `BadUpload` for one that can't be."""
    name = (given or "").replace("\\", "/").rsplit("/", 1)[-1].strip()
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        size = 0
    if name in {".", ".."} or "\0" in name or not 0 < size <= LONGEST_NAME:
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
        raise _disk_trouble(error) from error
    except BaseException:
        shutil.rmtree(folder.parent, ignore_errors=True)
        raise
    return names


def sizes(uploads: Sequence[tuple[str, IO[bytes]]]) -> dict[str, int]:
    """Return the size of each file, in bytes, under the name that it will have."""
    found = {}
    for name, file in uploads:
        found[upload_name(name)] = file.seek(0, os.SEEK_END)
        file.seek(0)
    return found


def copy_uploads(source: Path, target: Path, *, spare: int) -> None:
    """Give another run the same uploads; all of them or none.

    Raises: UploadsGone when they were swept away, DiskFull when less than `spare` bytes would stay free.
    """
    target.parent.mkdir(mode=0o711, exist_ok=True)
    try:
        needed = sum(path.stat().st_size for path in source.iterdir())
        if shutil.disk_usage(target.parent).free - needed < spare:
            raise DiskFull
        shutil.copytree(source, target)
    except FileNotFoundError as error:
        discard(target.parent)
        raise UploadsGone from error
    except shutil.Error as error:
        discard(target.parent)
        raise DiskFull from error
    except OSError as error:
        discard(target.parent)
        raise _disk_trouble(error) from error
    except DiskFull:
        discard(target.parent)
        raise


def discard(folder: Path) -> None:
    """Remove a run's directory that came to nothing."""
    shutil.rmtree(folder, ignore_errors=True)
