"""From the shim's fork to the script's first instruction: rights, limits, groups, exec."""

from __future__ import annotations

import os
import resource

from . import container, egress, kernel
from .cgroups import GroupUnavailable, entrance, join
from .engine import EngineTrouble

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from .order import Order


class Ends:
    """The script's ends of the pipes to its shim: the word to go, both streams, and why it could not start."""

    __slots__ = ("go", "stderr", "stdout", "why")

    def __init__(self, go: int, stdout: int, stderr: int, why: int) -> None:
        self.go = go
        self.stdout = stdout
        self.stderr = stderr
        self.why = why


class Refused(Exception):  # noqa: N818 - errors are nouns here
    """A step towards the script's start that failed, in words."""


def become_script(order: Order, shim: int, ends: Ends) -> NoReturn:
    """Turn this freshly forked process into the script once the shim says go; on failure say why and exit."""
    try:
        os.setsid()
        os.dup2(ends.stdout, 1)
        os.dup2(ends.stderr, 2)
        if os.read(ends.go, 1):
            # before the groups are joined: what it needs is not the script's
            gate = None if order.egress is None else egress.Gate(order.egress, ends.why)
            if order.container is not None:
                container.become_keeper(order, shim, ends, gate)
            _prepare(order, shim, gate)
            _execute(order)
    except (Refused, GroupUnavailable, EngineTrouble) as refused:
        os.write(ends.why, str(refused).encode("utf-8", "backslashreplace")[:2000])
    except BaseException as failure:  # noqa: BLE001 - this process must never return into the shim's code
        os.write(ends.why, f"the start failed: {failure!r}".encode("utf-8", "backslashreplace")[:2000])
    finally:
        os._exit(127)


def spawn_script(order: Order, ends: Ends) -> int:
    """Start a shell that waits for the word to go, joins the order's groups and becomes the command; its process id.

    The working directory and the umask are the caller's. Nothing of the caller is copied, which a fork would do.
    """
    steps = ["read -r RUNYARD_GO <&3 || exit 127"]
    for plan in order.cgroups:
        group = plan["path"]
        step = f"{{ echo 0 >{_quoted(entrance(group))}; }} 2>/dev/null"
        if plan.get("required", True):
            refusal = _quoted(f"control group {group} refused the script")
            step += f" || {{ echo {refusal} >&4; exit 127; }}"
        steps.append(step)
    steps.append("unset RUNYARD_GO; exec 3<&- 4>&-")
    shell, flag, text, *rest = order.argv
    return os.posix_spawn(
        shell,
        [shell, flag, "\n".join([*steps, text]), *rest],
        order.env,
        # what is read from goes before what might lie in its place
        file_actions=(
            (os.POSIX_SPAWN_DUP2, ends.stdout, 1),
            (os.POSIX_SPAWN_DUP2, ends.stderr, 2),
            (os.POSIX_SPAWN_DUP2, ends.go, 3),
            (os.POSIX_SPAWN_DUP2, ends.why, 4),
        ),
        setsid=True,
    )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _prepare(order: Order, shim: int, gate: egress.Gate | None) -> None:
    if order.cgroups:
        join(order.cgroups)
    if order.rlimits:
        limit(order.rlimits)
    if gate is not None:
        _leave_network(gate)
    os.umask(order.umask)
    program = b"" if order.guard is None else _filter_of(order.guard)
    if order.uid is not None or order.gid is not None:
        _drop_rights(order.uid, order.gid)
    # after the change of user, which clears it
    kernel.die_with_parent(shim)
    try:
        os.chdir(order.cwd)
    except OSError as failure:
        raise Refused(f"cannot enter the working directory {order.cwd}: {failure.strerror}") from None
    if order.guard is not None:
        _confine(order.guard, program)


def _leave_network(gate: egress.Gate) -> None:
    try:
        egress.leave()
        gate.open()
    except OSError as failure:
        raise Refused(f"cannot give the script a network of its own: {failure.strerror}") from None


def _filter_of(guard: dict[str, Any]) -> bytes:
    """Read the filter of system calls while this process still may."""
    path = guard.get("seccomp")
    if path is None:
        return b""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(fd, 1 << 20)
    finally:
        os.close(fd)


def _confine(guard: dict[str, Any], program: bytes) -> None:
    try:
        if guard.get("landlock") is not None:
            kernel.confine(guard["landlock"], guard["rules"])
        if program:
            kernel.filter_calls(program)
    except OSError as failure:
        raise Refused(f"cannot confine the script: {failure.strerror}") from None


def limit(rlimits: list[tuple[str, int]], pid: int | None = None) -> None:
    """Set resource limits of the calling process, or of another one where the system can; Refused where it fails."""
    for name, value in rlimits:
        kind = getattr(resource, f"RLIMIT_{name}", None)
        if kind is None:
            raise Refused(f"this system has no limit named {name}")
        try:
            hard = (resource.getrlimit(kind) if pid is None else resource.prlimit(pid, kind))[1]
            bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
            if pid is None:
                resource.setrlimit(kind, (bound, bound))
            else:
                resource.prlimit(pid, kind, (bound, bound))
        except (OSError, ValueError) as failure:
            raise Refused(f"cannot limit {name} to {value}: {failure}") from None


def _drop_rights(uid: int | None, gid: int | None) -> None:
    try:
        if os.geteuid() == 0:
            os.setgroups([])
        if gid is not None:
            os.setgid(gid)
        if uid is not None:
            os.setuid(uid)
    except OSError as failure:
        raise Refused(f"cannot run as user {uid}, group {gid}: {failure.strerror}") from None


def _execute(order: Order) -> None:
    program = order.argv[0]
    if "/" in program:
        candidates = [program]
    else:
        path = order.env.get("PATH") or os.defpath
        candidates = [f"{directory or '.'}/{program}" for directory in path.split(os.pathsep)]
    why = "not found"
    for candidate in candidates:
        try:
            os.execve(candidate, order.argv, order.env)  # noqa: S606 - running commands is what this is for
        except OSError as failure:
            if not isinstance(failure, (FileNotFoundError, NotADirectoryError)) or len(candidates) == 1:
                why = failure.strerror or str(failure)
        except ValueError as failure:
            raise Refused(f"cannot execute {program}: {failure}") from None
    raise Refused(f"cannot execute {program}: {why}")
