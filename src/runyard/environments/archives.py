"""Environments as files: a lock and the packages themselves, for machines without a network.

A zip of ``manifest.json``, ``lock.txt`` and, for Python, ``wheels/*.whl``. Wheels are packed from what is installed,
by their RECORD, so that nothing has to be fetched; their hashes go into the lock.
"""

import csv
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any

from msgspec import Struct
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from runyard.errors import Conflict, Invalid

VERSION = 1
_STAMP = (1980, 1, 1, 0, 0, 0)
_LARGEST = 8 * 1024 * 1024 * 1024
_LARGEST_TEXT = 16 * 1024 * 1024
_MOST_WHEELS = 5000
_LOCAL = frozenset({"INSTALLER", "REQUESTED", "RECORD", "direct_url.json", "uv_cache.json"})
_LOCKED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*==[A-Za-z0-9.!+_-]+ --hash=sha256:[0-9a-f]{64}")
_SHEBANG = re.compile(rb"^#!.*\n")


class NotExportable(Conflict):
    """This environment can't be exported."""


class ArchiveMalformed(Invalid):
    """That is not an exported environment."""


class Manifest(Struct, frozen=True):
    """What an archive says of itself."""

    kind: str
    requirements: tuple[str, ...]
    requires_python: str
    interpreter: str
    platform: str


def pack(environment: Path, manifest: Manifest, requirements: Iterable[tuple[str, str]], file: IO[bytes]) -> None:
    """Write a Python environment as an archive; `requirements` are the names and versions of its lock.

    Raises: NotExportable for a package that its RECORD does not describe.
    """
    lines = []
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        infos = {_project(info): info for info in environment.glob("lib/python*/site-packages/*.dist-info")}
        for name, version in requirements:
            info = infos.get(canonicalize_name(name))
            if info is None:
                raise NotExportable(f"{name} is not there as it was installed.")
            file_name, data = _wheel(environment, info)
            _write(archive, f"wheels/{file_name}", data)
            found = info.name.removesuffix(".dist-info").partition("-")[2] or version
            lines.append(f"{name}=={found} --hash=sha256:{hashlib.sha256(data).hexdigest()}\n")
        _write(archive, "lock.txt", "".join(sorted(lines)).encode())
        told = {
            "v": VERSION,
            "kind": manifest.kind,
            "requirements": manifest.requirements,
            "requires_python": manifest.requires_python,
            "interpreter": manifest.interpreter,
            "platform": manifest.platform,
        }
        _write(archive, "manifest.json", json.dumps(told, indent=2).encode())


def unpack(file: IO[bytes], wheels: Path) -> tuple[Manifest, str]:
    """Put an archive's wheels into a directory that is there already; return its manifest and lock.

    Every name and size is checked before anything is written. Raises: ArchiveMalformed.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            names = [member.filename for member in members]
            if len(names) != len(set(names)) or len(members) > _MOST_WHEELS:
                raise ArchiveMalformed("The archive holds too many files, or one twice.")
            if sum(member.file_size for member in members) > _LARGEST:
                raise ArchiveMalformed("The archive unpacks to more than is taken in.")
            manifest = _manifest(_text(archive, "manifest.json"))
            lock = _text(archive, "lock.txt")
            if not all(_LOCKED.fullmatch(line) for line in lock.splitlines()):
                raise ArchiveMalformed("The archive's lock is not one.")
            for member in members:
                if member.filename not in {"manifest.json", "lock.txt"}:
                    _take(archive, member, wheels)
    except (zipfile.BadZipFile, OSError, EOFError, RuntimeError, NotImplementedError, KeyError) as error:
        raise ArchiveMalformed("The archive can't be read.") from error
    return manifest, lock


def _take(archive: zipfile.ZipFile, member: zipfile.ZipInfo, wheels: Path) -> None:
    folder, _, name = member.filename.rpartition("/")
    try:
        parse_wheel_filename(name)
    except InvalidWheelFilename as error:
        raise ArchiveMalformed(f"{member.filename[:200]!r} does not belong into an exported environment.") from error
    if folder != "wheels" or "\\" in name or name.startswith("."):
        raise ArchiveMalformed(f"{member.filename[:200]!r} does not belong into an exported environment.")
    left = member.file_size
    with archive.open(member) as source, (wheels / name).open("xb") as target:
        while chunk := source.read(1024 * 1024):
            left -= len(chunk)
            if left < 0:
                raise ArchiveMalformed("The archive lies about its sizes.")
            target.write(chunk)


def _manifest(text: str) -> Manifest:
    try:
        told: dict[str, Any] = json.loads(text)
        if told["v"] != VERSION or told["kind"] != "python":
            raise ArchiveMalformed("The archive is of a kind that this version can't import.")
        found = Manifest(
            kind=told["kind"],
            requirements=tuple(map(str, told["requirements"])),
            requires_python=str(told["requires_python"]),
            interpreter=str(told["interpreter"]),
            platform=str(told["platform"]),
        )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ArchiveMalformed from error
    return found


def _text(archive: zipfile.ZipFile, name: str) -> str:
    with archive.open(name) as member:
        data = member.read(_LARGEST_TEXT + 1)
    if len(data) > _LARGEST_TEXT:
        raise ArchiveMalformed(f"{name} is too large.")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise ArchiveMalformed from error


def _project(info: Path) -> str:
    return canonicalize_name(info.name.removesuffix(".dist-info").partition("-")[0])


def _wheel(environment: Path, info: Path) -> tuple[str, bytes]:
    """Return the file name and the bytes of the wheel that an installed package came from, near enough."""
    stem = info.name.removesuffix(".dist-info")
    packed = io.BytesIO()
    record: list[tuple[str, str, int]] = []
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as wheel:
        for name, data in sorted(_contents(environment, info, stem)):
            digest = hashlib.sha256(data).digest()
            record.append((name, f"sha256={_base64(digest)}", len(data)))
            _write(wheel, name, data, zipfile.ZIP_DEFLATED)
        lines = [",".join((_quoted(name), digest, str(size))) for name, digest, size in record]
        _write(wheel, f"{info.name}/RECORD", "\n".join([*lines, f"{info.name}/RECORD,,", ""]).encode())
    return f"{stem}-{_tag(info)}.whl", packed.getvalue()


def _contents(environment: Path, info: Path, stem: str) -> Iterator[tuple[str, bytes]]:
    site = info.parent
    try:
        with (info / "RECORD").open(newline="", encoding="utf-8") as file:
            names = [row[0] for row in csv.reader(file) if row]
        commands = _commands(info)
        for name in names:
            place = _place(site, environment, name)
            if place is None or place.suffix == ".pyc" or (place.parent == info and place.name in _LOCAL):
                continue
            data = place.read_bytes()
            if place.is_relative_to(site):
                yield place.relative_to(site).as_posix(), data
            elif place.parent == environment / "bin":
                if place.name not in commands:
                    # A script with its interpreter's path in it, which an installer puts there anew.
                    plain = _SHEBANG.sub(b"#!python\n", data) if data.startswith(b"#!") else data
                    yield f"{stem}.data/scripts/{place.name}", plain
            else:
                yield f"{stem}.data/data/{place.relative_to(environment).as_posix()}", data
    except (OSError, ValueError, csv.Error) as error:
        raise NotExportable(f"{stem} can't be read: {error}") from error


def _place(site: Path, environment: Path, name: str) -> Path | None:
    """Return where a file of a RECORD lies; None for what is outside the environment."""
    parts: list[str] = []
    for part in (*site.relative_to(environment).parts, *PurePosixPath(name).parts):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part == "/":
            return None
        else:
            parts.append(part)
    place = environment.joinpath(*parts)
    return None if place.is_symlink() or not place.resolve().is_relative_to(environment.resolve()) else place


def _commands(info: Path) -> set[str]:
    """Return the commands that an installer makes from entry points."""
    try:
        text = (info / "entry_points.txt").read_text()
    except OSError:
        return set()
    found: set[str] = set()
    section = ""
    for line in text.splitlines():
        if line.strip().startswith("["):
            section = line.strip()
        elif "=" in line and section in {"[console_scripts]", "[gui_scripts]"}:
            found.add(line.partition("=")[0].strip())
    return found


def _tag(info: Path) -> str:
    """Return the compatibility tags of a wheel's file name, from what it says of itself."""
    lines = (info / "WHEEL").read_text().splitlines()
    tags = [line.partition(":")[2].strip().split("-") for line in lines if line.startswith("Tag:")]
    build = next((line.partition(":")[2].strip() for line in lines if line.startswith("Build:")), "")
    parts = [".".join(dict.fromkeys(tag[position] for tag in tags)) for position in range(3)] if tags else []
    return "-".join(filter(None, (build, *(parts or ["py3", "none", "any"]))))


def _write(archive: zipfile.ZipFile, name: str, data: bytes, how: int = zipfile.ZIP_STORED) -> None:
    # The same environment gives the same bytes.
    member = zipfile.ZipInfo(name, _STAMP)
    member.compress_type = how
    member.external_attr = 0o644 << 16
    archive.writestr(member, data)


def _base64(digest: bytes) -> str:
    import base64

    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _quoted(name: str) -> str:
    return f'"{name}"' if "," in name or '"' in name else name
