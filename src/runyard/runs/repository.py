"""Rows of runs. `apply` is the only writer of a run's state."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, cast

from msgspec import Struct
from sqlalchemy import (
    Connection,
    CursorResult,
    Table,
    bindparam,
    delete,
    false,
    insert,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from runyard.db.prepared import Prepared
from runyard.db.types import DatabaseNow
from runyard.ids import ProjectId
from runyard.runs.lifecycle import ACTIVE, Move, State
from runyard.runs.models import (
    RunAttemptRow,
    RunEventRow,
    RunInputRow,
    RunLabelRow,
    RunRow,
)

_RUNS = cast("Table", RunRow.__table__)
_ATTEMPTS = cast("Table", RunAttemptRow.__table__)
_EVENTS = cast("Table", RunEventRow.__table__)
_GIVEN = cast("Table", RunInputRow.__table__)
_LABELS = cast("Table", RunLabelRow.__table__)


class Token(Struct, frozen=True):
    """The right to write an attempt: lost as soon as somebody else claims the run."""

    run_id: str
    attempt: int
    fence: int


class Inputs(Struct, frozen=True):
    """What an attempt needs of what the run was given."""

    parameters: dict[str, Any]
    sealed: str | None
    timeout_s: float | None
    limits: dict[str, Any] | None = None
    stage: str | None = None
    retry: dict[str, Any] | None = None
    timezone: str | None = None


class Claim(Struct, frozen=True):
    """A claimed run and all that is needed to execute it."""

    token: Token
    project_id: ProjectId
    script_id: str | None
    version_id: str
    environment_id: str | None
    queue: str
    priority: int
    cancel_requested: bool
    inputs: Inputs
    gate: str | None = None
    job_id: str | None = None


class Taken(Struct, frozen=True):
    """A claim, and the move by which it was made."""

    claim: Claim
    move: Move


def add(connection: Connection, run: Mapping[str, Any], inputs: Mapping[str, Any], at: datetime) -> None:
    """Insert a queued run with its inputs, labels and first journal line."""
    labels = inputs["labels"]
    _ADD_RUN.run(connection, {**run, "labelled": bool(labels), "held": run.get("held", False)})
    _ADD_INPUTS.run(connection, inputs)
    shared = {"run_id": run["id"], **{name: run[name] for name in ("project_id", "script_id", "state")}}
    for name, value in labels.items():
        _ADD_LABEL.run(connection, {**shared, "name": name, "value": value})
    data = {"by": run["created_by_name"], "trigger": run["trigger_kind"]}
    _ADD_EVENT.run(connection, {"run_id": run["id"], "attempt": 1, "at": at, "kind": "run.queued", "data": data})


def add_many(connection: Connection, news: Iterable[tuple[Mapping[str, Any], Mapping[str, Any]]], at: datetime) -> None:
    """Do `add` for many runs, given with their inputs, in as many statements as for one."""
    runs, given, labels, events = [], [], [], []
    for run, inputs in news:
        runs.append({**_FREE, **run, "labelled": bool(inputs["labels"])})
        given.append(inputs)
        shared = {"run_id": run["id"], **{name: run[name] for name in ("project_id", "script_id", "state")}}
        labels += [{**shared, "name": name, "value": value} for name, value in inputs["labels"].items()]
        data = {"by": run["created_by_name"], "trigger": run["trigger_kind"]}
        events.append({"run_id": run["id"], "attempt": 1, "at": at, "kind": "run.queued", "data": data})
    for statement, rows in ((_ADD_RUN, runs), (_ADD_INPUTS, given), (_ADD_LABEL, labels), (_ADD_EVENT, events)):
        statement.many(connection, rows)


async def apply(session: AsyncSession, token: Token | str, move: Move, **attempt: Any) -> bool:
    """Do `write_move` within a session."""
    return await session.run_sync(lambda sync: write_move(sync.connection(), token, move, **attempt))


def write_move(
    connection: Connection, token: Token | str, move: Move, *, environment_id: str | None = None, **attempt: Any
) -> bool:
    """Make one move and journal it in the same transaction; False when the run is not where the move starts.

    With a `Token`, a writer whose claim was overtaken changes nothing. With a bare run id, only the state guards:
    for moves that nobody owns, such as cancelling a queued run. `environment_id` is pinned to the run; other keywords
    are columns of the attempt's row.
    """
    run_id = token if isinstance(token, str) else token.run_id
    values: dict[str, Any] = {"state": move.target.value, "waiting": None, "held": False}
    if environment_id is not None:
        values["environment_id"] = environment_id
    if move.target is State.running:
        values["started_at"] = move.at
    if move.target is State.queued:
        values["worker_id"] = None
    if move.is_terminal:
        values |= {
            "finished_at": move.at,
            "exit_code": move.exit_code,
            "error_code": move.failure.code if move.failure else None,
        }
    moving = _moving(tuple(sorted(move.sources)), fenced=isinstance(token, Token))
    guards: dict[str, Any] = {"the_run": run_id} | ({"the_fence": token.fence} if isinstance(token, Token) else {})
    # What is set follows from the keys of the values; names of guards are no columns.
    row = moving.one(connection, values | guards)
    if row is None:
        return False
    number, fence = row.attempt, row.fence
    relabel(connection, run_id, move.target, wanted=row.labelled)
    if move.target is State.queued:
        # It never began: the journal keeps that it was tried.
        _DROP_ATTEMPT.run(connection, {"the_run": run_id, "the_attempt": number, "the_fence": fence})
    elif move.target is State.running or move.is_terminal or attempt:
        _write_attempt(connection, run_id, number, fence, move, attempt)
    data: dict[str, Any] = dict(move.facts)
    if move.exit_code is not None:
        data["exit_code"] = move.exit_code
    if move.failure is not None:
        data["error"] = {"code": move.failure.code, "message": move.failure.message}
    event = {"run_id": run_id, "attempt": number, "at": move.at, "kind": move.event, "data": data}
    _ADD_EVENT.run(connection, event)
    return True


def end_attempt(connection: Connection, token: Token, move: Move, columns: Mapping[str, Any]) -> None:
    """Write how an attempt ended into its own row."""
    _write_attempt(connection, token.run_id, token.attempt, token.fence, move, columns)


def add_event(
    connection: Connection, run_id: str, attempt: int, at: datetime, kind: str, data: Mapping[str, Any]
) -> None:
    """Write one line of a run's journal over a plain connection."""
    row = {"run_id": run_id, "attempt": attempt, "at": at, "kind": kind, "data": dict(data)}
    _ADD_EVENT.run(connection, row)


def _write_attempt(
    connection: Connection, run_id: str, number: int, fence: int, move: Move, extra: Mapping[str, Any]
) -> None:
    values: dict[str, Any] = {"state": move.target.value, **extra}
    if move.target is State.running:
        values["started_at"] = move.at
    if move.is_terminal:
        values |= {"finished_at": move.at, "exit_code": move.exit_code, "sealed": None}
        if move.failure is not None:
            values |= {"error_code": move.failure.code, "error_message": move.failure.message}
    guards = {"the_run": run_id, "the_attempt": number, "the_fence": fence}
    _ATTEMPT.run(connection, values | guards)


_FREE = {"held": False, "gate": None, "gate_limit": None}
_ADD_RUN = Prepared(insert(_RUNS).inline())
_ADD_INPUTS = Prepared(insert(_GIVEN).inline())
_ADD_LABEL = Prepared(insert(_LABELS).inline())
_ADD_EVENT = Prepared(insert(_EVENTS).inline())
_ADD_ATTEMPT = Prepared(insert(_ATTEMPTS).inline())
_RELABEL = Prepared(update(_LABELS).where(_LABELS.c.run_id == bindparam("the_run")))
_CLAIM = Prepared(
    update(_RUNS)
    .where(
        _RUNS.c.id == bindparam("the_run"),
        _RUNS.c.state == State.queued.value,
        _RUNS.c.held == false(),
        or_(_RUNS.c.not_before.is_(None), _RUNS.c.not_before <= DatabaseNow()),
    )
    .values(state=bindparam("the_state"), worker_id=bindparam("the_worker"), fence=_RUNS.c.fence + 1, waiting=null())
    .returning(
        _RUNS.c.attempt,
        _RUNS.c.fence,
        _RUNS.c.project_id,
        _RUNS.c.script_id,
        _RUNS.c.version_id,
        _RUNS.c.environment_id,
        _RUNS.c.queue,
        _RUNS.c.priority,
        _RUNS.c.cancel_requested_at,
        _RUNS.c.gate,
        _RUNS.c.labelled,
        _RUNS.c.job_id,
    )
)
_WANTED = ("parameters", "sealed", "labels", "uploads", "timeout_s", "limits", "stage", "retry", "timezone")
_INPUTS = Prepared(select(*(_GIVEN.c[name] for name in _WANTED)).where(_GIVEN.c.run_id == bindparam("the_run")))


_THE_ATTEMPT = (
    _ATTEMPTS.c.run_id == bindparam("the_run"),
    _ATTEMPTS.c.attempt == bindparam("the_attempt"),
    _ATTEMPTS.c.fence == bindparam("the_fence"),
)
_ATTEMPT = Prepared(update(_ATTEMPTS).where(*_THE_ATTEMPT))
_DROP_ATTEMPT = Prepared(delete(_ATTEMPTS).where(*_THE_ATTEMPT))


@cache
def _moving(sources: tuple[str, ...], *, fenced: bool) -> Prepared:
    guards = [_RUNS.c.id == bindparam("the_run"), or_(*(_RUNS.c.state == str(source) for source in sources))]
    if fenced:
        guards.append(_RUNS.c.fence == bindparam("the_fence"))
    return Prepared(update(_RUNS).where(*guards).returning(_RUNS.c.attempt, _RUNS.c.fence, _RUNS.c.labelled))


def relabel(connection: Connection, run_id: str, state: State, *, wanted: bool) -> None:
    """Have a run's label rows, if it has any, tell its state."""
    if wanted:
        _RELABEL.run(connection, {"the_run": run_id, "state": state.value})


async def claim(session: AsyncSession, run_id: str, move: Move, worker_id: str) -> Claim | None:
    """Do `take` within a session."""
    return await session.run_sync(lambda sync: take(sync.connection(), run_id, move, worker_id))


def take(connection: Connection, run_id: str, move: Move, worker_id: str) -> Claim | None:
    """Take a queued run for a worker with one guarded update; None when somebody was quicker or it is not due."""
    guards = {"the_run": run_id, "the_state": move.target.value, "the_worker": worker_id}
    row = _CLAIM.one(connection, guards)
    if row is None:
        return None
    given = _INPUTS.one(connection, {"the_run": run_id})
    attempt = {
        "run_id": run_id,
        "attempt": row.attempt,
        "fence": row.fence,
        "worker_id": worker_id,
        "state": move.target.value,
        "claimed_at": move.at,
    }
    _ADD_ATTEMPT.run(connection, attempt)
    relabel(connection, run_id, move.target, wanted=row.labelled)
    event = {"run_id": run_id, "attempt": row.attempt, "at": move.at, "kind": move.event, "data": dict(move.facts)}
    _ADD_EVENT.run(connection, event)
    return claim_of(run_id, row, given)


def claim_of(run_id: str, row: Any, given: Any) -> Claim:
    """Return the claim that a run's row and its inputs (`given`) tell of."""
    return Claim(
        token=Token(run_id, row.attempt, row.fence),
        project_id=row.project_id,
        script_id=row.script_id,
        version_id=row.version_id,
        environment_id=row.environment_id,
        queue=row.queue,
        priority=row.priority,
        cancel_requested=row.cancel_requested_at is not None,
        inputs=Inputs(
            given.parameters, given.sealed, given.timeout_s, given.limits, given.stage, given.retry, given.timezone
        ),
        gate=row.gate,
        job_id=row.job_id,
    )


async def note(session: AsyncSession, token: Token, **values: Any) -> bool:
    """Set columns of a live run that are not its state (what it waits for, its environment); fenced."""
    statement = (
        update(RunRow)
        .where(
            RunRow.id == token.run_id,
            RunRow.fence == token.fence,
            RunRow.state.in_([state.value for state in ACTIVE]),
        )
        .values(**values)
    )
    result: CursorResult[Any] = await session.execute(statement)  # type: ignore[assignment]
    return result.rowcount == 1


async def note_attempt(session: AsyncSession, token: Token, **values: Any) -> None:
    """Set columns of an attempt's row (its progress, say)."""
    await session.execute(
        update(RunAttemptRow)
        .where(
            RunAttemptRow.run_id == token.run_id,
            RunAttemptRow.attempt == token.attempt,
            RunAttemptRow.fence == token.fence,
        )
        .values(**values)
    )


async def journal(
    session: AsyncSession, run_id: str, attempt: int, at: datetime, kind: str, data: Mapping[str, Any]
) -> None:
    """Write one line of a run's journal."""
    row = {"run_id": run_id, "attempt": attempt, "at": at, "kind": kind, "data": dict(data)}
    await session.execute(insert(RunEventRow), [row])


async def ask_cancel(session: AsyncSession, run_id: str, at: datetime) -> bool:
    """Do `flag_cancel` within a session."""
    return await session.run_sync(lambda sync: flag_cancel(sync.connection(), run_id, at))


def flag_cancel(connection: Connection, run_id: str, at: datetime) -> bool:
    """Raise the cancel flag of a run that is not over; True when it was not raised before."""
    statement = (
        update(_RUNS)
        .where(
            _RUNS.c.id == run_id,
            _RUNS.c.state.in_([state.value for state in ACTIVE]),
            _RUNS.c.cancel_requested_at.is_(None),
        )
        .values(cancel_requested_at=at)
    )
    return connection.execute(statement).rowcount == 1
