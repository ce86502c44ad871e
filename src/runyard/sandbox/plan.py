"""The words of a confinement: what is asked for, what is planned, what is in force."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from runyard.runner.spec import CgroupPlan, Container, Disk, Egress, Guard


class Level(StrEnum):
    """How strongly user code is kept apart from the machine, weakest first."""

    process = "process"
    bubblewrap = "bubblewrap"
    container = "container"


@dataclass(frozen=True, slots=True)
class Probe:
    """What one level can do on this machine; ``fix`` says how to get what is missing (empty: nothing is)."""

    level: Level
    available: bool
    reason: str
    details: dict[str, str] = field(default_factory=dict)
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a run may use at most; None leaves a resource unlimited. ``cpu`` in cores, sizes in MiB."""

    cpu: float | None = None
    memory_mb: int | None = None
    pids: int | None = None
    open_files: int | None = None
    file_mb: int | None = None
    disk_mb: int | None = None


@dataclass(frozen=True, slots=True)
class Mount:
    """A host directory or file that the run sees at `target`; checked already, links resolved."""

    source: Path
    target: Path
    writable: bool = False

    def __str__(self) -> str:
        place = "" if self.source == self.target else f" at {self.target}"
        return f"{self.source}{place} ({'read and write' if self.writable else 'read only'})"


@dataclass(frozen=True, slots=True)
class Request:
    """A command and what it may touch. All paths are absolute host paths and keep their names in the sandbox.

    ``read_only`` trees must be readable by others where the run gets a user of its own, since only ``workspace`` and
    ``read_write`` are given to it. ``scratch``, when set, is a directory that becomes the private ``/tmp``, so that
    temporary files lie on disk; without it ``/tmp`` is a bounded piece of memory. ``egress`` names the only places that
    a run with a network may reach (None: all). With ``strict`` a limit that can't be enforced is refused instead of
    noted.
    """

    attempt_id: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    workspace: Path
    read_only: tuple[Path, ...] = ()
    read_write: tuple[Path, ...] = ()
    network: bool = True
    egress: tuple[str, ...] | None = None
    mounts: tuple[Mount, ...] = ()
    limits: Limits = Limits()
    interpreter_roots: tuple[Path, ...] = ()
    scratch: Path | None = None
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Grip:
    """One limit that was asked for: by what it is enforced, or why it is not."""

    limit: float
    unit: str
    by: str = ""
    why: str = ""

    def as_json(self) -> dict[str, object]:
        """Return ``{<unit>: limit, "enforced": true, "by": …}`` or ``{…, "enforced": false, "why": …}``."""
        number = int(self.limit) if float(self.limit).is_integer() else self.limit
        if self.by:
            return {self.unit: number, "enforced": True, "by": self.by}
        return {self.unit: number, "enforced": False, "why": self.why}


@dataclass(frozen=True, slots=True)
class InForce:
    """What really held for one attempt, kept with it and shown to people. A limit nobody asked for is None."""

    level: Level
    user: str
    network: bool
    filesystem: str
    egress: tuple[str, ...] | None = None
    system_calls: str = "not filtered"
    mounts: tuple[str, ...] = ()
    memory: Grip | None = None
    pids: Grip | None = None
    cpu: Grip | None = None
    disk: Grip | None = None
    missing: tuple[str, ...] = ()

    def as_json(self) -> dict[str, object]:
        """Return the JSON shape that a run's ``isolation`` carries."""
        limits = {"memory": self.memory, "pids": self.pids, "cpu": self.cpu, "disk": self.disk}
        network = "off" if not self.network else "on" if self.egress is None else "allow-list"
        return {
            "level": self.level.value,
            "user": self.user,
            "network": network,
            "egress": None if self.egress is None else list(self.egress),
            "filesystem": self.filesystem,
            "mounts": list(self.mounts),
            "system_calls": self.system_calls,
            **{name: grip.as_json() if grip else None for name, grip in limits.items()},
            "missing": list(self.missing),
        }


@dataclass(frozen=True, slots=True)
class Confinement:
    """A plan for the runner: command, user, limits and cgroups; nothing of it has happened yet.

    ``uid`` and ``gid`` are what the shim changes to before it starts ``argv``: None when the sandbox itself changes
    users, or nobody does. ``owner`` is whom the paths in ``chown`` must belong to at the start, all of each
    tree; None leaves them alone. ``rlimits`` are ``("NOFILE", 4096)``, both soft and hard.
    """

    argv: tuple[str, ...]
    env: dict[str, str]
    uid: int | None
    gid: int | None
    owner: int | None
    rlimits: tuple[tuple[str, int], ...]
    cgroups: tuple[CgroupPlan, ...]
    spare_leader: bool
    chown: tuple[Path, ...]
    in_force: InForce
    container: Container | None = None
    egress: Egress | None = None
    guard: Guard | None = None
    disk: Disk | None = None
