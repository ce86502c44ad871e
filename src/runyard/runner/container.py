# pathlib would make the launcher, and with it every shim, a third bigger
# ruff: noqa: PTH104, PTH123
"""The keeper: a freshly forked process that runs the script in a container and stands for it before the shim.

It makes the container, carries its output to the shim's pipes, passes a polite stop on, and ends with the script's exit
code. The container itself is removed by the shim, whatever becomes of the keeper.
"""

from __future__ import annotations

import os
import select
import signal
import struct
import time
from contextlib import suppress

from . import egress, engine, kernel
from .protocol import CONTAINER_FILE, VERSION, encode

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _socket
    from typing import Any, NoReturn

    from .child import Ends
    from .order import Order

_SAMPLE_S = 0.5
_HEADER = struct.Struct(">BxxxL")
_PIECE = 65536
_BROKEN = 125
_KILLED = 128 + signal.SIGKILL
# The first process of a container: it takes the environment from its standard input, so that no secret stands in
# the engine's own records, and stays in front of the script, since a first process gets no signal it has not asked for.
ENTRY = r"""
e=
while IFS= read -r l && [ "$l" != "$0" ]; do e="$e
$l"; done
[ "$l" = "$0" ] || exit 125
unset HOSTNAME container TERM HOME
eval "$e"; unset e l
trap : TERM INT HUP
"$@" </dev/null
exit $?
"""
STOP = "kill -TERM -1"


class Keeper:
    """One container, from its making to its end."""

    def __init__(self, order: Order) -> None:
        wish = order.container
        assert wish is not None  # noqa: S101 - for the type checker
        self.order = order
        self.path: str = wish["socket"]
        self.name: str = wish["name"]
        self.config: dict[str, Any] = wish["config"]
        self.usage: dict[str, Any] = {"cpu_s": None, "memory_peak_bytes": None}
        self.files: dict[str, str] = {}
        self.sampled = 0.0
        self.wake, wake = os.pipe()
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        self.line: _socket.socket | None = None

    def start(self, gate: egress.Gate | None) -> None:
        """Make and start the container; EngineTrouble says why it does not."""
        marker = f"#{self.name}"
        config = {
            **self.config,
            "Entrypoint": ["/bin/sh", "-c", ENTRY, marker],
            "Cmd": self.order.argv,
            **dict.fromkeys(("OpenStdin", "StdinOnce", "AttachStdin", "AttachStdout", "AttachStderr"), True),
        }
        engine.demand(self.path, "POST", f"/containers/create?name={self.name}", config)
        self.line = engine.connect(self.path, 30.0)
        target = f"/containers/{self.name}/attach?stream=1&stdin=1&stdout=1&stderr=1"
        engine.send(self.line, "POST", target, b"", "Connection: Upgrade", "Upgrade: tcp")
        status, _, self.first = engine.head_of(self.line)
        if status not in (101, 200):
            raise engine.EngineTrouble(f"the container engine gave no stream: {self.first.decode('utf-8', 'replace')}")
        engine.demand(self.path, "POST", f"/containers/{self.name}/start")
        state = engine.demand(self.path, "GET", f"/containers/{self.name}/json")["State"]
        pid = int(state.get("Pid") or 0)
        self.files = group_files(pid) if pid else {}
        if gate is not None:
            egress.enter(pid)
            gate.open()
        text = "".join(f"export {name}={_quoted(value)}\n" for name, value in self.order.env.items())
        self.line.sendall(f"{text}{marker}\n".encode("utf-8", "surrogateescape"))

    def carry(self) -> int:
        """Pass output on until the container's streams end, and return the script's exit code."""
        line = self.line
        assert line is not None  # noqa: S101 - for the type checker
        poll = select.poll()
        poll.register(line.fileno(), select.POLLIN)
        poll.register(self.wake, select.POLLIN)
        rest = bytearray(self.first)
        self._cut(rest)
        while True:
            for fd, _ in poll.poll(_SAMPLE_S * 1000):
                if fd == self.wake:
                    if bytes([signal.SIGTERM]) in os.read(self.wake, 64):
                        self._ask_to_stop()
                    continue
                piece = line.recv(_PIECE)
                if not piece:
                    return self._ended()
                rest += piece
                self._cut(rest)
            self._sample()

    def _cut(self, rest: bytearray) -> None:
        """Write whole frames to the stream that they name."""
        while len(rest) >= _HEADER.size:
            stream, length = _HEADER.unpack_from(rest)
            if len(rest) < _HEADER.size + length:
                return
            piece = bytes(rest[_HEADER.size : _HEADER.size + length])
            del rest[: _HEADER.size + length]
            while piece:
                piece = piece[os.write(2 if stream == 2 else 1, piece) :]  # noqa: PLR2004 - standard error

    def _ask_to_stop(self) -> None:
        """Have everything in the container but its first process get SIGTERM."""
        with suppress(engine.EngineTrouble, KeyError, TypeError):
            wish = {"Cmd": ["/bin/sh", "-c", STOP], "User": self.config.get("User", "")}
            made = engine.demand(self.path, "POST", f"/containers/{self.name}/exec", wish)
            engine.demand(self.path, "POST", f"/exec/{made['Id']}/start", {"Detach": True})

    def _ended(self) -> int:
        self._sample(always=True)
        answer = engine.demand(self.path, "POST", f"/containers/{self.name}/wait")
        state = engine.demand(self.path, "GET", f"/containers/{self.name}/json")["State"]
        code = int(answer["StatusCode"]) & 0xFF
        # Podman knows only of its first process; a killed one at the very limit says the same.
        limit, peak = self.config["HostConfig"].get("Memory"), self.usage["memory_peak_bytes"]
        at_limit = code == _KILLED and limit is not None and peak is not None and peak >= limit
        self._report(oom=bool(state.get("OOMKilled")) or at_limit)
        return code

    def _sample(self, *, always: bool = False) -> None:
        now = time.monotonic()
        if not self.files or (now - self.sampled < _SAMPLE_S and not always):
            return
        self.sampled = now
        cpu, peak = _number(self.files.get("cpu")), _number(self.files.get("memory"))
        if cpu is not None:
            self.usage["cpu_s"] = cpu / (1e6 if self.files["cpu"].endswith("cpu.stat") else 1e9)
        if peak is not None:
            self.usage["memory_peak_bytes"] = max(peak, self.usage["memory_peak_bytes"] or 0)
        self._report(oom=False)

    def _report(self, *, oom: bool) -> None:
        """Leave what is known for the shim, which may have to end us."""
        place = f"{self.order.spool}/{CONTAINER_FILE}"
        with suppress(OSError):
            fd = os.open(f"{place}.new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            os.write(fd, encode({"v": VERSION, **self.usage, "oom": oom}))
            os.close(fd)
            os.rename(f"{place}.new", place)


def become_keeper(order: Order, shim: int, ends: Ends, gate: egress.Gate | None) -> NoReturn:
    """Run the order's container in this process; says on `ends.why` if it can't be started, and closes it if it can."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    keeper = Keeper(order)
    kernel.die_with_parent(shim)
    try:
        keeper.start(gate)
    except (OSError, KeyError, TypeError, ValueError) as failure:
        raise engine.EngineTrouble(f"the container could not be started: {failure!r}") from None
    os.close(ends.why)
    code = _BROKEN
    try:
        code = keeper.carry()
    except (engine.EngineTrouble, OSError, KeyError, TypeError, ValueError) as failure:
        with suppress(OSError):
            os.write(2, f"runyard: the container was lost: {failure}\n".encode())
    finally:
        os._exit(code)


def group_files(pid: int, proc: str = "/proc", groups: str = "/sys/fs/cgroup") -> dict[str, str]:
    """Return the files that count a process's group's processor time and peak of memory, where they can be found."""
    found: dict[str, str] = {}
    try:
        with open(f"{proc}/{pid}/cgroup", encoding="utf-8") as file:
            lines = file.read().splitlines()
    except OSError:
        return found
    for line in lines:
        _, names, group = line.split(":", 2)
        for name in names.split(","):
            roots = [f"{groups}/{names}", f"{groups}/{name}"] if name else [groups, f"{groups}/unified"]
            for root in roots:
                for kind, file_name in (
                    ("memory", "memory.peak"),
                    ("memory", "memory.max_usage_in_bytes"),
                    ("cpu", "cpuacct.usage"),
                    ("cpu", "cpu.stat"),
                ):
                    wanted = (name, kind) in (("", "cpu"), ("", "memory"), ("memory", "memory"), ("cpuacct", "cpu"))
                    path = f"{root}{group}/{file_name}"
                    if wanted and kind not in found and _number(path) is not None:
                        found[kind] = path
    return found


def _number(path: str | None) -> int | None:
    """Return a file's number: its only one, or the one of used microseconds."""
    if path is None:
        return None
    try:
        with open(path, encoding="ascii") as file:
            text = file.read(4096)
    except OSError:
        return None
    for line in text.splitlines():
        name, _, value = line.rpartition(" ")
        if name in ("", "usage_usec") and value.isdigit():
            return int(value)
    return None


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "'\\''") + "'"
