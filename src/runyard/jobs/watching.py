"""What lies in a watched folder, looked at so that nobody leads the server elsewhere: by no link and no odd file."""

import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import IO, Self

from msgspec import Struct, field

from runyard.errors import Invalid
from runyard.settings import Settings

ANY_DEPTH = "**"
DEEPEST = 20
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class FolderRefused(Invalid):
    """An administrator has not allowed this folder to be watched."""


class FolderMissing(Invalid):
    """The folder is not there, or can't be read."""


class FileRefused(Invalid):
    """The file has other names (hard links), which may lie where nobody may look."""


class FileChanged(Invalid):
    """The file was changed while it was read."""


class Folders(Struct, frozen=True):
    """Which folders may be watched: those in or below the `roots`, and none of Runyard's own, the `closed`."""

    roots: tuple[Path, ...] = ()
    closed: tuple[Path, ...] = ()

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return those that an administrator allows."""
        return cls(tuple(map(Path, settings.jobs.watched)), (settings.data,))

    def demand(self, folder: str) -> Path:
        """Return the root that a folder is in, by its name alone; raise `FolderRefused`."""
        wanted = Path(folder)
        if not folder.startswith("/") or ".." in wanted.parts or "\0" in folder:
            raise FolderRefused(f"{folder[:200]} is no absolute path.")
        root = next((each for each in self.roots if wanted.is_relative_to(each)), None)
        if root is None:
            sentence = "is in none of the folders that an administrator allows (jobs.watched)."
            raise FolderRefused(f"{folder[:200]} {sentence}")
        self.demand_open(folder, wanted)
        return root

    def demand_open(self, folder: str, real: Path) -> None:
        """Raise `FolderRefused` where a folder, that really is at `real`, holds or is held by what is ours."""
        if any(real.is_relative_to(each) or each.is_relative_to(real) for each in self.closed):
            raise FolderRefused(f"{folder[:200]} can't be watched: Runyard's own data lie there.")


NOWHERE = Folders()


class Found(Struct, frozen=True):
    """A file. `path` is its way from the folder or bucket; `arrived` is when it was last changed or put there.

    Times are in microseconds since 1970. `version` is what else makes it another file than before.
    """

    path: str
    size: int
    modified: int
    arrived: int
    version: str

    @property
    def name(self) -> str:
        """Its base name."""
        return PurePosixPath(self.path).name

    @property
    def key(self) -> str:
        """What it counts once under."""
        said = f"{self.path}\0{self.size}\0{self.version}".encode("utf-8", "surrogateescape")
        return f"file:{hashlib.sha256(said).hexdigest()}"


class Look(Struct, frozen=True):
    """What was found; `more` tells that there was more than is looked at."""

    found: list[Found] = field(default_factory=list)
    more: bool = False


def matches(pattern: str, path: str) -> bool:
    """Whether a path is meant by a pattern: ``*``, ``?`` and ``[…]`` within one name, ``**`` for any folders.

    Names that begin with a dot are meant only by what begins with a dot.
    """
    return _matches(pattern.strip("/").split("/"), path.split("/"))


def _matches(pattern: Sequence[str], path: Sequence[str]) -> bool:
    # Which beginnings of the pattern have been met so far: no way back, so no pattern takes long.
    met = _skipped({0}, pattern)
    for name in path:
        following = set()
        for n in met:
            if n == len(pattern):
                continue
            if pattern[n] == ANY_DEPTH:
                if not name.startswith("."):
                    following.add(n)
            elif _named(pattern[n], name):
                following.add(n + 1)
        met = _skipped(following, pattern)
    # A pattern that ends in ** means every file below.
    return len(pattern) in met and (pattern[-1] != ANY_DEPTH or not path[-1].startswith("."))


def _skipped(met: set[int], pattern: Sequence[str]) -> set[int]:
    whole = set(met)
    for n in met:
        while n < len(pattern) and pattern[n] == ANY_DEPTH:
            n += 1  # noqa: PLW2901 - it goes on from there
            whole.add(n)
    return whole


def _named(pattern: str, name: str) -> bool:
    return (not name.startswith(".") or pattern.startswith(".")) and fnmatchcase(name, pattern)


def prefix(pattern: str) -> str:
    """Return what every path that is meant by a pattern begins with."""
    plain = pattern.lstrip("/")
    cut = min((plain.find(sign) for sign in "*?[" if sign in plain), default=len(plain))
    return plain[:cut]


def depth(pattern: str) -> int:
    """Return how many folders down files can be that are meant."""
    parts = pattern.strip("/").split("/")
    return DEEPEST if ANY_DEPTH in parts else min(len(parts) - 1, DEEPEST)


@contextmanager
def opened(folder: str, folders: Folders) -> Iterator[int]:
    """Give a descriptor of a folder that may be watched; no link leads on from its root.

    Raises: FolderRefused, FolderMissing.
    """
    root = folders.demand(folder)
    wanted = Path(folder)
    try:
        # The administrator's own path may be a link; what is below it may not.
        base = Path(os.path.realpath(root, strict=True))
        place = os.open(base, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise FolderMissing(f"{root} can't be opened: {error.strerror}.") from None
    try:
        for part in wanted.relative_to(root).parts:
            place = _below(place, part, folder)
        folders.demand_open(folder, base / wanted.relative_to(root))
        yield place
    finally:
        os.close(place)


def _below(place: int, part: str, folder: str) -> int:
    try:
        inner = os.open(part, _DIRECTORY, dir_fd=place)
    except OSError as error:
        raise FolderMissing(f"{folder} can't be opened: {error.strerror}; links are not followed.") from None
    os.close(place)
    return inner


def look(place: int, pattern: str, most: int) -> Look:
    """Return the regular files below an open folder that a pattern means, after looking at up to `most` names."""
    walk = _Walk(pattern, most)
    walk.through(place, "", depth(pattern))
    return Look(walk.found, walk.more)


class _Walk:
    def __init__(self, pattern: str, most: int) -> None:
        self._pattern = pattern
        self._left = most
        self.found: list[Found] = []
        self.more = False

    def through(self, place: int, way: str, down: int) -> None:
        with os.scandir(place) as entries:
            for entry in entries:
                if self._left <= 0:
                    self.more = True
                    return
                self._left -= 1
                with suppress(OSError):  # it may be gone again
                    self._meet(place, entry, way, down)

    def _meet(self, place: int, entry: os.DirEntry[str], way: str, down: int) -> None:
        path = way + entry.name
        if entry.is_dir(follow_symlinks=False):
            if down > 0:
                inner = os.open(entry.name, _DIRECTORY, dir_fd=place)
                try:
                    self.through(inner, f"{path}/", down - 1)
                finally:
                    os.close(inner)
        elif entry.is_file(follow_symlinks=False) and matches(self._pattern, path):
            self.found.append(_found(path, os.stat(entry.name, dir_fd=place, follow_symlinks=False)))


def _found(path: str, info: os.stat_result) -> Found:
    arrived = max(info.st_mtime_ns, info.st_ctime_ns) // 1000
    return Found(path, info.st_size, info.st_mtime_ns // 1000, arrived, str(info.st_mtime_ns))


@contextmanager
def reading(place: int, found: Found) -> Iterator[IO[bytes]]:
    """Give a file of an open folder to be read; raise `FileChanged` if it is another one by the end.

    A file that has other names as well is refused (`FileRefused`): one may be where its reader may not look.
    """
    here = os.dup(place)
    try:
        *folders, name = found.path.split("/")
        for part in folders:
            here = _below(here, part, found.path)
        try:
            descriptor = os.open(name, _FILE, dir_fd=here)
        except OSError as error:
            raise FileChanged(f"{found.path} can't be opened: {error.strerror}.") from None
    finally:
        os.close(here)
    with os.fdopen(descriptor, "rb") as file:
        info = os.fstat(descriptor)
        if not stat.S_ISREG(info.st_mode) or _found(found.path, info) != found:
            raise FileChanged
        if info.st_nlink != 1:
            raise FileRefused(f"{found.path} has other names (hard links), which may lie where nobody may look.")
        yield file
        if _found(found.path, os.fstat(descriptor)) != found:
            raise FileChanged
