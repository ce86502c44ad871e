"""What a reader makes of chunks that come, go and lie, one moment after the other."""

import zlib
from collections.abc import Sequence

import pytest

from runyard.runs.logs import Block
from runyard.runs.logs.reading import Reader, Span, sealed
from runyard.runs.logs.stretch import Needle, Stretch, Unreadable, framed

from .blocks import said


def raw(*lines: str, first: int = 1) -> bytes:
    """Return an open chunk of these lines."""
    return b"".join(framed(block) for block in said(*lines, first=first))


def chunk(*lines: str, first: int = 1) -> tuple[Span, bytes]:
    """Return a sealed chunk of these lines."""
    stretch, _ = Stretch.framed(first, raw(*lines, first=first))
    text = stretch.packed()
    packed = zlib.compress(text)
    return Span(first, 0, 1, len(lines), len(packed), len(text), zlib.crc32(packed)), packed


Moment = tuple[list[tuple[Span, bytes]], tuple[int, bytes] | None]
"""The sealed chunks, and the open one with the line it begins with."""


class Moments:
    """A shelf that is another one each time its spans are asked for; the last one stays."""

    def __init__(self, *moments: Moment) -> None:
        self._moments = list(moments)
        self._now = self._moments[0]

    def spans(self) -> Sequence[Span]:
        self._now = self._moments[0]
        if len(self._moments) > 1:
            self._moments.pop(0)
        return [span for span, _ in self._now[0]]

    def packed(self, span: Span) -> bytes:
        return dict(self._now[0])[span]

    def open_end(self, first: int, offset: int) -> bytes | None:
        later = self._moments[0]
        if later[1] is None or later[1][0] != first:
            return None
        return later[1][1][offset:]

    def close(self) -> None:
        self._moments.clear()


def test_what_is_sealed_between_two_looks_is_read_from_the_chunk() -> None:
    before: Moment = ([], (1, raw("one", "two")))
    sealed_since: Moment = ([chunk("one", "two")], None)
    reader = Reader(Moments(before, sealed_since))
    assert [line.text for line in reader.all()] == ["one", "two"]
    assert Reader(Moments(before, sealed_since)).total == 2
    assert [line.text for line in Reader(Moments(before, sealed_since)).after(1, 5)] == ["two"]


def test_a_log_that_goes_between_two_looks_ends_there() -> None:
    there: Moment = ([], (1, raw("one", "two")))
    assert Reader(Moments(there)).tail(5)[-1].text == "two"
    assert Reader(Moments(there, there, ([], None))).tail(5) == []


def test_a_tail_that_begins_in_the_middle_of_a_chunk_and_ends_in_the_next() -> None:
    reader = Reader(Moments(([chunk("one", "two", "three")], (4, raw("four", first=4)))))
    assert [(line.n, line.text) for line in reader.tail(2)] == [(3, "three"), (4, "four")]
    assert [line.n for line in reader.tail(9, most_bytes=9)] == [3, 4]
    assert [line.n for line in reader.tail(9, most_bytes=1)] == [4]


@pytest.mark.parametrize(
    ("wrong", "packed"),
    [
        ({"packed": 99}, None),
        ({"check": 1}, None),
        ({"size": 3}, None),
        ({"total": 2}, None),
        ({}, b"this is no zlib stream, though its sum is right"),
        ({}, zlib.compress(b"")),
        ({}, zlib.compress(b"\0\0\0\1")),
        ({}, zlib.compress(b"\0\0\0\1" + bytes(17) + b"more than the table says\n")),
        ({}, zlib.compress(Stretch.framed(1, raw("one"))[0].packed()[:-1] + b"!")),
    ],
)
def test_bytes_that_are_no_chunk(wrong: dict[str, int], packed: bytes | None) -> None:
    span, own = chunk("one")
    assert sealed(own, span).count == 1
    if packed is not None:
        span, own = span._replace(packed=len(packed), size=1000, check=zlib.crc32(packed)), packed
    with pytest.raises(Unreadable):
        sealed(own, span._replace(**wrong))


@pytest.mark.parametrize(
    ("lines", "needle", "after", "found"),
    [
        (["one two one", "three", "one"], "ONE", 0, [1, 3]),
        (["one two one", "three", "one"], "ONE", 1, [3]),
        (["one", "two"], "three", 0, []),
        (["one", "two"], "e\nt", 0, []),
        (["Straße", "STRASSE"], "strasse", 0, [1, 2]),
        (["plain"], "ä", 0, []),
        (["\x1b[31mer\x1b[0mror"], "error", 0, [1]),
        (["\x1b]no colour"], "no", 0, [1]),
    ],
)
def test_what_a_search_finds(lines: list[str], needle: str, after: int, found: list[int]) -> None:
    stretch, _ = Stretch.framed(1, raw(*lines))
    assert stretch.matching(Needle(needle), after) == found
    assert [line.text for line in stretch.numbered(found)] == [lines[n - 1] for n in found]


def test_nothing_has_no_beginning() -> None:
    empty, used = Stretch.framed(7, b"")
    assert (empty.count, empty.first, empty.last, empty.began_us, used) == (0, 7, 6, 0, 0)
    assert list(empty.numbered([7])) == []


@pytest.mark.parametrize(
    "torn",
    [
        framed(Block(1, 1, 1, 1, b"x\n"))[:-1],
        framed(Block(1, 1, 9, 1, b"x\n")),
        framed(Block(1, 1, 1, 0, b"")),
        framed(Block(1, 1, 1, 5, b"x\n")),
        framed(Block(1, 1, 1, 1, b"xy")),
        bytes(40),
    ],
)
def test_an_open_chunk_ends_before_what_is_torn(torn: bytes) -> None:
    whole = raw("one")
    stretch, used = Stretch.framed(1, whole + torn + raw("never", first=2))
    assert (stretch.last, used) == (1, len(whole))


@pytest.mark.parametrize(
    ("known", "rest"),
    [
        (0, ["five", "six", "seven"]),
        (4, ["five", "six", "seven"]),
        (5, ["six", "seven"]),
        (6, ["seven"]),
        (7, None),
        (99, None),
    ],
)
def test_what_of_a_block_is_new(known: int, rest: list[str] | None) -> None:
    [block] = said("five", "six", "seven", first=5)
    beyond = block.beyond(known)
    assert (beyond and [line.text for line in beyond.lines()]) == rest
    assert beyond is None or (beyond.last, beyond.first) == (7, max(5, known + 1))
    assert [line.n for line in block.lines(after=5)] == [6, 7]


def test_a_search_goes_on_where_it_stopped() -> None:
    reader = Reader(Moments(([chunk("one two", "two")], (3, raw("two", "three", first=3)))))
    first = reader.search("TWO", 0, 1, 1000)
    assert ([line.n for line in first.hits], first.scanned, first.total) == ([1], 1, 4)
    assert [line.n for line in reader.search("two", first.scanned, 9, 1000).hits] == [2, 3]
    # The budget is spent with the first chunk.
    short = reader.search("three", 0, 9, 1)
    assert (short.hits, short.scanned) == ((), 2)
    assert b"".join(reader.text()) == b"one two\ntwo\ntwo\nthree\n"
