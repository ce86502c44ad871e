"""Rows of runs as the API shows them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock
from runyard.access.permissions import Actor
from runyard.runs import repository
from runyard.runs.lifecycle import State
from runyard.runs.models import RunAttemptRow, RunInputRow, RunRow
from runyard.runs.schemas import Attempt, Event, Progress, Run, RunError, RunSummary, Trigger, Usage, Waiting
from runyard.workers import repository as workers

AHEAD_CAP = 10_000
_STAGES = {
    "environment": "Its environment is being built.",
    "state_dir": "Another run of this script is using its state directory.",
}


@dataclass(frozen=True, slots=True)
class Places:
    """How many runs the yard can hold at once, and how many it holds."""

    slots: int
    busy: int

    @classmethod
    async def look(cls, session: AsyncSession) -> "Places":
        """Read both from the rows."""
        busy = await repository.held(session)
        return cls(await workers.online_slots(session), sum(busy.values()))


def waiting_for(row: RunRow, places: Places | None, ahead: int | None = None) -> Waiting | None:
    """Say what a run waits for; None for one that does not wait."""
    if row.state == State.starting and row.waiting:
        return Waiting(code=row.waiting, message=_STAGES.get(row.waiting, "It is being prepared."))
    if row.state != State.queued or places is None:
        return None
    if row.not_before is not None and row.not_before > clock.now():
        return Waiting(code="not_before", message=f"It may not start before {clock.rfc3339(row.not_before)}.")
    if places.slots == 0:
        return Waiting(code="no_worker", message="No worker is online.")
    if places.busy >= places.slots or ahead:
        first = f"{places.busy} of {places.slots} slots are taken"
        if not ahead:
            return Waiting(code="slots", message=f"{first}.")
        count = f"{AHEAD_CAP:,}+" if ahead >= AHEAD_CAP else f"{ahead:,}"
        return Waiting(code="slots", message=f"{first}; {count} {'run is' if ahead == 1 else 'runs are'} ahead of it.")
    return Waiting(code="worker", message="A worker is about to take it.")


async def summaries(session: AsyncSession, actor: Actor, rows: Iterable[RunRow]) -> list[RunSummary]:
    """Return list entries."""
    rows = list(rows)
    labels = await repository.labels_of(session, [row.id for row in rows])
    waits = any(row.state == State.queued for row in rows)
    places = await Places.look(session) if waits else None
    return [RunSummary(**_summary(row, actor, labels[row.id], waiting_for(row, places))) for row in rows]


def _summary(row: RunRow, actor: Actor, labels: Mapping[str, str], waiting: Waiting | None) -> dict[str, Any]:
    return {
        "id": row.id,
        "project": actor.project_name(row.project_id),
        "script_id": row.script_id,
        "script_name": row.script_name,
        "language": row.language,
        "version": row.version,
        "draft": row.version is None,
        "state": State(row.state),
        "attempt": row.attempt,
        "priority": row.priority,
        "queue": row.queue,
        "trigger": Trigger(kind=row.trigger_kind, by=row.created_by_name or None),
        "labels": dict(labels),
        "queued_at": row.queued_at,
        "started_at": row.started_at,
        "finished_at": row.finished_at,
        "exit_code": row.exit_code,
        "error_code": row.error_code,
        "waiting_for": waiting,
    }


async def whole(session: AsyncSession, actor: Actor, row: RunRow) -> Run:
    """Return a run with everything that is known of it."""
    inputs: RunInputRow = await repository.inputs_of(session, row.id)
    last = await repository.latest_attempt(session, row)
    waiting = waiting_for(row, None)
    if row.state == State.queued:
        ahead = await repository.ahead_of(session, row, AHEAD_CAP)
        waiting = waiting_for(row, await Places.look(session), ahead)
    names = await workers.names(session) if row.worker_id else {}
    return Run(
        **_summary(row, actor, inputs.labels, waiting),
        parameters=inputs.parameters,
        uploads=inputs.uploads,
        timeout_s=inputs.timeout_s,
        cancel_requested_at=row.cancel_requested_at,
        outputs=last.outputs if last else None,
        error=_error(last),
        usage=usage(last),
        isolation=last.isolation if last else None,
        environment_id=row.environment_id,
        progress=Progress(**last.progress) if last and last.progress else None,
        rerun_of=inputs.rerun_of,
        worker=names.get(row.worker_id) if row.worker_id else None,
    )


def usage(row: RunAttemptRow | None) -> Usage:
    """Return what an attempt used."""
    return Usage(**row.usage) if row is not None and row.usage else Usage()


def _error(row: RunAttemptRow | None) -> RunError | None:
    if row is None or row.error_code is None:
        return None
    return RunError(code=row.error_code, message=row.error_message or "")


async def attempts(session: AsyncSession, run_id: str) -> list[Attempt]:
    """Return a run's attempts, oldest first."""
    names = await workers.names(session)
    return [
        Attempt(
            attempt=row.attempt,
            state=State(row.state),
            worker=names.get(row.worker_id, row.worker_id),
            claimed_at=row.claimed_at,
            started_at=row.started_at,
            finished_at=row.finished_at,
            exit_code=row.exit_code,
            error=_error(row),
            usage=usage(row),
            isolation=row.isolation,
        )
        for row in await repository.attempts_of(session, run_id)
    ]


async def events(session: AsyncSession, run_id: str, after: int, limit: int) -> list[Event]:
    """Return lines of a run's journal."""
    rows = await repository.events_of(session, run_id, after, limit)
    return [Event(id=row.id, attempt=row.attempt, at=row.at, kind=row.kind, data=row.data) for row in rows]
