"""The words agent, launcher and shim share: versions, file names, frames and lines.

Imported by the launcher, whose every page is copied into each shim: keep it to cheap standard modules.
"""

from __future__ import annotations

import json
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

VERSION = 1
READABLE = frozenset({VERSION, VERSION - 1})
"""Versions this code understands: its own and the one before, so that an upgrade adopts running shims."""

SHIM_FILE = "shim.json"
EXIT_FILE = "exit.json"
OUTPUT_FILE = "output"
CONTROL_SOCKET = "control"
CONTAINER_FILE = "container.json"
"""What a container's keeper has measured of it."""

STDOUT, STDERR, SYSTEM = 1, 2, 3

FRAME_HEADER = struct.Struct(">QBI")
"""Unix time in microseconds, stream, length of the payload in bytes."""
READ_SIZE = 65536
MAX_PAYLOAD = 1 << 20
"""A longer length in a header can only be damage: nothing writes more than READ_SIZE at once."""

MAX_LINE = 16 << 20
"""Bytes of one message; an environment and a command line are far below."""


class ForeignMessage(Exception):  # noqa: N818 - errors are nouns here
    """The other side speaks a version or a form that this one does not know."""


_ENCODER = json.JSONEncoder(separators=(",", ":"))


def encode(document: dict[str, Any]) -> bytes:
    """A JSON object, in ASCII, on one line."""
    return _ENCODER.encode(document).encode("ascii")


def encode_frame(at_us: int, stream: int, payload: bytes) -> bytes:
    """One frame of the output file."""
    return FRAME_HEADER.pack(at_us, stream, len(payload)) + payload


def encode_line(kind: str, **fields: object) -> bytes:
    """One message: a versioned JSON object on a line of its own."""
    return encode({"v": VERSION, "kind": kind, **fields}) + b"\n"


def decode(text: bytes | str) -> dict[str, Any]:
    """The JSON object in `text`, if it is one of a readable version; else ForeignMessage."""
    try:
        document = json.loads(text if isinstance(text, str) else text.decode())
    except ValueError as broken:
        raise ForeignMessage(f"not JSON: {broken}") from None
    if not isinstance(document, dict):
        raise ForeignMessage("not a JSON object")
    if document.get("v") not in READABLE:
        raise ForeignMessage(f"version {document.get('v')!r} is not one of {sorted(READABLE)}")
    return document


class Lines:
    """Cuts a byte stream into messages."""

    __slots__ = ("_limit", "_rest")

    def __init__(self, limit: int = MAX_LINE) -> None:
        self._rest = bytearray()
        self._limit = limit

    def feed(self, data: bytes) -> list[dict[str, Any]]:
        """The messages that `data` completes; ForeignMessage when one is unreadable or past the limit."""
        rest = self._rest
        rest += data
        if b"\n" not in data:
            if len(rest) > self._limit:
                raise ForeignMessage("a message is too long")
            return []
        *whole, last = bytes(rest).split(b"\n")
        self._rest = bytearray(last)
        return [decode(one) for one in whole if one]
