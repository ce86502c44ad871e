# small files and foreign processes: nothing here is worth an event or a thread
from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runyard.runner import (
    Exit,
    Frame,
    SpoolDamaged,
    SpoolReader,
    StartFailed,
    claim_unstarted,
    read_exit,
    read_shim,
    shim_alive,
)
from runyard.runner.protocol import ForeignMessage, Lines, decode, encode, encode_frame, encode_line
from runyard.runner.spec import Spec

frames_of_any_kind = st.lists(
    st.builds(Frame, st.integers(0, 2**63), st.sampled_from([1, 2, 3]), st.binary(max_size=200)), max_size=12
)


@settings(deadline=None, max_examples=150)
@given(frames=frames_of_any_kind, cut=st.integers(0, 3000), size=st.integers(1, 400))
def test_a_torn_last_frame_is_left_for_later(frames: list[Frame], cut: int, size: int) -> None:
    whole = b"".join(encode_frame(*frame) for frame in frames)
    cut = min(cut, len(whole))
    with TemporaryDirectory() as spool, SpoolReader(spool) as reader:
        assert reader.read() == []
        output = Path(spool, "output")
        output.write_bytes(whole[:cut])
        early: list[Frame] = []
        while more := reader.read(size):
            early += more
        assert early == frames[: len(early)]
        assert reader.offset == sum(len(encode_frame(*frame)) for frame in early) <= cut
        with output.open("ab") as file:
            file.write(whole[cut:])
        while more := reader.read(size):
            early += more
        assert early == frames
        with SpoolReader(spool, offset=reader.offset) as later:
            assert later.read() == []


@pytest.mark.parametrize("junk", [b"\xff" * 13, encode_frame(1, 1, b"fine") + encode_frame(1, 7, b""), bytes(13)])
def test_damage_is_named(tmp_path: Path, junk: bytes) -> None:
    (tmp_path / "output").write_bytes(junk)
    with SpoolReader(tmp_path) as reader, pytest.raises(SpoolDamaged, match="no frame at byte"):
        reader.read()


@pytest.mark.parametrize("name", ["output", "exit.json", "shim.json"])
def test_nothing_but_a_plain_file_is_read(tmp_path: Path, name: str) -> None:
    target = tmp_path / "elsewhere"
    target.write_text('{"v": 1}')
    for plant in (lambda at: at.symlink_to(target), os.mkfifo, Path.mkdir):
        spool = tmp_path / f"spool{len(list(tmp_path.iterdir()))}"
        spool.mkdir()
        plant(spool / name)
        if name == "shim.json":
            assert read_shim(spool) == {}
            continue
        with pytest.raises(SpoolDamaged), SpoolReader(spool) as reader:
            reader.read() if name == "output" else read_exit(spool)


def test_an_empty_spool_says_nothing(tmp_path: Path) -> None:
    assert read_exit(tmp_path) is None
    assert read_shim(tmp_path) is None
    assert not shim_alive(tmp_path)


EXIT: dict[str, Any] = {
    "v": 1, "reason": "exit", "exit_code": 0, "signal": None, "oom": False, "started_at_us": 1, "finished_at_us": 2,
}  # fmt: skip


def test_a_record_of_the_version_before_is_read(tmp_path: Path) -> None:
    (tmp_path / "exit.json").write_bytes(encode({**EXIT, "v": 0}) + b"   ")
    assert read_exit(tmp_path) == Exit("exit", 0, None, False, 1, 2)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", encode({**EXIT, "v": 2}), encode({"v": 1}), encode({"a": 1})])
def test_an_unreadable_record_is_named(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "exit.json").write_bytes(text)
    with pytest.raises(SpoolDamaged, match=r"exit\.json"):
        read_exit(tmp_path)


@pytest.mark.parametrize(
    "change", [{"boot_id": "another"}, {"start_time": "1"}, {"pid": 2**22 + 1}, {"pid": None}, {"pid": "x"}]
)
def test_only_the_very_process_is_alive(tmp_path: Path, change: dict[str, Any]) -> None:
    from runyard.runner.claim import boot_id, process_start

    own = {"v": 1, "pid": os.getpid(), "start_time": process_start(os.getpid()), "boot_id": boot_id()}
    (tmp_path / "shim.json").write_bytes(encode(own))
    assert shim_alive(tmp_path)
    (tmp_path / "shim.json").write_bytes(encode({**own, **change}))
    assert not shim_alive(tmp_path)


def test_a_zombie_is_not_alive(tmp_path: Path) -> None:
    from runyard.runner.claim import boot_id, process_start

    pid = os.posix_spawn(
        "/bin/sh", ["sh", "-c", "read x"], {}, file_actions=[(os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0)]
    )
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    try:
        assert process_start(pid) is None
        (tmp_path / "shim.json").write_bytes(encode({"v": 1, "pid": pid, "start_time": None, "boot_id": boot_id()}))
        assert not shim_alive(tmp_path)
    finally:
        os.waitpid(pid, 0)


def test_of_many_claims_one_wins(tmp_path: Path) -> None:
    for turn in range(50):
        spool = tmp_path / str(turn)
        spool.mkdir()
        with ThreadPoolExecutor(8) as pool:
            assert sorted(pool.map(claim_unstarted, [spool] * 8)) == [False] * 7 + [True]
        assert [path.name for path in spool.iterdir()] == ["shim.json"]


async def test_of_shim_and_agent_exactly_one_has_the_attempt(yard: Any, tmp_path: Path) -> None:
    import asyncio

    winners = set()
    for turn in range(40):
        mark = tmp_path / f"ran{turn}"
        spec = yard.bash(f"touch {mark}")
        spawning = asyncio.create_task(yard.spawn(spec))
        await asyncio.sleep(turn / 5000)
        claimed = claim_unstarted(spec.spool)
        winners.add(claimed)
        if claimed:
            with pytest.raises(StartFailed, match="declared dead"):
                await spawning
            assert not mark.exists()
            assert not shim_alive(spec.spool)
        else:
            await spawning
            assert (await yard.finished(spec)).exit_code == 0
            assert mark.exists()
    assert True in winners


@given(st.lists(st.dictionaries(st.text(), st.text() | st.integers() | st.none()), max_size=8), st.integers(1, 40))
def test_messages_survive_any_cutting(documents: list[dict[str, Any]], size: int) -> None:
    stream = b"".join(encode_line("k", body=document) for document in documents)
    lines = Lines()
    got = [one for at in range(0, len(stream), size) for one in lines.feed(stream[at : at + size])]
    assert [one["body"] for one in got] == documents


def test_a_message_without_end_is_refused() -> None:
    lines = Lines(limit=100)
    for _ in range(10):
        assert lines.feed(b"x" * 10) == []
    with pytest.raises(ForeignMessage, match="too long"):
        lines.feed(b"x")


@pytest.mark.parametrize("text", ["", "1", "[]", '{"v":2}', '{"v":"1"}', "{}", b"\xff"])
def test_what_is_not_understood_is_refused(text: str | bytes) -> None:
    with pytest.raises(ForeignMessage):
        decode(text)


def test_a_spec_crosses_the_wire_whole() -> None:
    from runyard.runner import CgroupPlan
    from runyard.runner.order import Order

    spec = Spec(
        "a",
        "/s",
        ("x", "\udcff"),
        {"K": "ä"},
        "/",
        1,
        2,
        0o22,
        3.5,
        1.5,
        99,
        (("NOFILE", 5),),
        (CgroupPlan("/c", (("f", "1"),), required=False),),
        spare_leader=True,
    )
    order = Order(decode(encode_line("exec", spec=spec.as_wire()))["spec"])
    assert tuple(order.argv) == spec.argv
    for name in ("attempt_id", "spool", "env", "cwd", "uid", "gid", "umask", "timeout_s", "grace_s", "output_cap"):
        assert getattr(order, name) == getattr(spec, name)
    assert [tuple(one) for one in order.rlimits] == [("NOFILE", 5)]
    assert order.cgroups == [{"path": "/c", "files": [["f", "1"]], "required": False}]
    assert order.spare_leader is True
