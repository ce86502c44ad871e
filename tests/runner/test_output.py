# small files and foreign processes: nothing here is worth an event or a thread
from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from runyard.runner import ShimLink

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SYSTEM = 3


async def test_both_streams_are_kept_apart_with_times_that_never_go_back(yard: Any) -> None:
    spec = yard.bash("for i in {1..50}; do echo out $i; echo err $i >&2; done")
    ended = await yard.run(spec)
    frames = yard.frames(spec)
    assert yard.output(spec, 1) == b"".join(b"out %d\n" % i for i in range(1, 51))
    assert yard.output(spec, 2) == b"".join(b"err %d\n" % i for i in range(1, 51))
    times = [frame.at_us for frame in frames]
    assert times == sorted(times)
    assert ended.started_at_us <= times[0]
    total = sum(len(frame.data) for frame in frames)
    assert (ended.output.bytes, ended.output.kept, ended.output.dropped) == (total, total, 0)


async def test_a_long_line_without_an_end_is_whole(yard: Any) -> None:
    spec = yard.python("import sys; sys.stdout.write('x' * 500_000)")
    await yard.run(spec)
    assert yard.output(spec) == b"x" * 500_000


async def test_any_bytes_are_kept(yard: Any) -> None:
    spec = yard.python("import os; os.write(1, bytes(range(256)) * 3); os.write(2, b'\\xff\\xfe\\x00')")
    await yard.run(spec)
    assert yard.output(spec, 1) == bytes(range(256)) * 3
    assert yard.output(spec, 2) == b"\xff\xfe\x00"


async def test_past_the_cap_output_is_counted_and_said_once(yard: Any) -> None:
    cap = 100_000
    spec = yard.python("import sys; [sys.stdout.write('y' * 10_000) for _ in range(200)]", output_cap=cap)
    ended = await yard.run(spec)
    assert ended.exit_code == 0
    assert (ended.output.bytes, ended.output.kept, ended.output.dropped) == (2_000_000, cap, 2_000_000 - cap)
    assert yard.output(spec) == b"y" * cap
    notice = b"output limit of 100000 bytes reached; further output is counted but not kept\n"
    assert [frame.data for frame in yard.frames(spec) if frame.stream == SYSTEM] == [notice]


async def test_output_of_exactly_the_cap_is_not_called_too_much(yard: Any) -> None:
    spec = yard.bash("printf 12345", output_cap=5)
    ended = await yard.run(spec)
    assert (ended.output.kept, ended.output.dropped) == (5, 0)
    assert yard.output(spec, SYSTEM) == b""


async def test_a_cap_of_nothing_keeps_nothing(yard: Any) -> None:
    spec = yard.bash("echo secret", output_cap=0)
    ended = await yard.run(spec)
    assert (ended.output.bytes, ended.output.kept) == (7, 0)
    assert [frame.stream for frame in yard.frames(spec)] == [SYSTEM]


async def test_a_flood_is_swallowed_whole(yard: Any) -> None:
    spec = yard.bash("head -c 30000000 /dev/zero")
    ended = await yard.run(spec)
    assert ended.output.kept == 30_000_000
    assert yard.output(spec) == bytes(30_000_000)


async def test_doorbells_lead_a_follower_to_everything(yard: Any) -> None:
    spec = yard.bash("for i in {1..20}; do echo $i; sleep 0.01; done; sleep 0.1; echo last; sleep 0.05")
    await yard.spawn(spec)
    link = await ShimLink.attach(Path(spec.spool))
    sizes = []
    async for event in link.events():
        if event[0] == "output":
            sizes.append(event[1])
            assert (Path(spec.spool) / "output").stat().st_size >= event[1]
    assert sizes == sorted(set(sizes))
    assert sizes[-1] == (Path(spec.spool) / "output").stat().st_size
    link.close()


async def test_a_late_follower_is_told_what_is_there(yard: Any, wait_until: Any) -> None:
    spec = yard.bash("echo early; sleep 600")
    await yard.spawn(spec)
    await wait_until(lambda: yard.output(spec))
    for _ in range(3):
        link = await ShimLink.attach(Path(spec.spool))
        assert (await anext(link.events()))[0] == "output"
        link.close()
    link = await ShimLink.attach(Path(spec.spool))
    await link.cancel(0)
    assert [event[0] async for event in link.events()][-1] == "exited"
    link.close()


async def test_a_follower_that_never_reads_does_not_hold_the_run_up(yard: Any) -> None:
    import socket

    spec = yard.bash("for i in {1..300}; do echo $i; done; sleep 0.2; for i in {1..300}; do echo $i; done")
    await yard.spawn(spec)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as deaf:
        directory = os.open(spec.spool, os.O_RDONLY)
        try:
            deaf.connect(f"/proc/self/fd/{directory}/control")
        finally:
            os.close(directory)
        deaf.send(b"no message at all\n")
        assert (await yard.finished(spec)).exit_code == 0


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KB, or a skip by name where none can be mounted."""
    place = tmp_path / "tiny"
    place.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("needs root and the right to mount a tmpfs")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.needs_root
async def test_a_full_disk_ends_neither_shim_nor_run(
    yard: Any, tiny_disk: Path, wait_until: Callable[..., Any]
) -> None:
    yard.root = tiny_disk
    spec = yard.bash("head -c 1000000 /dev/zero; echo full >&2; read -t 0.5 < <(sleep 600); echo after; exit 3")
    await yard.spawn(spec)
    ended = await yard.finished(spec)
    assert (ended.reason, ended.exit_code) == ("exit", 3)
    assert ended.output.bytes == 1_000_000 + len("full\nafter\n")
    assert 0 < ended.output.kept < 256 * 1024
    said = yard.output(spec, SYSTEM).decode() + " ".join(ended.notes)
    assert "No space left" in said
    kept = yard.frames(spec)
    assert sum(len(frame.data) for frame in kept if frame.stream != SYSTEM) == ended.output.kept


@pytest.mark.needs_root
async def test_when_there_is_room_again_the_gap_is_named(
    yard: Any, tiny_disk: Path, tmp_path: Path, wait_until: Any
) -> None:
    yard.root = tiny_disk
    ballast = tiny_disk / "ballast"
    spec = yard.bash(
        f"until [ -e {tmp_path}/full ]; do sleep 0.01; done; head -c 9000 /dev/zero; "
        f"until [ -e {tmp_path}/free ]; do sleep 0.01; done; echo again"
    )
    await yard.spawn(spec)
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    (tmp_path / "full").touch()
    await asyncio.sleep(0.2)
    ballast.unlink()
    (tmp_path / "free").touch()
    ended = await yard.finished(spec)
    assert yard.output(spec).endswith(b"again\n")
    gap = 9006 - ended.output.kept
    assert ended.output.dropped == gap > 0
    assert yard.output(spec, SYSTEM) == b"%d bytes of output could not be kept: No space left on device\n" % gap


async def test_output_after_the_leader_s_death_is_drained(yard: Any) -> None:
    spec = yard.bash("head -c 60000 /dev/zero; kill -9 $$")
    ended = await yard.run(spec)
    assert ended.signal == signal.SIGKILL
    assert len(yard.output(spec)) == 60_000
