"""Lines as JSON, made where they are read: in a thread, and not line by line in the event loop."""

import json
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

from fastapi import Request
from fastapi.responses import Response

from runyard import clock
from runyard.runs.logs import Found, Line, LogReader

_WORTH = 1024
_GZIP = 31
_LEVEL = 1


def page(reader: LogReader, attempt: int, after: int, tail: int | None, limit: int, *, complete: bool) -> bytes:
    """Return a `LogPage`: what comes after a line, or the last lines."""
    lines = reader.after(after, limit) if tail is None else reader.tail(tail)
    total = reader.total
    last = lines[-1].n if lines else after
    return _page(lines, last if last < total and tail is None else None, total, attempt, complete=complete)


def text(reader: LogReader, after: int, tail: int | None, limit: int) -> bytes:
    """Return what comes after a line, or the last lines, as text."""
    lines = reader.after(after, limit) if tail is None else reader.tail(tail)
    return "".join(f"{line.text}\n" for line in lines).encode()


def sifted(found: Found, attempt: int, *, complete: bool) -> bytes:
    """Return a `LogPage` of the lines of some streams."""
    following = found.scanned if found.scanned < found.total else None
    return _page(found.hits, following, found.total, attempt, complete=complete)


def hits(found: Found) -> bytes:
    """Return `LogHits`."""
    following = str(found.scanned) if found.scanned < found.total else None
    items = [_json({"n": line.n, "text": line.text}) for line in found.hits]
    rest = _json({"next_cursor": following, "scanned": found.scanned, "total": found.total})
    return _joined(items, rest)


def events(lines: Iterable[Line]) -> str:
    """Return lines as server-sent events `log`."""
    return "".join(f"id: {line.n}\nevent: log\ndata: {data}\n\n" for line, data in _shown(lines))


def event(kind: str, data: Any) -> str:
    """Return one server-sent event."""
    return f"event: {kind}\ndata: {_json(data)}\n\n"


def answer(request: Request, body: bytes, kind: str = "application/json") -> Response:
    """Return JSON, or text, packed here if whoever asks can unpack it."""
    headers = {"Vary": "Accept-Encoding"}
    if len(body) >= _WORTH and takes_gzip(request):
        body = b"".join(gzipped([body]))
        headers["Content-Encoding"] = "gzip"
    return Response(body, media_type=kind, headers=headers)


def takes_gzip(request: Request) -> bool:
    """Whether whoever asks can unpack gzip."""
    return "gzip" in request.headers.get("accept-encoding", "")


def gzipped(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Pack a stream quickly, piece by piece."""
    packer = zlib.compressobj(_LEVEL, wbits=_GZIP)
    for piece in pieces:
        if packed := packer.compress(piece):
            yield packed
    yield packer.flush()


def _page(lines: Iterable[Line], following: int | None, total: int, attempt: int, *, complete: bool) -> bytes:
    cursor = None if following is None else str(following)
    rest = _json({"next_cursor": cursor, "total": total, "attempt": attempt, "complete": complete})
    return _joined([data for _line, data in _shown(lines)], rest)


def _joined(items: list[str], rest: str) -> bytes:
    return f'{{"items":[{",".join(items)}],{rest[1:]}'.encode()


def _shown(lines: Iterable[Line]) -> Iterator[tuple[Line, str]]:
    # What was printed at once has one time.
    at_us, at = -1, ""
    for line in lines:
        if line.at_us != at_us:
            at_us, at = line.at_us, clock.rfc3339(clock.from_us(line.at_us))
        yield line, f'{{"n":{line.n},"t":"{at}","stream":"{line.stream}","text":{_json(line.text)}}}'


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
