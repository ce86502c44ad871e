"""Scripts that want to see, reach, or change what is not theirs."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .ordeal import CANARY, Ordeal

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.xdist_group("engines"),
    pytest.mark.timeout(180),
]

TRY = """
import os, sys
def attempt(name, what):
    try:
        said = what()
    except Exception as refused:
        print(name, "refused", type(refused).__name__)
    else:
        print(name, "GOT IT", repr(said)[:100])
"""


@contextmanager
def bystander() -> Iterator[None]:
    """Another process of this machine, with something to hide."""
    env = {"RUNYARD_TEST_CANARY": CANARY}
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, env=env) as other:
        yield
        other.communicate(b"\n")


def verdicts(log: str) -> dict[str, str]:
    """What each attempt came to."""
    return {line.split()[0]: " ".join(line.split()[1:3]) for line in log.splitlines() if " " in line}


async def test_environments_of_other_processes(ordeal: Ordeal) -> None:
    code = """
import glob
for path in glob.glob("/proc/[0-9]*/environ") + glob.glob("/proc/[0-9]*/cmdline"):
    try: print(open(path, "rb").read().replace(bytes(1), b" ")[:100000])
    except OSError: pass
"""
    with bystander():
        run, log = await ordeal.suffers(code)
    assert run["state"] == "succeeded"
    assert CANARY not in log


async def test_the_database_the_key_and_other_runs(ordeal: Ordeal) -> None:
    neighbour = await ordeal.yard.run("echo secret > mine", "shell")
    data = ordeal.yard.data
    private = ("master.key", "admin-password", "spool", "logs", "locks", "tmp")
    places = [
        *(data / name for name in ("runyard.db", "runyard.db-wal", "runyard.db-shm", *private)),
        data / "work" / neighbour["id"] / "1" / "files" / "mine",
        data / "work",
        Path.home() / ".bashrc" if os.geteuid() == 0 else "/etc/gshadow",
        "/etc/shadow",
    ]
    code = (
        TRY
        + f"""
for path in {[str(path) for path in places]!r}:
    attempt(path, lambda: os.listdir(path) if os.path.isdir(path) else open(path, "rb").read())
    attempt(path + "!", lambda: open(path, "ab") if not os.path.isdir(path) else os.mkdir(path + "/planted"))
"""
    )
    run, log = await ordeal.suffers(code)
    assert run["state"] == "succeeded", log
    told = verdicts(log)
    # a directory that bubblewrap has made on the way to the workspace is an empty one of the sandbox's own
    ways = {str(data / "work"), f"{data / 'work'}!"}
    assert {path: said for path, said in told.items() if not said.startswith("refused") and path not in ways} == {}
    assert neighbour["id"] not in log.replace(f"{neighbour['id']}/1/files/mine", "")


async def test_open_files_are_not_inherited(ordeal: Ordeal) -> None:
    run, log = await ordeal.suffers("import os\nprint(sorted(os.listdir('/proc/self/fd')))")
    assert run["state"] == "succeeded"
    assert log.strip() == "['0', '1', '2', '3']"  # the last is the listing's own


async def test_outputs_that_are_links_pipes_or_devices(ordeal: Ordeal) -> None:
    for trick in (
        'ln -s /etc/passwd "$RUNYARD_OUTPUTS"',
        'mkfifo "$RUNYARD_OUTPUTS"',
        'mkdir "$RUNYARD_OUTPUTS"',
        f'ln -s {ordeal.treasure}/gold "$RUNYARD_OUTPUTS"',
    ):
        run, log = await ordeal.suffers(trick, "shell")
        assert run["state"] == "failed", (trick, log)
        assert run["error"]["code"] == "bad_outputs"
        assert run["outputs"] is None
    run, _ = await ordeal.suffers('mknod "$RUNYARD_OUTPUTS" c 1 3 2>/dev/null || echo no device', "shell")
    assert run["outputs"] is None


async def test_results_that_are_deep_huge_or_no_json(ordeal: Ordeal) -> None:
    for making, said in (
        ('"[" * 100_000 + "]" * 100_000', "nested"),
        ('"\\"" + "x" * 1_000_000 + "\\""', "larger than"),
        ('"{nonsense"', "not JSON"),
        ('"1e999"', "too large"),
    ):
        code = f"import os\nopen(os.environ['RUNYARD_OUTPUTS'], 'w').write({making})"
        run, _ = await ordeal.suffers(code)
        assert run["state"] == "failed"
        assert run["error"]["code"] == "bad_outputs"
        assert said in run["error"]["message"] or "larger than" in run["error"]["message"]


async def test_links_in_the_workspace_are_never_followed(ordeal: Ordeal) -> None:
    code = (
        f"ln -s /etc/passwd link; ln -s {ordeal.treasure} dir; mkfifo pipe; ln -s {ordeal.yard.data} data; echo ok > ok"
    )
    run, _ = await ordeal.suffers(code, "shell")
    names = {item["path"] for item in (await ordeal.yard.get(f"/runs/{run['id']}/files"))["items"]}
    assert "ok" in names
    for path in ("link", "dir/gold", "pipe", "data/master.key", "../code/main.sh", "dir"):
        answer = await ordeal.yard.client.get(f"/runs/{run['id']}/files/{path}")
        assert answer.status_code in {404, 422}, (path, answer.text[:200])
    archive = await ordeal.yard.client.get(f"/runs/{run['id']}/archive")
    assert b"root:" not in archive.content
    assert b"gold" not in archive.content.replace(b"dir/gold", b"")


async def test_links_planted_for_the_next_run(ordeal: Ordeal) -> None:
    """The state directory is given to the next run's user: what was planted there must stay whose it is."""
    code = f"""
case "$(ls "$RUNYARD_STATE_DIR")" in
"") ln -s {ordeal.treasure} "$RUNYARD_STATE_DIR/dir"; ln -s {ordeal.treasure}/gold "$RUNYARD_STATE_DIR/file"
    mkfifo "$RUNYARD_STATE_DIR/pipe"; echo planted ;;
*) ls "$RUNYARD_STATE_DIR"; echo x > "$RUNYARD_STATE_DIR/file" || echo closed ;;
esac
"""
    script = await ordeal.yard.script(code)
    said = []
    for _ in range(2):
        queued = await ordeal.yard.post(f"/scripts/{script}/runs", {})
        run = await ordeal.yard.finished(queued["id"])
        said.append((await ordeal.yard.log(run["id"])).split())
        await ordeal.unharmed()
    assert said[0] == ["planted"]
    assert {"dir", "file", "pipe"} <= set(said[1])


async def test_signals_to_everybody(ordeal: Ordeal) -> None:
    code = """
import os, signal
me = os.getpid()
for pid in [os.getppid(), *(int(name) for name in os.listdir("/proc") if name.isdigit())]:
    if pid not in (me, 0):
        try: os.kill(pid, signal.SIGKILL)
        except OSError: pass
print("still here", flush=True)
try: os.kill(-1, signal.SIGKILL)
except OSError: pass
"""
    run, _ = await ordeal.suffers(code)
    # it can end itself, and nobody else; whoever kept it knows how it ended
    assert run["state"] in {"failed", "succeeded"}
    assert run["exit_code"] is not None
    await ordeal.nothing_left()


async def test_daemons_do_not_outlive_a_cancel(ordeal: Ordeal) -> None:
    code = """
import os, signal, time
for number in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for one in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT): signal.signal(one, signal.SIG_IGN)
            while True: time.sleep(1)
        os._exit(0)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
while True: time.sleep(1)
"""
    neighbour = await ordeal.yard.submit("sleep 0.5; echo one; echo 12345")
    run_id = await ordeal.yard.submit(code, "python")
    await ordeal.yard.printed(run_id, "ready")
    await ordeal.yard.cancel(run_id)
    run = await ordeal.yard.finished(run_id)
    assert run["state"] == "cancelled"
    await ordeal.unharmed(neighbour)
    await ordeal.nothing_left()


async def test_daemons_do_not_outlive_their_script(ordeal: Ordeal) -> None:
    code = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0: time.sleep(60)
    os._exit(0)
print("done")
"""
    run, log = await ordeal.suffers(code)
    assert (run["state"], log.strip()) == ("succeeded", "done")
    await ordeal.nothing_left()


NUMBERS = {"x86_64": (272, 165, 250, 321, 101, 425, 155), "aarch64": (97, 40, 219, 280, 117, 425, 41)}


@pytest.mark.skipif(os.uname().machine not in NUMBERS, reason="system calls have other numbers on this processor")
async def test_calls_that_reach_into_the_kernel(ordeal: Ordeal) -> None:
    unshare, mount, keyctl, bpf, ptrace, uring, pivot = NUMBERS[os.uname().machine]
    code = f"""
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def call(name, *args):
    result = libc.syscall(*[ctypes.c_long(a) for a in args])
    print(name, "refused" if result < 0 else "GOT IT", os.strerror(ctypes.get_errno()) if result < 0 else "")
call("userns", {unshare}, 0x10000000)
call("mountns", {unshare}, 0x20000)
call("mount", {mount}, 0, 0, 0, 0, 0)
call("keyctl", {keyctl}, 0, 0)
call("bpf", {bpf}, 0, 0, 0)
call("pivot", {pivot}, 0, 0)
if "{ordeal.level}" != "container":  # what an engine's own filter lets through stays within the container
    call("attach", {ptrace}, 16, 1, 0, 0)
    call("uring", {uring}, 8, 0)
try: open("/dev/mem", "rb")
except OSError as no: print("mem refused", no.strerror)
try: os.mknod("sda", 0o60644, os.makedev(8, 0)); print("mknod GOT IT")
except OSError as no: print("mknod refused", no.strerror)
try: open("/proc/sys/kernel/core_pattern", "w"); print("sysctl GOT IT")
except OSError as no: print("sysctl refused", no.strerror)
status = dict(line.split(":", 1) for line in open("/proc/self/status") if ":" in line)
print("rights", "refused" if int(status["CapEff"], 16) == 0 and status["NoNewPrivs"].strip() == "1" else "GOT IT")
"""
    run, log = await ordeal.suffers(code)
    assert run["state"] == "succeeded", log
    assert {name: said for name, said in verdicts(log).items() if not said.startswith("refused")} == {}
    assert "filtered" in run["isolation"]["system_calls"]


async def test_poisoning_what_runs_share(ordeal: Ordeal) -> None:
    code = (
        TRY
        + """
import sys, sysconfig, site
places = {
    "library": sysconfig.get_path("stdlib"), "packages": sysconfig.get_path("purelib"), "prefix": sys.prefix,
    "code": os.path.dirname(os.path.abspath(__file__)), "cache": os.path.join(sys.prefix, "..", "..", "cache"),
    "bytecode": os.path.join(sysconfig.get_path("stdlib"), "__pycache__"),
}
for name, place in places.items():
    attempt(name, lambda: open(os.path.join(place, "poison.pth"), "w"))
attempt("main", lambda: open(__file__, "a"))
attempt("interpreter", lambda: open(os.path.realpath(sys.executable), "r+b"))
"""
    )
    run, log = await ordeal.suffers(code)
    assert run["state"] == "succeeded", log
    assert {name: said for name, said in verdicts(log).items() if not said.startswith("refused")} == {}


async def test_a_network_that_is_off(ordeal: Ordeal) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        abstract = f"runyard-abuse-{os.getpid()}"
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(f"\0{abstract}")
            listener.listen()
            code = (
                TRY
                + f"""
import socket
attempt("loopback", lambda: socket.create_connection({server.getsockname()!r}, 3))
attempt("abstract", lambda: socket.socket(socket.AF_UNIX).connect("\\0{abstract}"))
attempt("name", lambda: socket.getaddrinfo("runyard.example", 80))
attempt("udp", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("192.0.2.1", 53)))
attempt("raw", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1))
"""
            )
            run, log = await ordeal.suffers(code, network=False)
    if ordeal.level == "process":
        assert run["state"] == "failed"
        assert run["error"]["code"] == "network_isolation_unavailable"
        return
    assert run["state"] == "succeeded", log
    assert run["isolation"]["network"] == "off"
    assert {name: said for name, said in verdicts(log).items() if not said.startswith("refused")} == {}


async def test_a_list_of_allowed_places(ordeal: Ordeal) -> None:
    with socket.create_server(("127.0.0.1", 0)) as open_one, socket.create_server(("127.0.0.1", 0)) as closed_one:
        opened, closed = open_one.getsockname()[1], closed_one.getsockname()[1]
        code = (
            TRY
            + f"""
import socket
def through(host, port):
    line = socket.create_connection(("127.0.0.1", 3128), 5)
    line.sendall(f"CONNECT {{host}}:{{port}} HTTP/1.1\\r\\n\\r\\n".encode())
    answer = line.recv(1000).decode()
    if " 200 " not in answer: raise PermissionError(answer)
    return answer
print(os.environ["HTTPS_PROXY"], os.environ["http_proxy"])
attempt("allowed", lambda: through("127.0.0.1", {opened}))
attempt("other-port", lambda: through("127.0.0.1", {closed}))
attempt("by-name", lambda: through("localhost", {opened}))
attempt("metadata", lambda: through("169.254.169.254", 80))
attempt("wildcard", lambda: through("a.localhost", {opened}))
attempt("around", lambda: socket.create_connection(("127.0.0.1", {opened}), 3))
attempt("udp", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("192.0.2.1", 53)))
attempt("name", lambda: socket.getaddrinfo("runyard.example", 80))
"""
        )
        allowed = [f"127.0.0.1:{opened}", "*.localhost:*", "files.example"]
        script = await ordeal.yard.script(code, "python", egress=allowed)
        queued = await ordeal.yard.post(f"/scripts/{script}/runs", {})
        run = await ordeal.yard.finished(queued["id"])
        log = await ordeal.yard.log(run["id"])
    await ordeal.unharmed()
    if ordeal.level == "process":
        assert run["state"] == "failed"
        assert run["error"]["code"] == "network_isolation_unavailable"
        return
    assert run["state"] == "succeeded", log
    assert run["isolation"]["network"] == "allow-list"
    assert run["isolation"]["egress"] == allowed
    told = verdicts(log)
    assert told.pop("allowed") == "GOT IT"
    assert {name: said for name, said in told.items() if said == "GOT IT"} == {}
    assert "runyard: no way to 169.254.169.254:80" in log
    refused = await ordeal.yard.client.post(
        "/scripts", json={"name": "metadata", "language": "shell", "code": "true", "egress": ["169.254.169.254"]}
    )
    assert refused.status_code == 422
    assert "metadata" in refused.text


async def test_odd_bytes_escapes_and_markup_in_the_log(ordeal: Ordeal) -> None:
    code = """
import os
os.write(1, b"\\xff\\xfe\\x00 \\x1b]0;title\\x07\\x1b[2J <script>alert(1)</script> \\xed\\xa0\\x80\\n")
print("after")
"""
    run, log = await ordeal.suffers(code)
    assert run["state"] == "succeeded"
    lines = await ordeal.yard.lines(run["id"])
    assert lines[-1]["text"] == "after"
    json.dumps(lines).encode()
    assert "<script>alert(1)</script>" in log  # text is text; the page never makes markup of it


async def test_a_secret_in_pieces(ordeal: Ordeal) -> None:
    secret = "correct-horse-battery"
    code = """
import base64, os, sys, time
secret = os.environ["PASS"]
for letter in secret: sys.stdout.write(letter); sys.stdout.flush(); time.sleep(0.005)
print(); print(base64.b64encode(secret.encode()).decode()); print(secret.replace("-", "%2D"))
"""
    definition = {"key": "PASS", "label": "Pass", "type": "password"}
    run, log = await ordeal.suffers(code, definitions=[definition], parameters={"PASS": secret})
    assert run["state"] == "succeeded", log
    assert secret not in log


async def test_directories_of_the_host_that_nobody_allowed(ordeal: Ordeal) -> None:
    mounts = [{"source": str(ordeal.treasure), "mode": "rw"}]
    script = await ordeal.yard.script("ls", mounts=mounts)
    queued = await ordeal.yard.post(f"/scripts/{script}/runs", {})
    run = await ordeal.yard.finished(queued["id"])
    assert run["state"] == "failed"
    assert run["error"]["code"] == "mount_refused"
    assert "administrator has allowed no directories" in run["error"]["message"]
    await ordeal.unharmed()


async def test_a_level_that_is_not_there_is_refused(ordeal: Ordeal) -> None:
    if ordeal.level == "container":
        return
    script = await ordeal.yard.script("echo weak", isolation="container")
    queued = await ordeal.yard.post(f"/scripts/{script}/runs", {})
    run = await ordeal.yard.finished(queued["id"])
    assert run["state"] == "failed"
    assert run["error"]["code"] == "level_unavailable"
    assert await ordeal.yard.log(run["id"]) == ""
