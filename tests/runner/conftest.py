# small files and foreign processes: nothing here is worth an event or a thread
"""A launcher of one's own and attempts in a temporary directory: real processes, no doubles."""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from runyard.runner import Exit, Frame, Launcher, ShimGone, ShimLink, Spec, SpoolReader, Started, read_exit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

PATH = "/usr/local/bin:/usr/bin:/bin"


class Yard:
    """Attempts by the dozen."""

    def __init__(self, root: Path, launcher: Launcher) -> None:
        self.root = root
        self.launcher = launcher
        self._numbers = itertools.count(1)

    def spec(self, *argv: str, env: dict[str, str] | None = None, **options: Any) -> Spec:
        name = f"att_{next(self._numbers)}"
        spool = self.root / "spool" / name
        spool.mkdir(mode=0o700, parents=True)
        options.setdefault("cwd", "/")
        return Spec(attempt_id=name, spool=str(spool), argv=argv, env={"PATH": PATH} | (env or {}), **options)

    def bash(self, script: str, **options: Any) -> Spec:
        return self.spec("bash", "-c", script, **options)

    def python(self, script: str, *args: str, **options: Any) -> Spec:
        return self.spec(sys.executable, "-I", "-S", "-c", script, *args, **options)

    async def spawn(self, spec: Spec) -> Started:
        return await self.launcher.spawn(spec)

    async def finished(self, spec: Spec) -> Exit:
        """Wait for the end of an attempt that was spawned."""
        link = await ShimLink.attach(Path(spec.spool))
        try:
            async for _ in link.events():
                pass
        finally:
            link.close()
        ended = read_exit(spec.spool)
        assert ended is not None
        return ended

    async def run(self, spec: Spec) -> Exit:
        await self.spawn(spec)
        return await self.finished(spec)

    @staticmethod
    def frames(spec: Spec) -> list[Frame]:
        found: list[Frame] = []
        with SpoolReader(spec.spool) as reader:
            while more := reader.read():
                found += more
        return found

    @classmethod
    def output(cls, spec: Spec, stream: int = 1) -> bytes:
        return b"".join(frame.data for frame in cls.frames(spec) if frame.stream == stream)


async def eventually(true: Callable[[], object]) -> None:
    """Wait until `true` holds; the test's own time limit ends a wait in vain."""
    while not true():
        await asyncio.sleep(0.005)


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return False
    return stat.rpartition(b")")[2].split()[0] not in (b"Z", b"X")


@pytest.fixture
def read_process() -> Callable[[int, str], bytes]:
    """A file of /proc/<pid>; empty where the process keeps it from its own user (root reads on)."""

    def read(pid: int, name: str) -> bytes:
        try:
            return Path(f"/proc/{pid}/{name}").read_bytes()
        except PermissionError:
            return b""

    return read


@pytest.fixture
def wait_until() -> Callable[[Callable[[], object]], Any]:
    return eventually


@pytest.fixture
def is_alive() -> Callable[[int], bool]:
    return alive


@pytest.fixture
async def yard(tmp_path: Path) -> AsyncIterator[Yard]:
    launcher = Launcher()
    made = Yard(tmp_path, launcher)
    yield made
    await launcher.close()
    # whatever a failed test left running must not outlive it
    for shim in (tmp_path / "spool").glob("*/control"):
        with suppress(ShimGone):
            link = await ShimLink.attach(shim.parent)
            await link.cancel(0)
            async for _ in link.events():
                pass
            link.close()


@pytest.fixture
def as_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root")
