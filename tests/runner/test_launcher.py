# small files and foreign processes: nothing here is worth an event or a thread
# ruff: noqa: ASYNC240, ASYNC220
from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from runyard.runner import Launcher, ShimLink, StartFailed, claim_unstarted, shim_alive


def _descriptors(pid: int | str) -> int:
    try:
        return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
    except PermissionError:
        # the launcher hides itself from its own user; as root the count is real
        return 0


def _children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


async def test_two_hundred_runs_in_a_row_leave_nothing_behind(yard: Any, wait_until: Any) -> None:
    await yard.run(yard.spec("true"))
    pid = yard.launcher.pid
    await wait_until(lambda: len(_children(pid)) == 1)
    before = _descriptors(pid), _descriptors("self")
    for number in range(200):
        ended = await yard.run(yard.bash(f"exit {number % 3}"))
        assert ended.exit_code == number % 3
    assert yard.launcher.pid == pid
    # but for the shim that was forked ahead of need, and waits
    await wait_until(lambda: len(_children(pid)) == 1)
    # a line may be closed a moment after its shim has ended; a leak would have left hundreds
    after = _descriptors(pid), _descriptors("self")
    assert all(abs(one - other) <= 2 for one, other in zip(after, before, strict=True))


async def test_spawns_at_once_each_get_their_own_answer(yard: Any) -> None:
    specs = [yard.bash(f"exit {number}") if number % 5 else yard.spec("/no/such") for number in range(25)]
    answers = await asyncio.gather(*(yard.spawn(spec) for spec in specs), return_exceptions=True)
    for number, (spec, answer) in enumerate(zip(specs, answers, strict=True)):
        if number % 5:
            assert not isinstance(answer, BaseException)
            assert (await yard.finished(spec)).exit_code == number
        else:
            assert isinstance(answer, StartFailed)


async def test_runs_outlive_a_killed_launcher_and_a_new_one_comes(yard: Any, tmp_path: Path) -> None:
    specs = [
        yard.bash(f"echo before; until [ -e {tmp_path}/go ]; do sleep 0.01; done; echo after; exit {n}") for n in (0, 5)
    ]
    for spec in specs:
        await yard.spawn(spec)
    first = yard.launcher.pid
    os.kill(first, signal.SIGKILL)
    other = yard.bash("exit 8")
    assert (await yard.run(other)).exit_code == 8
    assert yard.launcher.pid != first
    assert all(shim_alive(spec.spool) for spec in specs)
    (tmp_path / "go").touch()
    for spec, code in zip(specs, (0, 5), strict=True):
        assert (await yard.finished(spec)).exit_code == code
        assert yard.output(spec) == b"before\nafter\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_a_launcher_leaves_on_a_signal_and_runs_go_on(yard: Any, number: signal.Signals, wait_until: Any) -> None:
    spec = yard.bash("sleep 0.2; exit 2")
    await yard.spawn(spec)
    os.kill(yard.launcher.pid, number)
    await wait_until(lambda: yard.launcher.pid is None)
    assert (await yard.finished(spec)).exit_code == 2


async def test_an_agent_s_death_ends_the_launcher_and_not_the_run(
    yard: Any, tmp_path: Path, is_alive: Any, wait_until: Any
) -> None:
    agent = """
import asyncio, sys
from runyard.runner import Launcher, Spec
async def main():
    launcher = Launcher()
    argv = ("sh", "-c", "echo one; sleep 0.5; echo two; exit 4")
    await launcher.spawn(Spec("a", sys.argv[1], argv, {"PATH": "/usr/bin:/bin"}, "/"))
    print(launcher.pid, flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""
    spec = yard.spec("unused")
    source = Path(__file__).parents[2] / "src"
    with subprocess.Popen(
        [sys.executable, "-c", agent, spec.spool], stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": str(source)}
    ) as process:
        assert process.stdout is not None
        launcher = int(process.stdout.readline())
        process.kill()
    assert (await yard.finished(spec)).exit_code == 4
    assert yard.output(spec) == b"one\ntwo\n"
    await wait_until(lambda: not is_alive(launcher))


async def test_asking_twice_for_a_spool_runs_it_once(yard: Any, tmp_path: Path) -> None:
    spec = yard.bash(f"echo x >> {tmp_path}/count; sleep 0.2")
    first = await yard.spawn(spec)
    assert await yard.spawn(spec) == first
    assert (await yard.finished(spec)).exit_code == 0
    assert await yard.spawn(spec) == first
    assert (tmp_path / "count").read_text() == "x\n"
    link = await ShimLink.attach(Path(spec.spool))
    assert [event async for event in link.events()] == [("exited",)]


async def test_asking_again_after_a_failed_start_fails_again(yard: Any) -> None:
    spec = yard.spec("/no/such")
    for _ in range(2):
        with pytest.raises(StartFailed, match="/no/such"):
            await yard.spawn(spec)


async def test_a_dead_attempt_never_starts(yard: Any, tmp_path: Path) -> None:
    spec = yard.bash(f"touch {tmp_path}/ran")
    assert claim_unstarted(spec.spool)
    with pytest.raises(StartFailed, match="declared dead"):
        await yard.spawn(spec)
    assert not (tmp_path / "ran").exists()
    assert [path.name for path in Path(spec.spool).iterdir()] == ["shim.json"]


async def test_a_spool_that_is_not_there_fails_the_start(yard: Any) -> None:
    spec = yard.spec("true")
    Path(spec.spool).rmdir()
    with pytest.raises(StartFailed):
        await yard.spawn(spec)
    assert (await yard.run(yard.spec("true"))).exit_code == 0


async def test_large_environments_and_arguments_arrive(yard: Any) -> None:
    spec = yard.bash('echo "${#BIG} $#"', env={"BIG": "b" * 120_000})
    spec = type(spec)(
        **{**{name: getattr(spec, name) for name in spec.__slots__}, "argv": (*spec.argv, *["y" * 1000] * 500)}
    )
    assert (await yard.run(spec)).exit_code == 0
    assert yard.output(spec) == b"120000 499\n"


async def test_a_launcher_that_cannot_start_is_an_error(tmp_path: Path) -> None:
    for broken in ("/no/such/python", "/bin/false"):
        launcher = Launcher(python=broken)
        with pytest.raises(StartFailed, match="launcher"):
            await launcher.start()
        await launcher.close()


async def test_starting_and_closing_twice_is_harmless() -> None:
    launcher = Launcher()
    await asyncio.gather(launcher.start(), launcher.start())
    pid = launcher.pid
    await launcher.start()
    assert launcher.pid == pid
    await launcher.close()
    await launcher.close()
    assert launcher.pid is None


async def test_the_launcher_is_small_and_keeps_its_environment_to_itself(
    yard: Any, monkeypatch: pytest.MonkeyPatch, read_process: Any
) -> None:
    monkeypatch.setenv("RUNYARD_ADMIN_PASSWORD", "hunter2")
    await yard.launcher.start()
    home = Path(f"/proc/{yard.launcher.pid}")
    assert b"hunter2" not in read_process(yard.launcher.pid, "environ")
    assert len(list((home / "task").iterdir())) == 1
    resident = next(line for line in (home / "status").read_text().splitlines() if line.startswith("RssAnon:"))
    assert int(resident.split()[1]) <= 8 * 1024


def test_the_launcher_loads_neither_our_package_nor_anything_big() -> None:
    from runyard.runner import client

    script = client._BOOTSTRAP.replace("main()\n", "import sys; print(*sorted(sys.modules))\n")
    loaded = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script, str(Path(client.__file__).parent)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert "runyard.runner.shim" in loaded
    assert not {
        "asyncio",
        "threading",
        "subprocess",
        "dataclasses",
        "typing",
        "pathlib",
        "logging",
        "inspect",
        "runyard.runner.client",
        "runyard.errors",
    } & set(loaded)
