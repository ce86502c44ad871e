"""What every log store does: one suite over every backend."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runyard.runs.logs import Block, Line, LogStore
from runyard.runs.logs.stretch import _COLOUR

from .blocks import Part, blocks, kept, lines_of, long_log, parts, read, said
from .conftest import Made

seals = st.integers(0, 4)


def shown(text: str) -> str:
    """What a search looks at."""
    return _COLOUR.sub(b"", text.encode()).decode().casefold()


@given(given_parts=parts, n=st.integers(0, 60), limit=st.integers(1, 60), seal=seals)
def test_pages_are_slices_of_what_was_written(
    made: Made, given_parts: list[Part], n: int, limit: int, seal: int
) -> None:
    lines = lines_of(given_parts)
    with made() as store:
        kept(store, blocks(given_parts), seal)
        with store.reader("run", 1) as reader:
            assert reader.after(n, limit) == lines[n : n + limit]
            assert reader.tail(limit) == lines[-limit:]
            assert reader.total == len(lines)
            assert list(reader.all()) == lines
            assert b"".join(reader.text()) == b"".join(line + b"\n" for part in given_parts for line in part[2])


@given(
    given_parts=parts,
    needle=st.sampled_from(["error", "a", "B", "ä", "SS", " ", "\ufffd", "ab", "\n", "aerror"]),
    after=st.integers(0, 30),
    limit=st.integers(1, 5),
    seal=seals,
    budget=st.integers(1, 200),
)
def test_search_finds_each_line_once_whatever_the_steps(
    made: Made, given_parts: list[Part], needle: str, after: int, limit: int, seal: int, budget: int
) -> None:
    lines = lines_of(given_parts)
    hits = [line for line in lines[after:] if needle.casefold() in shown(line.text)]
    with made() as store:
        kept(store, blocks(given_parts), seal)
        with store.reader("run", 1) as reader:
            found: list[Line] = []
            scanned = after
            while scanned < len(lines):
                step = reader.search(needle, scanned, limit, budget)
                assert len(step.hits) <= limit
                assert step.total == len(lines)
                assert step.scanned > scanned
                found += step.hits
                scanned = step.scanned
            assert found == hits


@given(given_parts=parts, after=st.integers(0, 30), limit=st.integers(1, 5), seal=seals, budget=st.integers(1, 200))
def test_lines_of_some_streams(
    made: Made, given_parts: list[Part], after: int, limit: int, seal: int, budget: int
) -> None:
    lines = lines_of(given_parts)
    with made() as store:
        kept(store, blocks(given_parts), seal)
        with store.reader("run", 1) as reader:
            found: list[Line] = []
            scanned = after
            while scanned < len(lines):
                step = reader.sifted({"stderr", "system"}, scanned, limit, budget)
                assert len(step.hits) <= limit
                found += step.hits
                scanned = step.scanned
            assert found == [line for line in lines[after:] if line.stream != "stdout"]


@given(first=parts, second=parts, seal=seals, again=st.integers(0, 60))
def test_taken_up_again_nothing_is_lost_or_there_twice(
    made: Made, first: list[Part], second: list[Part], seal: int, again: int
) -> None:
    whole = [*first, *second]
    lines = lines_of(whole)
    with made() as store:
        kept(store, blocks(first), seal)
        writer = store.writer("run", 1)
        assert writer.written == len(lines_of(first))
        # as an agent does that reads its spool again, though cut elsewhere
        for block in blocks(whole):
            head = block.beyond(block.first + again - 1) if again < block.total else None
            writer.append([block if head is None else block._replace(total=again or block.total), block])
        assert writer.written == len(lines)
        writer.close()
        assert read(store) == lines


@given(given_parts=parts, seal=seals)
def test_a_reader_sees_what_comes_while_it_reads(made: Made, given_parts: list[Part], seal: int) -> None:
    lines = lines_of(given_parts)
    with made() as store, store.reader("run", 1) as reader:
        writer = store.writer("run", 1)
        seen: list[Line] = []
        for number, block in enumerate(blocks(given_parts), 1):
            writer.append([block])
            assert reader.total == block.last
            seen += reader.after(len(seen), 3)
            if seal and number % seal == 0:
                writer.seal()
                assert reader.total == block.last
        while more := reader.after(len(seen), 3):
            seen += more
        assert seen == lines
        writer.close()


def test_a_reader_that_is_overtaken_by_sealing_misses_nothing(store: LogStore) -> None:
    count = 4000
    lines = [line.text for block in long_log(count, 10) for line in block.lines()]
    over = threading.Event()

    def write() -> None:
        writer = store.writer("run", 1)
        for number, block in enumerate(long_log(count, 10)):
            writer.append([block])
            if number % 7 == 0:
                writer.seal()
        writer.close()
        over.set()

    writing = threading.Thread(target=write)
    writing.start()
    seen: list[str] = []
    with store.reader("run", 1) as reader:
        while not over.is_set() or reader.total > len(seen):
            assert [line.n for line in reader.tail(5)][-1:] <= [reader.total]
            seen += [line.text for line in reader.after(len(seen), 50)]
    writing.join()
    assert seen == lines


def test_a_log_that_is_not_there_reads_as_empty(store: LogStore) -> None:
    with store.reader("run_x", 3) as reader:
        assert (reader.total, reader.after(0, 5), reader.tail(5), list(reader.all())) == (0, [], [], [])
        assert list(reader.text()) == []
        found = reader.search("a", 0, 5, 100)
        assert (found.hits, found.scanned, found.total) == ((), 0, 0)
    writer = store.writer("run_x", 3)
    writer.append([])
    assert (writer.written, writer.full, writer.is_worth_packing) == (0, False, False)
    writer.seal()
    writer.close()
    assert store.size("run_x") == 0


def test_attempts_are_apart_and_a_run_s_logs_go_together(store: LogStore) -> None:
    for attempt in (1, 2, 12):
        kept(store, said(f"attempt {attempt}"), attempt=attempt, seal_every=attempt % 2)
    kept(store, said("of another run"), run="other")
    assert [line.text for line in read(store, attempt=2)] == ["attempt 2"]
    assert [line.text for line in read(store, attempt=12)] == ["attempt 12"]
    size = store.size("run")
    assert size > 0
    assert store.delete("run") == size
    assert (store.delete("run"), store.size("run")) == (0, 0)
    assert read(store, attempt=2) == []
    assert [line.text for line in read(store, run="other")] == ["of another run"]


def test_bytes_are_kept_though_they_read_as_replacements(store: LogStore) -> None:
    body = b"caf\xe9 \xff\xfe\0\x1b[31mred\x1b[0m <b>\r\x07"
    kept(store, blocks([(1, 1, [body, b"after"])]), seal_every=1)
    with store.reader("run", 1) as reader:
        assert b"".join(reader.text()) == body + b"\nafter\n"
        assert [line.text for line in reader.after(0, 5)] == [body.decode("utf-8", "replace"), "after"]
        assert [hit.n for hit in reader.search("red <B>", 0, 5, 1000).hits] == [1]


@pytest.mark.parametrize("seal", [0, 1])
def test_pages_of_long_lines_are_shorter(store: LogStore, seal: int) -> None:
    kept(store, blocks([(1, 1, [b"%d" % n + b"x" * 999]) for n in range(1, 10)]), seal_every=seal)
    with store.reader("run", 1) as reader:
        assert [line.n for line in reader.after(2, 9, 2500)] == [3, 4]
        assert [line.n for line in reader.tail(9, 2500)] == [8, 9]
        assert [line.n for line in reader.after(2, 9, 10)] == [3]
        assert [line.n for line in reader.tail(9, 10)] == [9]


def test_a_flood_of_empty_lines_takes_next_to_nothing(store: LogStore) -> None:
    kept(store, (Block(n * 50_000 + 1, n, 1, 50_000, b"\n" * 50_000) for n in range(20)), seal_every=5)
    with store.reader("run", 1) as reader:
        assert reader.total == 1_000_000
        assert [line.n for line in reader.after(654_321, 2)] == [654_322, 654_323]
        assert [line.n for line in reader.tail(1)] == [1_000_000]
    assert store.size("run") < 20_000
