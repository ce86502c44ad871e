"""Changing what a run's logs say: written anew beside them, then exchanged in one step."""

import ctypes
import errno
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from .lines import Block
from .reading import Reader
from .stretch import Stretch

Change = Callable[[bytes], bytes]
BESIDE = ".rewritten"
_EXCHANGE = 2
_HERE = -100


def changed(stretch: Stretch, change: Change) -> list[Block] | None:
    """Return a stretch's blocks with each stream's lines changed; None when nothing is different."""
    blocks = list(stretch.blocks())
    streams: dict[int, bytearray] = {}
    for block in blocks:
        streams.setdefault(block.stream, bytearray()).extend(block.data)
    made = {stream: change(bytes(data)) for stream, data in streams.items()}
    if all(made[stream] == data for stream, data in streams.items()):
        return None
    places = dict.fromkeys(made, 0)
    fresh = []
    for block in blocks:
        data, start = made[block.stream], places[block.stream]
        end = start
        for _ in range(block.total):
            end = data.index(b"\n", end) + 1
        places[block.stream] = end
        fresh.append(block._replace(data=data[start:end]))
    return fresh


def differs(reader: Reader, change: Change) -> bool:
    """Whether a log would be different."""
    return any(changed(stretch, change) is not None for stretch in reader.stretches())


def blocks_of(reader: Reader, change: Change) -> Iterator[list[Block]]:
    """Yield a log's blocks, changed, chunk by chunk."""
    for stretch in reader.stretches():
        yield changed(stretch, change) or list(stretch.blocks())


def attempts_in(folder: Path) -> list[int]:
    """Return the attempts that have logs there."""
    with suppress(FileNotFoundError):
        return sorted({int(name.split(".")[0]) for name in os.listdir(folder) if name.split(".")[0].isdigit()})  # noqa: PTH208
    return []


def exchange(fresh: Path, place: Path) -> None:
    """Put `fresh` in the place of a directory, and that one where `fresh` was; no reader finds neither."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        done = libc.renameat2(_HERE, os.fsencode(fresh), _HERE, os.fsencode(place), _EXCHANGE)
        if done == 0:
            return
        code = ctypes.get_errno()
        if code not in {errno.ENOSYS, errno.EINVAL}:
            raise OSError(code, os.strerror(code), str(place))
    # Without the system's help there is a moment in which the log reads as empty.
    aside = fresh.with_name(f"{fresh.name}.old")
    place.rename(aside)
    fresh.rename(place)
    aside.rename(fresh)


def clear(beside: Path) -> None:
    """Remove what a rewriting has left, or one that was cut short."""
    shutil.rmtree(beside, ignore_errors=True)
