"""What scripts may try in bubblewrap, for real."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from runyard.sandbox import Level, Limits, Request, Sandboxes
from runyard.sandbox.ownership import give
from runyard.sandbox.problems import PathClosed, UnsafeVariable

pytestmark = pytest.mark.needs_bwrap

Inside = Callable[..., subprocess.CompletedProcess[str]]


def refused(inside: Inside, code: str, **more: object) -> str:
    """Run code that must print what stopped it, and return that."""
    done = inside(f"try:\n    {code}\nexcept Exception as e:\n    print(type(e).__name__, e)", **more)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip(), "nothing stopped it"
    return done.stdout


def test_has_no_rights_whatever(inside: Inside) -> None:
    status = dict(
        line.split(":", 1)
        for line in inside("print(open('/proc/self/status').read())").stdout.splitlines()
        if ":" in line
    )
    assert {status[name].strip() for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert status["NoNewPrivs"].strip() == "1"
    assert status["Seccomp"].strip() == "2"
    if os.geteuid() == 0:
        assert status["Groups"].strip() == ""
        assert set(status["Uid"].split()) == set(status["Gid"].split()) <= {str(uid) for uid in range(64_000, 64_050)}


def test_inherits_no_open_files(inside: Inside) -> None:
    done = inside("import os; print(sorted(os.listdir('/proc/self/fd')))")
    assert done.stdout.strip() == "['0', '1', '2', '3']"  # 3 is the listing's own


def test_sees_only_its_own_processes(inside: Inside) -> None:
    done = inside("import os; print([p for p in os.listdir('/proc') if p.isdigit()])")
    assert set(eval(done.stdout)) == {"1", "2"}  # noqa: S307 - our own list


def test_cannot_read_the_environment_of_others(inside: Inside) -> None:
    mark = "RUNYARD_TEST_MARK=visible"
    with subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, env={"RUNYARD_TEST_MARK": "visible"}
    ) as other:
        found = inside(
            "import glob\nfor p in glob.glob('/proc/*/environ'):\n"
            f"    try: print(p, {mark!r}.encode() in open(p,'rb').read())\n"
            "    except OSError as e: print(p, e.strerror)"
        )
        other.communicate(b"\n")
    assert found.returncode == 0
    assert "True" not in found.stdout
    if os.geteuid() == 0:
        assert "/proc/1/environ Permission denied" in found.stdout


def test_cannot_see_the_data_directory_or_the_key(inside: Inside, bubblewrap: Sandboxes) -> None:
    data = bubblewrap.hidden[0]
    assert (data / "master.key").read_text() == "top secret"
    assert "FileNotFoundError" in refused(inside, f"open({str(data / 'master.key')!r}).read()")
    assert "FileNotFoundError" in refused(inside, f"__import__('os').listdir({str(data)!r})")


def test_cannot_see_another_workspace(inside: Inside, place: Path) -> None:
    other = place.parent / "other"
    other.mkdir()
    (other / "secret").write_text("x")
    assert "FileNotFoundError" in refused(inside, f"open({str(other / 'secret')!r}).read()")
    done = inside(f"import os; print(os.listdir({str(place.parent)!r}))")
    assert done.stdout.strip() == "['files']"


@pytest.mark.parametrize(
    "path", ["/etc/shadow", "/etc/gshadow", "/root/.bashrc", "/var/lib", "/sys/fs/cgroup", "/home", "/proc/kcore"]
)
def test_does_not_see_what_is_not_its_business(inside: Inside, path: str) -> None:
    code = f"import os; (os.listdir if os.path.isdir({path!r}) else open)({path!r})"
    assert "Error" in refused(inside, code)


@pytest.mark.parametrize(
    "path", ["/usr/x", "/etc/x", "/x", "/dev/x", "/etc/passwd", "/run/x", "/proc/sys/kernel/hostname", "/usr/bin/env"]
)
def test_cannot_write_to_the_system(inside: Inside, path: str) -> None:
    refused(inside, f"open({path!r}, 'a').write('x')")


def test_writes_where_it_may_and_only_there(inside: Inside, place: Path) -> None:
    state, code = place.parent / "state", place.parent / "code"
    state.mkdir()
    code.mkdir()
    (code / "main.py").write_text("print(1)")
    done = inside(
        f"open('here','w').write('x'); open({str(state / 'kept')!r},'w').write('y'); open('/tmp/t','w').write('t')\n"
        f"open('/dev/shm/s','w').write('s'); open('/dev/null','w').write('n'); import multiprocessing as m; m.Lock()\n"
        f"import os; os.openpty(); print(open({str(code / 'main.py')!r}).read())",
        read_write=(state,),
        read_only=(code,),
    )
    assert done.returncode == 0, done.stderr
    assert (place / "here").read_text() == "x"
    assert (state / "kept").read_text() == "y"
    assert not Path("/tmp/t").exists()
    refused(inside, f"open({str(code / 'main.py')!r}, 'w')", read_only=(code,))


def test_a_scratch_directory_becomes_tmp(inside: Inside, place: Path) -> None:
    scratch = place.parent / "tmp"
    scratch.mkdir()
    assert inside("open('/tmp/t','w').write('t')", scratch=scratch).returncode == 0
    assert (scratch / "t").read_text() == "t"


def test_data_may_lie_in_the_other_temporary_directory() -> None:
    with tempfile.TemporaryDirectory(prefix="runyard-data-", dir="/var/tmp") as made:
        data = Path(made)
        work = data / "work/files"
        work.mkdir(parents=True)
        (data / "master.key").write_text("top secret")
        boxes = Sandboxes(data / "sandbox", hidden=(data,), uid_base=64_100, uid_count=5)
        assert boxes.probe()[1].available
        code = f"echo mine > here && ls {data} && ls /var/tmp && touch /var/tmp/new && touch {data}/new"
        asked = Request("t1", ("/bin/sh", "-c", code), {"PATH": "/usr/bin:/bin"}, work)
        plan = boxes.confine(Level.bubblewrap, asked)
        give(plan.chown, plan.owner)
        done = subprocess.run(plan.argv, env=plan.env, capture_output=True, text=True, timeout=60, check=False)
        assert done.stdout == f"work\n{data.name}\n"
        assert "Permission denied" in done.stderr or "Read-only" in done.stderr
        assert done.returncode != 0
        assert (work / "here").read_text() == "mine\n"
        assert {path.name for path in data.iterdir()} == {"master.key", "sandbox", "work"}


def test_memory_behind_tmp_is_bounded(inside: Inside) -> None:
    told = inside("import os\nfor p in ('/tmp','/dev/shm'):\n    s=os.statvfs(p); print(s.f_blocks*s.f_frsize)")
    assert [int(size) for size in told.stdout.split()] == [1024 * 1024 * 1024, 256 * 1024 * 1024]


CALLS = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def call(*args):
    libc.syscall.restype = ctypes.c_long
    result = libc.syscall(*[ctypes.c_long(a) for a in args])
    print(result, os.strerror(ctypes.get_errno()) if result < 0 else "done")
"""
NUMBERS = {"x86_64": (272, 56, 165, 250, 321, 101, 425, 298), "aarch64": (97, 220, 40, 219, 280, 117, 425, 241)}


@pytest.mark.skipif(os.uname().machine not in NUMBERS, reason="no filter of system calls is known for this processor")
def test_the_kernel_refuses_what_no_script_needs(inside: Inside) -> None:
    unshare, clone, mount, keyctl, bpf, ptrace, uring, perf = NUMBERS[os.uname().machine]
    user, net = 0x10000000, 0x40000000
    done = inside(
        CALLS + f"call({unshare}, {user}); call({unshare}, {net}); call({clone}, {user} | 17, 0)\n"
        f"call({mount}, 0, 0, 0, 0, 0); call({keyctl}, 0, 0); call({bpf}, 0, 0, 0); call({ptrace}, 0, 0, 0, 0)\n"
        f"call({uring}, 8, 0); call({perf}, 0, 0, 0, 0, 0)"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["-1 Operation not permitted"] * 9
    assert "PermissionError" in refused(inside, "__import__('socket').socket(40, 1)")


def test_processes_and_threads_still_start(inside: Inside) -> None:
    done = inside(
        "import subprocess, threading, os\n"
        "t = threading.Thread(target=print, args=('thread',)); t.start(); t.join()\n"
        "print(subprocess.run(['/bin/echo','child'], capture_output=True, text=True).stdout.strip())\n"
        "print(os.waitpid(os.spawnv(os.P_NOWAIT, '/bin/true', ['true']), 0)[1])"
    )
    assert done.stdout.split() == ["thread", "child", "0"], done.stderr


@pytest.mark.parametrize(
    "command",
    [
        "unshare -U true",
        "unshare -rm true",
        "mount -t tmpfs x /tmp",
        "chroot / true",
        "su -c true",
        "nsenter -t 1 -m true",
    ],
)
def test_cannot_gain_rights_by_commands(inside: Inside, command: str) -> None:
    done = inside(f"import subprocess; print(subprocess.run({command!r}, shell=True, capture_output=True).returncode)")
    assert done.stdout.strip() not in {"", "0"}


@pytest.mark.needs_root
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a setuid program")
def test_a_setuid_program_gives_nothing(inside: Inside, place: Path) -> None:
    program = place.parent / "bin" / "whoami"
    program.parent.mkdir()
    program.write_bytes(Path("/usr/bin/id").read_bytes())
    program.chmod(0o4755)
    done = inside(
        f"import subprocess; print(subprocess.run([{str(program)!r}, '-u'], capture_output=True, text=True).stdout)",
        read_only=(program.parent,),
    )
    assert int(done.stdout) in range(64_000, 64_050)


@pytest.mark.parametrize(("network", "reached"), [(True, "reached"), (False, "ConnectionRefusedError")])
def test_the_network_switch_holds(inside: Inside, network: bool, reached: str) -> None:  # noqa: FBT001 - a case
    with socket.create_server(("127.0.0.1", 0)) as server:  # a backlog accepts without anybody's help
        done = inside(
            f"import socket\ntry:\n    socket.create_connection({server.getsockname()!r}, 5); print('reached')\n"
            "except OSError as e: print(type(e).__name__)",
            network=network,
        )
    assert done.stdout.strip() == reached


def test_without_a_network_nothing_outside_is_reached(inside: Inside) -> None:
    told = refused(inside, "__import__('socket').create_connection(('169.254.169.254', 80), 5)", network=False)
    assert "unreachable" in told
    name = f"\\0runyard-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(name.replace("\\0", "\0"))
        listener.listen()
        told = refused(inside, f"__import__('socket').socket(1).connect('{name}')", network=False)
    assert "ConnectionRefusedError" in told


def test_without_a_network_its_own_loopback_works(inside: Inside) -> None:
    done = inside(
        "import socket; s = socket.create_server(('127.0.0.1', 0)); socket.create_connection(s.getsockname(), 5)\n"
        "print(socket.gethostname(), socket.gethostbyname(socket.gethostname()))",
        network=False,
    )
    assert done.stdout.split() == ["runyard", "127.0.0.1"], done.stderr


def test_its_user_has_a_name_and_a_home(inside: Inside, place: Path) -> None:
    done = inside(
        "import os, pwd, grp; u = pwd.getpwuid(os.getuid()); print(u.pw_name, os.path.realpath(u.pw_dir))\n"
        "print(grp.getgrgid(os.getgid()).gr_name)"
    )
    name, home, group = done.stdout.split()
    assert home == str(place)
    assert name
    assert group


def test_the_environment_is_exactly_what_was_asked(inside: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNYARD_ADMIN_PASSWORD", "leak")
    done = inside("import os; print(sorted(os.environ))", env={"SIZE": "3"})
    assert set(eval(done.stdout)) <= {"HOME", "PATH", "SIZE", "PWD", "LC_CTYPE", "OLDPWD", "_", "SHLVL"}  # noqa: S307 - our own list


def test_secrets_do_not_stand_on_a_command_line(inside: Inside) -> None:
    done = inside(
        "import glob\nfor p in glob.glob('/proc/[0-9]*/cmdline'): print(open(p).read())", env={"TOKEN": "s3cr3t-value"}
    )
    assert done.returncode == 0
    assert "s3cr3t-value" not in done.stdout


@pytest.mark.parametrize(
    "name", ["LD_PRELOAD", "LD_LIBRARY_PATH", "BASH_ENV", "BASH_FUNC_exec%%", "GCONV_PATH", "GLIBC_TUNABLES", "a=b", ""]
)
def test_variables_that_could_take_over_the_builder_are_refused(inside: Inside, name: str) -> None:
    with pytest.raises(UnsafeVariable):
        inside("print(1)", env={name: "x"})


@pytest.mark.needs_root
@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives runs users of their own")
def test_a_tree_its_user_cannot_read_is_named(inside: Inside, place: Path) -> None:
    code = place.parent / "code"
    code.mkdir(mode=0o700)
    with pytest.raises(PathClosed, match="code is closed to other users"):
        inside("print(1)", read_only=(code,))


def test_everything_dies_with_the_builder(bubblewrap: Sandboxes, place: Path, inside: Inside) -> None:
    done = inside("import os; os.kill(os.getpid(), 9)")
    assert done.returncode == 128 + signal.SIGKILL
    done = inside("import os, sys\nif os.fork() == 0:\n    os.setsid(); import time; time.sleep(60)\nprint('gone')")
    assert done.stdout.strip() == "gone"  # and it returned at once: the daemon held no pipe of ours open


def test_a_process_limit_stops_a_fork_bomb(inside: Inside, bubblewrap: Sandboxes) -> None:
    held = bubblewrap._groups
    if not held or held.why_not("pids"):
        pytest.skip(f"no process limit can be enforced here: {held.why_not('pids') if held else 'unknown'}")
    done = inside(
        "import os, time\nn = 0\ntry:\n    while True:\n"
        "        if os.fork() == 0: time.sleep(30); os._exit(0)\n        n += 1\n"
        "except OSError as e: print(n, e.strerror)",
        limits=Limits(pids=20),
    )
    assert done.stdout.strip() == "19 Resource temporarily unavailable", done.stderr


def test_a_memory_limit_stops_a_glutton(inside: Inside, bubblewrap: Sandboxes) -> None:
    held = bubblewrap._groups
    if not held or held.why_not("memory"):
        pytest.skip(f"no memory limit can be enforced here: {held.why_not('memory') if held else 'unknown'}")
    done = inside("x = bytearray(400 * 1024 * 1024); print('got it')", limits=Limits(memory_mb=64))
    assert "got it" not in done.stdout
    assert done.returncode in {128 + signal.SIGKILL, -signal.SIGKILL}
    hoard = "f = open('/tmp/x', 'wb')\nfor _ in range(400): f.write(b'x' * 1024 * 1024)\nprint('got it')"
    assert "got it" not in inside(hoard, limits=Limits(memory_mb=64)).stdout
