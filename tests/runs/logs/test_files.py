"""Logs as files: what a crash leaves, what is on disk, what is read to find a line."""

import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runyard.runs.logs import FileLogs, Line, files
from runyard.runs.logs.files import CHUNK, WORTH

from .blocks import blocks, kept, lines_of, long_log, parts, read, said
from .conftest import files as temporary


def names(root: Path) -> list[str]:
    return sorted(path.name for path in (root / "run").iterdir())


def folder(store: Any) -> Path:
    return Path(store._root) / "run"


def test_a_short_log_is_one_small_private_file(tmp_path: Path) -> None:
    store = FileLogs(tmp_path)
    writer = store.writer("run", 1)
    assert not tmp_path.joinpath("run").exists()
    writer.append(said("one", "two"))
    assert not writer.is_worth_packing
    writer.close()
    assert names(tmp_path) == ["1.1.open"]
    assert (tmp_path / "run/1.1.open").stat().st_size < 40
    assert (tmp_path / "run").stat().st_mode & 0o077 == 0
    kept(store, said("three", first=3), seal_every=1)
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "run").iterdir()} == {0o600}
    assert names(tmp_path) == ["1.chunks", "1.index"]


def test_a_long_log_is_packed_chunk_by_chunk(tmp_path: Path) -> None:
    store = FileLogs(tmp_path)
    writer = store.writer("run", 1)
    size = 0
    for block in long_log(40_000):
        writer.append([block])
        size += len(block.data)
        if writer.full:
            writer.seal()
            assert not writer.full
    assert names(tmp_path)[1:] == ["1.chunks", "1.index"]
    assert writer.is_worth_packing == ((tmp_path / "run" / names(tmp_path)[0]).stat().st_size >= WORTH)
    writer.seal()
    writer.close()
    assert names(tmp_path) == ["1.chunks", "1.index"]
    assert store.size("run") < size / 3
    assert len(read(store)) == 40_000


@given(parts, parts, st.integers(0, 4), st.integers(0, 300), st.integers(0, 60), st.integers(0, 300))
def test_whatever_is_torn_off_is_written_again(
    first: Any, second: Any, seal: int, off_chunks: int, off_index: int, off_open: int
) -> None:
    whole = lines_of([*first, *second])
    with temporary() as store:
        kept(store, blocks(first), seal)
        for path in folder(store).glob("*") if first else ():
            off = {".chunks": off_chunks, ".index": off_index}.get(path.suffix, off_open)
            os.truncate(path, max(0, path.stat().st_size - off))
        writer = store.writer("run", 1)
        assert read(store) == whole[: writer.written]
        writer.append(blocks([*first, *second]))
        writer.close()
        assert read(store) == whole
        with store.reader("run", 1) as reader:
            assert reader.total == len(whole)


@given(parts.filter(bool), st.integers(1, 4), st.binary(min_size=1, max_size=90))
def test_what_a_crash_left_after_the_end_is_cut_off(first: Any, seal: int, junk: bytes) -> None:
    lines = lines_of(first)
    with temporary() as store:
        kept(store, blocks(first), seal)
        for path in folder(store).iterdir():
            with path.open("ab") as file:
                # a file may have grown before its bytes were there
                file.write(bytes(len(junk)) if path.suffix == ".index" else junk)
        assert read(store)[: len(lines)] == lines
        writer = store.writer("run", 1)
        kept_lines = writer.written
        assert kept_lines >= len(lines)
        writer.close()


def crash_at(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the next sealing end before a step."""

    def refuse(*_args: Any) -> None:
        raise KeyboardInterrupt

    real = files._write_all
    writes = {"chunk": 0, "entry": 1}.get(step)
    if writes is None:
        monkeypatch.setattr(os, "unlink", refuse)
        return
    seen: list[int] = []

    def write(fd: int, data: bytes, at: int) -> None:
        if len(seen) == writes:
            real(fd, data[: len(data) // 2], at)
            refuse()
        seen.append(fd)
        real(fd, data, at)

    monkeypatch.setattr(files, "_write_all", write)


@pytest.mark.parametrize("step", ["chunk", "entry", "removal"])
@pytest.mark.parametrize("chunks", [0, 2])
def test_a_crash_while_sealing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, chunks: int) -> None:
    store = FileLogs(tmp_path)
    given_blocks = list(long_log(500, 100))
    kept(store, given_blocks[:chunks], seal_every=1)
    writer = store.writer("run", 1)
    writer.append(given_blocks[:4])
    with monkeypatch.context() as patch:
        crash_at(step, patch)
        with pytest.raises(KeyboardInterrupt):
            writer.seal()
    # no word of farewell: descriptors end with the process
    lines = [line for block in given_blocks for line in block.lines()]
    assert read(store) == lines[:400]
    again = store.writer("run", 1)
    assert again.written == 400
    again.append(given_blocks)
    again.seal()
    again.close()
    writer.close()
    assert read(store) == lines
    assert names(tmp_path) == ["1.chunks", "1.index"]


def damage(path: Path, at: int) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)
        file.seek(at)
        file.write(bytes([byte[0] ^ 0xFF]))


def test_an_unreadable_last_chunk_is_cut_back_and_written_again(tmp_path: Path) -> None:
    store = FileLogs(tmp_path)
    kept(store, long_log(500), seal_every=1)
    chunks = tmp_path / "run/1.chunks"
    damage(chunks, chunks.stat().st_size - 10)
    writer = store.writer("run", 1)
    assert writer.written == 400
    writer.append(long_log(500))
    writer.close()
    assert [line.n for line in read(store)] == list(range(1, 501))
    assert "damaged" not in "".join(line.text for line in read(store))


def test_of_lines_that_can_not_be_read_any_more_it_is_said(tmp_path: Path) -> None:
    store = FileLogs(tmp_path)
    kept(store, long_log(500), seal_every=1)
    damage(tmp_path / "run/1.chunks", 10)
    with store.reader("run", 1) as reader:
        assert reader.total == 500
        lines = list(reader.all())
        assert [line.n for line in lines] == list(range(1, 501))
        words = "Lines 1 to 100 can not be read: what was stored of them is damaged."
        assert lines[0] == Line(1, 1000, "system", words)
        assert {line.text for line in lines[1:100]} == {""}
        assert lines[100].text.startswith("line 101 of")
        assert [line.n for line in reader.after(99, 2)] == [100, 101]


@pytest.mark.parametrize("zeros", [48, 48 * 3, 30])
def test_zeros_after_a_power_failure_are_no_entries(tmp_path: Path, zeros: int) -> None:
    store = FileLogs(tmp_path)
    kept(store, long_log(300), seal_every=1)
    for name in ("1.index", "1.chunks"):
        with (tmp_path / "run" / name).open("ab") as file:
            file.write(bytes(zeros))
    assert [line.n for line in read(store)] == list(range(1, 301))
    writer = store.writer("run", 1)
    assert writer.written == 300
    writer.append(long_log(400))
    writer.seal()
    writer.close()
    assert [line.n for line in read(store)] == list(range(1, 401))


def test_a_chunk_that_lies_about_its_size_is_unreadable(tmp_path: Path) -> None:
    store = FileLogs(tmp_path)
    kept(store, long_log(100), seal_every=1)
    index = tmp_path / "run/1.index"
    entry = list(files._ENTRY.unpack(index.read_bytes()))
    for place in (3, 4, 5, 6):
        wrong = [value + 1 if at == place else value for at, value in enumerate(entry)]
        if place == 5:
            wrong[5] = 10
        index.write_bytes(files._ENTRY.pack(*wrong))
        assert "damaged" in read(store)[0].text
    index.write_bytes(files._ENTRY.pack(*entry))
    assert read(store)[0].text.startswith("line 1 of")


def test_after_a_full_disk_it_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = FileLogs(tmp_path)
    writer = store.writer("run", 1)
    writer.append(said("one"))
    real = os.pwrite

    def full(fd: int, data: Any, at: int) -> int:
        if len(data) > 5:
            return real(fd, data[:5], at)
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        with pytest.raises(OSError, match="No space"):
            writer.append(said("two", "three", first=2))
    assert writer.written == 1
    assert [line.text for line in read(store)] == ["one"]
    writer.append(said("two", "three", first=2))
    writer.close()
    assert [line.text for line in read(store)] == ["one", "two", "three"]


def test_a_write_that_the_kernel_cuts_short_is_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda fd, data, at: real(fd, data[:3], at))
    store = FileLogs(tmp_path)
    kept(store, said("one", "two"), seal_every=1)
    assert [line.text for line in read(store)] == ["one", "two"]


@pytest.mark.parametrize("count", [20_000, 200_000])
def test_a_page_of_a_long_log_reads_as_much_as_one_of_a_short_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    store = FileLogs(tmp_path)
    kept(store, long_log(count))
    asks: list[tuple[Callable[[Any], list[Line]], int]] = [
        (lambda r: r.tail(100), count - 99),
        (lambda r: r.after(count // 2, 100), count // 2 + 1),
        (lambda r: r.after(0, 100), 1),
        (lambda r: r.after(count - 5, 100), count - 4),
        (lambda r: r.search("LINE", count // 3, 10, CHUNK).hits, count // 3 + 1),
    ]
    real = os.pread
    for ask, first in asks:
        sizes: list[int] = []

        def counted(fd: int, size: int, at: int, sizes: list[int] = sizes) -> bytes:
            sizes.append(size)
            return real(fd, size, at)

        with monkeypatch.context() as patch, store.reader("run", 1) as reader:
            patch.setattr(os, "pread", counted)
            assert ask(reader)[0].n == first
        assert sum(sizes) <= 3 * CHUNK
        assert len(sizes) < 60


def test_a_follower_reads_only_what_is_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = FileLogs(tmp_path)
    writer = store.writer("run", 1)
    writer.append(long_log(2000))
    real = os.pread
    with store.reader("run", 1) as reader:
        reader.after(1990, 50)
        sizes: list[int] = []

        def counted(fd: int, size: int, at: int) -> bytes:
            sizes.append(size)
            return real(fd, size, at)

        monkeypatch.setattr(os, "pread", counted)
        writer.append(said("new", first=2001))
        assert [line.text for line in reader.after(2000, 50)] == ["new"]
        assert reader.total == 2001
        assert sum(sizes) == struct.calcsize(">QBII") + 4
    writer.close()


def test_readers_leave_no_descriptor(tmp_path: Path) -> None:
    store = FileLogs(tmp_path)
    kept(store, long_log(1000), seal_every=3)
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    for _ in range(3):
        read(store)
        store.writer("run", 1).close()
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208
