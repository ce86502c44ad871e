"""What commands print: results on stdout, everything else on stderr; colours for people only."""

import json
import os
import re
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, TextIO

from runyard import clock

_COLOURS = {
    "succeeded": "32",
    "ready": "32",
    "ok": "32",
    "running": "36",
    "starting": "36",
    "building": "36",
    "queued": "33",
    "pending": "33",
    "degraded": "33",
    "failed": "31",
    "timed_out": "31",
    "missing": "31",
    "lost": "35",
    "cancelled": "2",
    "dim": "2",
    "bold": "1",
}
# Colours of a log may reach the terminal; whatever else would steer it may not.
_STEERING = re.compile(
    r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b\[[0-?]*[ -/]*[@-ln-~]|\x1b[^\[\]]"
    r"|[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f]"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_BREAKING = {ord(letter): repr(letter)[1:-1] for letter in "\t\n\u2028\u2029"}
_KIB = 1024
_LEAST = 8


def colourful(stream: TextIO) -> bool:
    """Whether colours are wanted on `stream`: a terminal, and nobody said NO_COLOR."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def paint(text: str, style: str, stream: TextIO | None = None) -> str:
    """Return `text` in the colour of a state or style if `stream` (stdout) shows colours."""
    code = _COLOURS.get(style)
    return f"\x1b[{code}m{text}\x1b[0m" if code and colourful(stream or sys.stdout) else text


def visible(text: str) -> str:
    """Return `text` without control characters, for words that others have written."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def on_one_line(text: str) -> str:
    r"""Return `text` as `visible` does, with what would break a line shown as its escape: ``\n``, ``\t``."""
    return visible(text.translate(_BREAKING))


def tame(text: str, stream: TextIO) -> str:
    """Return a log line for `stream`: as it is for a file or pipe, and with nothing but colours for a terminal."""
    return _STEERING.sub("", text) if stream.isatty() else text


def note(text: str) -> None:
    """Print a remark on stderr."""
    print(paint(text, "dim", sys.stderr), file=sys.stderr, flush=True)


def as_json(value: Any) -> None:
    """Print one JSON document on stdout: indented for people, on one line for programs."""
    print(json.dumps(value, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None), flush=True)


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, flexible: str, states: str = "STATE") -> None:
    """Print rows under their columns; the column `states` is coloured.

    On a terminal that is too narrow the column `flexible` is cut short, never another one. Piped, nothing is cut.
    """
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    rows = [tuple(map(on_one_line, row)) for row in rows]
    here = sys.stdout.isatty()
    console = Console(highlight=False, no_color=not colourful(sys.stdout), width=None if here else 10_000, emoji=False)
    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for at, column in enumerate(columns):
        needed = max((cell_len(text) for text in (column, *(row[at] for row in rows))), default=0)
        least = min(needed, _LEAST) if column == flexible else needed
        grid.add_column(column, overflow="ellipsis", no_wrap=True, min_width=least)
    for row in rows:
        cells = [
            Text.from_ansi(paint(cell, cell)) if columns[at] == states else Text(cell) for at, cell in enumerate(row)
        ]
        grid.add_row(*cells)
    console.print(grid)


def width() -> int:
    """Return how many cells a line of the table may have."""
    import shutil

    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 10_000


def size(count: float | None) -> str:
    """Return bytes as people read them: ``812 B``, ``1.4 MiB``."""
    if count is None:
        return ""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < _KIB:
            return f"{count:.0f} B" if unit == "B" else f"{count:.1f} {unit}"
        count /= _KIB
    return f"{count:.1f} TiB"


def lasting(seconds: float | None) -> str:
    """Return a duration as people read it: ``0.42 s``, ``3 min 04 s``, ``2 h 05 min``."""
    if seconds is None:
        return ""
    if seconds < timedelta(minutes=1).total_seconds():
        return f"{seconds:.2f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"


def instant(text: str | None) -> datetime | None:
    """Return an RFC 3339 instant of the API."""
    return datetime.fromisoformat(text) if text else None


def local(text: str | None, *, precise: bool = False) -> str:
    """Return an instant of the API in this machine's zone: ``2026-01-31 09:00:00``, precise with milliseconds."""
    at = instant(text)
    if at is None:
        return ""
    return at.astimezone().isoformat(" ", "milliseconds" if precise else "seconds")[: 23 if precise else 19]


def brief(text: str | None) -> str:
    """Return an instant as lists show it on a terminal: the time if it is of today, else the date. Whole when piped."""
    at = instant(text)
    if at is None or not sys.stdout.isatty():
        return local(text)
    today = at.astimezone().date() == clock.now().astimezone().date()
    return local(text)[11:] if today else local(text)[:10]


def between(start: str | None, end: str | None) -> float | None:
    """Return the seconds from `start` to `end`, or to now while there is no end."""
    begun = instant(start)
    if begun is None:
        return None
    return ((instant(end) or clock.now()) - begun).total_seconds()
