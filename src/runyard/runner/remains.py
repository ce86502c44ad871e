"""What a dead shim leaves running: its script dies with it, the script's own children do not."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from . import engine
from .cgroups import Groups
from .claim import boot_id, process_start
from .spool import read_shim, shim_alive
from .tree import send


def end_remains(spool: str | os.PathLike[str], within_s: float = 5.0) -> bool:
    """Kill whatever an attempt without a live shim still has running; True when nothing of it is left.

    Finds the members of the attempt's control groups and of its script's session; what left both is not found.
    Blocks for `within_s` seconds at most. Does nothing, and is False, while the shim lives.
    """
    shim = read_shim(spool)
    if not shim or shim.get("boot_id") != boot_id():
        return True
    if shim_alive(spool):
        return False
    container = shim.get("container")
    if isinstance(container, dict) and not engine.remove(container["socket"], container["name"], within_s):
        return False
    groups = Groups()
    groups.paths = [path for path in shim.get("cgroups") or () if Path(path).is_dir()]
    until = time.monotonic() + within_s
    while left := groups.pids() | _session(shim.get("leader"), shim.get("leader_start")):
        if time.monotonic() >= until:
            return False
        groups.kill()
        send(left, signal.SIGKILL)
        time.sleep(0.01)
    return not groups.remove()


def _session(leader: object, start: object) -> set[int]:
    """Live processes of the session that the script led.

    While one of them lives the kernel gives the leader's id to nobody else; a live bearer of it that started at
    another time therefore means that the session is over.
    """
    if not isinstance(leader, int):
        return set()
    if process_start(leader) not in (None, start):
        return set()
    found = set()
    for entry in Path("/proc").glob("[0-9]*/stat") if Path("/proc/self/stat").exists() else ():
        try:
            state, _, _, session = entry.read_bytes().rpartition(b")")[2].split()[:4]
        except (OSError, ValueError):
            continue
        if int(session) == leader and state not in (b"Z", b"X"):
            found.add(int(entry.parent.name))
    return found
