"""Routes of a run's output: pages, text, search, live stream, files."""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import Response, StreamingResponse

from runyard import clock
from runyard.access.permissions import Permission
from runyard.db.session import Database
from runyard.errors import FieldError
from runyard.live.bus import CLOSING, Bus, Subscription
from runyard.runs import files, repository
from runyard.runs.errors import NoSuchAttempt, NoSuchRun
from runyard.runs.lifecycle import TERMINAL, State
from runyard.runs.logs import Line, LogReader, LogStore
from runyard.runs.models import RunRow
from runyard.runs.routes import Reader, Runs
from runyard.runs.schemas import Items, LogHit, LogHits, LogLine, LogPage, RunFile
from runyard.runs.service import RunService
from runyard.web.depends import Reading, provided
from runyard.web.paging import BadCursor

router = APIRouter(tags=["runs"])

MOST_LINES = 5000
MOST_DIGITS = 18
SEARCH_BUDGET = 64 * 1024 * 1024
BREATH_S = 15.0
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


def _shown(line: Line) -> LogLine:
    return LogLine(n=line.n, t=clock.from_us(line.at_us), stream=line.stream, text=line.text)


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
    """Return lines of a run's log after a number, or its last ones; with ``Accept: text/plain`` the whole text.

    With `stream` one call reads a bounded part of the log: a page may have fewer lines, or none, and still go on.
    """
    row = await runs.find(session, actor, run_id, Permission.run_read)
    number = _attempt(row, attempt)
    if "text/plain" in request.headers.get("accept", ""):
        reader = await asyncio.to_thread(runs.logs.reader, row.id, number)
        return StreamingResponse(_text(reader), media_type="text/plain; charset=utf-8")
    done = row.state in TERMINAL or number < row.attempt
    start = _number(after)
    reader = runs.logs.reader(row.id, number)
    if stream and tail is None:
        return await asyncio.to_thread(_sifted_page, reader, number, start, frozenset(stream), limit, done)
    return await asyncio.to_thread(_page, reader, number, start, tail, limit, done)


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


def _page(reader: LogReader, attempt: int, after: int, tail: int | None, limit: int, done: bool) -> LogPage:  # noqa: FBT001
    with reader:
        total = reader.total
        if tail is not None:
            after, limit = max(0, total - tail), min(tail, MOST_LINES)
        lines = reader.after(after, limit)
    last = lines[-1].n if lines else after
    following = str(last) if last < total else None
    return LogPage(
        items=[_shown(line) for line in lines], next_cursor=following, total=total, attempt=attempt, complete=done
    )


def _sifted_page(
    reader: LogReader,
    attempt: int,
    after: int,
    streams: frozenset[str],
    limit: int,
    done: bool,  # noqa: FBT001
) -> LogPage:
    with reader:
        found = reader.sifted(streams, after, limit, SEARCH_BUDGET)
    following = str(found.scanned) if found.scanned < found.total else None
    items = [_shown(line) for line in found.hits]
    return LogPage(items=items, next_cursor=following, total=found.total, attempt=attempt, complete=done)


def _text(reader: LogReader) -> Iterator[str]:
    with reader:
        batch: list[str] = []
        for line in reader.all():
            batch.append(line.text)
            if len(batch) >= MOST_LINES:
                yield "\n".join(batch) + "\n"
                batch = []
        if batch:
            yield "\n".join(batch) + "\n"


@router.get("/runs/{run_id}/logs/search")
async def search(
    run_id: str,
    actor: Reader,
    session: Reading,
    runs: Runs,
    q: Annotated[str, Query(min_length=1, max_length=500)],
    attempt: AttemptNumber = None,
    after: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> LogHits:
    """Find lines that contain a text, ignoring case. One call reads a bounded part of the log."""
    row = await runs.find(session, actor, run_id, Permission.run_read)
    reader = runs.logs.reader(row.id, _attempt(row, attempt))

    def look() -> LogHits:
        with reader:
            found = reader.search(q, after, limit, SEARCH_BUDGET)
        hits = [LogHit(n=line.n, text=line.text) for line in found.hits]
        following = str(found.scanned) if found.scanned < found.total else None
        return LogHits(items=hits, next_cursor=following, scanned=found.scanned, total=found.total)

    return await asyncio.to_thread(look)


@router.get("/runs/{run_id}/logs/stream", response_class=StreamingResponse)
async def stream(
    run_id: str,
    request: Request,
    actor: Reader,
    runs: Runs,
    yard: Yard,
    attempt: AttemptNumber = None,
    after: Annotated[int, Query(ge=0)] = 0,
    last: Annotated[str | None, Header(alias="Last-Event-ID")] = None,
) -> StreamingResponse:
    """Follow a run's log live: server-sent events `log` (id = line number), `state`, `end`."""
    seen = await yard.look(lambda connection: repository.glimpse(connection, run_id))
    if seen is None:
        raise NoSuchRun
    actor.demand(Permission.run_read, seen.project_id, NoSuchRun)
    resumed = _whole(last or "")
    start = after if resumed is None else resumed
    bus: Bus = request.app.state.bus
    events = _follow(runs, yard, bus, run_id, attempt, start)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)


async def _follow(  # noqa: C901 - one loop, in the order in which a reader hears of things
    runs: RunService, database: Database, bus: Bus, run_id: str, attempt: int | None, after: int
) -> AsyncIterator[str]:
    with bus.subscribe(f"run:{run_id}") as news:
        told: tuple[str, int] | None = None
        row: Any = None
        heard = "log"
        while True:
            if row is None:
                row = await database.look(lambda connection: repository.glimpse(connection, run_id))
                if row is None:
                    return
                if told is not None and row.attempt != told[1] and attempt is None:
                    after = 0
                if told != (row.state, row.attempt):
                    told = (row.state, row.attempt)
                    yield _event("state", _state_of(row))
            number = attempt or row.attempt
            over = State(row.state) in TERMINAL or number < row.attempt
            # The state was read before the lines: a final one means that no line is missing.
            while (over or heard != "state") and (
                lines := await asyncio.to_thread(_after, runs.logs, run_id, number, after)
            ):
                yield _events(lines)
                after = lines[-1].n
            if over:
                yield _event("end", _state_of(row))
                return
            heard = await _heard(news)
            if heard == "closing":
                return
            if heard != "log":
                row = None
            if heard == "quiet":
                # News may be lost on its way: whoever hears nothing looks at the row again.
                yield ": still here\n\n"


async def _heard(news: Subscription) -> str:
    """Wait for news: ``log`` grew; only the ``state`` may have changed; ``all``; a ``quiet`` breath; ``closing``."""
    try:
        async with asyncio.timeout(BREATH_S):
            messages = [await news.get(), *news.pending()]
    except TimeoutError:
        return "quiet"
    if any(message is CLOSING for _topic, message in messages):
        return "closing"
    missed, news.missed = news.missed, False
    kinds = {message["type"] for _topic, message in messages}
    if missed or not kinds <= {"run", "log", "progress"} or {"run", "log"} <= kinds:
        return "all"
    return "state" if "run" in kinds else "log"


def _after(logs: LogStore, run_id: str, attempt: int, after: int) -> list[Line]:
    with logs.reader(run_id, attempt) as reader:
        return reader.after(after, 1000)


def _state_of(row: Any) -> dict[str, Any]:
    return {
        "state": row.state,
        "attempt": row.attempt,
        "exit_code": row.exit_code,
        "started_at": clock.rfc3339(row.started_at) if row.started_at else None,
        "finished_at": clock.rfc3339(row.finished_at) if row.finished_at else None,
    }


def _events(lines: list[Line]) -> str:
    return "".join(_event("log", _shown(line).model_dump(mode="json"), line.n) for line in lines)


def _event(kind: str, data: Any, number: int | None = None) -> str:
    head = f"id: {number}\n" if number is not None else ""
    return f"{head}event: {kind}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


@router.get("/runs/{run_id}/files")
async def listing(run_id: str, actor: Reader, session: Reading, runs: Runs) -> Items[RunFile]:
    """List what lies in a run's workspace."""
    row = await runs.find(session, actor, run_id, Permission.run_read)
    uploads = set((await repository.inputs_of(session, run_id)).uploads)
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


@router.get("/runs/{run_id}/files/{path:path}", response_class=StreamingResponse)
async def file(
    run_id: str, path: str, actor: Reader, session: Reading, runs: Runs, *, download: bool = False
) -> Response:
    """Return one file of a run's workspace."""
    row = await runs.find(session, actor, run_id, Permission.run_read)
    opened, info = await asyncio.to_thread(files.opened, runs.files_of(row), path)
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
