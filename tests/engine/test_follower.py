"""What is stored when: a little at once, much in a thread, and nothing twice."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from runyard.engine.follower import LITTLE, Follower
from runyard.live.bus import LocalBus
from runyard.runs.logs import FileLogs
from runyard.runs.logs.files import FileWriter
from runyard.runs.output import Assembler
from runyard.secrets.masking import Masker

Frame = tuple[int, int, bytes]


class Frames:
    """A spool that holds what it is given."""

    def __init__(self, frames: list[Frame]) -> None:
        self.frames = frames
        self.readers: set[int] = set()

    def read(self, max_bytes: int = 0) -> list[Frame]:
        self.readers.add(threading.get_ident())
        taken: list[Frame] = []
        while self.frames and sum(len(frame[2]) for frame in taken) < max_bytes:
            taken.append(self.frames.pop(0))
        return taken


class Case:
    """A follower, and what it says."""

    def __init__(self, root: Path, frames: list[Frame], turns: asyncio.Semaphore | None = None) -> None:
        self.logs = FileLogs(root)
        self.frames = Frames(list(frames))
        self.writer = self.logs.writer("run", 1)
        self.bus = LocalBus()
        self.progress: list[tuple[float, str, datetime]] = []
        self.stages: list[tuple[str, int]] = []
        self.follower = Follower(
            self.frames,
            Assembler(lambda: Masker(["hunter22"]), 1000),
            self.writer,
            self.bus,
            "run:r",
            1,
            lambda *said: self.progress.append(said),
            turns or asyncio.Semaphore(1),
            lambda *begun: self.stages.append(begun),
        )

    async def heard(self, work: Callable[[], Any]) -> list[int]:
        """Return the numbers of last lines that are told meanwhile."""
        with self.bus.subscribe("run:r") as news:
            await work()
            return [message["last"] for _topic, message in news.pending()]

    def texts(self) -> list[str]:
        with self.logs.reader("run", 1) as reader:
            return [line.text for line in reader.all()]


def flood(count: int) -> Iterator[Frame]:
    """Frames of 100 lines of a hundred bytes."""
    for first in range(0, count, 100):
        yield first, 1, b"".join(b"%099d\n" % n for n in range(first, first + 100))


async def test_a_little_is_stored_here_and_told_once(tmp_path: Path) -> None:
    case = Case(tmp_path, [(1, 1, b"one\ntwo hunt"), (2, 1, b"er22\n"), (3, 2, b"end")])
    assert await case.heard(case.follower.catch_up) == [2]
    assert await case.heard(case.follower.catch_up) == []
    assert case.frames.readers == {threading.get_ident()}
    assert await case.heard(case.follower.finish) == [3]
    assert case.texts() == ["one", "two ***", "end"]
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["1.1.open"]


async def test_much_is_stored_in_a_thread_and_packed(tmp_path: Path) -> None:
    case = Case(tmp_path, list(flood(20_000)))
    told = await case.heard(case.follower.catch_up)
    assert told == sorted(set(told))
    assert told[-1] == 20_000
    assert len(case.frames.readers) > 1
    assert not case.writer.full
    assert [int(text) for text in case.texts()] == list(range(20_000))
    await case.follower.finish()
    assert {path.name for path in (tmp_path / "run").iterdir()} >= {"1.chunks", "1.index"}


async def test_what_is_stored_is_skipped_and_its_progress_told_again(tmp_path: Path) -> None:
    frames = [(1, 1, b"::progress 10 a\n::progress 20 b\n"), *flood(3000), (9, 1, b"::progress 30 c\nend")]
    first = Case(tmp_path, frames[:12])
    await first.follower.catch_up()
    assert [said[:2] for said in first.progress] == [(20.0, "b")]
    first.writer.close()
    again = Case(tmp_path, frames)
    assert await again.heard(again.follower.catch_up) == [3003]
    await again.follower.finish()
    assert [said[:2] for said in again.progress][-1] == (30.0, "c")
    assert again.texts()[2:-2] == [f"{n:099d}" for n in range(3000)]
    assert len(again.texts()) == 3004


async def test_a_flood_of_stages_is_no_flood_of_news(tmp_path: Path) -> None:
    frames = [(n, 1, b"::stage the same\n::stage the same\n::stage %d\n" % n) for n in range(2000)]
    case = Case(tmp_path, frames)
    await case.follower.catch_up()
    assert case.stages[:3] == [("the same", 0), ("0", 0), ("the same", 1)]
    assert len(case.stages) == 50
    assert len(case.texts()) == 6000


async def test_floods_take_turns_and_a_little_waits_for_nobody(tmp_path: Path) -> None:
    turns = asyncio.Semaphore(1)
    await turns.acquire()
    big = Case(tmp_path / "big", list(flood(10_000)), turns)
    small = Case(tmp_path / "small", [(1, 1, b"quick\n")], turns)
    storing = asyncio.create_task(big.follower.catch_up())
    await small.follower.catch_up()
    assert small.texts() == ["quick"]
    await asyncio.sleep(0)
    assert 0 < len(big.texts()) * 100 <= 2 * LITTLE + 20_000
    turns.release()
    await storing
    assert len(big.texts()) == 10_000


async def test_when_it_is_stopped_nothing_is_written_any_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(tmp_path, list(flood(50_000)))
    entered, go_on = threading.Event(), threading.Event()
    append = FileWriter.append

    def slow(self: FileWriter, blocks: Any) -> None:
        if threading.current_thread() is not threading.main_thread():
            entered.set()
            go_on.wait()
        append(self, blocks)

    monkeypatch.setattr(FileWriter, "append", slow)
    storing = asyncio.create_task(case.follower.catch_up())
    while not entered.is_set():
        await asyncio.sleep(0.001)
    storing.cancel()
    await asyncio.sleep(0.01)
    assert not storing.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await storing
    count = len(case.texts())
    case.writer.close()
    await asyncio.sleep(0.01)
    assert len(case.texts()) == count


@pytest.mark.parametrize("at", [LITTLE // 2, 10 * LITTLE])
async def test_a_full_disk_is_an_error_of_whoever_follows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    append, left = FileWriter.append, [at]

    def full(self: FileWriter, blocks: Any) -> None:
        kept = list(blocks)
        left[0] -= sum(len(block.data) for block in kept)
        if left[0] < 0:
            raise OSError(28, "No space left on device")
        append(self, kept)

    monkeypatch.setattr(FileWriter, "append", full)
    case = Case(tmp_path, list(flood(20_000)))
    with pytest.raises(OSError, match="No space"):
        await case.follower.catch_up()
    case.writer.close()
