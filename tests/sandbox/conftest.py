import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runyard.sandbox import Confinement, Level, Limits, Request, Sandboxes
from runyard.sandbox.ownership import give

Inside = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def sandboxes(tmp_path_factory: pytest.TempPathFactory) -> Sandboxes:
    """Sandboxes of a data directory that no script may see."""
    data = tmp_path_factory.mktemp("data")
    (data / "master.key").write_text("top secret")
    return Sandboxes(data / "sandbox", hidden=(data,), uid_base=64_000, uid_count=50)


@pytest.fixture(scope="session")
def bubblewrap(sandboxes: Sandboxes) -> Sandboxes:
    """The same, where bubblewrap works; skipped by name elsewhere."""
    probe = next(probe for probe in sandboxes.probe() if probe.level is Level.bubblewrap)
    if not probe.available:
        pytest.skip(f"bubblewrap is not available here: {probe.reason}")
    return sandboxes


def interpreter() -> tuple[str, tuple[Path, ...]]:
    """This interpreter and the trees it needs."""
    return os.path.realpath(sys.executable), (Path(sys.base_prefix),)


def in_groups(plan: Confinement) -> list[str]:
    """Make a plan's groups and return a prefix that joins them, as the runner would."""
    for group in plan.cgroups:
        Path(group.path).mkdir(exist_ok=True)
        for name, value in group.files:
            (Path(group.path) / name).write_text(value)
    joins = " && ".join(f"echo 0 >{group.path}/cgroup.procs" for group in plan.cgroups)
    return ["/bin/sh", "-c", f'{joins} && exec "$@"', "join"] if joins else []


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A run's workspace."""
    workspace = tmp_path / "work" / "files"
    workspace.mkdir(parents=True)
    return workspace


@pytest.fixture
def inside(bubblewrap: Sandboxes, place: Path, request: pytest.FixtureRequest) -> Iterator[Inside]:
    """Run Python code in a sandbox, with what `Request` takes as keywords."""
    name = f"t{os.getpid()}-{abs(hash(request.node.nodeid)) % 10**8}"
    python, roots = interpreter()

    def run(
        code: str, *, env: dict[str, str] | None = None, limits: Limits | None = None, **more: object
    ) -> subprocess.CompletedProcess[str]:
        asked = Request(
            attempt_id=name,
            argv=(python, "-I", "-c", code),
            env={"PATH": "/usr/bin:/bin", "HOME": str(place), **(env or {})},
            workspace=place,
            interpreter_roots=roots,
            limits=limits or Limits(),
            **more,  # type: ignore[arg-type]
        )
        plan = bubblewrap.confine(Level.bubblewrap, asked)
        give(plan.chown, plan.owner)
        prefix = in_groups(plan) if limits else []
        return subprocess.run(
            [*prefix, *plan.argv],
            env=plan.env,
            cwd=place,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    yield run
    bubblewrap.release(name)
    for _ in range(500):  # the last processes of a bomb take a moment to be gone, and hold their groups till then
        groups = bubblewrap._groups
        if not groups or not any((root / f"runyard-{name}").exists() for root in groups.roots.values()):
            return
        time.sleep(0.01)
        groups.discard(name)
    pytest.fail(f"control groups of {name} stay behind")


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A directory whose every parent lets other users pass, which pytest's own do not."""
    path = Path(tempfile.mkdtemp(prefix="runyard-open-", dir="/tmp"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)
