"""What a log is made of."""

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from msgspec import Struct

STREAMS = {1: "stdout", 2: "stderr", 3: "system"}
STDOUT, STDERR, SYSTEM = STREAMS


class Line(Struct, frozen=True):
    """One line: number from 1, µs since 1970 of its printing, stream name, text without its newline.

    Bytes that are not UTF-8 read as replacement characters; the store has them as they were.
    """

    n: int
    at_us: int
    stream: str
    text: str


class Found(Struct, frozen=True):
    """Result of a search: matching lines, the last line number looked at, and how many lines there are."""

    hits: tuple[Line, ...]
    scanned: int
    total: int


class Block(NamedTuple):
    """Whole lines of one stream that one piece of output has completed, numbered from `first`.

    `data` are their bytes, each line ended by a line feed. Thousands of lines cost no more than one.
    """

    first: int
    at_us: int
    stream: int
    total: int
    data: bytes

    @property
    def last(self) -> int:
        """Number of the last line."""
        return self.first + self.total - 1

    def lines(self, after: int = 0) -> Iterator[Line]:
        """Yield the lines above `after`."""
        name = STREAMS[self.stream]
        skipped = max(0, after + 1 - self.first)
        pieces = self.data.split(b"\n")
        for n, raw in enumerate(islice(pieces, skipped, self.total), self.first + skipped):
            yield Line(n, self.at_us, name, raw.decode("utf-8", "replace"))

    def beyond(self, n: int) -> "Block | None":
        """Return what of it comes after line `n`; None when nothing does."""
        known = n + 1 - self.first
        if known <= 0:
            return self
        if known >= self.total:
            return None
        return self._replace(first=n + 1, total=self.total - known, data=self.data.split(b"\n", known)[-1])
