# small files and foreign processes: nothing here is worth an event or a thread
# ruff: noqa: ASYNC240
from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from runyard.runner import ShimGone, ShimLink, StartFailed, end_remains, read_exit, read_shim, shim_alive

if TYPE_CHECKING:
    from collections.abc import Callable

Wait = Any
SYSTEM = 3


@pytest.mark.parametrize("code", [0, 1, 3, 127, 255])
async def test_an_exit_code_is_reported(yard: Any, code: int) -> None:
    ended = await yard.run(yard.bash(f"exit {code}"))
    assert (ended.reason, ended.exit_code, ended.signal, ended.oom) == ("exit", code, None, False)
    assert ended.message is None
    assert ended.notes == ()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
async def test_a_death_by_signal_is_128_plus_its_number(yard: Any, number: signal.Signals) -> None:
    ended = await yard.run(yard.bash(f"kill -{number.value} $$"))
    assert (ended.reason, ended.exit_code, ended.signal) == ("exit", 128 + number, number)


async def test_usage_and_times_are_measured(yard: Any) -> None:
    spec = yard.python("sum(range(10**6))")
    started = await yard.spawn(spec)
    ended = await yard.finished(spec)
    assert ended.started_at_us == started.started_at_us <= ended.finished_at_us
    assert ended.usage.wall_s is not None
    assert ended.usage.wall_s > 0
    assert ended.usage.cpu_s is not None
    assert ended.usage.cpu_s > 0
    assert ended.usage.memory_peak_bytes is not None
    assert ended.usage.memory_peak_bytes > 1 << 20


async def test_the_end_of_a_command_is_told_before_everything_is_cleared_up(yard: Any) -> None:
    spec = yard.bash("read -t 0.3 <> <(:); exit 3")
    await yard.spawn(spec)
    link = await ShimLink.attach(Path(spec.spool))
    assert [event async for event in link.events()] == [("ending",), ("exited",)]
    ended = read_exit(spec.spool)
    assert ended is not None
    assert ended.exit_code == 3


@pytest.mark.parametrize(
    ("argv", "options", "words"),
    [
        (("/no/such/program",), {}, "cannot execute /no/such/program: No such file or directory"),
        (("no-such-program",), {}, "cannot execute no-such-program: not found"),
        (("/etc/passwd",), {}, "cannot execute /etc/passwd: Permission denied"),
        (("true",), {"cwd": "/no/such/place"}, "cannot enter the working directory /no/such/place"),
        (("true",), {"rlimits": (("WISHES", 3),)}, "no limit named WISHES"),
    ],
)
async def test_a_failed_start_says_why(yard: Any, argv: tuple[str, ...], options: dict[str, Any], words: str) -> None:
    spec = yard.spec(*argv, **options)
    with pytest.raises(StartFailed, match=words):
        await yard.spawn(spec)
    ended = read_exit(spec.spool)
    assert ended is not None
    assert (ended.reason, ended.exit_code, ended.usage.wall_s) == ("start_failed", None, None)
    assert words in (ended.message or "")
    link = await ShimLink.attach(Path(spec.spool))
    assert [event async for event in link.events()] == [("exited",)]


async def test_the_script_gets_its_environment_directory_and_umask_and_nothing_else(yard: Any, tmp_path: Path) -> None:
    spec = yard.spec(
        "/usr/bin/env", "-0", env={"KEY": "wert äöü \udcff", "EMPTY": "", "LINES": "a\nb"}, cwd=str(tmp_path)
    )
    await yard.run(spec)
    got = set(yard.output(spec).split(b"\0")) - {b""}
    assert got == {f"{key}={value}".encode("utf-8", "surrogateescape") for key, value in spec.env.items()}
    spec = yard.bash("pwd; umask; touch made; readlink /proc/$$/fd/0; cat", cwd=str(tmp_path), umask=0o027)
    await yard.run(spec)
    assert yard.output(spec).decode().split() == [str(tmp_path), "0027", "/dev/null"]
    assert (tmp_path / "made").stat().st_mode & 0o777 == 0o640


async def test_signals_are_as_a_fresh_process_has_them(yard: Any) -> None:
    spec = yard.spec("cat", "/proc/self/status")
    await yard.run(spec)
    status = dict(line.split(":", 1) for line in yard.output(spec).decode().splitlines())
    masks = {int(status[name], 16) for name in ("SigBlk", "SigIgn", "SigCgt")}
    assert masks == {0}


async def test_scripts_get_signals_that_the_agent_was_started_to_ignore(yard: Any) -> None:
    before = signal.signal(signal.SIGQUIT, signal.SIG_IGN)
    try:
        spec = yard.spec("grep", "SigIgn", "/proc/self/status")
        await yard.run(spec)
    finally:
        signal.signal(signal.SIGQUIT, before)
    assert int(yard.output(spec).split()[1], 16) == 0


@pytest.mark.needs_root
@pytest.mark.usefixtures("as_root")
async def test_rights_are_dropped(yard: Any) -> None:
    spec = yard.bash(
        "id -u; id -g; id -G; grep -E '^Cap(Eff|Prm)' /proc/self/status; ulimit -n",
        uid=64123,
        gid=64124,
        rlimits=(("NOFILE", 77),),
    )
    ended = await yard.run(spec)
    assert ended.exit_code == 0
    assert yard.output(spec).decode().split() == [
        "64123", "64124", "64124", "CapPrm:", "0" * 16, "CapEff:", "0" * 16, "77",
    ]  # fmt: skip


async def test_a_limit_above_the_hard_one_counts_as_the_hard_one(yard: Any) -> None:
    spec = yard.bash("ulimit -n", rlimits=(("NOFILE", 1 << 40),))
    assert (await yard.run(spec)).exit_code == 0
    assert int(yard.output(spec)) > 0


async def test_the_script_has_three_descriptors_and_a_session_of_its_own(yard: Any) -> None:
    script = (
        "import os; print(sorted(map(int, os.listdir('/proc/self/fd'))), os.getsid(0) == os.getpid() == os.getpgrp())"
    )
    spec = yard.python(script)
    await yard.run(spec)
    # the fourth one is the listing itself
    assert yard.output(spec) == b"[0, 1, 2, 3] True\n"


async def test_the_shim_file_names_a_live_shim_and_holds_no_environment(yard: Any, read_process: Any) -> None:
    spec = yard.bash("sleep 60", env={"TOKEN": "hunter2"})
    started = await yard.spawn(spec)
    shim = read_shim(spec.spool)
    assert shim is not None
    assert (shim["pid"], shim["attempt_id"], shim["v"]) == (started.pid, spec.attempt_id, 1)
    assert shim_alive(spec.spool)
    for file in Path(spec.spool).iterdir():
        assert file.stat().st_mode & 0o077 == 0
        if file.is_file():
            assert b"hunter2" not in file.read_bytes()
    assert b"hunter2" not in read_process(started.pid, "environ")
    link = await ShimLink.attach(Path(spec.spool))
    await link.ping()
    await link.cancel(0)
    assert [event async for event in link.events()] == [("exited",)]
    link.close()
    assert sorted(path.name for path in Path(spec.spool).iterdir()) == ["exit.json", "output", "shim.json"]


async def test_timeout_is_term_first(yard: Any) -> None:
    spec = yard.bash("trap 'echo bye; exit 9' TERM; while :; do sleep 0.02; done", timeout_s=0.2, grace_s=60)
    ended = await yard.run(spec)
    assert (ended.reason, ended.exit_code) == ("timeout", 9)
    assert yard.output(spec) == b"bye\n"


async def test_timeout_kills_what_ignores_term(yard: Any) -> None:
    ended = await yard.run(yard.bash("trap '' TERM; while :; do sleep 0.05; done", timeout_s=0.1, grace_s=0.2))
    assert (ended.reason, ended.exit_code, ended.signal) == ("timeout", 137, 9)


async def test_a_stopped_script_s_helpers_get_the_grace_too(yard: Any, tmp_path: Path) -> None:
    helper = f"trap 'sleep 0.2; echo saved > {tmp_path}/state; exit' TERM; echo up; while :; do sleep 0.01; done"
    spec = yard.spec("bash", "-c", f'bash -c "{helper}" & wait', timeout_s=0.3, grace_s=60)
    ended = await yard.run(spec)
    assert ended.reason == "timeout"
    assert (tmp_path / "state").read_text() == "saved\n"


DAEMON = """
import os, sys, time, signal
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        null = os.open(os.devnull, os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(null, fd)
        open(sys.argv[1], "w").write(str(os.getpid()))
        time.sleep(600)
    os._exit(0)
os.wait()
while not os.path.exists(sys.argv[1]) or not open(sys.argv[1]).read():
    time.sleep(0.01)
print("up", flush=True)
"""


async def test_cancel_kills_daemons_in_sessions_of_their_own(
    yard: Any, tmp_path: Path, is_alive: Callable[[int], bool]
) -> None:
    spec = yard.python(DAEMON + "time.sleep(600)", str(tmp_path / "pid"))
    await yard.spawn(spec)
    link = await ShimLink.attach(Path(spec.spool))
    events = link.events()
    assert (await anext(events))[0] == "output"
    daemon = int((tmp_path / "pid").read_text())
    assert is_alive(daemon)
    await link.cancel(0.1)
    assert [event async for event in events] == [("exited",)]
    ended = read_exit(spec.spool)
    assert ended is not None
    assert (ended.reason, ended.exit_code) == ("cancel", 143)
    assert not is_alive(daemon)
    link.close()


async def test_a_daemon_does_not_outlive_its_run(yard: Any, tmp_path: Path, is_alive: Callable[[int], bool]) -> None:
    ended = await yard.run(yard.python(DAEMON, str(tmp_path / "pid")))
    assert (ended.reason, ended.exit_code) == ("exit", 0)
    assert not is_alive(int((tmp_path / "pid").read_text()))


async def test_a_swarm_dies(yard: Any, tmp_path: Path, is_alive: Callable[[int], bool]) -> None:
    script = (
        f"for i in {{1..40}}; do (trap '' TERM; echo $BASHPID >> {tmp_path}/pids; sleep 600 & wait) & done; sleep 600"
    )
    spec = yard.bash(script)
    await yard.spawn(spec)
    link = await ShimLink.attach(Path(spec.spool))
    pids = tmp_path / "pids"
    while not pids.exists() or len(pids.read_text().splitlines()) < 40:
        await asyncio.sleep(0.01)
    await link.cancel(0)
    assert [event async for event in link.events()] == [("exited",)]
    assert not any(is_alive(int(pid)) for pid in pids.read_text().split())
    link.close()


async def test_a_spared_leader_is_not_asked_but_its_children_are(yard: Any) -> None:
    child = "(trap 'echo child; exit' TERM; echo up; while :; do sleep 0.02; done)"
    script = f"trap 'echo leader got it' TERM; {child} & wait $!"
    spec = yard.bash(script, timeout_s=0.3, grace_s=60, spare_leader=True)
    ended = await yard.run(spec)
    assert (ended.reason, ended.exit_code) == ("timeout", 0)
    assert yard.output(spec) == b"up\nchild\n"


async def test_a_second_cancel_can_only_hurry(yard: Any) -> None:
    spec = yard.bash("trap '' TERM; echo up; while :; do sleep 0.05; done")
    await yard.spawn(spec)
    link = await ShimLink.attach(Path(spec.spool))
    events = link.events()
    await anext(events)
    await link.cancel(600)
    await link.cancel(0.05)
    await link.cancel(600)
    assert [event async for event in events] == [("exited",)]
    ended = read_exit(spec.spool)
    assert ended is not None
    assert (ended.reason, ended.exit_code) == ("cancel", 137)
    link.close()


async def test_of_exit_and_cancel_the_first_wins(yard: Any) -> None:
    reasons = set()
    for turn in range(40):
        spec = yard.bash("echo; exit 7" if turn % 2 else f"sleep 0.00{turn % 10}; exit 7")
        await yard.spawn(spec)
        link = await ShimLink.attach(Path(spec.spool))
        await asyncio.sleep(turn / 10000)
        await link.cancel(5)
        assert [event[0] async for event in link.events()][-1] == "exited"
        link.close()
        ended = read_exit(spec.spool)
        assert ended is not None
        reasons.add(ended.reason)
        assert ended.reason in ("exit", "cancel")
        if ended.reason == "exit":
            assert ended.exit_code == 7
        else:
            assert ended.exit_code in (7, 143)
    assert reasons <= {"exit", "cancel"}


async def test_cancel_after_the_end_changes_nothing(yard: Any) -> None:
    spec = yard.bash("exit 4")
    before = await yard.run(spec)
    link = await ShimLink.attach(Path(spec.spool))
    await link.cancel(0)
    assert [event async for event in link.events()] == [("exited",)]
    assert read_exit(spec.spool) == before


async def test_a_killed_shim_takes_its_script_with_it_and_is_seen_to_be_gone(
    yard: Any, is_alive: Callable[[int], bool], wait_until: Wait
) -> None:
    spec = yard.bash("echo $$; exec sleep 600")
    started = await yard.spawn(spec)
    link = await ShimLink.attach(Path(spec.spool))
    events = link.events()
    await anext(events)
    leader = int(yard.output(spec))
    os.kill(started.pid, signal.SIGKILL)
    with pytest.raises(ShimGone):
        await anext(events)
    link.close()
    assert not shim_alive(spec.spool)
    assert read_exit(spec.spool) is None
    await wait_until(lambda: not is_alive(leader))
    with pytest.raises(ShimGone):
        await ShimLink.attach(Path(spec.spool))


async def test_a_killed_shim_s_remains_are_found_and_ended(
    yard: Any, tmp_path: Path, is_alive: Callable[[int], bool], wait_until: Wait
) -> None:
    spec = yard.bash(f"(trap '' TERM; echo $BASHPID > {tmp_path}/pid; echo up; sleep 600; :) & wait")
    started = await yard.spawn(spec)
    await wait_until(lambda: yard.output(spec))
    assert not end_remains(spec.spool)
    os.kill(started.pid, signal.SIGKILL)
    await wait_until(lambda: not shim_alive(spec.spool))
    orphan = int((tmp_path / "pid").read_text())
    assert is_alive(orphan)
    assert end_remains(spec.spool)
    assert not is_alive(orphan)
    assert end_remains(spec.spool)


async def test_a_closed_link_ends_its_events_and_not_the_run(yard: Any) -> None:
    spec = yard.bash("sleep 0.3; exit 4")
    await yard.spawn(spec)
    link = await ShimLink.attach(Path(spec.spool))
    following = asyncio.create_task(_all(link))
    await asyncio.sleep(0)
    link.close()
    assert await following == []
    assert (await yard.finished(spec)).exit_code == 4


async def _all(link: ShimLink) -> list[object]:
    return [event async for event in link.events()]


async def test_term_hup_and_int_do_not_move_the_shim(yard: Any) -> None:
    spec = yard.bash("sleep 0.3; exit 5")
    started = await yard.spawn(spec)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        os.kill(started.pid, number)
    assert (await yard.finished(spec)).exit_code == 5


async def test_a_spool_deeper_than_a_socket_path_works(yard: Any, tmp_path: Path) -> None:
    yard.root = tmp_path / ("deep" * 20) / ("deeper" * 20)
    spec = yard.bash("exit 6")
    await yard.spawn(spec)
    assert (await yard.finished(spec)).exit_code == 6


async def test_a_pipe_kept_open_elsewhere_does_not_hold_the_end_up(yard: Any, tmp_path: Path) -> None:
    # the pipe's end travels over a socket to a process outside the tree: this one
    import socket

    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(tmp_path / "s"))
        listener.listen()
        listener.setblocking(False)
        script = (
            "import socket, sys\n"
            "s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])\n"
            "socket.send_fds(s, [b'x'], [1]); s.recv(1)\n"
        )
        spec = yard.python(script, str(tmp_path / "s"))
        await yard.spawn(spec)
        peer, _ = await asyncio.get_running_loop().sock_accept(listener)
        with peer:
            peer.setblocking(True)
            _, kept, _, _ = socket.recv_fds(peer, 1, 1)
            peer.send(b"k")
        ended = await yard.finished(spec)
        os.close(kept[0])
        assert (ended.reason, ended.exit_code) == ("exit", 0)
