# small files and foreign processes: nothing here is worth an event or a thread
"""Shims that serve one attempt after the other."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from runyard.runner import CgroupPlan, Spec, StartFailed, claim_unstarted, read_shim, shim_alive

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only sandboxes of Linux start this way")


def enclosed(yard: Any, text: str, *words: str, **options: Any) -> Spec:
    """An attempt whose first program is said to confine itself, as a sandbox's does."""
    spec: Spec = yard.spec("/bin/sh", "-c", text, "sh", *words, spare_leader=True, **options)
    return spec


def children(yard: Any) -> list[int]:
    return [
        int(word) for word in Path(f"/proc/{yard.launcher.pid}/task/{yard.launcher.pid}/children").read_text().split()
    ]


def shim_of(spec: Spec) -> int:
    return int((read_shim(spec.spool) or {})["pid"])


async def test_one_shim_serves_attempts_in_turn(yard: Any, wait_until: Any, tmp_path: Path) -> None:
    served = set()
    for number in range(5):
        place = tmp_path / f"place {number}"
        place.mkdir()
        text = 'pwd; umask; ulimit -n; ulimit -c; echo "$ONLY$GO-$1"; echo err >&2; exit $2'
        spec = enclosed(
            yard,
            text,
            "it's",
            str(number),
            env={"ONLY": f"of {number}"},
            cwd=str(place),
            umask=0o027,
            rlimits=(("NOFILE", 100 + number), ("CORE", 0)),
        )
        ended = await yard.run(spec)
        assert (ended.reason, ended.exit_code) == ("exit", number)
        assert yard.output(spec).decode().splitlines() == [
            str(place),
            "0027",
            str(100 + number),
            "0",
            f"of {number}-it's",
        ]
        assert yard.output(spec, 2) == b"err\n"
        assert not shim_alive(spec.spool) or ended
        served.add(shim_of(spec))
        await wait_until(lambda: children(yard) != [])
        await asyncio.sleep(0.05)
    # the first attempt may come before the shim that was forked ahead of need waits for it
    assert len(served) <= 2
    assert served <= set(children(yard))


async def test_what_one_attempt_leaves_is_not_there_for_the_next(yard: Any) -> None:
    first = enclosed(yard, "(setsid sleep 300 &) ; echo $$; exit 3")
    second = enclosed(yard, "cat /proc/$PPID/comm; ls /proc/$PPID/cwd/; cat /proc/$PPID/task/$PPID/children")
    ended = await yard.run(first)
    assert ended.exit_code == 3
    assert (await yard.run(second)).reason == "exit"
    comm, *listed, below = yard.output(second).decode().splitlines()
    assert comm == "runyard-shim"
    assert set(listed) == {"control", "exit.json.new", "output", "shim.json"}
    # itself, and what it has just started
    assert len(below.split()) <= 1


async def test_many_at_once_get_a_shim_each_and_few_stay(yard: Any, wait_until: Any, tmp_path: Path) -> None:
    specs = [enclosed(yard, f"until [ -e {tmp_path}/go ]; do sleep 0.01; done; exit {n}") for n in range(12)]
    for spec in specs:
        await yard.spawn(spec)
    assert len({shim_of(spec) for spec in specs}) == 12
    (tmp_path / "go").touch()
    assert [(await yard.finished(spec)).exit_code for spec in specs] == list(range(12))
    await wait_until(lambda: 0 < len(children(yard)) <= 4)


async def test_the_next_attempt_survives_the_launcher_as_the_first_does(
    yard: Any, wait_until: Any, tmp_path: Path
) -> None:
    await yard.run(enclosed(yard, "exit 0"))
    spec = enclosed(yard, f"echo before; until [ -e {tmp_path}/go ]; do sleep 0.01; done; echo after; exit 4")
    await yard.spawn(spec)
    shim = shim_of(spec)
    os.kill(yard.launcher.pid, signal.SIGKILL)
    assert (await yard.run(enclosed(yard, "exit 8"))).exit_code == 8
    assert shim_alive(spec.spool)
    (tmp_path / "go").touch()
    assert (await yard.finished(spec)).exit_code == 4
    assert yard.output(spec) == b"before\nafter\n"
    # nobody is left to give it another
    await wait_until(lambda: not Path(f"/proc/{shim}").exists())


async def test_waiting_shims_end_with_their_launcher(yard: Any, wait_until: Any) -> None:
    await yard.run(enclosed(yard, "exit 0"))
    await asyncio.sleep(0.05)
    waiting = children(yard)
    assert waiting
    await yard.launcher.close()
    await wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in waiting))


async def test_a_waiting_shim_that_was_killed_is_replaced(yard: Any) -> None:
    for _ in range(3):
        assert (await yard.run(enclosed(yard, "exit 6"))).exit_code == 6
        for pid in children(yard):
            os.kill(pid, signal.SIGKILL)


async def test_a_killed_shim_ends_only_what_it_was_at(yard: Any, wait_until: Any) -> None:
    await yard.run(enclosed(yard, "exit 0"))
    spec = enclosed(yard, "exec sleep 300")
    await yard.spawn(spec)
    leader = int((read_shim(spec.spool) or {})["leader"])
    os.kill(shim_of(spec), signal.SIGKILL)
    await wait_until(lambda: not shim_alive(spec.spool))
    # a sandbox ends with its parent; this shell does not
    os.kill(leader, signal.SIGKILL)
    assert (await yard.run(enclosed(yard, "exit 9"))).exit_code == 9


async def test_an_attempt_that_was_declared_dead_is_not_started(yard: Any, tmp_path: Path) -> None:
    await yard.run(enclosed(yard, "exit 0"))
    spec = enclosed(yard, f"touch {tmp_path}/ran")
    assert claim_unstarted(Path(spec.spool))
    with pytest.raises(StartFailed):
        await yard.spawn(spec)
    assert (await yard.run(enclosed(yard, "exit 2"))).exit_code == 2
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("required", [True, False])
async def test_a_group_that_refuses(yard: Any, tmp_path: Path, *, required: bool) -> None:
    # An ordinary directory: it can be made, but takes no process.
    group = tmp_path / "it's a group"
    group.mkdir()
    (group / "cgroup.procs").mkdir()
    spec = enclosed(yard, "echo ran", cgroups=(CgroupPlan(str(group), (), required=required),))
    if required:
        with pytest.raises(StartFailed, match="refused the script"):
            await yard.spawn(spec)
    else:
        assert (await yard.run(spec)).exit_code == 0
        assert yard.output(spec, 2) == b""
    assert yard.output(spec) == (b"" if required else b"ran\n")


async def test_a_directory_that_is_gone_is_told(yard: Any, tmp_path: Path) -> None:
    with pytest.raises(StartFailed, match="No such file"):
        await yard.spawn(enclosed(yard, "true", cwd=str(tmp_path / "gone")))
    assert (await yard.run(enclosed(yard, "exit 5"))).exit_code == 5
