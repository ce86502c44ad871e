"""Where code of packages runs while they are built: confined as runs are, under users that no run ever gets."""

import json
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Protocol

import psutil
from msgspec import Struct

from runyard import ids
from runyard.environments.processes import Command
from runyard.runner import kernel
from runyard.sandbox import Confinement, Limits, Request, Sandboxes
from runyard.sandbox.ownership import give

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LOADING = re.compile(r"LD_.*")
_OPEN_FILES, _PROCESSES = 4096, 512
# Limits, control groups, the change of user and what the kernel holds against a build: set between fork and exec.
_START = """
import json, os, resource, sys
order = json.loads(sys.argv[1])
for group in order["groups"]:
    with open(group + "/cgroup.procs", "w") as file:
        file.write("0")
for name, value in order["limits"]:
    kind = getattr(resource, "RLIMIT_" + name, None)
    if kind is not None:
        hard = resource.getrlimit(kind)[1]
        bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (bound, bound))
os.umask(0o022)
guard, program = order["guard"], b""
if guard is not None:
    sys.path.append(order["runner"])
    import kernel
    if guard["seccomp"] is not None:
        with open(guard["seccomp"], "rb") as file:
            program = file.read()
if order["user"] is not None:
    os.setgroups([])
    os.setgid(order["user"])
    os.setuid(order["user"])
if guard is not None and guard["landlock"] is not None:
    kernel.confine(guard["landlock"], guard["rules"])
if program:
    kernel.filter_calls(program)
os.execv(sys.argv[2], sys.argv[2:])
"""


class Caged(Struct, frozen=True):
    """A command as it is to be started, and what is told of its confinement."""

    command: Command
    told: str


class Cage(Protocol):
    """Confines commands that run code of packages."""

    def around(self, command: Command, reads: tuple[Path, ...]) -> AbstractContextManager[Caged]:
        """Return a context in which the command may be started; what it wrote is ours again afterwards."""


class SandboxCage:
    """Builds in this machine's sandboxes: no data directory, no other environment, no rights; with the network."""

    def __init__(self, sandboxes: Sandboxes, *, memory_mb: int | None) -> None:
        self._sandboxes = sandboxes
        self._memory_mb = memory_mb

    @contextmanager
    def around(self, command: Command, reads: tuple[Path, ...]) -> Iterator[Caged]:
        """Confine a command that may write `command.writable` and read `reads` besides the system."""
        name = ids.new("bld")
        request = Request(
            attempt_id=name,
            argv=(shutil.which(command.argv[0]) or command.argv[0], *command.argv[1:]),
            env=_safe(command.env),
            workspace=command.cwd,
            read_only=reads,
            read_write=tuple(path for path in command.writable if path != command.cwd),
            network=True,
            limits=Limits(memory_mb=self._memory_mb, pids=_PROCESSES, open_files=_OPEN_FILES),
        )
        plan = self._sandboxes.confine(None, request)
        try:
            give(plan.chown, plan.owner)
            groups = _make_groups(plan)
            order = {
                "groups": groups,
                "limits": list(plan.rlimits),
                "user": plan.uid,
                "guard": None if plan.guard is None else asdict(plan.guard),
                "runner": str(Path(kernel.__file__).parent),
            }
            start = (sys.executable, "-I", "-S", "-c", _START, json.dumps(order))
            started = Command((*start, *plan.argv), plan.env, command.cwd, command.writable)
            force = plan.in_force
            yield Caged(started, f"{force.level.value}, user {force.user}, files: {force.filesystem}")
        finally:
            if plan.owner is not None:
                _end_all_of(plan.owner)
                give(plan.chown, os.geteuid())
            self._sandboxes.release(name)


class NoCage:
    """Runs code of packages as the agent: for tests, and where somebody else confines."""

    @contextmanager
    def around(self, command: Command, reads: tuple[Path, ...]) -> Iterator[Caged]:  # noqa: ARG002 - one promise
        """Leave a command as it is."""
        yield Caged(command, "not at all")


def _safe(env: Mapping[str, str]) -> dict[str, str]:
    """Leave out what sandboxes refuse, and what could load code into the programs that build them."""
    return {name: value for name, value in env.items() if _NAME.fullmatch(name) and not _LOADING.fullmatch(name)}


def _make_groups(plan: Confinement) -> list[str]:
    made = []
    for group in plan.cgroups:
        try:
            path = Path(group.path)
            path.mkdir(parents=True, exist_ok=True)
            for file, value in group.files:
                (path / file).write_text(value)
        except OSError:
            if group.required:
                raise
            continue
        made.append(group.path)
    return made


def _end_all_of(user: int) -> None:
    """Kill what a build left running, wherever it has hidden from its session: the user is lent to it alone."""
    for process in psutil.process_iter(["uids"]):
        uids = process.info["uids"]
        if uids is not None and user in (uids.real, uids.effective, uids.saved):
            with suppress(psutil.NoSuchProcess):
                process.kill()
                process.wait(5)
