# pathlib would make the launcher, and with it every shim, a third bigger
# ruff: noqa: PTH103, PTH106, PTH110, PTH116, PTH120
"""The shim's hand on control groups, version 1 and 2: make, join, measure, end, remove.

It decides nothing: paths and values come with the order.
"""

from __future__ import annotations

import errno
import os
import time
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


_CHILDLESS = 2


class GroupUnavailable(Exception):  # noqa: N818 - errors are nouns here
    """A control group that the order demands could not be set up."""


def _read(path: str) -> str | None:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return os.read(fd, 65536).decode("ascii", "replace")
    except OSError:
        return None
    finally:
        os.close(fd)


def _write(path: str, value: str) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, value.encode())
    finally:
        os.close(fd)


def _number(path: str, key: str | None = None) -> int | None:
    """A file's only number, or the one behind `key` in a file of `key value` lines."""
    text = _read(path)
    if text is None:
        return None
    for line in text.splitlines():
        name, _, value = line.rpartition(" ")
        if value.isdigit() and name == (key or ""):
            return int(value)
    return None


def _enter(path: str) -> None:
    # Version 1 waits for a grace period of the whole kernel (14 ms measured) before it moves a process, and moves a
    # thread at once; the caller has only the one. Version 2 has no such file.
    try:
        _write(f"{path}/tasks", "0")
    except FileNotFoundError:
        _write(f"{path}/cgroup.procs", "0")


def entrance(group: str) -> str:
    """The file of a group, which need not be there yet, to which a process writes 0 in order to enter it."""
    above = os.path.dirname(group)
    return f"{group}/tasks" if os.path.exists(f"{above}/tasks") else f"{group}/cgroup.procs"


def join(plans: list[dict[str, Any]]) -> None:
    """Move the calling process into every group; GroupUnavailable when a required one refuses."""
    for plan in plans:
        try:
            _enter(plan["path"])
        except OSError as failure:
            if plan.get("required", True):
                raise GroupUnavailable(f"control group {plan['path']} refused the script: {failure.strerror}") from None


class Groups:
    """The control groups of one attempt, one per hierarchy."""

    __slots__ = ("notes", "paths")

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.notes: list[str] = []

    def make(self, plans: list[dict[str, Any]]) -> None:
        """Make and fill every group; GroupUnavailable when a required one fails, a note when an optional one does."""
        for plan in plans:
            path, step = plan["path"], plan["path"]
            try:
                os.makedirs(path, mode=0o755, exist_ok=True)
                for name, value in plan.get("files", ()):
                    step = f"{path}/{name}"
                    _write(step, value)
            except OSError as failure:
                self._failed(f"control group {step}: {failure.strerror}", required=plan.get("required", True))
                self._discard(path)
                continue
            self.paths.append(path)

    def _failed(self, message: str, *, required: bool) -> None:
        if required:
            raise GroupUnavailable(message)
        self.notes.append(message)

    @staticmethod
    def _discard(path: str) -> None:
        with suppress(OSError):
            os.rmdir(path)

    def pids(self) -> set[int]:
        """Every process in any of the groups, with their sub-groups."""
        found: set[int] = set()
        for path in self.paths:
            _collect(path, found)
        return found

    def kill(self) -> bool:
        """Ask the kernel to kill a whole group at once (version 2 only); False when no group can."""
        done = False
        for path in self.paths:
            try:
                _write(f"{path}/cgroup.kill", "1")
                done = True
            except OSError:
                continue
        return done

    def cpu_s(self) -> float | None:
        """Processor seconds used by all members."""
        for path in self.paths:
            usec = _number(f"{path}/cpu.stat", "usage_usec")
            if usec is not None:
                return usec / 1e6
            nsec = _number(f"{path}/cpuacct.usage")
            if nsec is not None:
                return nsec / 1e9
        return None

    def memory_peak(self) -> int | None:
        """The highest memory use of all members together, in bytes."""
        for path in self.paths:
            peak = _number(f"{path}/memory.peak")
            if peak is None:
                peak = _number(f"{path}/memory.max_usage_in_bytes")
            if peak is not None:
                return peak
        return None

    def out_of_memory(self) -> bool:
        """Whether the kernel killed a member for want of memory."""
        for path in self.paths:
            for name in ("memory.events", "memory.oom_control"):
                killed = _number(f"{path}/{name}", "oom_kill")
                if killed is not None:
                    return killed > 0
        return False

    def short_of_processes(self) -> bool:
        """Whether a member was refused a process for the limit of their number."""
        return any((_number(f"{path}/pids.events", "max") or 0) > 0 for path in self.paths)

    def remove(self, within_s: float = 1.0) -> list[str]:
        """Remove the empty groups, deepest first; the paths that would not go."""
        left = []
        until = time.monotonic() + within_s
        for path in self.paths:
            while not _remove_tree(path):
                if time.monotonic() >= until:
                    left.append(path)
                    break
                # a just killed process leaves its group a moment after it was reaped
                time.sleep(0.005)
        return left


def _collect(path: str, found: set[int]) -> None:
    text = _read(f"{path}/cgroup.procs") or ""
    # 0 stands for a process outside our view of process ids
    found.update(pid for pid in map(int, text.split()) if pid > 0)
    try:
        # a directory's links tell whether it has others below it, without a look at each file
        if os.stat(path).st_nlink != _CHILDLESS:
            for below in [entry.path for entry in os.scandir(path) if entry.is_dir(follow_symlinks=False)]:
                _collect(below, found)
    except OSError:
        return


def _remove_tree(path: str) -> bool:
    try:
        os.rmdir(path)
    except FileNotFoundError:
        return True
    except OSError as refused:
        if refused.errno not in (errno.EBUSY, errno.ENOTEMPTY):
            return False
        try:
            below = [entry.path for entry in os.scandir(path) if entry.is_dir(follow_symlinks=False)]
        except OSError:
            return False
        return bool(below) and all(map(_remove_tree, below)) and _remove_tree(path)
    return True
