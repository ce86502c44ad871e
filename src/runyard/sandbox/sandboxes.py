"""The one door to confinement: what levels there are, and the plan for one attempt."""

import os
import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path

from runyard.runner.spec import Egress
from runyard.sandbox import (
    bubblewrap,
    cgroups,
    container,
    egress,
    engines,
    grips,
    landlock,
    leftovers,
    probing,
    process,
)
from runyard.sandbox.cgroups import Cgroups
from runyard.sandbox.engines import FoundEngine
from runyard.sandbox.landlock import Landlock
from runyard.sandbox.mounts import Allowed
from runyard.sandbox.plan import Confinement, InForce, Level, Probe, Request
from runyard.sandbox.problems import LevelUnavailable, MountRefused, NetworkIsolationUnavailable, PathClosed
from runyard.sandbox.reach import closed_leaf
from runyard.sandbox.system_files import filter_file
from runyard.sandbox.telling import Telling
from runyard.sandbox.uids import UidPool

_SAME_USER = "same as Runyard"
_UNMAPPED = "a user of its own: the ids set aside for runs can't be used in this container"
_PRIVATE = "private: system read-only, own workspace, nothing else"
_FILTERED = "filtered"


class Sandboxes:
    """Levels, users and control groups of one worker.

    `home` is a directory of the platform's (made if missing) for what sandboxes mount; `hidden` are directories that no
    sandbox may show but for what a request names (the data directory). `default` overrules the choice of the best
    level. `engine` is a container engine's Unix socket (empty: none), with the image and the network that runs get
    there. `allowed` are host directories that scripts may mount, `floor` bytes that a run must leave on the disk.
    `guards` switches what the kernel holds against scripts at the level `process`. Nothing is run before the first
    ``probe``.
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
        engine: str = "",
        image: str = "",
        network: str = "bridge",
        allowed: Sequence[Allowed] = (),
        floor: int = 0,
        guards: bool = True,
        tmp_mb: int = 1024,
        shm_mb: int = 256,
        limits_found: Callable[[], Cgroups] | None = None,
    ) -> None:
        self._home = home
        self.hidden = hidden
        self._default = default
        self._bwrap = bwrap
        self._engine = (engine, image, network)
        self.allowed = tuple(allowed)
        self._floor = floor
        self._guards = guards
        self._sizes = (tmp_mb, shm_mb)
        self._find_groups = limits_found or (lambda: cgroups.detect(configured=cgroup_root))
        self._users = probing.own_users(uid_base, uid_count)
        self.uids = UidPool(uid_base, uid_count)
        self._lock = threading.Lock()
        self._groups: Cgroups | None = None
        self._found: probing.Found | None = None
        self._told: tuple[Probe, ...] | None = None
        self._found_engine: FoundEngine | None = None
        self._landlock = Landlock(0, "not looked for")
        self._filter: Path | None = None
        self._outside: set[str] = set()

    def prepare(self, owner: str = "") -> tuple[Probe, ...]:
        """Get the machine ready for the runs of `owner` and look at it: once, before an agent starts its launcher.

        On control groups v2 this moves the agent's own processes into a leaf of their group.
        """
        groups = cgroups.arrange(self._find_groups())
        with self._lock:
            self._groups = groups
            self._told = None
        probes = self.probe()
        found = self._found_engine
        if found and found.engine:
            self._found_engine = replace(found, engine=replace(found.engine, owner=owner))
        return probes

    def sweep(self, keep: Collection[str]) -> list[str]:
        """Remove the containers that the owner left behind, but those of the attempts `keep`; return whose they were.

        Raises: EngineTrouble.
        """
        found = self._found_engine
        return engines.sweep(found.engine, keep) if found and found.engine else []

    def probe(self) -> tuple[Probe, ...]:
        """Return what each level can do here, weakest first.

        Runs real commands the first time: about 50 ms, and half a second more where a container engine is named.
        """
        if self._told is not None:
            return self._told
        with self._lock:
            if self._groups is None:
                self._groups = self._find_groups()
            if self._found is None:
                self._landlock = landlock.probe()
                self._filter = filter_file(self._home) if self._guards else None
                common = {
                    "home": self._home,
                    "users": self._users,
                    "hidden": self.hidden,
                    "tmp_mb": self._sizes[0],
                    "shm_mb": self._sizes[1],
                }
                self._found = probing.look(bwrap=self._bwrap, **common)  # type: ignore[arg-type]
                url, image, network = self._engine
                self._found_engine = engines.look(url, image=image, network=network, **common)  # type: ignore[arg-type]
        told = Telling(self._users, self._groups, self._landlock, self._filter is not None, self._guards)
        assert self._found_engine is not None  # noqa: S101 - for the type checker
        self._told = (told.process(), told.bubblewrap(self._found), told.container(self._found_engine))
        return self._told

    def default_level(self) -> Level:
        """Return the configured level, or else the best one available.

        Containers and bubblewrap keep a script apart equally well, and bubblewrap starts it twenty times sooner.
        """
        if self._default:
            return self._default
        there = {probe.level for probe in self.probe() if probe.available}
        return next(level for level in (Level.bubblewrap, Level.container, Level.process) if level in there)

    def groups(self, attempt_id: str) -> tuple[Path, ...]:
        """Return where an attempt's control groups are, if it has any."""
        return tuple({root / f"{cgroups.PREFIX}{attempt_id}" for root in self._limits_by.roots.values()})

    def confine(self, level: Level | None, request: Request) -> Confinement:
        """Plan one attempt at `level` (None: the default) and lend it a user where it gets one.

        Raises LevelUnavailable, NetworkIsolationUnavailable, LimitUnavailable, MountRefused, PathClosed,
        UnsafeVariable, NoFreeUser; never plans less than what was asked for without saying so in ``in_force``. Give
        the user back by ``release``.
        """
        chosen = level or self.default_level()
        probe = next(probe for probe in self.probe() if probe.level is chosen)
        if not probe.available:
            raise LevelUnavailable(f"Isolation level {chosen.value!r} is not available here: {probe.reason}.")
        try:
            if chosen is Level.bubblewrap:
                return self._in_bubblewrap(request)
            if chosen is Level.container:
                return self._in_container(request)
            return self._as_process(request)
        except BaseException:
            self.uids.release(request.attempt_id)
            raise

    def adopt(self, attempt_id: str, uid: int | None) -> None:
        """Note that a re-attached attempt lives on as `uid`, its workspace's owner; None and our own id are fine."""
        if uid is not None and uid in self.uids.ids:
            self.uids.adopt(attempt_id, uid)
            # At which level it runs is not known any more.
            self._outside.add(attempt_id)

    def clear(self, attempt_id: str) -> None:
        """Remove what a finished attempt's own user has left in the machine's temporary directories; may take long."""
        uid = self.uids.held_by(attempt_id)
        if uid is not None and attempt_id in self._outside:
            leftovers.remove(landlock.SHARED, uid)

    def release(self, attempt_id: str) -> None:
        """Forget a finished attempt: its user may be lent again, empty control groups left behind are removed."""
        self.uids.release(attempt_id)
        self._outside.discard(attempt_id)
        if self._groups:
            self._groups.discard(attempt_id)

    def _in_bubblewrap(self, request: Request) -> Confinement:
        found = self._found
        if not found or not found.tools:
            raise LevelUnavailable
        if (not request.network or request.egress is not None) and found.network:
            raise NetworkIsolationUnavailable(f"The network can't be switched off here: {found.network}.")
        bubblewrap.check_variables(request.env)
        uid = self.uids.take(request.attempt_id) if self._users else None
        if uid is not None:
            _demand_readable(request)
        missing: list[str] = []
        if not found.tools.files.seccomp:
            missing.append("a filter of system calls: none is known for this processor")
        if uid is None and not found.tools.no_userns:
            missing.append("a ban on further user namespaces: this bubblewrap has none")
        held = grips.by_groups(self._limits_by, request, own_user=uid is not None)
        egress = None if request.egress is None else Egress(request.egress, uid)
        return Confinement(
            argv=bubblewrap.command(found.tools, request, uid),
            env=_with_proxy(request),
            uid=None,
            gid=None,
            owner=uid,
            rlimits=grips.rlimits(request.limits, held.pids, own_user=uid is not None),
            cgroups=grips.groups_for(self._limits_by, request, bubblewrap.OVERHEAD_PIDS),
            spare_leader=True,
            chown=_given(request),
            egress=egress,
            guard=self._landlock.outer(),
            disk=grips.disk(request, self._floor, None),
            in_force=InForce(
                level=Level.bubblewrap,
                user=_SAME_USER if uid is None else f"{uid} (own, unprivileged)",
                network=request.network,
                egress=request.egress,
                filesystem=_PRIVATE,
                system_calls=_FILTERED if found.tools.files.seccomp else "not filtered",
                mounts=tuple(map(str, request.mounts)),
                memory=held.memory,
                pids=held.pids,
                cpu=held.cpu,
                disk=held.disk,
                missing=(*missing, *held.unenforced),
            ),
        )

    def _in_container(self, request: Request) -> Confinement:
        found = self._found_engine
        if not found or not found.engine:
            raise LevelUnavailable
        engine = found.engine
        if request.network and request.egress is None and found.network:
            raise NetworkIsolationUnavailable(f"Containers have no network here: {found.network}.")
        if request.egress is not None and os.geteuid() != 0:
            why = "only root can put the proxy into a container's network"
            raise NetworkIsolationUnavailable(f"A list of allowed places can't be held in a container here: {why}.")
        bubblewrap.check_variables(request.env)
        uid = self.uids.take(request.attempt_id) if self._users else None
        if uid is not None:
            _demand_readable(request)
        held = grips.by_engine(engine, request)
        user, group = (uid, uid) if uid is not None else (os.getuid(), os.getgid())
        return Confinement(
            argv=request.argv,
            env=_with_proxy(request),
            uid=None,
            gid=None,
            owner=uid,
            rlimits=(),
            cgroups=(),
            spare_leader=False,
            chown=_given(request),
            container=container.body(engine, request, user, group),
            egress=None if request.egress is None else Egress(request.egress, uid),
            disk=grips.disk(request, self._floor, None),
            in_force=InForce(
                level=Level.container,
                user=_SAME_USER if uid is None else f"{uid} (own, unprivileged)",
                network=request.network,
                egress=request.egress,
                filesystem=_PRIVATE
                if engine.etc
                else f"private: the image {engine.image}, own workspace, nothing else",
                system_calls="filtered by the container engine" if engine.filtered else "not filtered",
                mounts=tuple(map(str, request.mounts)),
                memory=held.memory,
                pids=held.pids,
                cpu=held.cpu,
                disk=held.disk,
                missing=held.unenforced,
            ),
        )

    def _as_process(self, request: Request) -> Confinement:
        if not request.network or request.egress is not None:
            what = (
                "The network can't be switched off" if not request.network else "A list of allowed places can't be held"
            )
            raise NetworkIsolationUnavailable(
                f"{what} at isolation level 'process'; that needs 'bubblewrap' or 'container'."
            )
        for mount in request.mounts:
            if mount.source != mount.target:
                why = "at isolation level 'process' a directory can't be seen elsewhere than where it lies"
                raise MountRefused(f"{mount.source} can't be mounted at {mount.target}: {why}.")
        missing: list[str] = []
        uid: int | None = None
        if not self._users:
            missing.append("a user of its own: Runyard is not root here" if os.geteuid() else _UNMAPPED)
        elif why := process.closed_to_others(request, os.lstat):
            # As root it would do whatever it likes to the machine.
            raise PathClosed(
                f"{why}, so the run's own user can't use it. Have it where every user can get at it "
                "(RUNYARD_DATA, RUNYARD_ENVIRONMENTS__PYTHON), or run the script at the level 'bubblewrap'."
            )
        else:
            uid = self.uids.take(request.attempt_id)
            self._outside.add(request.attempt_id)
        guard = None
        filesystem, calls = "the machine's, as that user", "not filtered"
        if self._guards:
            guard = self._landlock.domain(request, own_user=uid is not None, hidden=self.hidden, seccomp=self._filter)
            calls = _FILTERED if self._filter else calls
            if guard.landlock is None:
                missing.append(f"a bound on the files that it can open: {self._landlock.why}")
            else:
                filesystem = "the machine's system read-only, its temporary directories, own workspace (Landlock)"
                if uid is None and (closed := landlock.shared_closed(self.hidden)):
                    missing.append(f"{', '.join(closed)}: Runyard's data lie there")
        held = grips.by_groups(self._limits_by, request, own_user=uid is not None)
        return Confinement(
            argv=request.argv,
            env=dict(request.env),
            uid=uid,
            gid=uid,
            owner=uid,
            rlimits=grips.rlimits(request.limits, held.pids, own_user=uid is not None),
            cgroups=grips.groups_for(self._limits_by, request, 0),
            spare_leader=False,
            chown=_given(request),
            guard=guard,
            disk=grips.disk(request, self._floor, uid),
            in_force=InForce(
                level=Level.process,
                user=_SAME_USER if uid is None else f"{uid} (own, unprivileged)",
                network=True,
                filesystem=filesystem,
                system_calls=calls,
                mounts=tuple(map(str, request.mounts)),
                memory=held.memory,
                pids=held.pids,
                cpu=held.cpu,
                disk=held.disk,
                missing=(*missing, *held.unenforced),
            ),
        )

    @property
    def _limits_by(self) -> Cgroups:
        return self._groups or Cgroups(0, why="not looked for")


def _given(request: Request) -> tuple[Path, ...]:
    return (request.workspace, *request.read_write, *((request.scratch,) if request.scratch else ()))


def _demand_readable(request: Request) -> None:
    """Raise PathClosed if the run's own user can't read what it needs.

    The way to these is built anew in the sandbox, so only their own modes count.
    """
    for path in (*request.interpreter_roots, *request.read_only):
        if why := closed_leaf(path):
            raise PathClosed(f"{why}, so the run's own user can't read it.")


def _with_proxy(request: Request) -> dict[str, str]:
    return {**request.env, **(egress.variables(request.egress) if request.egress is not None else {})}
