"""Environments on disk: whole or not there.

An environment is built at its final path, since console scripts, native modules and bytecode may remember it, and
counts only once its mark is written, as the build's last act. Whoever builds, moves or removes one holds the lock file
of that name, which the kernel lets go of when its holder dies. The layout of the directory::

    <name>/            an environment, read-only, with its mark
    .aside/<name>/     the one before, while it is being rebuilt
    .trash/            what is being deleted
    .scratch/          one private directory per build in progress
    .locks/<name>      held while somebody builds; tells which process group does
    .logs/<id>.log     the build log of one environment
    .wheels/<id>/      the packages of an imported environment
"""

import asyncio
import contextlib
import fcntl
import json
import os
import shutil
import signal
import stat
import time
from collections.abc import AsyncIterator, Container, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import psutil
from msgspec import Struct

from runyard import ids
from runyard.environments.processes import signal_group

MARK = ".runyard-environment.json"
_POLL_S = 0.1
_LENT: set[Path] = set()
"""Scratch directories that builds of this process use now."""
# No file of an environment is written, nor run with another user's rights.
_TAKEN = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH | stat.S_ISUID | stat.S_ISGID


class Size(Struct, frozen=True):
    """How much an environment holds."""

    files: int
    bytes: int


class Grip:
    """A held lock file, in which the running process group is noted."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def note(self, pid: int) -> None:
        """Note the leader of the process group that builds now, so that it can be ended should we die."""
        with contextlib.suppress(psutil.NoSuchProcess):
            line = json.dumps({"pid": pid, "started": psutil.Process(pid).create_time()})
            os.ftruncate(self._handle, 0)
            os.pwrite(self._handle, line.encode(), 0)

    def end_orphan(self) -> None:
        """End what an earlier holder left running."""
        try:
            noted = json.loads(os.pread(self._handle, 4096, 0) or b"{}")
            process = psutil.Process(noted["pid"])
            if process.create_time() != noted["started"]:
                return
            signal_group(process.pid, signal.SIGKILL)
            # It is not our child: whoever inherited it may leave it a zombie.
            for _ in range(500):
                if process.status() == psutil.STATUS_ZOMBIE:
                    return
                time.sleep(0.01)
        except (ValueError, KeyError, psutil.Error):
            return


class Shelf:
    """The directory that holds all environments of this data directory."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._logs = root / ".logs"
        self._aside = root / ".aside"
        self._trash = root / ".trash"
        self._scratch = root / ".scratch"
        self._locks = root / ".locks"
        self._wheels = root / ".wheels"

    def prepare(self) -> None:
        """Make what is missing. Users who run scripts may pass through, and into environments only."""
        self.root.mkdir(mode=0o755, parents=True, exist_ok=True)
        for private in (self._logs, self._aside, self._trash, self._locks, self._wheels):
            private.mkdir(mode=0o700, exist_ok=True)
        # Builds under users of their own pass through; each has a directory that only they may enter.
        self._scratch.mkdir(mode=0o711, exist_ok=True)
        self._scratch.chmod(0o711)

    def log(self, id_: str) -> Path:
        """Return where the build log of an environment is kept."""
        return self._logs / f"{id_}.log"

    def wheels(self, id_: str) -> Path:
        """Return where the packages of an imported environment are kept for rebuilding it."""
        return self._wheels / id_

    def path(self, name: str) -> Path:
        """Return where the environment of that name is, or would be."""
        return self.root / name

    def is_whole(self, name: str) -> bool:
        """Whether a finished environment is there, its interpreter too.

        One that was finished before the machine last started is measured: a power cut may have taken files whose
        names had been written already.
        """
        path = self.path(name)
        try:
            mark = json.loads((path / MARK).read_text())
            program = mark["program"]
            if program and not (path / program).exists():
                return False
            return mark["boot"] == _boot() or measure(path) == Size(mark["files"], mark["bytes"])
        except (OSError, ValueError, KeyError):
            return False

    def is_marked(self, name: str) -> bool:
        """Whether a finished environment is there, by one look at its mark."""
        return (self.root / name / MARK).exists()

    def publish(self, name: str, program: str) -> Size:
        """Make what was built read-only and mark it as whole. `program` is the interpreter inside it, if any."""
        path = self.path(name)
        path.mkdir(mode=0o755, exist_ok=True)
        self._unmark(path)
        for folder, _folders, files in os.walk(path, topdown=False):
            for file in files:
                _take_write(os.path.join(folder, file))  # noqa: PTH118 - tens of thousands of them
            if folder != str(path):
                _take_write(folder)
        size = measure(path)
        mark = {"v": 1, "program": program, "boot": _boot(), "files": size.files, "bytes": size.bytes}
        draft = path / f"{MARK}.new"
        draft.write_text(json.dumps(mark))
        draft.chmod(0o444)
        draft.rename(path / MARK)
        _take_write(str(path))
        return size

    def unmark(self, name: str) -> None:
        """Take away marks that are not ours: of a build that failed after code of packages had run in it."""
        self._unmark(self.path(name))

    @staticmethod
    def _unmark(path: Path) -> None:
        for mark in (path / MARK, path / f"{MARK}.new"):
            if mark.is_dir() and not mark.is_symlink():
                remove_tree(mark)
            mark.unlink(missing_ok=True)

    def set_aside(self, name: str) -> None:
        """Move an environment out of the way of its rebuilding; what is not whole is thrown away."""
        if self.is_marked(name):
            self._discard(self._aside / name)
            self._rename(self.path(name), self._aside / name)
        else:
            self.discard(name)

    def settle(self, name: str) -> None:
        """End a build: what is not whole goes, and the one set aside comes back in its stead or goes as well."""
        old = self._aside / name
        if self.is_marked(name):
            self._discard(old)
            return
        self.discard(name)
        if old.exists():
            self._rename(old, self.path(name))

    def discard(self, name: str) -> None:
        """Have an environment, or what there is of it, gone at once; its files follow."""
        self._discard(self.path(name))

    def _discard(self, path: Path) -> None:
        doomed = self._trash / ids.new("del")
        with contextlib.suppress(FileNotFoundError):
            self._rename(path, doomed)
            remove_tree(doomed)

    @staticmethod
    def _rename(source: Path, target: Path) -> None:
        # Moving a directory writes its "..", which its own mode may forbid.
        source.chmod(0o755)
        source.rename(target)
        if (target / MARK).exists():
            _take_write(str(target))

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """Lend a private directory for one build."""
        path = self._scratch / f"{os.getpid()}-{ids.new('b')}"
        path.mkdir(mode=0o700)
        _LENT.add(path)
        try:
            yield path
        finally:
            _LENT.discard(path)
            remove_tree(path)

    @asynccontextmanager
    async def hold(self, name: str) -> AsyncIterator[Grip]:
        """Hold the lock of that name, waiting for it, and end what a dead holder left running."""
        handle = os.open(self._locks / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            while not _locked(handle):
                await asyncio.sleep(_POLL_S)
            grip = Grip(handle)
            await asyncio.to_thread(grip.end_orphan)
            yield grip
            os.ftruncate(handle, 0)
        finally:
            os.close(handle)

    def recover(self, keep: Container[str]) -> list[str]:
        """Clear away what a crash left: half-built environments, scratch, trash. Return the names removed.

        Whole ones go as well unless `keep` has their names. What another live process is building is left alone.
        """
        removed = []
        for name in sorted({*_names(self.root), *_names(self._aside)}):
            if self.is_marked(name) and name in keep and not (self._aside / name).exists():
                continue
            handle = os.open(self._locks / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                if not _locked(handle):
                    continue
                Grip(handle).end_orphan()
                self.settle(name)
                if name not in keep:
                    self.discard(name)
                if not self.is_marked(name):
                    removed.append(name)
            finally:
                os.close(handle)
        for path in self._trash.iterdir():
            remove_tree(path)
        for path in self._scratch.iterdir():
            pid = path.name.partition("-")[0]
            if path in _LENT:
                continue
            if not pid.isdigit() or int(pid) == os.getpid() or not psutil.pid_exists(int(pid)):
                remove_tree(path)
        return removed


def measure(path: Path) -> Size:
    """Count files and their bytes, the mark left out; links are not followed."""
    files = size = 0
    stack = [str(path)]
    while stack:
        with os.scandir(stack.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    stack.append(entry.path)
                elif not entry.name.startswith(MARK):
                    files += 1
                    size += entry.stat(follow_symlinks=False).st_size
    return Size(files, size)


def remove_tree(path: Path) -> None:
    """Remove a directory with all in it, read-only ones as well, without touching what links point to."""
    for folder, folders, _files in os.walk(path):
        for inner in (folder, *(os.path.join(folder, name) for name in folders)):  # noqa: PTH118
            if not os.path.islink(inner):  # noqa: PTH114
                with contextlib.suppress(OSError):
                    os.chmod(inner, 0o700)  # noqa: PTH101
    # Another process may be clearing the same thing.
    shutil.rmtree(path, ignore_errors=True)


def _take_write(path: str) -> None:
    mode = os.lstat(path).st_mode
    if not stat.S_ISLNK(mode) and mode & _TAKEN:
        os.chmod(path, stat.S_IMODE(mode) & ~_TAKEN)  # noqa: PTH101


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if not path.name.startswith(".")]


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return time.strftime("%Y-%m-%dT%H:%M", time.gmtime(psutil.boot_time()))
