from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runyard.runs import logs
from runyard.runs.logs import Line, LogReader, LogStore

text = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=60)
streams = st.sampled_from(["stdout", "stderr", "system"])
bodies = st.lists(st.tuples(st.integers(0, 2**52), streams, text), max_size=60)


def numbered(parts: Iterable[tuple[int, str, str]], start: int = 1) -> list[Line]:
    return [Line(n, *part) for n, part in enumerate(parts, start)]


def bytes_of(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


def written(root: Path, lines: Iterable[Line], batch: int = 7) -> LogStore:
    store = LogStore(root)
    writer = store.writer("run", 1)
    lines = list(lines)
    for start in range(0, len(lines), batch):
        writer.append(lines[start : start + batch])
    writer.close()
    return store


@pytest.fixture
def small_stride(monkeypatch: pytest.MonkeyPatch) -> None:
    """Index entries every few lines, so that short logs have many."""
    monkeypatch.setattr(logs, "_STRIDE", 100)
    monkeypatch.setattr(logs, "_READ", 64)


@pytest.mark.usefixtures("small_stride")
class TestAgainstAList:
    @given(bodies, st.integers(0, 70), st.integers(0, 70), st.integers(1, 9))
    def test_pages_are_slices(self, parts: list[tuple[int, str, str]], n: int, limit: int, batch: int) -> None:
        lines = numbered(parts)
        with TemporaryDirectory() as root:
            store = written(Path(root), lines, batch)
            with store.reader("run", 1) as reader:
                assert reader.total == len(lines)
                assert reader.after(n, limit) == lines[n : n + limit]
                assert reader.tail(limit) == (lines[-limit:] if limit else [])
                assert list(reader.all()) == lines

    @given(bodies, text.filter(bool), st.integers(0, 70), st.integers(1, 5))
    def test_search(self, parts: list[tuple[int, str, str]], needle: str, after: int, limit: int) -> None:
        lines = numbered(parts)
        needle = needle[:1]
        hits = [line for line in lines[after:] if needle.casefold() in line.text.casefold()]
        with TemporaryDirectory() as root, written(Path(root), lines).reader("run", 1) as reader:
            found = reader.search(needle, after, limit, 1 << 30)
            assert list(found.hits) == hits[:limit]
            assert found.total == len(lines)
            # what was not looked at is found by going on from there
            rest = reader.search(needle, found.scanned, 1000, 1 << 30)
            assert [*found.hits, *rest.hits] == hits

    @given(bodies, bodies, st.integers(0, 200), st.integers(0, 40))
    def test_what_a_crash_tore_off_is_cut_and_writing_goes_on(
        self, first: list[tuple[int, str, str]], second: list[tuple[int, str, str]], cut: int, index_cut: int
    ) -> None:
        lines = numbered(first)
        with TemporaryDirectory() as root:
            store = written(Path(root), lines)
            path = store.path("run", 1)
            path.parent.mkdir(exist_ok=True)
            data = bytes_of(path)
            path.write_bytes(data[: max(0, len(data) - cut)])
            index = path.with_suffix(".idx")
            raw = bytes_of(index)
            index.write_bytes(raw[: max(0, len(raw) - index_cut)])
            kept = path.read_bytes().count(b"\n")
            with store.reader("run", 1) as reader:
                assert list(reader.all()) == lines[:kept]
                assert reader.total == kept
            writer = store.writer("run", 1)
            assert writer.written == kept
            more = numbered(second, kept + 1)
            writer.append(more)
            writer.close()
            with store.reader("run", 1) as reader:
                assert list(reader.all()) == [*lines[:kept], *more]
                assert reader.after(kept, 3) == more[:3]
                assert reader.total == kept + len(more)

    @given(bodies.filter(bool), st.binary(max_size=64), st.integers(0, 5))
    def test_a_spoilt_index_only_costs_time(self, parts: list[tuple[int, str, str]], junk: bytes, keep: int) -> None:
        lines = numbered(parts)
        with TemporaryDirectory() as root:
            store = written(Path(root), lines)
            index = store.path("run", 1).with_suffix(".idx")
            index.write_bytes(index.read_bytes()[: 16 * keep] + bytes(32) + junk)
            with store.reader("run", 1) as reader:
                assert reader.total == len(lines)
                assert list(reader.all()) == lines
            index.unlink()
            with store.reader("run", 1) as reader:
                assert reader.tail(3) == lines[-3:]


class Counting:
    """A file that knows how much was read from it."""

    def __init__(self, reader: LogReader) -> None:
        self._file = reader._lines
        self.bytes = 0

    def read(self, size: int) -> bytes:
        assert self._file is not None
        data = self._file.read(size)
        self.bytes += len(data)
        return data

    def seek(self, place: int) -> int:
        assert self._file is not None
        return self._file.seek(place)

    def close(self) -> None:
        assert self._file is not None
        self._file.close()


@pytest.mark.parametrize("count", [20_000, 200_000])
def test_pages_of_a_long_log_read_as_much_as_those_of_a_short_one(tmp_path: Path, count: int) -> None:
    store = written(tmp_path, (Line(n, n, "stdout", f"line {n} " + "x" * 30) for n in range(1, count + 1)), 5000)
    most = logs._STRIDE + 3 * logs._READ
    for ask, first in (
        (lambda r: r.tail(100), count - 99),
        (lambda r: r.after(count // 2, 100), count // 2 + 1),
        (lambda r: r.after(0, 100), 1),
        (lambda r: r.after(count - 5, 100), count - 4),
        (lambda r: r.search("line", count // 3, 10, 1 << 20).hits, count // 3 + 1),
    ):
        with store.reader("run", 1) as reader:
            counting = Counting(reader)
            reader._lines = counting  # type: ignore[assignment]
            found = ask(reader)  # type: ignore[no-untyped-call]
            assert found[0].n == first
            assert counting.bytes <= most
    with store.reader("run", 1) as reader:
        assert reader.total == count
    assert store.path("run", 1).with_suffix(".idx").stat().st_size < count


def test_a_search_stops_at_its_budget_and_says_how_far_it_came(tmp_path: Path) -> None:
    store = written(tmp_path, numbered([(1, "stdout", "x" * 80)] * 50))
    with store.reader("run", 1) as reader:
        found = reader.search("y", 0, 10, 1000)
        assert found.hits == ()
        assert 0 < found.scanned < found.total == 50
        assert reader.search("y", 50, 10, 1000).scanned == 50


def test_a_log_that_is_not_there_reads_as_empty(tmp_path: Path) -> None:
    with LogStore(tmp_path).reader("run_x", 3) as reader:
        assert (reader.total, reader.after(0, 5), reader.tail(5), list(reader.all())) == (0, [], [], [])
        assert reader.search("a", 0, 5, 100).total == 0


def test_a_reader_sees_whole_lines_only_while_a_writer_appends(tmp_path: Path) -> None:
    store = LogStore(tmp_path)
    writer = store.writer("run", 1)
    writer.append(numbered([(1, "stdout", "one")]))
    with store.reader("run", 1) as before:
        writer.append(numbered([(2, "stdout", "two")], 2))
        assert [line.text for line in before.all()] == ["one", "two"]
        with store.path("run", 1).open("ab") as file:
            file.write(b"3 o thr")
        assert before.total == 2
        assert [line.text for line in before.after(0, 9)] == ["one", "two"]
    writer.close()


def test_files_are_private_and_a_run_s_logs_go_together(tmp_path: Path) -> None:
    store = LogStore(tmp_path)
    for attempt in (1, 2):
        writer = store.writer("run", attempt)
        writer.append(numbered([(1, "stderr", "x")]))
        writer.close()
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "run").iterdir()} == {0}
    assert len(list((tmp_path / "run").iterdir())) == 4
    store.delete("run")
    store.delete("run")
    assert list(tmp_path.iterdir()) == []


def test_a_write_that_the_kernel_cuts_short_is_finished(tmp_path: Path) -> None:
    class Slow:
        data = b""

        def write(self, data: memoryview) -> int:
            self.data += bytes(data[:3])
            return len(data[:3])

    slow = Slow()
    logs._write_all(slow, b"1234567890")  # type: ignore[arg-type]
    assert slow.data == b"1234567890"


def test_a_log_is_made_with_its_first_line(tmp_path: Path) -> None:
    store = LogStore(tmp_path)
    writer = store.writer("run", 1)
    writer.append([])
    writer.close()
    again = store.writer("run", 1)
    assert again.written == 0
    again.close()


def test_an_index_that_was_lost_is_begun_again(tmp_path: Path) -> None:
    store = written(tmp_path, numbered([(1, "stdout", "x" * 1000)] * 200))
    index = store.path("run", 1).with_suffix(".idx")
    index.unlink()
    writer = store.writer("run", 1)
    writer.append(numbered([(1, "stdout", "y")] * 5, 201))
    writer.close()
    assert index.stat().st_size == 16
    with store.reader("run", 1) as reader:
        assert reader._entries == [(201, 200 * 1005)]
        assert [line.text for line in reader.after(199, 2)] == ["x" * 1000, "y"]
        assert reader.total == 205


def test_lines_of_one_stream_are_sifted_within_a_budget(tmp_path: Path) -> None:
    lines = numbered((n, "stderr" if n % 100 == 0 else "stdout", f"line {n}") for n in range(1, 1001))
    with written(tmp_path, lines).reader("run", 1) as reader:
        found = reader.sifted({"stderr"}, 250, 3, 1 << 20)
        assert [line.n for line in found.hits] == [300, 400, 500]
        assert (found.scanned, found.total) == (500, 1000)
        assert [line.n for line in reader.sifted({"stderr"}, 500, 100, 1 << 20).hits] == [600, 700, 800, 900, 1000]
        short = reader.sifted({"stderr"}, 0, 100, 500)
        assert short.hits == ()
        assert 0 < short.scanned < 100
        assert reader.sifted({"system"}, 0, 5, 1 << 20).scanned == 1000
