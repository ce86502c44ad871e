"""Routes of a run's output: pages, text, search, live stream, files."""

import asyncio
import tempfile
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import Response, StreamingResponse

from runyard import clock
from runyard.access.actors import leashed
from runyard.access.permissions import Actor, Permission
from runyard.access.service import AccessService
from runyard.db.session import Database
from runyard.errors import FieldError
from runyard.live.bus import Bus
from runyard.runs import files, log_answers, records
from runyard.runs.errors import NoSuchAttempt, NoSuchRun
from runyard.runs.lifecycle import TERMINAL
from runyard.runs.log_stream import follow
from runyard.runs.logs import LogReader
from runyard.runs.models import RunRow
from runyard.runs.routes import Reader, Runs
from runyard.runs.schemas import Items, LogHits, LogPage, RunFile
from runyard.web.depends import Reading, provided
from runyard.web.paging import BadCursor
from runyard.web.paths import FILE_PATH

router = APIRouter(tags=["runs"])

MOST_LINES = 5000
MOST_DIGITS = 18
SEARCH_BUDGET = 32 * 1024 * 1024
Yard = Annotated[Database, Depends(provided(Database))]
AttemptNumber = Annotated[int | None, Query(ge=1, description="The latest one unless given.")]
# Files may be large: packing them on the way would hold everybody up and hide how long they are.
_AS_IT_IS = {"Content-Encoding": "identity"}
Stream = Literal["stdout", "stderr", "system"]
_SAFE = "sandbox; default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'"


def _attempt(row: RunRow, wanted: int | None) -> int:
    if wanted is not None and wanted > row.attempt:
        raise NoSuchAttempt
    return wanted or row.attempt


@router.get("/runs/{run_id}/logs", response_model=LogPage)
async def logs(
    run_id: str,
    request: Request,
    actor: Reader,
    session: Reading,
    runs: Runs,
    attempt: AttemptNumber = None,
    after: Annotated[str | None, Query(description="A line number, or a page's `next_cursor`.", max_length=64)] = None,
    tail: Annotated[int | None, Query(ge=1, le=MOST_LINES)] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_LINES)] = 1000,
    stream: Annotated[list[Stream] | None, Query(description="Only lines of these; not with `tail`.")] = None,
) -> Any:
    """Return lines of a run's log after a number, or its last ones; with ``Accept: text/plain`` the text.

    The text is whole, as it was printed, unless `after`, `tail` or `limit` asks for some lines.
    With `stream` one call reads a bounded part of the log: a page may have fewer lines, or none, and still go on.
    """
    row = await runs.find(session, actor, run_id, Permission.run_read)
    number = _attempt(row, attempt)
    textual = "text/plain" in request.headers.get("accept", "")
    if textual and not request.query_params.keys() & {"after", "tail", "limit"}:
        return _text(request, runs.logs.reader(row.id, number))
    done = row.state in TERMINAL or number < row.attempt
    start = _number(after)

    def read() -> bytes:
        with runs.logs.reader(row.id, number) as reader:
            if textual:
                return log_answers.text(reader, start, tail, limit)
            if stream and tail is None:
                found = reader.sifted(frozenset(stream), start, limit, SEARCH_BUDGET)
                return log_answers.sifted(found, number, complete=done)
            return log_answers.page(reader, number, start, tail, limit, complete=done)

    body = await asyncio.to_thread(read)
    return log_answers.answer(request, body, "text/plain; charset=utf-8" if textual else "application/json")


def _number(after: str | None) -> int:
    if after is None:
        return 0
    number = _whole(after)
    if number is None:
        raise BadCursor(fields=[FieldError("after", "not a line number of this log")])
    return number


def _whole(text: str) -> int | None:
    """Return the number that plain digits stand for; None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else None


def _text(request: Request, reader: LogReader) -> StreamingResponse:
    """Stream a log as it was printed, from threads: neither its length nor packing it is felt by others."""

    def pieces() -> Iterator[bytes]:
        with reader:
            yield from reader.text()

    packs = log_answers.takes_gzip(request)
    headers = {"Vary": "Accept-Encoding", "Content-Encoding": "gzip" if packs else "identity"}
    body = log_answers.gzipped(pieces()) if packs else pieces()
    return StreamingResponse(body, media_type="text/plain; charset=utf-8", headers=headers)


@router.get("/runs/{run_id}/logs/search", response_model=LogHits)
async def search(
    run_id: str,
    request: Request,
    actor: Reader,
    session: Reading,
    runs: Runs,
    q: Annotated[str, Query(min_length=1, max_length=500)],
    attempt: AttemptNumber = None,
    after: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> Response:
    """Find lines that contain a text, ignoring case and colours.

    One call reads a bounded part of the log: `scanned` says how far it came, `next_cursor` is where to go on.
    """
    row = await runs.find(session, actor, run_id, Permission.run_read)
    number = _attempt(row, attempt)

    def look() -> bytes:
        with runs.logs.reader(row.id, number) as reader:
            return log_answers.hits(reader.search(q, after, limit, SEARCH_BUDGET))

    return log_answers.answer(request, await asyncio.to_thread(look))


@router.get("/runs/{run_id}/logs/stream", response_class=StreamingResponse)
async def stream(
    run_id: str,
    request: Request,
    actor: Reader,
    runs: Runs,
    yard: Yard,
    access: Annotated[AccessService, Depends(provided(AccessService))],
    attempt: AttemptNumber = None,
    after: Annotated[int, Query(ge=0)] = 0,
    last: Annotated[str | None, Header(alias="Last-Event-ID")] = None,
    behind: Annotated[
        int | None, Query(ge=1, description="Who is further behind than so many lines is sent only the last ones.")
    ] = None,
) -> StreamingResponse:
    """Follow a run's log live: server-sent events `log` (id = line number), `state`, `end`.

    All lines are sent, at most some 50,000 a second. With `behind`, what a reader can not keep up with is left out, and
    an event `skipped` says which lines (`from`, `to`, `count`); they are in the log.
    """
    seen = await yard.look(lambda connection: records.glimpse(connection, run_id))
    if seen is None:
        raise NoSuchRun
    actor.demand(Permission.run_read, seen.project_id, NoSuchRun)
    resumed = _whole(last or "")
    start = after if resumed is None else resumed
    bus: Bus = request.app.state.bus
    project_id = seen.project_id

    async def holds(reader: Actor) -> bool:
        return reader.may(Permission.run_read, project_id)

    events = leashed(follow(runs, yard, bus, run_id, attempt, start, behind), access.actors, actor, holds)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)


@router.get("/runs/{run_id}/files")
async def listing(run_id: str, actor: Reader, session: Reading, runs: Runs) -> Items[RunFile]:
    """List what lies in a run's workspace."""
    row = await runs.find(session, actor, run_id, Permission.run_read)
    uploads = set((await records.inputs_of(session, run_id)).uploads)
    entries = await asyncio.to_thread(files.listing, runs.files_of(row))
    return Items(
        items=[
            RunFile(
                path=entry.path,
                kind=entry.kind,
                size=entry.size,
                modified_at=clock.from_us(entry.modified_us),
                uploaded=entry.path in uploads,
                media_type=files.media_type(entry.path),
            )
            for entry in entries
        ]
    )


@router.get("/runs/{run_id}/files/" + FILE_PATH, response_class=StreamingResponse)
async def file(
    run_id: str, path: str, actor: Reader, session: Reading, runs: Runs, *, download: bool = False
) -> Response:
    """Return one file of a run's workspace."""
    row = await runs.find(session, actor, run_id, Permission.run_read)
    opened, info = await asyncio.to_thread(files.shown, runs.files_of(row), path)
    headers = {
        "Content-Length": str(info.st_size),
        **_AS_IT_IS,
        "Content-Disposition": _disposition(path.rsplit("/", 1)[-1], inline=not download),
        "Content-Security-Policy": _SAFE,
        "Cache-Control": "private, no-store",
    }
    return StreamingResponse(_exactly(opened, info.st_size), media_type=files.media_type(path), headers=headers)


@router.get("/runs/{run_id}/archive", response_class=StreamingResponse)
async def archive(run_id: str, actor: Reader, session: Reading, runs: Runs) -> Response:
    """Return all files of a run's workspace as a zip."""
    row = await runs.find(session, actor, run_id, Permission.run_read)
    packed = tempfile.TemporaryFile()  # noqa: SIM115 - closed when it has been sent
    try:
        await asyncio.to_thread(files.pack, runs.files_of(row), packed)
    except BaseException:
        packed.close()
        raise
    headers = {
        "Content-Disposition": _disposition(f"{run_id}.zip", inline=False),
        "Cache-Control": "no-store",
        **_AS_IT_IS,
    }
    return StreamingResponse(files.chunks(packed), media_type="application/zip", headers=headers)


def _exactly(opened: Any, size: int) -> Iterator[bytes]:
    """Yield exactly `size` bytes: a file that is still written to may grow or shrink meanwhile."""
    left = size
    for chunk in files.chunks(opened):
        yield chunk[:left]
        left -= len(chunk[:left])
        if left <= 0:
            return
    while left > 0:
        yield b"\0" * min(left, 65_536)
        left -= 65_536


def _disposition(name: str, *, inline: bool) -> str:
    from urllib.parse import quote

    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\' else "_" for c in name)
    kind = "inline" if inline else "attachment"
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
