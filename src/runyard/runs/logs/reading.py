"""Reading by number from chunks, wherever they lie."""

import zlib
from bisect import bisect_right
from collections.abc import Container, Iterator
from itertools import islice
from typing import NamedTuple, Protocol, Self

from .contract import MOST_BYTES
from .lines import Found, Line
from .stretch import Needle, Stretch, Unreadable


class Span(NamedTuple):
    """Where a sealed chunk lies and what it holds: `total` lines from `first`, the earliest of `at_us`."""

    first: int
    offset: int
    at_us: int
    total: int
    packed: int
    size: int
    check: int

    @property
    def last(self) -> int:
        """Number of the last line."""
        return self.first + self.total - 1


class Spans(Protocol):
    """Sealed chunks, in order and without gaps, from line 1 on."""

    def __len__(self) -> int: ...

    def __getitem__(self, place: int, /) -> Span: ...


class Shelf(Protocol):
    """Where the chunks of one attempt lie. Each call tells how it is at that moment."""

    def spans(self) -> Spans:
        """Return the sealed chunks of this moment."""

    def packed(self, span: Span) -> bytes:
        """Return the bytes of a sealed chunk, or fewer where some are missing."""

    def open_end(self, first: int, offset: int) -> bytes | None:
        """Return the open chunk that begins with line `first`, from `offset` on; None when there is none (any more)."""

    def close(self) -> None:
        """Let everything go."""


def sealed(packed: bytes, span: Span) -> Stretch:
    """Return the lines of a sealed chunk. Unreadable when its bytes are not what was stored."""
    if len(packed) != span.packed or zlib.crc32(packed) != span.check:
        raise Unreadable
    opening = zlib.decompressobj()
    try:
        raw = opening.decompress(packed, span.size)
    except zlib.error:
        raise Unreadable from None
    stretch = Stretch.unpacked(span.first, raw)
    if not opening.eof or stretch.count != span.total:
        raise Unreadable
    return stretch


class Reader:
    """A `LogReader` over a shelf."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        # Where the open chunk has been read to, so that whoever follows it does not begin anew each time.
        self._mark = (0, 0, 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Let it go."""
        self._shelf.close()

    @property
    def total(self) -> int:
        """How many whole lines there are now; reads at most the open chunk."""
        while True:
            spans = self._shelf.spans()
            end = spans[-1].last if spans else 0
            found = self._open(end + 1, None)
            if found is not None:
                return found.last
            if len(self._shelf.spans()) == len(spans):
                return end

    def after(self, n: int, limit: int, most_bytes: int = MOST_BYTES) -> list[Line]:
        """Return up to `limit` lines with numbers above `n`; fewer past `most_bytes`, but one if there is one."""
        return list(_bounded(self._lines(n), limit, most_bytes))

    def tail(self, count: int, most_bytes: int = MOST_BYTES) -> list[Line]:
        """Return the last `total` lines, or as many of them as fit into `most_bytes`, but one if there is one."""
        found = list(_bounded(self._backwards(self.total, count), count, most_bytes))
        return found[::-1]

    def sifted(self, streams: Container[str], after: int, limit: int, budget: int) -> Found:
        """Find lines above `after` of some streams; stop at `limit` of them or at about `budget` bytes read."""
        hits: list[Line] = []
        scanned, spent, held = after, 0, 0
        for stretch in self._stretches(after + 1):
            for line in stretch.lines(after, streams):
                hits.append(line)
                held += len(line.text)
                if len(hits) >= limit or held >= MOST_BYTES:
                    return Found(tuple(hits), line.n, self.total)
            scanned = max(scanned, stretch.last)
            spent += len(stretch.data)
            if spent >= budget:
                break
        return Found(tuple(hits), scanned, self.total)

    def search(self, text: str, after: int, limit: int, budget: int) -> Found:
        """Find lines above `after` that contain `text`, case ignored; stop at `limit` or at about `budget` bytes."""
        needle = Needle(text)
        hits: list[Line] = []
        scanned, spent, held = after, 0, 0
        for stretch in self._stretches(after + 1):
            for line in stretch.numbered(stretch.matching(needle, after)):
                hits.append(line)
                held += len(line.text)
                if len(hits) >= limit or held >= MOST_BYTES:
                    return Found(tuple(hits), line.n, self.total)
            scanned = max(scanned, stretch.last)
            spent += len(stretch.data)
            if spent >= budget:
                break
        return Found(tuple(hits), scanned, self.total)

    def all(self) -> Iterator[Line]:
        """Yield every line in order, reading as it goes."""
        yield from self._lines(0)

    def text(self) -> Iterator[bytes]:
        """Yield the whole text as it was printed, chunk by chunk."""
        for stretch in self._stretches(1):
            yield stretch.data

    def stretches(self) -> Iterator[Stretch]:
        """Yield every chunk in order."""
        yield from self._stretches(1)

    def _lines(self, after: int) -> Iterator[Line]:
        for stretch in self._stretches(after + 1):
            yield from stretch.lines(after)

    def _backwards(self, end: int, count: int) -> Iterator[Line]:
        """Yield `count` lines from number `end` downwards, chunk by chunk: what nobody wants is never held."""
        while end > 0 and count > 0:
            stretch = next(self._stretches(end), None)
            if stretch is None:
                return
            after = max(stretch.first - 1, end - count)
            yield from reversed(list(islice(stretch.lines(after), end - after)))
            count -= end - after
            end = after

    def _stretches(self, n: int) -> Iterator[Stretch]:
        """Yield what holds line `n`, and what comes after it, up to what there is now."""
        while True:
            spans = self._shelf.spans()
            end = spans[-1].last if spans else 0
            for place in range(max(0, bisect_right(spans, n, key=_first) - 1), len(spans)):
                span = spans[place]
                if span.last >= n:
                    yield self._sealed(span)
                    n = span.last + 1
            found = self._open(end + 1, n)
            if found is not None:
                if found.last >= n:
                    yield found
                return
            if len(self._shelf.spans()) == len(spans):
                return
            # What was open has been sealed since we looked.

    def _sealed(self, span: Span) -> Stretch:
        try:
            return sealed(self._shelf.packed(span), span)
        except Unreadable:
            return Stretch.damaged(span.first, span.total, span.at_us)

    def _open(self, first: int, n: int | None) -> Stretch | None:
        """Return the open chunk from line `n` or before it on; for None, what of it has not been read so far."""
        chunk, known, offset = self._mark
        if chunk != first or (n is not None and n <= known):
            known, offset = first - 1, 0
        raw = self._shelf.open_end(first, offset)
        if raw is None:
            return None
        stretch, used = Stretch.framed(known + 1, raw)
        self._mark = (first, stretch.last, offset + used)
        return stretch


def _first(span: Span) -> int:
    return span.first


def _bounded(lines: Iterator[Line], limit: int, most_bytes: int) -> Iterator[Line]:
    held = 0
    for line in islice(lines, limit):
        held += len(line.text)
        if held > most_bytes and held > len(line.text):
            return
        yield line
