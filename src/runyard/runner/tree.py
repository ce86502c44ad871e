# pathlib would make the launcher, and with it every shim, a third bigger
# ruff: noqa: PTH110, PTH123, PTH208
"""Every process an attempt has started, and how to end them all.

The shim is a subreaper: a process that double-forks away becomes the shim's child, never init's, and the walk finds it.
Where there is neither /proc nor a control group (macOS) the leader's process group stands for the tree.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .cgroups import Groups

_HAS_PROC = os.path.exists("/proc/self/stat")
_HAS_CHILDREN = os.path.exists(f"/proc/self/task/{os.getpid()}/children")


def _children(pid: int) -> list[int]:
    found: list[int] = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children", "rb") as file:
                found.extend(map(int, file.read().split()))
    except OSError:
        pass
    return found


def _parents() -> dict[int, list[int]]:
    """Children by parent, from a scan of every process: for kernels without the children file."""
    below: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    parent = int(file.read().rpartition(b")")[2].split()[1])
            except OSError:
                continue
            below.setdefault(parent, []).append(int(name))
    return below


def descendants(root: int) -> set[int]:
    """All processes below `root`, as far as they can be seen at this moment."""
    if not _HAS_PROC:
        return set()
    if _HAS_CHILDREN:
        children: Callable[[int], list[int]] = _children
    else:
        table = _parents()

        def children(pid: int) -> list[int]:
            return table.get(pid, [])

    found: set[int] = set()
    waiting = [root]
    while waiting:
        for child in children(waiting.pop()):
            if child not in found:
                found.add(child)
                waiting.append(child)
    return found


def send(pids: set[int], number: int) -> None:
    """Signal each process that is still there."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except OSError:
            continue


class Tree:
    """The processes below this one, plus the members of the attempt's control groups."""

    __slots__ = ("_elsewhere", "_groups", "_leader", "_own")

    def __init__(self, leader: int, groups: Groups, elsewhere: Callable[[], object] | None = None) -> None:
        """`elsewhere` kills what runs for the attempt and is no descendant: its container."""
        self._own = os.getpid()
        self._elsewhere = elsewhere
        self._leader = leader
        self._groups = groups

    def pids(self) -> set[int]:
        """Everything alive in the tree (dead but unreaped processes may be among them)."""
        return (descendants(self._own) | self._groups.pids()) - {self._own}

    def ask_to_stop(self, *, spare_leader: bool) -> None:
        """Send SIGTERM to all, or to all but the leader."""
        pids = self.pids()
        if not pids:
            self._signal_group(signal.SIGTERM)
        send(pids - {self._leader} if spare_leader and pids != {self._leader} else pids, signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL to all; stopping them first, so that a fork bomb cannot outrun the walk."""
        if self._elsewhere is not None:
            self._elsewhere()
        self._groups.kill()
        seen: set[int] = set()
        for _ in range(64):
            fresh = self.pids() - seen
            if not fresh:
                break
            send(fresh, signal.SIGSTOP)
            seen |= fresh
        if not seen:
            self._signal_group(signal.SIGKILL)
        send(seen, signal.SIGKILL)

    def _signal_group(self, number: int) -> None:
        if not _HAS_PROC:
            with suppress(OSError):
                os.killpg(self._leader, number)

    def end(self, reap: Callable[[], bool], within_s: float = 10.0) -> bool:
        """Kill until `reap` says that no child is left; False when some would not die in time."""
        until = time.monotonic() + within_s
        pause = 0.001
        while True:
            self.kill()
            turn = time.monotonic() + pause
            while time.monotonic() < turn:
                if reap():
                    return True
                time.sleep(0.0005)
            if time.monotonic() >= until:
                return reap()
            pause = min(pause * 2, 0.1)
