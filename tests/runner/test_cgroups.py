# small files and foreign processes: nothing here is worth an event or a thread
# ruff: noqa: ASYNC240
from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from runyard.runner import CgroupPlan, StartFailed, end_remains, read_exit, shim_alive
from runyard.runner.cgroups import Groups, GroupUnavailable, join

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path("/sys/fs/cgroup")


async def gone(*plans: CgroupPlan) -> None:
    """Wait until the groups are removed, which the shim does last of all."""
    while any(Path(plan.path).exists() for plan in plans):
        await asyncio.sleep(0.005)


def _plan(group: Path, **files: str) -> dict[str, Any]:
    return {"path": str(group), "files": [(name.replace("__", "."), value) for name, value in files.items()]}


@pytest.fixture
def v2(tmp_path: Path) -> Path:
    """A group of version 2 as plain files: enough to check what is read and written."""
    group = tmp_path / "runs" / "att_1"
    group.mkdir(parents=True)
    for name, text in {
        "cgroup.procs": "",
        "cgroup.kill": "",
        "memory.max": "max\n",
        "memory.peak": "73400320\n",
        "memory.events": "low 0\nhigh 0\nmax 12\noom 1\noom_kill 1\noom_group_kill 0\n",
        "cpu.stat": "usage_usec 1250000\nuser_usec 1000000\nsystem_usec 250000\n",
        "pids.max": "max\n",
        "pids.events": "max 3\n",
    }.items():
        (group / name).write_text(text)
    return group


def test_version_2_is_filled_joined_measured_and_killed(v2: Path) -> None:
    groups = Groups()
    plan = _plan(v2, memory__max="67108864", pids__max="32")
    groups.make([plan])
    join([plan])
    assert (v2 / "memory.max").read_text().startswith("67108864")
    assert (v2 / "pids.max").read_text().startswith("32")
    assert (v2 / "cgroup.procs").read_text() == "0"
    assert groups.memory_peak() == 73400320
    assert groups.cpu_s() == 1.25
    assert groups.out_of_memory()
    assert groups.short_of_processes()
    assert groups.kill()
    assert (v2 / "cgroup.kill").read_text() == "1"


def test_members_of_groups_below_count(v2: Path) -> None:
    below = v2 / "inner"
    below.mkdir()
    (v2 / "cgroup.procs").write_text("11\n12\n")
    (below / "cgroup.procs").write_text("13\n0\n")
    groups = Groups()
    groups.make([_plan(v2)])
    assert groups.pids() == {11, 12, 13}


def test_what_is_not_measured_is_none(tmp_path: Path) -> None:
    groups = Groups()
    groups.make([_plan(tmp_path / "empty")])
    assert (groups.memory_peak(), groups.cpu_s(), groups.out_of_memory(), groups.kill()) == (None, None, False, False)
    assert groups.remove() == []
    assert not (tmp_path / "empty").exists()


def test_a_required_group_fails_and_an_optional_one_is_noted(tmp_path: Path) -> None:
    plan = _plan(tmp_path / "group", no__such="1")
    with pytest.raises(GroupUnavailable, match=r"no\.such"):
        Groups().make([plan])
    groups = Groups()
    groups.make([{**plan, "required": False}])
    assert groups.paths == []
    assert len(groups.notes) == 1
    assert "no.such" in groups.notes[0]
    assert not (tmp_path / "group").exists()


def test_a_group_that_stays_busy_is_named(tmp_path: Path) -> None:
    groups = Groups()
    groups.make([_plan(tmp_path / "group")])
    (tmp_path / "group" / "file").touch()
    assert groups.remove(within_s=0.02) == [str(tmp_path / "group")]


def test_groups_below_go_first(tmp_path: Path) -> None:
    groups = Groups()
    groups.make([_plan(tmp_path / "group")])
    (tmp_path / "group" / "a" / "b").mkdir(parents=True)
    assert groups.remove() == []


async def test_a_start_without_its_group_is_refused(yard: Any, tmp_path: Path) -> None:
    spec = yard.bash(f"touch {tmp_path}/ran", cgroups=(CgroupPlan("/proc/no/such/group"),))
    with pytest.raises(StartFailed, match="/proc/no/such/group"):
        await yard.spawn(spec)
    ended = read_exit(spec.spool)
    assert ended is not None
    assert ended.reason == "start_failed"
    assert not (tmp_path / "ran").exists()


async def test_an_optional_group_becomes_a_note(yard: Any) -> None:
    ended = await yard.run(yard.bash("exit 0", cgroups=(CgroupPlan("/proc/no/such/group", required=False),)))
    assert ended.exit_code == 0
    assert len(ended.notes) == 1


@pytest.fixture
def v1() -> Iterator[dict[str, Path]]:
    """Writable groups of version 1 for this test, or a skip by name where there are none."""
    names = ("memory", "pids", "cpuacct")
    made: dict[str, Path] = {}
    for name in names:
        group = ROOT / name / f"runyard-test-{os.getpid()}"
        try:
            group.mkdir()
        except OSError:
            for path in made.values():
                path.rmdir()
            pytest.skip(f"needs a writable {name} hierarchy of control groups, version 1")
        made[name] = group
    yield made
    for path in made.values():
        for below in path.iterdir():
            if below.is_dir():
                below.rmdir()
        path.rmdir()


@pytest.mark.needs_cgroups
async def test_version_1_holds_measures_and_goes(yard: Any, v1: dict[str, Path]) -> None:
    plans = (
        CgroupPlan(str(v1["memory"] / "a"), (("memory.limit_in_bytes", str(48 << 20)),)),
        CgroupPlan(str(v1["pids"] / "a"), (("pids.max", "20"),)),
        CgroupPlan(str(v1["cpuacct"] / "a")),
    )
    spec = yard.bash("cat /proc/self/cgroup; exit 3", cgroups=plans)
    ended = await yard.run(spec)
    joined = yard.output(spec).decode()
    for name in ("memory", "pids", "cpuacct"):
        assert f":{name}:" in joined
        assert str((v1[name] / "a").relative_to(ROOT / name)) in joined
    assert (ended.exit_code, ended.oom, ended.notes) == (3, False, ())
    assert ended.usage.memory_peak_bytes is not None
    assert 0 < ended.usage.memory_peak_bytes < 48 << 20
    assert ended.usage.cpu_s is not None
    assert 0 < ended.usage.cpu_s < 10
    await gone(*plans)


@pytest.mark.needs_cgroups
async def test_version_1_flags_a_kill_for_want_of_memory(yard: Any, v1: dict[str, Path]) -> None:
    files = (("memory.limit_in_bytes", str(32 << 20)), ("memory.memsw.limit_in_bytes", str(32 << 20)))
    plan = CgroupPlan(str(v1["memory"] / "b"), files)
    ended = await yard.run(yard.python("x = bytearray(200 << 20)", cgroups=(plan,)))
    assert (ended.reason, ended.exit_code, ended.oom) == ("exit", 137, True)
    await gone(plan)


@pytest.mark.needs_cgroups
async def test_version_1_flags_a_want_of_processes(yard: Any, v1: dict[str, Path]) -> None:
    plan = CgroupPlan(str(v1["pids"] / "d"), (("pids.max", "8"),))
    ended = await yard.run(yard.bash("for i in 1 2 3 4 5 6 7 8 9; do sleep 9 & done; exit 3", cgroups=(plan,)))
    assert (ended.reason, ended.crowded) == ("exit", True)
    assert ended.exit_code != 0
    await gone(plan)
    within = CgroupPlan(str(v1["pids"] / "e"), (("pids.max", "60"),))
    ended = await yard.run(yard.bash("true & wait; exit 3", cgroups=(within,)))
    assert (ended.exit_code, ended.crowded) == (3, False)
    await gone(within)


@pytest.mark.needs_cgroups
async def test_version_1_ends_a_fork_bomb(yard: Any, v1: dict[str, Path]) -> None:
    plan = CgroupPlan(str(v1["pids"] / "c"), (("pids.max", "60"),))
    spec = yard.bash("b() { b | b & b; }; b; sleep 600", cgroups=(plan,), timeout_s=0.5, grace_s=0.1, output_cap=1000)
    ended = await yard.run(spec)
    assert ended.reason in ("timeout", "exit")
    assert ended.message is None
    await gone(plan)


@pytest.mark.needs_cgroups
async def test_a_killed_shim_s_group_is_emptied_and_removed(yard: Any, v1: dict[str, Path], wait_until: Any) -> None:
    group = v1["pids"] / "d"
    spec = yard.python(
        "import os, time; os.fork() or os.setsid(); print('up', flush=True); time.sleep(600)",
        cgroups=(CgroupPlan(str(group)),),
    )
    started = await yard.spawn(spec)
    await wait_until(lambda: yard.output(spec) == b"up\nup\n")
    os.kill(started.pid, signal.SIGKILL)
    await wait_until(lambda: not shim_alive(spec.spool))
    await wait_until(lambda: len((group / "cgroup.procs").read_text().split()) == 1)
    assert end_remains(spec.spool)
    assert not group.exists()
