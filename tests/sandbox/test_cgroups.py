import os
import subprocess
import sys
from pathlib import Path

import pytest

from runyard.sandbox.cgroups import Cgroups, arrange, detect

MIB = 1024 * 1024


def machine(
    tmp_path: Path, *, mounts: str, own: str, files: dict[str, str], stats: dict[int, int] | None = None
) -> tuple[Path, Path]:
    """Lay out a recorded machine and return its /proc and its root."""
    proc, system = tmp_path / "proc", tmp_path / "system"
    (proc / "self").mkdir(parents=True)
    (proc / "self/mountinfo").write_text(mounts)
    (proc / "self/cgroup").write_text(own)
    for pid, parent in (stats or {}).items():
        (proc / str(pid)).mkdir()
        (proc / str(pid) / "stat").write_text(f"{pid} (a (b) c) S {parent} 1 1")
    for name, content in files.items():
        path = system / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return proc, system


V2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n"
ALL = "cpuset cpu io memory hugetlb pids rdma misc\n"
TOP = "sys/fs/cgroup"
SERVICE = f"{TOP}/system.slice/runyard.service"


def group(path: str, *, controllers: str = ALL, switched: str = "", procs: str = "") -> dict[str, str]:
    return {
        f"{path}/cgroup.type": "domain\n",
        f"{path}/cgroup.controllers": controllers,
        f"{path}/cgroup.subtree_control": switched,
        f"{path}/cgroup.procs": procs,
    }


def top(switched: str = "cpu memory pids\n") -> dict[str, str]:
    return {
        f"{TOP}/cgroup.controllers": ALL,
        f"{TOP}/cgroup.subtree_control": switched,
        f"{TOP}/cgroup.procs": "1\n",
    }


@pytest.fixture(autouse=True)
def delegated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Recorded trees carry no extended attributes, so take systemd's mark for given."""
    monkeypatch.setattr("runyard.sandbox.cgroups._delegated", lambda _root: True)


def test_a_delegated_service_on_v2(tmp_path: Path) -> None:
    me = os.getpid()
    files = {**top(), **group(SERVICE, procs=f"{me}\n4711\n")}
    own = "0::/system.slice/runyard.service\n"
    proc, system = machine(tmp_path, mounts=V2, own=own, files=files, stats={me: 1, 4711: me})
    found = detect(proc=proc, system=system)
    assert found.version == 2
    assert set(found.roots) == {"memory", "pids", "cpu"}
    assert found.crowd == (me, 4711)
    (plan,) = found.plan("att_1", memory_mb=512, pids=64, cpu=1.5)
    assert plan.path == str(system / SERVICE / "runyard-att_1")
    assert plan.required
    assert plan.files == (
        ("memory.max", str(512 * MIB)),
        ("memory.swap.max", "0"),
        ("memory.oom.group", "1"),
        ("pids.max", "64"),
        ("cpu.max", "150000 100000"),
    )
    ready = arrange(found)
    assert ready.version == 2
    assert ready.roots == found.roots
    assert (system / SERVICE / "agent/cgroup.procs").read_text() == "4711"  # the last one moved
    assert (system / SERVICE / "cgroup.subtree_control").read_text() == "+memory +pids +cpu"
    assert sorted(path.name for path in (system / SERVICE).iterdir() if path.is_dir()) == ["agent"]


def test_a_service_whose_agent_has_its_leaf_already(tmp_path: Path) -> None:
    files = {
        **top(),
        **group(SERVICE, switched="cpu memory pids\n"),
        **group(f"{SERVICE}/agent", procs=f"{os.getpid()}\n"),
    }
    own = "0::/system.slice/runyard.service/agent\n"
    proc, system = machine(tmp_path, mounts=V2, own=own, files=files)
    found = detect(proc=proc, system=system)
    assert found.roots["memory"] == system / SERVICE
    assert found.crowd == ()
    assert (system / SERVICE / "cgroup.subtree_control").read_text() == "cpu memory pids\n"
    assert arrange(found).version == 2


def test_a_group_with_strangers_is_not_ours(tmp_path: Path) -> None:
    session = f"{TOP}/user.slice/session-3.scope"
    files = {**top(switched=""), **group(session, procs=f"{os.getpid()}\n900\n")}
    own = "0::/user.slice/session-3.scope\n"
    proc, system = machine(tmp_path, mounts=V2, own=own, files=files, stats={os.getpid(): 900, 900: 1})
    found = detect(proc=proc, system=system)
    assert found.version == 0
    assert found.why.endswith("session-3.scope: also holds other processes (such as 900)")
    assert "Delegate" in found.fix
    assert found.plan("att_1", memory_mb=64) == ()
    assert found.why_not("memory") == found.why


def test_root_may_use_a_tree_of_its_own_beside_the_sessions(tmp_path: Path) -> None:
    session = f"{TOP}/user.slice/session-3.scope"
    files = {**top(), **group(session, procs=f"{os.getpid()}\n900\n")}
    proc, system = machine(
        tmp_path, mounts=V2, own="0::/user.slice/session-3.scope\n", files=files, stats={os.getpid(): 900, 900: 1}
    )
    found = detect(proc=proc, system=system)
    assert found.roots["pids"] == system / TOP / "runyard"
    assert not (system / TOP / "runyard").exists()  # looking changes nothing


def test_a_container_with_a_namespace_of_its_own(tmp_path: Path) -> None:
    me = os.getpid()
    files = group(TOP, controllers="cpu memory pids\n", procs=f"{me}\n")
    proc, system = machine(tmp_path, mounts=V2, own="0::/\n", files=files, stats={me: 0})
    found = detect(proc=proc, system=system)
    assert found.version == 2
    assert found.roots["memory"] == system / TOP


def test_an_administrators_choice(tmp_path: Path) -> None:
    files = {**top(), **group(f"{TOP}/yard", controllers="memory pids\n")}
    proc, system = machine(tmp_path, mounts=V2, own="0::/init.scope\n", files=files)
    found = detect(configured=Path("/yard"), proc=proc, system=system)
    assert found.roots == {"memory": system / TOP / "yard", "pids": system / TOP / "yard"}
    assert found.why_not("cpu") == "no writable cpu controller"
    (plan,) = found.plan("a", cpu=1)
    assert plan.files == ()
    assert not plan.required


def test_no_controllers_delegated(tmp_path: Path) -> None:
    files = {**top(switched=""), **group(SERVICE, controllers="", procs=f"{os.getpid()}\n")}
    proc, system = machine(tmp_path, mounts=V2, own="0::/system.slice/runyard.service\n", files=files)
    assert "no memory or pids controller is delegated" in detect(proc=proc, system=system).why


def test_what_a_kernel_without_swap_lacks_is_not_written(tmp_path: Path) -> None:
    knobs = frozenset({"memory.max", "memory.oom.group", "pids.max"})
    found = Cgroups(2, {"memory": tmp_path, "pids": tmp_path}, knobs=knobs)
    assert found.plan("a", memory_mb=1)[0].files == (("memory.max", str(MIB)), ("memory.oom.group", "1"))


V1 = """\
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
39 31 0:36 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids
41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
"""


def test_v1_trees_shared_mounted_below_and_hybrid(tmp_path: Path) -> None:
    own = "8:pids:/yard\n4:memory:/docker/abc/inner\n2:cpu,cpuacct:/\n0::/\n"
    files = {
        "sys/fs/cgroup/unified/cgroup.controllers": "",
        "sys/fs/cgroup/memory/inner/tasks": "",
        "sys/fs/cgroup/pids/yard/tasks": "",
        "sys/fs/cgroup/cpu,cpuacct/tasks": "",
    }
    proc, system = machine(tmp_path, mounts=V1, own=own, files=files)
    found = detect(proc=proc, system=system)
    assert found.version == 1
    plans = {
        plan.path.removeprefix(str(system / "sys/fs/cgroup")): plan
        for plan in found.plan("a", memory_mb=64, pids=9, cpu=0.5)
    }
    assert {path: plan.files for path, plan in plans.items()} == {
        "/memory/inner/runyard-a": (("memory.limit_in_bytes", str(64 * MIB)),),
        "/pids/yard/runyard-a": (("pids.max", "9"),),
        "/cpu,cpuacct/runyard-a": (("cpu.cfs_period_us", "100000"), ("cpu.cfs_quota_us", "50000")),
    }
    without = found.plan("a")
    assert not any(plan.files or plan.required for plan in without)


def test_v1_swap_is_limited_where_it_is_counted(tmp_path: Path) -> None:
    found = Cgroups(1, {"memory": tmp_path}, knobs=frozenset({"memory.memsw.limit_in_bytes"}))
    assert [name for name, _ in found.plan("a", memory_mb=1)[0].files] == [
        "memory.limit_in_bytes",
        "memory.memsw.limit_in_bytes",
    ]


def test_no_groups_at_all(tmp_path: Path) -> None:
    proc, system = machine(tmp_path, mounts="", own="", files={})
    assert detect(proc=proc, system=system).why == "no control groups with limits are mounted"
    gone = detect(proc=tmp_path / "gone", system=system)
    assert gone.version == 0
    assert gone.fix


@pytest.mark.needs_cgroups
def test_limits_hold_on_this_machine() -> None:
    found = detect()
    if not found.version or found.why_not("pids") or found.why_not("memory") or found.why_not("cpu"):
        pytest.skip(f"control groups are not writable here: {found.why or 'a controller is missing'}")
    if found.crowd:
        pytest.skip("control groups need this process moved first, which a test must not do to its runner")
    name = f"test-{os.getpid()}"
    plans = found.plan(name, memory_mb=48, pids=7, cpu=0.25)
    try:
        for plan in plans:
            Path(plan.path).mkdir()
            for file, value in plan.files:
                (Path(plan.path) / file).write_text(value)
                assert (Path(plan.path) / file).read_text().strip() == value
        joins = "".join(f"open({plan.path + '/cgroup.procs'!r}, 'w').write('0')\n" for plan in plans)
        glutton = subprocess.run([sys.executable, "-I", "-c", joins + "bytearray(200 << 20)"], check=False)
        assert glutton.returncode == -9
    finally:
        found.discard(name)
    assert not any(Path(plan.path).exists() for plan in plans)
