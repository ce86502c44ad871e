# pathlib would make the launcher, and with it every shim, a third bigger
# ruff: noqa: PTH116, PTH208
"""What a run takes of the disk, measured again and again where the file system has no quota of its own.

It goes through the tree in slices, so that output and signals never wait for it, and the more often the nearer the run
is to its limit. A single file is held by the resource limit on top, so that no measurement has to be in time for it.
"""

from __future__ import annotations

import os
import stat
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

_SOONEST_S, _LATEST_S = 0.25, 5.0
_FASTEST = 500_000_000
"""Bytes in a second that a run is believed able to write: how long it may go unmeasured."""
_SHARE = 10
"""A measurement may take one part in so many of the time between two."""
_SLICE = 300
_NAME_COST = 1024
"""Bytes that a directory entry counts beside its blocks: empty files fill a disk too."""
_DEEPEST = 200
_LAST_S = 1.0
"""How long a run that has failed is measured once more, at most."""
_GUILTY = 16 << 20
_MOST_OPEN = 20_000
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
MIB = 1 << 20


class DiskWatch:
    """Measures one run; `pids` says which processes may hold files that have no name any more."""

    __slots__ = ("_began", "_links", "_pids", "_sum", "_walk", "_wish", "due", "used")

    def __init__(self, wish: dict[str, Any], pids: Callable[[], set[int]]) -> None:
        self._wish = wish
        self._pids = pids
        self._walk: Iterator[None] | None = None
        self._links: set[tuple[int, int]] = set()
        self._sum = self.used = 0
        self._began = 0.0
        self.due = time.monotonic() + _SOONEST_S

    def step(self) -> str | None:
        """Measure a little; a sentence, once the run has to end. `due` says when to come again."""
        walk = self._walk or self._begin()
        try:
            next(walk)
        except StopIteration:
            self._walk = None
            self.used = self._sum
            self._rest()
            return self._verdict(self.used)
        except _TooDeep:
            return f"It was ended: its directories are nested more than {_DEEPEST} deep."
        limit = self._wish["limit"]
        return self._verdict(self._sum) if limit is not None and self._sum > limit else None

    def last(self) -> str | None:
        """Measure once more what has come to its end; a sentence, if it went over its own limit."""
        if self._wish["limit"] is None:
            return None
        self._begin()
        until = time.monotonic() + _LAST_S
        why: str | None = None
        while why is None and self._walk is not None and time.monotonic() < until:
            why = self.step()
        return why

    def _begin(self) -> Iterator[None]:
        self._walk, self._sum, self._began = self._measure(), 0, time.monotonic()
        self._links.clear()
        return self._walk

    def _rest(self) -> None:
        now = time.monotonic()
        limit = self._wish["limit"]
        left = _LATEST_S if limit is None else max(0, limit - self.used) / _FASTEST
        self.due = now + max(_SOONEST_S, (now - self._began) * _SHARE, min(_LATEST_S, left))

    def _verdict(self, used: int) -> str | None:
        limit = self._wish["limit"]
        if limit is not None and used > limit:
            return f"It took {used // MIB} MiB of the disk; its limit is {limit // MIB} MiB."
        floor = self._wish["floor"]
        if floor and used >= _GUILTY:
            found = os.statvfs(self._wish["paths"][0])
            free = found.f_bavail * found.f_frsize
            if free < floor:
                left, taken = free // MIB, used // MIB
                return f"The disk was nearly full ({left} MiB left), and this run had taken {taken} MiB of it."
        return None

    def _measure(self) -> Iterator[None]:
        devices = set()
        for path in self._wish["paths"]:
            try:
                fd = os.open(path, _DIRECTORY)
            except OSError:
                continue
            devices.add(os.fstat(fd).st_dev)
            yield from self._below(fd)
        owner = self._wish["owner"]
        for path in self._wish["shared"] if owner is not None else ():
            try:
                fd = os.open(path, _DIRECTORY)
            except OSError:
                continue
            yield from self._below(fd, owner)
        yield from self._nameless(devices)

    def _below(self, top: int, owner: int | None = None) -> Iterator[None]:
        """Count everything below a directory, whose descriptor is closed; of the first level only what is `owner`'s."""
        ways: list[tuple[int, list[str]]] = [(top, _names(top))]
        counted = 0
        try:
            while ways:
                here, names = ways[-1]
                if not names:
                    os.close(here)
                    ways.pop()
                    continue
                name = names.pop()
                counted += 1
                if counted % _SLICE == 0:
                    yield
                try:
                    found = os.stat(name, dir_fd=here, follow_symlinks=False)
                    if owner is not None and len(ways) == 1 and found.st_uid != owner:
                        continue
                    self._count(found)
                    if not stat.S_ISDIR(found.st_mode):
                        continue
                    if len(ways) >= _DEEPEST:
                        raise _TooDeep
                    below = os.open(name, _DIRECTORY, dir_fd=here)
                except OSError:
                    # gone again, or changed under our hands: the next measurement will see
                    continue
                ways.append((below, _names(below)))
        finally:
            for fd, _ in ways:
                os.close(fd)

    def _count(self, found: os.stat_result) -> None:
        if found.st_nlink > 1 and not stat.S_ISDIR(found.st_mode):
            mark = (found.st_dev, found.st_ino)
            if mark in self._links:
                return
            self._links.add(mark)
        self._sum += found.st_blocks * 512 + _NAME_COST

    def _nameless(self, devices: set[int]) -> Iterator[None]:
        """Count files that the run has deleted and holds open."""
        seen = 0
        for pid in self._pids():
            try:
                names = os.listdir(f"/proc/{pid}/fd")
            except OSError:
                continue
            for name in names:
                seen += 1
                if seen > _MOST_OPEN:
                    return
                if seen % _SLICE == 0:
                    yield
                try:
                    found = os.stat(f"/proc/{pid}/fd/{name}")
                except OSError:
                    continue
                if stat.S_ISREG(found.st_mode) and found.st_nlink == 0 and found.st_dev in devices:
                    mark = (found.st_dev, found.st_ino)
                    if mark not in self._links:
                        self._links.add(mark)
                        self._sum += found.st_blocks * 512


class _TooDeep(Exception):  # noqa: N818 - errors are nouns here
    """A tree that nobody may be expected to walk."""


def _names(directory: int) -> list[str]:
    try:
        return os.listdir(directory)
    except OSError:
        return []
