"""Helper programs at work on people's code: confined as runs are, each in a directory of its own, and few at once."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from msgspec import Struct, field

from runyard import ids
from runyard.editor.problems import ProgramFailed, ProgramTooSlow, ProgramUnconfined
from runyard.errors import Problem
from runyard.sandbox import Confinement, Limits, Request, Sandboxes
from runyard.sandbox.ownership import give
from runyard.sandbox.problems import NetworkIsolationUnavailable

MIB = 1024 * 1024
_OUTPUT_CAP = 8 * MIB
_SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
# Help must never slow down what it is for.
_NICE = 5
# Limits and the change of user, which the standard library can set only between fork and exec.
_START = """
import json, os, resource, sys
order = json.loads(sys.argv[1])
for name, value in order["limits"]:
    kind = getattr(resource, "RLIMIT_" + name, None)
    if kind is not None:
        hard = resource.getrlimit(kind)[1]
        bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
        try:
            resource.setrlimit(kind, (bound, bound))
        except (OSError, ValueError):
            pass
os.umask(0o077)
os.nice(order["nice"])
if order["user"] is not None:
    os.setgroups([])
    os.setgid(order["user"])
    os.setuid(order["user"])
os.execv(sys.argv[2], sys.argv[2:])
"""


class Order(Struct, frozen=True):
    """What is to be run. `argv` names files of the cell by their bare names; `memory_mb` None bounds no memory.

    `links` stand in the cell beside `files`, and lead to what is among `reads`.
    """

    argv: tuple[str, ...]
    reads: tuple[Path, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    links: tuple[tuple[str, Path], ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    memory_mb: int | None = 1024
    cpu_s: int | None = None
    processes: int = 64


class Done(Struct, frozen=True):
    """How a program ended, and what it said."""

    code: int
    stdout: str
    stderr: str


class Cells:
    """Runs helper programs. `folder` is ours alone; `at_once` bounds the short-lived ones."""

    def __init__(self, folder: Path, sandboxes: Sandboxes, *, at_once: int, patience_s: float) -> None:
        self._folder = folder
        self._sandboxes = sandboxes
        self._turns = asyncio.Semaphore(at_once)
        self._patience_s = patience_s

    def clear(self) -> None:
        """Remove what a process that died has left."""
        for left in self._folder.iterdir():
            shutil.rmtree(left, ignore_errors=True)

    async def run(self, order: Order, stdin: str = "") -> Done:
        """Run a program to its end.

        Raises: ProgramTooSlow past the time limit, ProgramFailed if it says more than eight megabytes,
        ProgramUnconfined where it can't be kept apart.
        """
        async with self._turns, self.started(order) as (process, _):
            work = asyncio.gather(
                _feed(process.stdin, stdin), _all(process.stdout), _all(process.stderr), process.wait()
            )
            try:
                async with asyncio.timeout(self._patience_s):
                    _, stdout, stderr, code = await work
            except TimeoutError:
                raise ProgramTooSlow from None
            return Done(code, stdout, stderr)

    @asynccontextmanager
    async def started(self, order: Order) -> AsyncIterator[tuple[asyncio.subprocess.Process, Path]]:
        """Start a program in a cell; both are gone afterwards, with all that it has started."""
        name = ids.new("cell")
        cell = self._folder / name
        try:
            plan = await asyncio.to_thread(self._prepare, name, cell, order)
            start = json.dumps({"limits": _limits(order, plan), "user": plan.uid, "nice": _NICE})
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", "-c", _START, start, *plan.argv),
                env=plan.env,
                cwd=cell,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
            )
            try:
                yield process, cell
            finally:
                await asyncio.shield(_end(process))
        finally:
            self._sandboxes.release(name)
            await asyncio.to_thread(shutil.rmtree, cell, ignore_errors=True)

    def _prepare(self, name: str, cell: Path, order: Order) -> Confinement:
        cell.mkdir(mode=0o700)
        for file, text in order.files.items():
            (cell / file).write_text(text, encoding="utf-8", errors="surrogatepass", newline="")
        for link, target in order.links:
            (cell / link).symlink_to(target)
        env = {"PATH": _SYSTEM_PATH, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TMPDIR": str(cell), **order.env}
        request = Request(
            attempt_id=name,
            argv=order.argv,
            env={**env, "HOME": str(cell)},
            workspace=cell,
            read_only=order.reads,
            network=False,
            limits=Limits(open_files=1024, file_mb=64),
        )
        try:
            try:
                plan = self._sandboxes.confine(None, request)
            except NetworkIsolationUnavailable:
                plan = self._sandboxes.confine(None, replace(request, network=True))
        except Problem as problem:
            raise ProgramUnconfined(f"The editor's programs can't be confined here: {problem.detail}") from problem
        if os.geteuid() == 0 and plan.owner is None:
            raise ProgramUnconfined(f"The editor's programs would run as root here. {'; '.join(plan.in_force.missing)}")
        give(plan.chown, plan.owner)
        return plan


def _limits(order: Order, plan: Confinement) -> list[tuple[str, int]]:
    limits = list(plan.rlimits)
    if order.memory_mb is not None:
        limits.append(("AS", order.memory_mb * MIB))
    if order.cpu_s is not None:
        limits.append(("CPU", order.cpu_s))
    if plan.owner is not None:
        # Bounds the user's processes, which is sensible only where the user is the cell's own.
        limits.append(("NPROC", order.processes))
    return limits


async def _feed(pipe: asyncio.StreamWriter | None, text: str) -> None:
    if pipe is None:
        return
    # A program may end without having read it all.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        pipe.write(text.encode(errors="surrogatepass"))
        await pipe.drain()
    pipe.close()
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        await pipe.wait_closed()


async def _all(pipe: asyncio.StreamReader | None) -> str:
    whole = bytearray()
    while pipe is not None and (chunk := await pipe.read(65_536)):
        whole += chunk
        if len(whole) > _OUTPUT_CAP:
            raise ProgramFailed("The program said more than eight megabytes about this code.")
    return whole.decode(errors="replace")


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill the whole session; a sandbox's own processes end with it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
    # The transport is private, and still open pipes would warn when it is collected.
    process._transport.close()  # type: ignore[attr-defined] # noqa: SLF001
