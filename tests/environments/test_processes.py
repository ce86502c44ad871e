"""The commands of builds: heard to their end, and over with their first process."""

import asyncio
import os
import signal
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from runyard.environments.processes import Command, run


def shell(code: str, folder: Path) -> Command:
    return Command(("/bin/sh", "-c", code), {"PATH": os.environ["PATH"]}, folder, (folder,))


async def test_every_line_is_heard_and_both_outputs_are_kept(tmp_path: Path) -> None:
    heard: list[tuple[str, str]] = []
    pids: list[int] = []
    code = "echo one; printf 'two'; echo 'http://ann:key@x/ \\033[1mbold' >&2; umask; exit 3"
    done = await run(shell(code, tmp_path), lambda stream, line: heard.append((stream, line)), pids.append)
    assert (done.code, done.stdout) == (3, "one\ntwo0022\n")
    assert sorted(heard) == [("stderr", "http://***@x/ bold"), ("stdout", "one"), ("stdout", "two0022")]
    assert not psutil.pid_exists(pids[0])


async def test_what_is_a_result_is_not_heard(tmp_path: Path) -> None:
    heard: list[str] = []
    command = shell("echo result; echo message >&2", tmp_path)
    done = await run(command, lambda _stream, line: heard.append(line), lambda _pid: None, quiet_stdout=True)
    assert (done.stdout, heard) == ("result\n", ["message"])


async def test_who_holds_on_to_the_output_keeps_nobody_waiting(tmp_path: Path) -> None:
    # One in the same session, one that has fled from it; both hold both outputs.
    code = "sleep 600 & setsid sleep 600 & echo $! > fled; printf 'said so far'; exit 7"
    heard: list[str] = []
    try:
        async with asyncio.timeout(60):
            done = await run(shell(code, tmp_path), lambda _stream, line: heard.append(line), lambda _pid: None)
        assert (done.code, done.stdout, heard) == (7, "said so far", ["said so far"])
    finally:
        with suppress(ProcessLookupError):
            os.kill(int((tmp_path / "fled").read_text()), signal.SIGKILL)


async def test_one_that_is_given_up_ends_with_its_session(tmp_path: Path) -> None:
    pids: list[int] = []
    running = asyncio.create_task(
        run(shell("sleep 600 & sleep 600", tmp_path), lambda _stream, _line: None, pids.append)
    )
    while not (pids and len(psutil.Process(pids[0]).children()) == 2):
        await asyncio.sleep(0.01)
    children = psutil.Process(pids[0]).children()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert psutil.wait_procs(children, timeout=30)[1] == []


async def test_a_program_that_is_not_there_leaves_nothing_open(tmp_path: Path) -> None:
    open_before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - names are enough
    gone = Command(("/bin/true",), {}, tmp_path / "nowhere", ())
    with pytest.raises(FileNotFoundError):
        await run(gone, lambda _stream, _line: None, lambda _pid: None)
    assert len(os.listdir("/proc/self/fd")) == open_before  # noqa: PTH208 - names are enough
