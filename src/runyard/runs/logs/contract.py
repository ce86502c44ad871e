"""What every store of logs does, whatever it is made of; `tests/runs/logs` holds each to it."""

from collections.abc import Callable, Container, Iterable, Iterator
from typing import Protocol, Self

from .lines import Block, Found, Line

MOST_BYTES = 4 * 1024 * 1024
"""Of the lines of one page: a log of long lines is read in pages of fewer."""


class LogWriter(Protocol):
    """The one appender of an attempt's log. Errors are OSErrors; after one it must be opened anew."""

    @property
    def written(self) -> int:
        """Number of the last stored line."""

    @property
    def full(self) -> bool:
        """Whether `seal` is due."""

    @property
    def is_worth_packing(self) -> bool:
        """Whether `seal` gains something once no more comes: a short log is left as it is."""

    def append(self, blocks: Iterable[Block]) -> None:
        """Store what of these blocks is beyond `written`; readers see it from now on."""

    def seal(self) -> None:
        """Compress what is open. Takes milliseconds of a processor: not for an event loop."""

    def close(self) -> None:
        """Let everything go; the log can be taken up again."""


class LogReader(Protocol):
    """Reads lines by number while the log may still grow: memory and time do not grow with it."""

    @property
    def total(self) -> int:
        """How many whole lines there are now."""

    def after(self, n: int, limit: int, most_bytes: int = ...) -> list[Line]:
        """Return up to `limit` lines with numbers above `n`; fewer past `most_bytes`, but one if there is one."""

    def tail(self, count: int, most_bytes: int = ...) -> list[Line]:
        """Return the last `count` lines, or as many of them as fit into `most_bytes`, but one if there is one."""

    def sifted(self, streams: Container[str], after: int, limit: int, budget: int) -> Found:
        """Find lines above `after` of some streams; stop at `limit` of them or at about `budget` bytes read."""

    def search(self, text: str, after: int, limit: int, budget: int) -> Found:
        """Find lines above `after` that contain `text`, case ignored; stop at `limit` or at about `budget` bytes."""

    def all(self) -> Iterator[Line]:
        """Yield every line in order, reading as it goes."""

    def text(self) -> Iterator[bytes]:
        """Yield the whole text as it was printed, in pieces of bounded size."""

    def close(self) -> None:
        """Let it go."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...


class LogStore(Protocol):
    """Logs of all attempts."""

    def writer(self, run_id: str, attempt: int) -> LogWriter:
        """Open an attempt's log for appending; what a crash has torn at its end is cut off first."""

    def reader(self, run_id: str, attempt: int) -> LogReader:
        """Open an attempt's log for reading; one that does not exist reads as empty."""

    def size(self, run_id: str) -> int:
        """Return how many bytes a run's logs take."""

    def rewrite(self, run_id: str, change: Callable[[bytes], bytes]) -> bool:
        """Put what `change` makes of each stream's lines in their place, all of a run's logs at once.

        Returns whether any changed. It must keep the number of lines; numbers, times and streams stay. Not for a run
        that is still written.
        """

    def delete(self, run_id: str) -> int:
        """Remove every log of a run for good; return how many bytes that freed."""
