"""Logs for tests: made of blocks, compared with lists of lines."""

from collections.abc import Iterable, Iterator, Sequence

from hypothesis import strategies as st

from runyard.runs.logs import Block, Line, LogStore
from runyard.runs.logs.lines import STREAMS

Part = tuple[int, int, list[bytes]]
"""µs, stream, the lines of one block."""

raw = st.lists(
    st.sampled_from([b"a", b"B", b"error", "Ä".encode(), "ß".encode(), b"\xff", b"\0", b"\x1b[31m", b"\x1b[0m", b" "]),
    max_size=8,
).map(b"".join)
parts = st.lists(
    st.tuples(st.integers(0, 2**52), st.sampled_from(sorted(STREAMS)), st.lists(raw, min_size=1, max_size=5)),
    max_size=20,
)


def blocks(given: Iterable[Part], first: int = 1) -> Iterator[Block]:
    for at_us, stream, lines in given:
        yield Block(first, at_us, stream, len(lines), b"".join(line + b"\n" for line in lines))
        first += len(lines)


def said(*lines: str, at_us: int = 1, stream: int = 1, first: int = 1) -> list[Block]:
    """Return one block of these lines."""
    return list(blocks([(at_us, stream, [line.encode() for line in lines])], first))


def lines_of(given: Iterable[Part]) -> list[Line]:
    return [line for block in blocks(given) for line in block.lines()]


def long_log(count: int, each: int = 100) -> Iterator[Block]:
    """Yield `count` lines of some fifty bytes."""
    for first in range(1, count + 1, each):
        body = b"".join(b"line %d of what is said at length %030d\n" % (n, n * n) for n in range(first, first + each))
        yield Block(first, first * 1000, 1, each, body)


def kept(store: LogStore, given: Iterable[Block], seal_every: int = 0, run: str = "run", attempt: int = 1) -> None:
    """Write blocks, and seal what is open after so many of them."""
    writer = store.writer(run, attempt)
    for number, block in enumerate(given, 1):
        writer.append([block])
        if writer.full or (seal_every and number % seal_every == 0):
            writer.seal()
    writer.close()


def read(store: LogStore, run: str = "run", attempt: int = 1) -> Sequence[Line]:
    with store.reader(run, attempt) as reader:
        return list(reader.all())
