"""The container level as an engine's JSON: what to make for one run. Plans only.

Without an image of the administrator's choice the container's root is an empty one with the machine's own system
directories in it, read-only, just as in bubblewrap: what runs there then runs here, and nothing has to be fetched.
"""

import hashlib
import io
import os
import resource
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runyard.runner.spec import Container
from runyard.sandbox import process
from runyard.sandbox.plan import Limits, Request
from runyard.sandbox.system_files import HOSTNAME

MIB = 1024 * 1024
OVERHEAD_PIDS = 1
LABEL = "runyard.attempt"
OWNER = "runyard.worker"
_BASE = "runyard-base"
_PIDS = 32_768  # Podman's own limit where the kernel has its usual number of process ids
_PLACES = ("etc", "proc", "sys", "dev", "tmp", "run", "var", "opt", "home", "srv", "mnt")


@dataclass(frozen=True, slots=True)
class Engine:
    """A container engine that has shown that it works, and what containers are made with there.

    ``image`` is the administrator's, or else Runyard's own empty one; then ``trees`` are the machine's directories that
    are mounted in it, and ``etc`` what it gets as ``/etc``. ``network`` is what a run with a network gets, ``lacks``
    what the engine can't limit, ``owner`` the worker whose containers they are.
    """

    socket: str
    image: str
    network: str
    version: str = ""
    filtered: bool = False
    trees: tuple[str, ...] = ()
    etc: Path | None = None
    hidden: tuple[Path, ...] = ()
    tmp_mb: int = 1024
    shm_mb: int = 256
    lacks: frozenset[str] = frozenset()
    owner: str = ""

    def why_not(self, limit: str) -> str:
        """Return why the engine can't hold `limit` (memory, pids, cpu), or an empty string."""
        return "the container engine can't limit it on this machine" if limit in self.lacks else ""


def body(engine: Engine, request: Request, uid: int, gid: int) -> Container:
    """Return what the engine is told to make for `request`."""
    limits = request.limits
    host: dict[str, Any] = {
        "NetworkMode": engine.network if request.network and request.egress is None else "none",
        "ReadonlyRootfs": True,
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges"],
        "IpcMode": "private",
        "ShmSize": engine.shm_mb * MIB,
        "Tmpfs": _memory(engine),
        "Mounts": _mounts(engine, request),
        # The engine would keep what scripts print, secrets and all.
        "LogConfig": {"Type": "none"},
        "Ulimits": _ulimits(limits),
    }
    if limits.memory_mb is not None:
        host |= {"Memory": limits.memory_mb * MIB, "MemorySwap": limits.memory_mb * MIB}
    if limits.pids is not None:
        host["PidsLimit"] = limits.pids + OVERHEAD_PIDS
    if limits.cpu is not None:
        host["NanoCpus"] = round(limits.cpu * 1e9)
    config = {
        "Image": engine.image,
        "User": f"{uid}:{gid}",
        "WorkingDir": str(request.workspace),
        "Hostname": HOSTNAME,
        "Labels": {LABEL: request.attempt_id, OWNER: engine.owner},
        "HostConfig": host,
    }
    return Container(engine.socket, name_of(request.attempt_id), config)


def name_of(attempt_id: str) -> str:
    """Return the name of an attempt's container."""
    return f"runyard-{attempt_id}"


def _memory(engine: Engine) -> dict[str, str]:
    places = {"/tmp": f"rw,nosuid,nodev,size={engine.tmp_mb}m,mode=1777"}  # noqa: S108 - the container's own
    if engine.etc:
        places |= dict.fromkeys(("/run", "/var"), "rw,nosuid,nodev,noexec,size=1m,mode=755")
    for path in engine.hidden:
        if any(_within(str(path), tree) for tree in engine.trees):
            places[str(path)] = "rw,nosuid,nodev,noexec,size=64k,mode=755"
    return places


def _mounts(engine: Engine, request: Request) -> list[dict[str, Any]]:
    """Return what is mounted, outer places first; what a system directory shows already is left out."""
    places: dict[str, tuple[str, bool]] = {tree: (tree, True) for tree in engine.trees}
    if engine.etc:
        places["/etc"] = (str(engine.etc), True)
    covered = [str(path) for path in engine.hidden]
    for path in (*request.interpreter_roots, *request.read_only):
        for name in dict.fromkeys((str(path), os.path.realpath(path))):
            shown = any(_within(name, tree) for tree in engine.trees)
            if not shown or any(_within(name, cover) for cover in covered):
                places[name] = (name, True)
    for mount in request.mounts:
        places[str(mount.target)] = (str(mount.source), not mount.writable)
    for path in (request.workspace, *request.read_write):
        places[str(path)] = (str(path), False)
    if request.scratch:
        places["/tmp"] = (str(request.scratch), False)  # noqa: S108 - the container's own
    return [
        {
            "Type": "bind",
            "Source": source,
            "Target": place,
            "ReadOnly": read_only,
            "BindOptions": {"Propagation": "rprivate"},
        }
        for place, (source, read_only) in sorted(places.items(), key=lambda item: (item[0].count("/"), item[0]))
    ]


def _ulimits(limits: Limits) -> list[dict[str, Any]]:
    chosen = dict(process.rlimits(limits, processes=None))
    # Podman would otherwise ask for more than a machine may be able to give.
    for name, kind, most in (("NOFILE", resource.RLIMIT_NOFILE, 1 << 20), ("NPROC", resource.RLIMIT_NPROC, _PIDS)):
        hard = resource.getrlimit(kind)[1]
        bound = most if hard == resource.RLIM_INFINITY else min(hard, most)
        chosen[name] = min(chosen.get(name, bound), bound)
    return [{"Name": name.lower(), "Soft": value, "Hard": value} for name, value in chosen.items()]


def base_image(trees: Iterable[tuple[str, str | None]]) -> tuple[str, bytes]:
    """Return the name of the empty root for a machine with these directories and links, and its content as a tar."""
    found = sorted(trees)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name in _PLACES:
            # runc gives what it mounts there the mode that it finds
            tar.addfile(_folder(name, 0o1777 if name == "tmp" else 0o755))
        for tree, link in found:
            entry = _folder(tree.strip("/"))
            if link is not None:
                entry.type, entry.linkname = tarfile.SYMTYPE, link
            tar.addfile(entry)
    content = packed.getvalue()
    return f"{_BASE}-{hashlib.sha256(content).hexdigest()[:16]}", content


def _folder(name: str, mode: int = 0o755) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode = tarfile.DIRTYPE, mode
    return entry


def _within(path: str, tree: str) -> bool:
    return path == tree or path.startswith(f"{tree.rstrip('/')}/")
