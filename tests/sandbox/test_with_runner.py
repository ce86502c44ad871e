"""Plans as the runner carries them out."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from runyard.runner import Exit, Launcher, ShimLink, Spec, SpoolReader, read_exit
from runyard.sandbox import Confinement, Level, Limits, Request, Sandboxes
from runyard.sandbox.ownership import give

pytestmark = pytest.mark.needs_bwrap


@pytest.fixture
async def launcher() -> AsyncIterator[Launcher]:
    starter = Launcher()
    yield starter
    await starter.close()


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    path = tmp_path / "spool"
    path.mkdir(mode=0o700)
    return path


def planned(sandboxes: Sandboxes, place: Path, text: str, limits: Limits) -> Confinement:
    request = Request(
        attempt_id=f"with-runner-{os.getpid()}",
        argv=("bash", "-c", text),
        env={"PATH": "/usr/bin:/bin"},
        workspace=place,
        limits=limits,
    )
    plan = sandboxes.confine(Level.bubblewrap, request)
    sandboxes.release(f"with-runner-{os.getpid()}")
    give(plan.chown, plan.owner)
    return plan


def spec(plan: Confinement, spool: Path, place: Path) -> Spec:
    return Spec(
        attempt_id=f"with-runner-{os.getpid()}",
        spool=str(spool),
        argv=plan.argv,
        env=plan.env,
        cwd=str(place),
        uid=plan.uid,
        gid=plan.gid,
        rlimits=plan.rlimits,
        cgroups=plan.cgroups,
        spare_leader=plan.spare_leader,
    )


async def left_over(plan: Confinement) -> list[str]:
    """Return the groups that are still there when the shim, which settles first, had time to remove them."""
    left = [group.path for group in plan.cgroups]
    for _ in range(200):
        left = [path for path in left if os.path.exists(path)]  # noqa: ASYNC240, PTH110 - one system call
        if not left:
            break
        await asyncio.sleep(0.05)
    return left


async def ended(link: ShimLink, spool: Path) -> tuple[Exit, str]:
    async for event in link.events():
        if event[0] == "exited":
            break
    link.close()
    await asyncio.sleep(0)  # lets the connection's end be noticed
    settled = read_exit(spool)
    assert settled
    with SpoolReader(spool) as reader:
        return settled, b"".join(frame.data for frame in reader.read()).decode()


async def test_a_script_in_bubblewrap_may_say_goodbye(
    bubblewrap: Sandboxes, launcher: Launcher, spool: Path, place: Path
) -> None:
    text = "trap 'echo bye; exit 3' TERM; echo ready; while :; do sleep 0.05; done"
    plan = planned(bubblewrap, place, text, Limits(memory_mb=256, pids=20))
    await launcher.spawn(spec(plan, spool, place))
    link = await ShimLink.attach(spool)
    await anext(aiter(link.events()))  # its first output
    await link.cancel(10)
    settled, output = await ended(link, spool)
    assert (settled.reason, settled.exit_code) == ("cancel", 3)
    assert {"ready", "bye"} <= set(output.split())  # the shell may add a word on the sleep that the signal ended


async def test_an_exit_code_comes_through_and_groups_are_gone(
    bubblewrap: Sandboxes, launcher: Launcher, spool: Path, place: Path
) -> None:
    plan = planned(
        bubblewrap, place, "id -u; pwd; ulimit -c; exit 7", Limits(memory_mb=256, pids=20, cpu=1, open_files=64)
    )
    await launcher.spawn(spec(plan, spool, place))
    settled, output = await ended(await ShimLink.attach(spool), spool)
    assert (settled.reason, settled.exit_code) == ("exit", 7), output
    assert output.split()[1:] == [str(place), "0"]
    assert await left_over(plan) == []


async def test_out_of_memory_is_told(bubblewrap: Sandboxes, launcher: Launcher, spool: Path, place: Path) -> None:
    plan = planned(bubblewrap, place, "x=$(head -c 300M /dev/zero | tr '\\0' x); echo ${#x}", Limits(memory_mb=48))
    if not plan.in_force.memory or not plan.in_force.memory.by:
        pytest.skip(f"no memory limit can be enforced here: {plan.in_force.missing}")
    await launcher.spawn(spec(plan, spool, place))
    settled, output = await ended(await ShimLink.attach(spool), spool)
    assert settled.oom
    assert settled.exit_code not in {0, None}
    assert "314572800" not in output
