"""The end of an attempt, as one transaction: the run is over, or it is tried again; a failure joins its like."""

import os
from typing import Any, cast

from msgspec import Struct
from sqlalchemy import Connection, Table, bindparam, insert, null, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock, ids
from runyard.runs import policies, records, repository, retry
from runyard.runs.fingerprints import Fingerprint, fingerprint
from runyard.runs.lifecycle import Failure, Move, State
from runyard.runs.models import FailureGroupRow, RunRow
from runyard.runs.repository import Token
from runyard.runs.retry import Retry
from runyard.scripts.policy import Policy

_RUNS = cast("Table", RunRow.__table__)
_GROUPS = cast("Table", FailureGroupRow.__table__)
FAILED = frozenset({State.failed, State.timed_out, State.lost})


class Failed(Struct, frozen=True):
    """Whose failure it was, and what it is the same as."""

    project_id: str
    script_id: str | None
    script_name: str
    print: Fingerprint


def chance() -> float:
    """Return a number in [0, 1) to choose a delay within its jitter."""
    return int.from_bytes(os.urandom(4)) / 2**32


def settle(
    connection: Connection, token: Token, move: Move, policy: Policy, failed: Failed | None = None, **columns: Any
) -> tuple[Move | None, Retry | None]:
    """End an attempt: answers the move that was made (None: somebody else was first), and the retry that is due.

    A run whose cancel flag is raised is not tried again, however it ended: the row itself says so, at this moment.
    """
    again = retry.after(policy, token.attempt, move, chance(), cancel_requested=False) if policy.retries else None
    if again is not None and _write_retry(connection, token, move, again, columns):
        return move, again
    if not repository.write_move(connection, token, move, **columns):
        return None, None
    if failed is not None and move.target in FAILED:
        _join(connection, token.run_id, move, failed)
    return move, None


def _write_retry(connection: Connection, token: Token, move: Move, again: Retry, columns: dict[str, Any]) -> bool:
    environment_id = columns.pop("environment_id", None)
    statement = (
        update(_RUNS)
        .where(
            _RUNS.c.id == token.run_id,
            _RUNS.c.fence == token.fence,
            _RUNS.c.state.in_([source.value for source in move.sources]),
            _RUNS.c.cancel_requested_at.is_(None),
        )
        .values(
            state=State.queued.value,
            attempt=again.attempt,
            not_before=again.at,
            started_at=null(),
            worker_id=null(),
            waiting=null(),
            # It gives its place back, and asks for one again when it is due.
            held=_RUNS.c.gate.is_not(None),
            **({"environment_id": environment_id} if environment_id else {}),
        )
        .returning(_RUNS.c.labelled)
    )
    row = connection.execute(statement).one_or_none()
    if row is None:
        if environment_id:
            columns["environment_id"] = environment_id
        return False
    repository.relabel(connection, token.run_id, State.queued, wanted=row.labelled)
    repository.end_attempt(connection, token, move, columns)
    data: dict[str, Any] = {
        "outcome": move.target.value,
        "next_attempt": again.attempt,
        "not_before": clock.rfc3339(again.at),
        "delay_s": round(again.delay_s, 3),
    }
    if move.exit_code is not None:
        data["exit_code"] = move.exit_code
    if move.failure is not None:
        data["error"] = {"code": move.failure.code, "message": move.failure.message}
    repository.add_event(connection, token.run_id, token.attempt, move.at, "run.retried", data)
    return True


async def lose(session: AsyncSession, row: RunRow, move: Move) -> tuple[Move | None, Retry | None]:
    """End an attempt of which nobody can say what became."""
    policy = await policies.of_version(session, row.version_id)
    if row.job_id is not None:
        policy = retry.stated(policy, (await records.inputs_of(session, row.id)).retry)
    token = Token(row.id, row.attempt, row.fence)
    said = move.failure or Failure("lost", "")
    failed = Failed(row.project_id, row.script_id, row.script_name, fingerprint(said.code, said.message))
    return await session.run_sync(lambda sync: settle(sync.connection(), token, move, policy, failed))


_COUNT = (
    update(_GROUPS)
    .where(
        _GROUPS.c.project_id == bindparam("the_project"),
        _GROUPS.c.script_key == bindparam("the_script"),
        _GROUPS.c.hash == bindparam("the_hash"),
    )
    .values(count=_GROUPS.c.count + 1, last_at=bindparam("the_time"), last_run_id=bindparam("the_run"))
    .returning(_GROUPS.c.id)
)
_NAME = update(_RUNS).where(_RUNS.c.id == bindparam("the_run")).values(failure_id=bindparam("the_group"))


def _join(connection: Connection, run_id: str, move: Move, failed: Failed) -> None:
    """Count a failure among its like, or begin a group with it."""
    key = {"the_project": failed.project_id, "the_script": failed.script_id or "", "the_hash": failed.print.hash}
    news = {"the_time": move.at, "the_run": run_id}
    group_id = connection.execute(_COUNT, key | news).scalar_one_or_none()
    if group_id is None:
        group_id = ids.new("fail")
        row = {
            "id": group_id,
            "project_id": failed.project_id,
            "script_key": failed.script_id or "",
            "script_name": failed.script_name,
            "hash": failed.print.hash,
            "code": move.failure.code if move.failure else move.target.value,
            "title": failed.print.title,
            "text": failed.print.text,
            "count": 1,
            "first_at": move.at,
            "first_run_id": run_id,
            "last_at": move.at,
            "last_run_id": run_id,
        }
        try:
            with connection.begin_nested():
                connection.execute(insert(_GROUPS), row)
        except IntegrityError:
            # Two runs failed the same new way in the same moment.
            group_id = connection.execute(_COUNT, key | news).scalar_one()
    connection.execute(_NAME, {"the_run": run_id, "the_group": group_id})
