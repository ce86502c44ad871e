"""A stretch of a log in memory: its blocks, how they are written down, and what is looked for in them. Pure.

An open chunk is a row of framed blocks, so that it can grow. A sealed one has a table of the blocks before all of
their bytes, so that it packs well and is searched in one go.
"""

import re
import struct
from collections.abc import Container, Iterable, Iterator
from typing import AnyStr, Self

from .lines import STREAMS, SYSTEM, Block, Line

_HEAD = struct.Struct(">QBII")
_COUNT = struct.Struct(">I")
_COLOUR = re.compile(rb"\x1b\[[0-9;:]*[mK]")
_ESCAPE = b"\x1b"


class Unreadable(Exception):  # noqa: N818 - a fact about bytes
    """Bytes that no chunk has."""


class Needle:
    """What is looked for: a text, its case ignored."""

    def __init__(self, text: str) -> None:
        self.text = text.casefold()
        self.plain = self.text.encode() if self.text.isascii() else None


class Stretch:
    """Blocks of consecutive lines, numbered from `first`."""

    def __init__(self, first: int, heads: list[tuple[int, int, int, int]], data: bytes) -> None:
        self.first = first
        self._heads = heads
        self.data = data
        self.count = sum(head[2] for head in heads)

    @property
    def last(self) -> int:
        """Number of the last line; `first` - 1 when there is none."""
        return self.first + self.count - 1

    @property
    def began_us(self) -> int:
        """When the first line was printed, in µs since 1970."""
        return self._heads[0][0] if self._heads else 0

    @classmethod
    def framed(cls, first: int, raw: bytes) -> tuple[Self, int]:
        """Read an open chunk as far as its blocks are whole; return it and the bytes that they take."""
        heads, parts, at = [], [], 0
        while at + _HEAD.size <= len(raw):
            head = _HEAD.unpack_from(raw, at)
            _at_us, stream, count, size = head
            end = at + _HEAD.size + size
            # A machine that went down may leave anything at the end of a file, zeros above all.
            if stream not in STREAMS or not 0 < count <= size or end > len(raw) or raw[end - 1] != ord("\n"):
                break
            heads.append(head)
            parts.append(raw[at + _HEAD.size : end])
            at = end
        return cls(first, heads, b"".join(parts)), at

    @classmethod
    def unpacked(cls, first: int, raw: bytes) -> Self:
        """Read a sealed chunk. Unreadable when it is none."""
        try:
            (blocks,) = _COUNT.unpack_from(raw)
            table = _COUNT.size + blocks * _HEAD.size
            heads = list(_HEAD.iter_unpack(raw[_COUNT.size : table]))
        except struct.error:
            raise Unreadable from None
        if len(heads) != blocks or sum(head[3] for head in heads) != len(raw) - table or raw[-1:] != b"\n":
            raise Unreadable
        return cls(first, heads, raw[table:])

    @classmethod
    def damaged(cls, first: int, count: int, at_us: int) -> Self:
        """Return what is shown for lines that can not be read any more."""
        words = b"Lines %d to %d can not be read: what was stored of them is damaged." % (first, first + count - 1)
        data = words + b"\n" * count
        return cls(first, [(at_us, SYSTEM, count, len(data))], data)

    def packed(self) -> bytes:
        """Return it as a sealed chunk, before compression."""
        table = b"".join(_HEAD.pack(*head) for head in self._heads)
        return _COUNT.pack(len(self._heads)) + table + self.data

    def blocks(self) -> Iterator[Block]:
        """Yield the blocks in order."""
        n, at = self.first, 0
        for at_us, stream, count, size in self._heads:
            yield Block(n, at_us, stream, count, self.data[at : at + size])
            n += count
            at += size

    def lines(self, after: int = 0, streams: Container[str] = STREAMS.values()) -> Iterator[Line]:
        """Yield the lines of some streams above `after`."""
        n, at = self.first, 0
        for at_us, stream, count, size in self._heads:
            if n + count > after + 1 and STREAMS[stream] in streams:
                yield from Block(n, at_us, stream, count, self.data[at : at + size]).lines(after)
            n += count
            at += size

    def matching(self, needle: Needle, after: int) -> list[int]:
        """Return the numbers of the lines above `after` that contain a text. Colours do not count as text."""
        data = self.data
        if _ESCAPE in data:
            data = _COLOUR.sub(b"", data)
        if "\n" in needle.text:
            return []
        if not data.isascii():
            text = data.decode("utf-8", "replace").casefold()
            return _places(text, needle.text, "\n", self.first, after)
        return [] if needle.plain is None else _places(data.lower(), needle.plain, b"\n", self.first, after)

    def numbered(self, numbers: Iterable[int]) -> Iterator[Line]:
        """Yield the lines of some numbers, given in order."""
        wanted = iter(numbers)
        n = next(wanted, None)
        for block in self.blocks():
            if n is None:
                return
            if block.last < n:
                continue
            pieces = block.data.split(b"\n")
            while n is not None and n <= block.last:
                text = pieces[n - block.first].decode("utf-8", "replace")
                yield Line(n, block.at_us, STREAMS[block.stream], text)
                n = next(wanted, None)


def framed(block: Block) -> bytes:
    """Return a block as an open chunk has it."""
    return _HEAD.pack(block.at_us, block.stream, block.total, len(block.data)) + block.data


def _places(text: AnyStr, needle: AnyStr, newline: AnyStr, first: int, after: int) -> list[int]:
    """Return the numbers above `after` of those lines that contain `needle`; they count from `first`, all are ended."""
    found = []
    line, line_at = first, 0
    at = text.find(needle)
    while at >= 0:
        line += text.count(newline, line_at, at)
        if line > after:
            found.append(line)
        line_at = text.find(newline, at)
        at = text.find(needle, line_at)
    return found
