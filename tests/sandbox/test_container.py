"""Containers by real engines, as the runner keeps them."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runyard.engine.confining import spec_of
from runyard.runner import Exit, Launcher, ShimLink, SpoolReader, StartFailed, end_remains, read_exit, read_shim
from runyard.runner import engine as http
from runyard.sandbox import Confinement, Level, Limits, Request, Sandboxes
from runyard.sandbox.ownership import give
from runyard.sandbox.plan import Mount
from tests.engine import yard

from .enginehouse import running

pytestmark = [pytest.mark.needs_root, pytest.mark.xdist_group("engines")]

ENGINES = [pytest.param("docker", id="docker"), pytest.param("podman", id="podman", marks=pytest.mark.slow)]


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    with running(request.param) as socket:
        yield socket


@pytest.fixture(scope="module")
def boxes(engine: str, tmp_path_factory: pytest.TempPathFactory) -> Sandboxes:
    home = tmp_path_factory.mktemp("box")
    for place in (home, *home.parents):
        if place == Path("/tmp"):
            break
        place.chmod(0o711)
    made = Sandboxes(
        home / "sandbox", hidden=(home,), engine=engine, network="host", uid_count=50, default=Level.container
    )
    probe = made.probe()[2]
    assert probe.available, probe.reason
    return made


@pytest.fixture
async def launcher() -> AsyncIterator[Launcher]:
    starter = Launcher()
    yield starter
    await starter.close()


def command_lines() -> list[str]:
    """Of every process of the machine."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            found.append(entry.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return found


def system_python() -> str:
    """An interpreter that an image may be made of."""
    names = (f"/usr/bin/python3.{minor}" for minor in range(14, 8, -1))
    found = next((name for name in names if Path(name).exists()), "")
    if not found:
        pytest.skip("this machine has no Python of the system's")
    return found


class Box:
    """One attempt in a container."""

    def __init__(self, boxes: Sandboxes, launcher: Launcher, root: Path) -> None:
        self.boxes = boxes
        self.launcher = launcher
        self.place = root / "files"
        self.spool = root / "spool"
        self.place.mkdir()
        self.spool.mkdir(mode=0o700)
        self.id = f"run_{os.getpid()}_{abs(hash(str(root))) % 10**8}"

    def plan(self, text: str, *, env: dict[str, str] | None = None, **more: object) -> Confinement:
        request = Request(
            attempt_id=self.id,
            argv=("/bin/bash", "-c", text),
            env={"PATH": "/usr/bin:/bin", "HOME": str(self.place), **(env or {})},
            workspace=self.place,
            **more,  # type: ignore[arg-type]
        )
        plan = self.boxes.confine(None, request)
        self.boxes.release(self.id)
        give(plan.chown, plan.owner)
        return plan

    async def start(self, text: str, *, timeout_s: float | None = None, **more: object) -> ShimLink:
        plan = self.plan(text, **more)  # type: ignore[arg-type]
        spec = spec_of(plan, attempt_id=self.id, spool=str(self.spool), cwd=str(self.place), timeout_s=timeout_s)
        await self.launcher.spawn(spec)
        return await ShimLink.attach(self.spool)

    async def ended(self, link: ShimLink) -> tuple[Exit, str, str]:
        async for _event in link.events():
            pass
        link.close()
        await asyncio.sleep(0)
        settled = read_exit(self.spool)
        assert settled
        with SpoolReader(self.spool) as reader:
            frames = reader.read(1 << 22)
        out, err = (b"".join(frame.data for frame in frames if frame.stream == stream).decode() for stream in (1, 2))
        return settled, out, err

    async def run(self, text: str, **more: object) -> tuple[Exit, str, str]:
        return await self.ended(await self.start(text, **more))  # type: ignore[arg-type]

    def left(self) -> list[str]:
        """Names of this attempt's containers that are still there."""
        found = http.demand(self.boxes._engine[0], "GET", "/containers/json?all=1")
        return [name for one in found for name in one["Names"] if self.id in name]


@pytest.fixture
def box(boxes: Sandboxes, launcher: Launcher, open_place: Path) -> Box:
    return Box(boxes, launcher, open_place)


async def test_a_script_runs_as_a_user_of_its_own_with_nothing_else_in_sight(box: Box) -> None:
    secret = 'it\'s a "secret"\nof two lines $HOME'
    text = (
        'id -u; pwd; echo "$TOKEN"; echo oops >&2; echo kept >here; ls /; ls /proc | grep -c "^[0-9]"; '
        "grep -E 'CapEff|NoNewPrivs|Seccomp:' /proc/self/status; compgen -e | sort | tr '\\n' ' '; "
        "touch /x /usr/x /etc/x 2>/dev/null || (echo; echo closed); exit 7"
    )
    settled, out, err = await box.run(text, env={"TOKEN": secret}, network=False)
    assert (settled.reason, settled.exit_code) == ("exit", 7), (out, err)
    lines = out.splitlines()
    assert int(lines[0]) in box.boxes.uids.ids
    assert lines[1] == str(box.place)
    assert "\n".join(lines[2:4]) == secret
    assert err == "oops\n"
    assert (box.place / "here").read_text() == "kept\n"
    assert "CapEff:\t0000000000000000" in lines
    assert "NoNewPrivs:\t1" in lines
    assert "Seccomp:\t2" in lines
    assert lines[-1] == "closed"
    names = set(lines[-2].split()) - {"PWD", "SHLVL", "_", "OLDPWD"}
    assert names == {"PATH", "HOME", "TOKEN"}
    assert box.left() == []


async def test_no_secret_stands_in_the_engine_s_records(box: Box) -> None:
    link = await box.start("echo up; sleep 30", env={"TOKEN": "s3cr3t-value"}, network=False)
    await anext(aiter(link.events()))
    assert "s3cr3t-value" not in str(http.demand(box.boxes._engine[0], "GET", f"/containers/runyard-{box.id}/json"))
    await link.cancel(0)
    settled, _, _ = await box.ended(link)
    assert settled.reason == "cancel"
    assert box.left() == []


async def test_a_polite_stop_reaches_the_script(box: Box) -> None:
    link = await box.start("trap 'echo bye; exit 3' TERM; echo ready; while :; do sleep 0.05; done", network=False)
    await anext(aiter(link.events()))
    await link.cancel(20)
    settled, out, _ = await box.ended(link)
    assert (settled.reason, settled.exit_code) == ("cancel", 3)
    assert out.split()[0] == "ready"
    assert "bye" in out


async def test_a_hard_stop_ends_everything_in_it(box: Box) -> None:
    text = "trap '' TERM; (setsid sleep 97531 &); echo ready; while :; do sleep 1; done"
    link = await box.start(text, network=False)
    await anext(aiter(link.events()))
    await link.cancel(0.2)
    settled, _, _ = await box.ended(link)
    assert settled.reason == "cancel"
    assert box.left() == []
    assert not any("97531" in words for words in command_lines())


async def test_time_and_memory_are_limited(box: Box) -> None:
    settled, _, _ = await box.run("sleep 60", timeout_s=0.5, network=False)
    assert settled.reason == "timeout"
    assert box.left() == []


async def test_out_of_memory_is_told(box: Box) -> None:
    limits = Limits(memory_mb=64, pids=30, cpu=1)
    settled, out, _ = await box.run(
        "x=$(head -c 300M /dev/zero | tr '\\0' x); echo ${#x}", limits=limits, network=False
    )
    assert settled.exit_code not in {0, None}
    assert settled.oom
    assert "314572800" not in out


async def test_usage_is_measured(box: Box) -> None:
    settled, _, _ = await box.run(
        "for i in $(seq 150000); do :; done; sleep 0.7", limits=Limits(memory_mb=256), network=False
    )
    assert settled.usage.cpu_s is not None
    assert settled.usage.cpu_s > 0
    assert settled.usage.memory_peak_bytes


async def test_processes_are_limited(box: Box) -> None:
    text = "for i in $(seq 100); do sleep 1 & done"
    _, _, err = await box.run(text, limits=Limits(pids=20), network=False)
    assert "fork" in err


async def test_directories_of_the_host(box: Box, open_place: Path) -> None:
    data = open_place / "data"
    data.mkdir()
    (data / "in").write_text("seen")
    text = "cat /mnt/data/in; touch /mnt/data/out 2>/dev/null || echo ' closed'"
    mount = Mount(data, Path("/mnt/data"))
    settled, out, _ = await box.run(text, mounts=(mount,), network=False)
    assert (settled.exit_code, out) == (0, "seen closed\n")


async def test_a_shim_that_was_killed_leaves_a_container_that_is_found(box: Box) -> None:
    link = await box.start("echo up; sleep 60", network=False)
    await anext(aiter(link.events()))
    shim = read_shim(box.spool)
    assert shim
    os.kill(shim["pid"], 9)
    link.close()
    assert box.left() != []
    for _ in range(100):
        if end_remains(box.spool, 30):
            break
        await asyncio.sleep(0.05)
    assert box.left() == []


async def test_what_nobody_knows_of_any_more_is_swept_by_its_owner(
    engine: str, boxes: Sandboxes, launcher: Launcher, open_place: Path
) -> None:
    given: dict[str, Any] = {"hidden": boxes.hidden, "engine": engine, "network": "host", "default": Level.container}
    own, other = Sandboxes(boxes._home, uid_count=50, **given), Sandboxes(boxes._home, uid_count=50, **given)
    assert own.sweep(()) == []
    own.prepare("wrk_own")
    other.prepare("wrk_other")
    found = []
    for owner, name in ((own, "a"), (own, "b"), (other, "c")):
        (open_place / name).mkdir()
        found.append(Box(owner, launcher, open_place / name))
    dead, live, _ = found
    links = [await box.start("echo up; sleep 60", network=False) for box in found]
    for link in links:
        await anext(aiter(link.events()))
    shim = read_shim(dead.spool)
    assert shim
    os.kill(shim["pid"], 9)
    assert [len(box.left()) for box in found] == [1, 1, 1]
    assert own.sweep({live.id}) == [dead.id]
    assert [len(box.left()) for box in found] == [0, 1, 1]
    assert own.sweep({live.id}) == []
    links[0].close()
    for box, link in zip(found[1:], links[1:], strict=True):
        await link.cancel(0)
        await box.ended(link)
        assert box.left() == []


async def test_a_worker_sweeps_when_it_starts(engine: str) -> None:
    async with yard.place() as data:
        settings = yard.options(data, sandbox={"engine": engine, "engine_network": "host"})
        async with yard.opened(settings) as first:
            executor = first.yard.executor
            assert executor
            found = executor.crew.sandboxes._found_engine
            assert found
            assert found.engine
            for name, worker in (("runyard-own", executor.worker_id), ("runyard-other", "wrk_other")):
                labels = {"runyard.attempt": name, "runyard.worker": worker}
                body = {"Image": found.engine.image, "Cmd": ["/bin/true"], "Labels": labels}
                http.demand(engine, "POST", f"/containers/create?name={name}", body)
        async with yard.opened(settings):
            listed = http.demand(engine, "GET", "/containers/json?all=1")
        assert http.remove(engine, "runyard-other")
    assert [name for one in listed for name in one["Names"] if name.startswith("/runyard-o")] == ["/runyard-other"]


async def test_it_goes_on_without_its_launcher_and_is_found_again(box: Box) -> None:
    link = await box.start("echo one; while [ ! -e go ]; do sleep 0.05; done; echo two; exit 5", network=False)
    await anext(aiter(link.events()))
    link.close()
    await box.launcher.close()
    (box.place / "go").touch()
    settled, out, _ = await box.ended(await ShimLink.attach(box.spool))
    assert (settled.reason, settled.exit_code, out) == ("exit", 5, "one\ntwo\n")
    assert box.left() == []


async def test_what_the_engine_refuses_is_told(box: Box) -> None:
    plan = box.plan("true", network=False)
    assert plan.container
    plan.container.config["Image"] = "runyard-nowhere:1"
    with pytest.raises(StartFailed, match=r"(?i)no such image"):
        await box.launcher.spawn(spec_of(plan, attempt_id=box.id, spool=str(box.spool), cwd=str(box.place)))
    assert box.left() == []


def image_of_this_machine(tmp: Path) -> bytes:
    """A root of /usr/bin/python3's own, its library, and a shell."""
    python = system_python()
    library = f"/usr/lib/{Path(python).name}"
    files = {python, os.path.realpath("/bin/sh"), "/usr/bin/id"}
    for program in (*files, *map(str, Path(library, "lib-dynload").glob("*.so"))):
        said = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
        files |= {word for word in said.split() if word.startswith("/")}
    # Where /lib is a link into /usr, what lies there is packed under its real name, and the link beside it.
    merged = [name for name in ("/bin", "/lib", "/lib64") if Path(name).is_symlink()]
    files = {f"/usr{name}" if f"/{name.split('/')[1]}" in merged else name for name in files}
    out = tmp / "image.tar"
    skipped = ("--exclude=__pycache__", "--exclude=test")
    for how in (("-chf", *skipped, *sorted(files), "/usr/bin/sh", library), ("-rf", *merged)):
        subprocess.run(["tar", how[0], str(out), *how[1:]], check=True, capture_output=True, cwd="/")
    return out.read_bytes()


async def test_an_image_of_the_administrator_s(
    engine: str, boxes: Sandboxes, launcher: Launcher, open_place: Path, tmp_path: Path
) -> None:
    content = image_of_this_machine(tmp_path)
    target = "/images/create?fromSrc=-&repo=runyard-own&tag=latest"
    assert http.call(engine, "POST", target, content, 120)[0] == 200
    own = Sandboxes(
        boxes._home, hidden=boxes.hidden, engine=engine, image="runyard-own:latest", default=Level.container
    )
    probe = own.probe()[2]
    assert probe.available, probe.reason
    assert probe.details["image"] == "runyard-own:latest"
    box = Box(own, launcher, open_place)
    plan = box.plan("", network=False)
    code = "import json, os, sys; print(json.dumps([os.getuid() > 0, os.path.exists('/usr/bin/bash')]))"
    plan = replace(plan, argv=(system_python(), "-I", "-c", code))
    await launcher.spawn(spec_of(plan, attempt_id=box.id, spool=str(box.spool), cwd=str(box.place)))
    settled, out, err = await box.ended(await ShimLink.attach(box.spool))
    assert (settled.exit_code, out) == (0, "[true, false]\n"), err


def test_an_engine_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    for url, said in (
        ("", "no container engine is named"),
        (f"unix://{tmp_path}/none", "does not answer"),
        ("tcp://127.0.0.1:2375", "is not on this machine"),
    ):
        probe = Sandboxes(tmp_path / "home", engine=url).probe()[2]
        assert not probe.available
        assert said in probe.reason
        assert probe.fix
