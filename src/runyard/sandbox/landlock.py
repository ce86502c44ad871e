"""Landlock domains: what the kernel lets a run open, and whom it lets it signal, whatever user it is. Plans only.

At the level `process` a domain shows the system's directories, the machine's temporary ones and the run's own places.
In bubblewrap, where a private root does that, it only closes what namespaces of mounts and processes leave open:
abstract sockets of the machine's network.
"""

import ctypes
import os
import stat
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from runyard.runner.spec import Guard
from runyard.sandbox.bubblewrap import SYSTEM_TREES
from runyard.sandbox.plan import Request

_CREATE_RULESET = 444
_VERSION = 1
_SCOPES_SINCE = 6
_NEEDED = 3  # earlier ones can't hold truncation

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_DEVICES = 1 << 6 | 1 << 11  # making character and block devices
_TRUNCATE, _IOCTL = 1 << 14, 1 << 15
_KNOWN = {3: (1 << 15) - 1, 4: (1 << 15) - 1}
_ALL = (1 << 16) - 1
_ON_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL
_READ = _EXECUTE | _READ_FILE | _READ_DIR
_SCOPES = 1 << 0 | 1 << 1  # abstract sockets, signals

_READABLE = (*SYSTEM_TREES, "/etc", "/opt", "/sys", "/proc", "/var/lib/ca-certificates", "/run/nscd")
SHARED = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108 - the machine's own, in which runs clear up after themselves


@dataclass(frozen=True, slots=True)
class Landlock:
    """What this kernel offers: its version of the interface, or 0 and why not."""

    version: int
    why: str = ""

    @property
    def handled(self) -> int:
        """Every right over files that the kernel can hold."""
        return _KNOWN.get(self.version, _ALL)

    @property
    def scopes(self) -> bool:
        """Whether it holds signals and abstract sockets too."""
        return self.version >= _SCOPES_SINCE

    def outer(self) -> Guard | None:
        """Return the domain around a sandbox that has a root of its own; None if there is nothing to add."""
        return Guard(landlock=(0, 0, _SCOPES)) if self.scopes else None

    def domain(self, request: Request, *, own_user: bool, hidden: tuple[Path, ...], seccomp: Path | None) -> Guard:
        """Return the domain of a run that has the machine's own root, with a filter of system calls."""
        filter_ = str(seccomp) if seccomp else None
        if self.version < _NEEDED:
            return Guard(seccomp=filter_)
        attributes = (self.handled, 0, _SCOPES) if self.scopes else (self.handled, 0)
        write = self.handled & ~_DEVICES
        rules: dict[str, int] = {}
        closed = () if own_user else tuple(map(str, hidden))
        for tree in _without(_READABLE, closed):
            rules[tree] = _READ
        for tree in (*_resolvers(), *map(str, request.interpreter_roots), *map(str, request.read_only)):
            rules[tree] = _READ
        rules["/dev"] = (_READ | _WRITE_FILE | _IOCTL) & self.handled
        for tree in SHARED:
            if not any(_holds(tree, one) for one in closed):
                rules[tree] = write
        for mount in request.mounts:
            rules[str(mount.source)] = write if mount.writable else _READ
        for path in (request.workspace, *request.read_write):
            rules[str(path)] = write
        return Guard(attributes, tuple((path, _fitting(path, rights)) for path, rights in rules.items()), filter_)


def probe() -> Landlock:
    """Ask the kernel."""
    if sys.platform != "linux":
        return Landlock(0, "this is not Linux")
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint(_VERSION))
    if version < 0:
        return Landlock(0, "this kernel has no Landlock, or it is switched off")
    if version < _NEEDED:
        return Landlock(version, f"this kernel's Landlock is of version {version}; {_NEEDED} is needed")
    return Landlock(version)


def shared_closed(hidden: Iterable[Path]) -> tuple[str, ...]:
    """Return the machine's temporary directories that a run of Runyard's own user can't have: its data lie there."""
    return tuple(tree for tree in SHARED if any(_holds(tree, str(one)) for one in hidden))


def _without(trees: Iterable[str], closed: tuple[str, ...]) -> Iterator[str]:
    """Yield trees; of one that holds a closed directory, everything beside the way to that."""
    for tree in trees:
        if not any(_holds(tree, one) for one in closed):
            yield tree
        elif tree not in closed:
            try:
                names = sorted(os.listdir(tree))  # noqa: PTH208 - names, not paths
            except OSError:
                continue
            yield from _without((f"{tree}/{name}" for name in names), closed)


def _holds(tree: str, path: str) -> bool:
    return path == tree or path.startswith(f"{tree}/")


def _resolvers() -> tuple[str, ...]:
    """Return where the name service's configuration really lies."""
    real = os.path.realpath("/etc/resolv.conf")
    return () if real.startswith("/etc/") else (real,)


def _fitting(path: str, rights: int) -> int:
    """Leave out what the kernel refuses to grant on a single file."""
    try:
        return rights if stat.S_ISDIR(os.stat(path).st_mode) else rights & _ON_FILES  # noqa: PTH116 - for every run
    except OSError:
        return rights & _ON_FILES
