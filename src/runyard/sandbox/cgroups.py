"""Control groups: finding a place where we may make some, and planning one attempt's.

Both versions are spoken: v2 wants one delegated subtree whose inner groups hold no processes, v1 wants a group in each
controller's own tree. Detection reads files and tries one ``mkdir``; planning is pure.
"""

import contextlib
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from runyard.runner.spec import CgroupPlan

PERIOD_US = 100_000
MIB = 1024 * 1024
_V2_WANTED = ("memory", "pids", "cpu")
_V1_WANTED = ("memory", "pids", "cpu", "cpuacct", "freezer")
_LEAF = "agent"
PREFIX = "runyard-"


@dataclass(frozen=True, slots=True)
class Cgroups:
    """Where attempts' groups go. ``roots`` maps controllers to directories; on v2 they are all the same one.

    ``version`` 0 means nowhere, and ``why`` says why. ``knobs`` are the files a fresh group has (empty: the usual
    ones). ``crowd`` are the processes that must move to a leaf before controllers can be switched on (v2 only).
    """

    version: int
    roots: dict[str, Path] = field(default_factory=dict)
    why: str = ""
    fix: str = ""
    knobs: frozenset[str] = frozenset()
    crowd: tuple[int, ...] = ()

    @property
    def by(self) -> str:
        """How people are told who enforces a limit."""
        return f"cgroup v{self.version}"

    def why_not(self, controller: str) -> str:
        """Return why limits of `controller` can't be enforced, or an empty string."""
        if not self.version:
            return self.why
        return "" if controller in self.roots else f"no writable {controller} controller"

    def plan(
        self,
        attempt_id: str,
        *,
        memory_mb: int | None = None,
        pids: int | None = None,
        cpu: float | None = None,
    ) -> tuple[CgroupPlan, ...]:
        """Plan an attempt's groups; limits whose controller is missing are left out (see ``why_not``).

        Groups are planned without limits too: they are how the whole tree is found, measured and ended. Only those that
        carry a limit are required.
        """
        writes: dict[str, list[tuple[str, str]]] = {name: [] for name in self.roots}
        if self.version == 1 and cpu is None:
            writes.pop("cpu", None)
        if "pids" in writes:
            # One hierarchy is enough to find the tree in.
            writes.pop("freezer", None)
        if memory_mb is not None and "memory" in writes:
            writes["memory"] += self._memory(memory_mb * MIB)
        if pids is not None and "pids" in writes:
            writes["pids"].append(("pids.max", str(pids)))
        if cpu is not None and "cpu" in writes:
            quota = max(1000, round(cpu * PERIOD_US))
            if self.version == 1:
                writes["cpu"] += [("cpu.cfs_period_us", str(PERIOD_US)), ("cpu.cfs_quota_us", str(quota))]
            else:
                writes["cpu"].append(("cpu.max", f"{quota} {PERIOD_US}"))
        merged: dict[Path, list[tuple[str, str]]] = {}
        for name, files in writes.items():
            merged.setdefault(self.roots[name] / f"{PREFIX}{attempt_id}", []).extend(files)
        return tuple(CgroupPlan(str(path), tuple(files), required=bool(files)) for path, files in merged.items())

    def _memory(self, limit: int) -> list[tuple[str, str]]:
        if self.version == 1:
            files = [("memory.limit_in_bytes", str(limit))]
            if "memory.memsw.limit_in_bytes" in self.knobs:
                files.append(("memory.memsw.limit_in_bytes", str(limit)))
            return files
        files = [("memory.max", str(limit))]
        for name, value in (("memory.swap.max", "0"), ("memory.oom.group", "1")):
            if not self.knobs or name in self.knobs:
                files.append((name, value))
        return files

    def discard(self, attempt_id: str) -> None:
        """Remove what is left of a dead attempt's groups; a group with live processes stays."""
        # In plain strings: this is done after every run.
        for root in set(map(str, self.roots.values())):
            with contextlib.suppress(OSError):
                os.rmdir(f"{root}/{PREFIX}{attempt_id}")  # noqa: PTH106


def detect(*, configured: Path | None = None, proc: Path = Path("/proc"), system: Path = Path("/")) -> Cgroups:
    """Find where we may make groups.

    `configured` is an administrator's choice: a directory of a v2 tree, or a group's name that every v1 controller
    has. `proc` and `system` say where ``/proc`` and the mounts are read, so that a recorded machine can be tried.
    """
    try:
        mounts = _mounts(proc, system)
        own = _own(proc)
    except OSError as error:
        return Cgroups(0, why=f"no control groups: {error.strerror}", fix="This needs Linux with /proc mounted.")
    unified = next((m for m in mounts if m.kind == "cgroup2"), None)
    if unified and "memory" in _words(unified.at / "cgroup.controllers"):
        return _detect_v2(unified, own.get("", "/"), configured, proc)
    return _detect_v1([m for m in mounts if m.kind == "cgroup"], own, configured)


def arrange(found: Cgroups) -> Cgroups:
    """Make `found` ready for use: on v2 move our own processes to a leaf and switch the controllers on.

    For the agent only, once at its start, before it starts other processes; returns what is usable then.
    """
    if found.version != 2:  # noqa: PLR2004 - the version's number
        return found
    root = next(iter(found.roots.values()))
    try:
        root.mkdir(exist_ok=True)
        if found.crowd:
            leaf = root / _LEAF
            leaf.mkdir(exist_ok=True)
            for pid in found.crowd:
                with contextlib.suppress(ProcessLookupError):
                    (leaf / "cgroup.procs").write_text(str(pid))
        missing = [name for name in found.roots if name not in _words(root / "cgroup.subtree_control")]
        if missing:
            (root / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in missing))
        knobs = _try_making(root)
    except OSError as error:
        return Cgroups(0, why=f"{root}: {error.strerror}", fix=_FIX_V2)
    return Cgroups(2, found.roots, knobs=knobs)


_FIX_V2 = (
    "As a systemd service, set Delegate=memory pids cpu and DelegateSubgroup=agent; by hand, start it with "
    "`systemd-run --user --scope -p Delegate=yes`; in a container, mount /sys/fs/cgroup writable."
)
_FIX_V1 = "Make the cgroup trees writable for Runyard's user, or start Runyard as root."


@dataclass(frozen=True, slots=True)
class _Mount:
    kind: str
    root: str
    at: Path
    options: frozenset[str]

    def locate(self, group: str) -> Path:
        """Return where `group` (as /proc/self/cgroup names it) lies under this mount."""
        if self.root != "/" and (group == self.root or group.startswith(f"{self.root}/")):
            group = group[len(self.root) :]
        return self.at / group.strip("/")


def _mounts(proc: Path, system: Path) -> list[_Mount]:
    found = []
    for line in (proc / "self/mountinfo").read_text().splitlines():
        left, _, right = line.partition(" - ")
        words, tail = left.split(" "), right.split(" ")
        if tail[0] in {"cgroup", "cgroup2"}:
            at = re.sub(r"\\([0-7]{3})", lambda m: chr(int(m[1], 8)), words[4])
            found.append(_Mount(tail[0], words[3], system / at.lstrip("/"), frozenset(tail[2].split(","))))
    return found


def _own(proc: Path) -> dict[str, str]:
    """Return our group in each tree; the v2 tree's key is empty."""
    groups = {}
    for line in (proc / "self/cgroup").read_text().splitlines():
        _, names, group = line.split(":", 2)
        for name in names.split(","):
            groups[name] = group
    return groups


def _words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:
        return []


def _try_making(root: Path) -> frozenset[str]:
    """Make and remove a group, and return the files it had; raises OSError where we may not."""
    trial = root / f"{PREFIX}trial-{os.getpid()}"
    with contextlib.suppress(FileExistsError):
        trial.mkdir()
    try:
        return frozenset(os.listdir(trial))  # noqa: PTH208 - names are all that is wanted
    finally:
        with contextlib.suppress(OSError):
            trial.rmdir()


def _detect_v1(mounts: list[_Mount], own: dict[str, str], configured: Path | None) -> Cgroups:
    roots: dict[str, Path] = {}
    knobs: set[str] = set()
    whys: list[str] = []
    made: dict[Path, frozenset[str]] = {}
    for name in _V1_WANTED:
        mount = next((m for m in mounts if name in m.options), None)
        if not mount:
            continue
        root = mount.at / str(configured).strip("/") if configured else mount.locate(own.get(name, "/"))
        try:
            if root not in made:
                if configured:
                    root.mkdir(parents=True, exist_ok=True)
                made[root] = _try_making(root)
        except OSError as error:
            whys.append(f"{root}: {error.strerror}")
            continue
        roots[name] = root
        knobs |= made[root]
    if "memory" not in roots and "pids" not in roots:
        return Cgroups(0, why=whys[0] if whys else "no control groups with limits are mounted", fix=_FIX_V1)
    return Cgroups(1, roots, knobs=frozenset(knobs))


def _detect_v2(mount: _Mount, group: str, configured: Path | None, proc: Path) -> Cgroups:
    own = mount.locate(group)
    candidates: list[Path] = []
    if configured:
        candidates.append(configured if configured.is_relative_to(mount.at) else mount.at / str(configured).strip("/"))
    else:
        if own.name == _LEAF and own != mount.at:
            candidates.append(own.parent)
        if own != mount.at or _is_bounded(own):
            candidates.append(own)
        # The machine's top group may hold processes and inner groups at once; only root can write there, and other
        # container engines keep their trees there too.
        if not _is_bounded(mount.at):
            candidates.append(mount.at / "runyard")
    whys = []
    for root in candidates:
        found = _judge_v2(root, mount, proc, delegated=bool(configured) or root.name == "runyard")
        if found.version:
            return found
        whys.append(found.why)
    return Cgroups(0, why=whys[0] if whys else "no delegated cgroup", fix=_FIX_V2)


def _is_bounded(group: Path) -> bool:
    """Tell an ordinary group from the machine's top one, which alone lacks this file."""
    return (group / "cgroup.type").exists()


def _judge_v2(root: Path, mount: _Mount, proc: Path, *, delegated: bool) -> Cgroups:
    place = root if root.exists() else root.parent
    offered = _words(place / ("cgroup.controllers" if place == root else "cgroup.subtree_control"))
    controllers = [name for name in _V2_WANTED if name in offered]
    if "memory" not in controllers and "pids" not in controllers:
        return Cgroups(0, why=f"{root}: no memory or pids controller is delegated")
    if not os.access(place, os.W_OK) or (place == root and not os.access(root / "cgroup.subtree_control", os.W_OK)):
        return Cgroups(0, why=f"{root}: not writable, so not delegated to Runyard")
    crowd: tuple[int, ...] = ()
    if place == root and root != mount.at:
        crowd = tuple(int(pid) for pid in _words(root / "cgroup.procs"))
        strangers = _strangers(crowd, proc)
        if strangers:
            return Cgroups(0, why=f"{root}: also holds other processes (such as {strangers[0]})")
    if not delegated and not _delegated(root) and os.geteuid() == 0:
        return Cgroups(0, why=f"{root}: belongs to systemd and is not delegated")
    try:
        knobs = _try_making(place)
    except OSError as error:
        return Cgroups(0, why=f"{root}: {error.strerror}")
    roots = dict.fromkeys(controllers, root)
    return Cgroups(
        2, roots, knobs=knobs if any(knob.startswith("memory.") for knob in knobs) else frozenset(), crowd=crowd
    )


def _delegated(root: Path) -> bool:
    """Tell whether systemd marked a group as delegated, or no systemd rules this machine."""
    if not Path("/run/systemd/system").exists():
        return True
    for name in ("trusted.delegate", "user.delegate"):
        with contextlib.suppress(OSError):
            if os.getxattr(root, name) == b"1":
                return True
    return root.name == _LEAF or (root / _LEAF).exists()


def _strangers(pids: tuple[int, ...], proc: Path) -> list[int]:
    """Return those of `pids` that are neither we, nor our descendants, nor a container's first process above us."""
    ours = {os.getpid()}
    parents: dict[int, int] = {}
    for pid in pids:
        with contextlib.suppress(OSError, ValueError, IndexError):
            parents[pid] = int((proc / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])
    grown = True
    while grown:
        new = {pid for pid, parent in parents.items() if parent in ours} - ours
        ours |= new
        grown = bool(new)
    return [pid for pid in pids if pid not in ours and not (pid == 1 and os.getppid() == 1)]
