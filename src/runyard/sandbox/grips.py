"""Which limits hold, by whom, and what is told of those that do not. Pure."""

from dataclasses import dataclass

from runyard.runner.spec import CgroupPlan, Disk
from runyard.sandbox import landlock, process
from runyard.sandbox.cgroups import Cgroups
from runyard.sandbox.container import Engine
from runyard.sandbox.plan import Grip, Limits, Request
from runyard.sandbox.problems import LimitUnavailable

BY_USER = "resource limit of the run's own user"
BY_WATCH = "measuring, every 0.25 to 5 s"
BY_ENGINE = "container engine"


@dataclass(frozen=True, slots=True)
class Grips:
    """What holds each limit that was asked for; None where nobody asked."""

    memory: Grip | None
    pids: Grip | None
    cpu: Grip | None
    disk: Grip | None

    @property
    def unenforced(self) -> tuple[str, ...]:
        """Such as ``memory limit: no delegated cgroup``."""
        named = (("memory", self.memory), ("process", self.pids), ("processor", self.cpu))
        return tuple(f"{name} limit: {grip.why}" for name, grip in named if grip and not grip.by)

    def demanded(self, request: Request) -> "Grips":
        """Return these; raise LimitUnavailable if one does not hold and `request` is strict."""
        if request.strict and self.unenforced:
            name, _, why = self.unenforced[0].partition(": ")
            raise LimitUnavailable(f"The {name} can't be enforced here: {why}.")
        return self


def by_groups(groups: Cgroups, request: Request, *, own_user: bool) -> Grips:
    """Return what holds where control groups do the work."""
    asked = request.limits
    pids = _grip(asked.pids, "limit", groups.by, groups.why_not("pids"))
    if pids and not pids.by and own_user:
        pids = _grip(asked.pids, "limit", BY_USER, "")
    return Grips(
        _grip(asked.memory_mb, "limit_mb", groups.by, groups.why_not("memory")),
        pids,
        _grip(asked.cpu, "limit_cores", groups.by, groups.why_not("cpu")),
        _grip(asked.disk_mb, "limit_mb", BY_WATCH, ""),
    ).demanded(request)


def by_engine(engine: Engine, request: Request) -> Grips:
    """Return what holds where a container engine does the work."""
    asked = request.limits
    return Grips(
        _grip(asked.memory_mb, "limit_mb", BY_ENGINE, engine.why_not("memory")),
        _grip(asked.pids, "limit", BY_ENGINE, engine.why_not("pids")),
        _grip(asked.cpu, "limit_cores", BY_ENGINE, engine.why_not("cpu")),
        _grip(asked.disk_mb, "limit_mb", BY_WATCH, ""),
    ).demanded(request)


def groups_for(groups: Cgroups, request: Request, extra_pids: int) -> tuple[CgroupPlan, ...]:
    """Plan the run's control groups; `extra_pids` are processes that are the sandbox's own."""
    asked = request.limits
    return groups.plan(
        request.attempt_id,
        memory_mb=asked.memory_mb,
        pids=None if asked.pids is None else asked.pids + extra_pids,
        cpu=asked.cpu,
    )


def rlimits(limits: Limits, pids: Grip | None, *, own_user: bool) -> tuple[tuple[str, int], ...]:
    """Return the resource limits; that of processes only where the user is the run's own and nothing better holds."""
    by_user = own_user and pids is not None and pids.by == BY_USER
    return process.rlimits(limits, processes=limits.pids if by_user else None)


def disk(request: Request, floor: int, owner: int | None) -> Disk | None:
    """Return what is measured of the run's disk space; `owner` also has files in the machine's own directories."""
    limit = request.limits.disk_mb
    if limit is None and not floor:
        return None
    paths = tuple(map(str, (request.workspace, *request.read_write, *((request.scratch,) if request.scratch else ()))))
    shared = landlock.SHARED if owner is not None else ()
    return Disk(None if limit is None else limit * process.MIB, paths, floor, owner, shared)


def _grip(limit: float | None, unit: str, by: str, why: str) -> Grip | None:
    if limit is None:
        return None
    return Grip(limit, unit, why=why) if why else Grip(limit, unit, by=by)
