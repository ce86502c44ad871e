"""Where things stand in a text, as editors count: lines and columns from 1, columns in UTF-16 units. Pure."""

import bisect
import re

from msgspec import Struct

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")
_BEYOND = 0xFFFF


class Place(Struct, frozen=True, order=True):
    """A spot between two characters."""

    line: int
    column: int


class Ruler:
    """Answers where a place lies that a program names in its own way; what lies outside is moved to the nearest end."""

    def __init__(self, text: str) -> None:
        self._lines = [match[0] for match in _LINE.finditer(text)] or [""]
        if len(self._lines) > 1 and self._lines[-1] == "" and not self._lines[-2].endswith(("\r", "\n")):
            self._lines.pop()
        self._starts = [0]
        for line in self._lines[:-1]:
            self._starts.append(self._starts[-1] + len(line.encode(errors="surrogatepass")))

    def at(self, row: int, column: int) -> Place:
        """Return the place at a row and a column of whole characters, both from 1."""
        if row < 1:
            return Place(1, 1)
        if row > len(self._lines):
            return Place(len(self._lines), _units(self._lines[-1].rstrip("\r\n")) + 1)
        line = self._lines[row - 1].rstrip("\r\n")
        return Place(row, _units(line[: max(0, column - 1)]) + 1)

    def at_byte(self, offset: int) -> Place:
        """Return the place at an offset of UTF-8 bytes, from 0."""
        row = max(1, bisect.bisect_right(self._starts, max(0, offset)))
        raw = self._lines[row - 1].encode(errors="surrogatepass")[: max(0, offset - self._starts[row - 1])]
        line = raw.decode(errors="ignore").rstrip("\r\n")
        return Place(row, _units(line) + 1)


def _units(text: str) -> int:
    return len(text) + sum(ord(character) > _BEYOND for character in text)
