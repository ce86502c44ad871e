"""What an agent asks of a shim, and what it gets back."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Literal, NamedTuple, Self

Reason = Literal["exit", "timeout", "cancel", "start_failed", "disk"]


@dataclass(frozen=True, slots=True)
class CgroupPlan:
    """A control group to make, fill and join: files are written in order, contents as they are.

    A failing step of a `required` plan fails the start; of an optional one it becomes a note in the exit record.
    """

    path: str
    files: tuple[tuple[str, str], ...] = ()
    required: bool = True


@dataclass(frozen=True, slots=True)
class Container:
    """A container to run the command in: the engine's Unix socket, a name, and what the engine is told to make."""

    socket: str
    name: str
    config: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Egress:
    """The only places that a run may reach, as ``host[:port]``; `uid` is whom the proxy in between runs as."""

    allow: tuple[str, ...]
    uid: int | None = None


@dataclass(frozen=True, slots=True)
class Guard:
    """What the kernel holds against the script itself: a Landlock domain and a filter of system calls.

    `landlock` are the domain's attributes (None: no domain), `rules` paths with the rights below them, `seccomp` a
    file that holds a BPF program.
    """

    landlock: tuple[int, ...] | None = None
    rules: tuple[tuple[str, int], ...] = ()
    seccomp: str | None = None


@dataclass(frozen=True, slots=True)
class Disk:
    """How much of the disk a run may take: `paths` are counted together, and `floor` bytes stay free in any case.

    What the user `owner` has in the directories `shared` counts too, and is removed when the run is over.
    """

    limit: int | None
    paths: tuple[str, ...]
    floor: int = 0
    owner: int | None = None
    shared: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Spec:
    """One attempt: what to run, as whom, where, and within which bounds.

    `spool` is an existing directory, private to the agent and to this attempt. `timeout_s` is wall-clock time,
    `output_cap` is in bytes over both streams, `rlimits` are names without `RLIMIT_` (a value above the hard limit in
    force counts as that limit).
    `spare_leader` keeps a polite stop from the leader itself (a sandbox that would take everything down at once).
    """

    attempt_id: str
    spool: str
    argv: tuple[str, ...]
    env: dict[str, str]
    cwd: str
    uid: int | None = None
    gid: int | None = None
    umask: int = 0o077
    timeout_s: float | None = None
    grace_s: float = 5.0
    output_cap: int = 50 * 1024 * 1024
    rlimits: tuple[tuple[str, int], ...] = ()
    cgroups: tuple[CgroupPlan, ...] = ()
    spare_leader: bool = False
    container: Container | None = None
    egress: Egress | None = None
    guard: Guard | None = None
    disk: Disk | None = None

    def as_wire(self) -> dict[str, object]:
        """The JSON object that crosses to the launcher."""
        # by hand: asdict copies deeply, which takes longer than the rest of a spawn here
        wire: dict[str, object] = {name: getattr(self, name) for name in _FIELDS}
        wire["cgroups"] = [{"path": one.path, "files": one.files, "required": one.required} for one in self.cgroups]
        for name in _PARTS:
            part = wire[name]
            wire[name] = None if part is None else {one.name: getattr(part, one.name) for one in fields(part)}  # type: ignore[arg-type]
        return wire


_FIELDS = tuple(one.name for one in fields(Spec))
_PARTS = ("container", "egress", "guard", "disk")


class Started(NamedTuple):
    """A running attempt: the shim's process id and when it took the attempt, in Unix microseconds."""

    pid: int
    started_at_us: int


class Frame(NamedTuple):
    """One piece of output as it was read: Unix microseconds, stream (1 out, 2 err, 3 system), raw bytes."""

    at_us: int
    stream: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Usage:
    """What the attempt took; None where nothing measured it.

    Memory is the control group's peak, or else the largest single process's.
    """

    wall_s: float | None = None
    cpu_s: float | None = None
    memory_peak_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class OutputCount:
    """Bytes the script wrote, bytes in the spool, bytes counted only."""

    bytes: int = 0
    kept: int = 0
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class Exit:
    """How an attempt ended. `exit_code` is 128+n for signal n, and None where the script never ran.

    `crowded`: it was refused processes, for the limit of their number.
    """

    reason: Reason
    exit_code: int | None
    signal: int | None
    oom: bool
    started_at_us: int
    finished_at_us: int
    usage: Usage = field(default_factory=Usage)
    output: OutputCount = field(default_factory=OutputCount)
    message: str | None = None
    notes: tuple[str, ...] = ()
    crowded: bool = False

    @classmethod
    def from_wire(cls, document: dict[str, Any]) -> Self:
        """The record a shim of this version or the one before wrote."""
        usage, output = document.get("usage") or {}, document.get("output") or {}
        return cls(
            reason=document["reason"],
            exit_code=document["exit_code"],
            signal=document.get("signal"),
            oom=bool(document.get("oom")),
            started_at_us=document["started_at_us"],
            finished_at_us=document["finished_at_us"],
            usage=Usage(usage.get("wall_s"), usage.get("cpu_s"), usage.get("memory_peak_bytes")),
            output=OutputCount(output.get("bytes", 0), output.get("kept", 0), output.get("dropped", 0)),
            message=document.get("message"),
            notes=tuple(document.get("notes") or ()),
            crowded=bool(document.get("crowded")),
        )


class StartFailed(Exception):  # noqa: N818 - errors are nouns here
    """The attempt could not be started; the message says what failed."""


class ShimGone(Exception):  # noqa: N818
    """The attempt's shim is no longer there and left no exit record."""


class SpoolDamaged(Exception):  # noqa: N818
    """The spool holds something that no shim writes."""
