"""The one door to confinement: what levels there are, and the plan for one attempt."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

from runyard.runner.spec import CgroupPlan
from runyard.sandbox import bubblewrap, cgroups, probing, process
from runyard.sandbox.cgroups import Cgroups
from runyard.sandbox.plan import Confinement, Grip, InForce, Level, Limits, Probe, Request
from runyard.sandbox.problems import LevelUnavailable, LimitUnavailable, NetworkIsolationUnavailable, PathClosed
from runyard.sandbox.reach import closed_leaf
from runyard.sandbox.uids import UidPool

_SAME_USER = "same as Runyard"


class Sandboxes:
    """Levels, users and control groups of one worker.

    `home` is a directory of the platform's (made if missing) for what sandboxes mount; `hidden` are directories that no
    sandbox may show but for what a request names (the data directory). `default` overrules the choice of the strongest
    level. Nothing is run before the first ``probe``.
    """

    def __init__(
        self,
        home: Path,
        *,
        hidden: tuple[Path, ...] = (),
        uid_base: int = 64_000,
        uid_count: int = 1_000,
        default: Level | None = None,
        cgroup_root: Path | None = None,
        bwrap: str | None = None,
        tmp_mb: int = 1024,
        shm_mb: int = 256,
        limits_found: Callable[[], Cgroups] | None = None,
    ) -> None:
        self._home = home
        self._hidden = hidden
        self._default = default
        self._bwrap = bwrap
        self._sizes = (tmp_mb, shm_mb)
        self._find_groups = limits_found or (lambda: cgroups.detect(configured=cgroup_root))
        self._users = probing.own_users(uid_base, uid_count)
        self.uids = UidPool(uid_base, uid_count)
        self._lock = threading.Lock()
        self._groups: Cgroups | None = None
        self._found: probing.Found | None = None

    def prepare(self) -> tuple[Probe, ...]:
        """Get the machine ready for runs and look at it: for an agent, once, before it starts the launcher.

        On control groups v2 this moves the agent's own processes into a leaf of their group.
        """
        groups = cgroups.arrange(self._find_groups())
        with self._lock:
            self._groups = groups
        return self.probe()

    def probe(self) -> tuple[Probe, ...]:
        """Return what each level can do here, weakest first. Runs real commands the first time, about 50 ms."""
        with self._lock:
            if self._groups is None:
                self._groups = self._find_groups()
            if self._found is None:
                self._found = probing.look(
                    home=self._home,
                    users=self._users,
                    hidden=self._hidden,
                    tmp_mb=self._sizes[0],
                    shm_mb=self._sizes[1],
                    bwrap=self._bwrap,
                )
        return (self._probe_process(self._groups), self._probe_bubblewrap(self._found, self._groups), _CONTAINER)

    def default_level(self) -> Level:
        """Return the configured level, or else the strongest one available."""
        if self._default:
            return self._default
        return [probe.level for probe in self.probe() if probe.available][-1]

    def confine(self, level: Level | None, request: Request) -> Confinement:
        """Plan one attempt at `level` (None: the default) and lend it a user where it gets one.

        Raises LevelUnavailable, NetworkIsolationUnavailable, LimitUnavailable, PathClosed, UnsafeVariable, NoFreeUser;
        never plans less than what was asked for without saying so in ``in_force``. Give the user back by ``release``.
        """
        chosen = level or self.default_level()
        probe = next(probe for probe in self.probe() if probe.level is chosen)
        if not probe.available:
            raise LevelUnavailable(f"Isolation level {chosen.value!r} is not available here: {probe.reason}.")
        try:
            if chosen is Level.bubblewrap:
                return self._in_bubblewrap(request)
            return self._as_process(request)
        except BaseException:
            self.uids.release(request.attempt_id)
            raise

    def adopt(self, attempt_id: str, uid: int | None) -> None:
        """Note that a re-attached attempt lives on as `uid`, its workspace's owner; None and our own id are fine."""
        if uid is not None and uid in self.uids.ids:
            self.uids.adopt(attempt_id, uid)

    def release(self, attempt_id: str) -> None:
        """Forget a finished attempt: its user may be lent again, empty control groups left behind are removed."""
        self.uids.release(attempt_id)
        if self._groups:
            self._groups.discard(attempt_id)

    def _in_bubblewrap(self, request: Request) -> Confinement:
        found = self._found
        if not found or not found.tools:
            raise LevelUnavailable
        if not request.network and found.network:
            raise NetworkIsolationUnavailable(f"The network can't be switched off here: {found.network}.")
        bubblewrap.check_variables(request.env)
        uid = self.uids.take(request.attempt_id) if self._users else None
        if uid is not None:
            # The way to these is built anew in the sandbox, so only their own modes count.
            for path in (*request.interpreter_roots, *request.read_only):
                if why := closed_leaf(path):
                    raise PathClosed(f"{why}, so the run's own user can't read it.")
        missing: list[str] = []
        if not found.tools.files.seccomp:
            missing.append("a filter of system calls: none is known for this processor")
        if uid is None and not found.tools.no_userns:
            missing.append("a ban on further user namespaces: this bubblewrap has none")
        grips, groups = self._limits(request, own_user=uid is not None, extra_pids=bubblewrap.OVERHEAD_PIDS)
        return Confinement(
            argv=bubblewrap.command(found.tools, request, uid),
            env=dict(request.env),
            uid=None,
            gid=None,
            owner=uid,
            rlimits=self._rlimits(request.limits, grips[1], own_user=uid is not None),
            cgroups=groups,
            spare_leader=True,
            chown=_given(request),
            in_force=InForce(
                level=Level.bubblewrap,
                user=_SAME_USER if uid is None else f"{uid} (own, unprivileged)",
                network=request.network,
                filesystem="private: system read-only, own workspace, nothing else",
                memory=grips[0],
                pids=grips[1],
                cpu=grips[2],
                missing=(*missing, *_unenforced(grips)),
            ),
        )

    def _as_process(self, request: Request) -> Confinement:
        if not request.network:
            raise NetworkIsolationUnavailable(
                "The network can't be switched off at isolation level 'process'; that needs 'bubblewrap'."
            )
        missing: list[str] = []
        uid: int | None = None
        if not self._users:
            missing.append("a user of its own: Runyard is not root here" if os.geteuid() else _UNMAPPED)
        elif why := process.closed_to_others(request, os.lstat):
            missing.append(f"a user of its own: {why}")
        else:
            uid = self.uids.take(request.attempt_id)
        grips, groups = self._limits(request, own_user=uid is not None, extra_pids=0)
        return Confinement(
            argv=request.argv,
            env=dict(request.env),
            uid=uid,
            gid=uid,
            owner=uid,
            rlimits=self._rlimits(request.limits, grips[1], own_user=uid is not None),
            cgroups=groups,
            spare_leader=False,
            chown=_given(request),
            in_force=InForce(
                level=Level.process,
                user=_SAME_USER if uid is None else f"{uid} (own, unprivileged)",
                network=True,
                filesystem="the machine's, as that user",
                memory=grips[0],
                pids=grips[1],
                cpu=grips[2],
                missing=(*missing, *_unenforced(grips)),
            ),
        )

    def _limits(
        self, request: Request, *, own_user: bool, extra_pids: int
    ) -> tuple[tuple[Grip | None, Grip | None, Grip | None], tuple[CgroupPlan, ...]]:
        """Return what holds memory, processes and processor, in this order, and the groups that do it."""
        groups = self._groups or Cgroups(0, why="not looked for")
        asked = request.limits
        memory = _grip(asked.memory_mb, "limit_mb", groups.by, groups.why_not("memory"))
        pids = _grip(asked.pids, "limit", groups.by, groups.why_not("pids"))
        if pids and not pids.by and own_user:
            pids = _grip(asked.pids, "limit", _BY_USER, "")
        cpu = _grip(asked.cpu, "limit_cores", groups.by, groups.why_not("cpu"))
        if request.strict:
            for name, grip in (("memory", memory), ("process", pids), ("processor", cpu)):
                if grip and not grip.by:
                    raise LimitUnavailable(f"The {name} limit can't be enforced here: {grip.why}.")
        plans = groups.plan(
            request.attempt_id,
            memory_mb=asked.memory_mb,
            pids=None if asked.pids is None else asked.pids + extra_pids,
            cpu=asked.cpu,
        )
        return (memory, pids, cpu), plans

    @staticmethod
    def _rlimits(limits: Limits, pids: Grip | None, *, own_user: bool) -> tuple[tuple[str, int], ...]:
        by_user = own_user and pids is not None and pids.by == _BY_USER
        return process.rlimits(limits, processes=limits.pids if by_user else None)

    def _probe_process(self, groups: Cgroups) -> Probe:
        user = _tell_users(self._users)
        details = {"user": user, "network": "can't be switched off", "limits": _tell(groups)}
        return Probe(Level.process, available=True, reason="", details=details, fix=groups.fix)

    def _probe_bubblewrap(self, found: probing.Found, groups: Cgroups) -> Probe:
        if not found.tools:
            return Probe(Level.bubblewrap, available=False, reason=found.why, fix=found.fix)
        tools = found.tools
        details = {
            "version": found.version,
            "program": tools.bwrap,
            "user": _tell_users(self._users),
            "network": f"can't be switched off: {found.network}" if found.network else "can be switched off",
            "system_calls": "filtered" if tools.files.seccomp else "not filtered on this processor",
            "limits": _tell(groups),
        }
        return Probe(Level.bubblewrap, available=True, reason="", details=details, fix=groups.fix)


_CONTAINER = Probe(
    Level.container,
    available=False,
    reason="this version of Runyard does not run scripts in containers",
    fix="Choose the level `bubblewrap`.",
)
_UNMAPPED = "a user of its own: the ids set aside for runs can't be used in this container"
_BY_USER = "resource limit of the run's own user"


def _grip(limit: float | None, unit: str, by: str, why: str) -> Grip | None:
    if limit is None:
        return None
    return Grip(limit, unit, why=why) if why else Grip(limit, unit, by=by)


def _unenforced(grips: tuple[Grip | None, Grip | None, Grip | None]) -> tuple[str, ...]:
    names = ("memory limit", "process limit", "processor limit")
    return tuple(f"{name}: {grip.why}" for name, grip in zip(names, grips, strict=True) if grip and not grip.by)


def _given(request: Request) -> tuple[Path, ...]:
    return (request.workspace, *request.read_write, *((request.scratch,) if request.scratch else ()))


def _tell(groups: Cgroups) -> str:
    if not groups.version:
        return f"not enforced: {groups.why}"
    held = [name for name in ("memory", "pids", "cpu") if not groups.why_not(name)]
    return f"{', '.join(held)} by {groups.by}"


def _tell_users(users: range) -> str:
    return f"{users[0]} to {users[-1]} (own, unprivileged)" if users else _SAME_USER
