"""Rows of runs as the API shows them."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct, field
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock
from runyard.access.permissions import Actor
from runyard.runs import gates, keeping, policies, queue, records, retry
from runyard.runs.admission import Gate
from runyard.runs.gatekeeper import sentence
from runyard.runs.gates import Group
from runyard.runs.lifecycle import State
from runyard.runs.limits import read_limits
from runyard.runs.models import RunAttemptRow, RunInputRow, RunRow
from runyard.runs.schemas import Attempt, Event, Kept, Progress, Run, RunError, RunSummary, Trigger, Usage, Waiting
from runyard.scripts.policy import ResourceLimits
from runyard.workers import repository as workers

AHEAD_CAP = 10_000
Slot = tuple[str | None, datetime | None]
"""The trigger that started a run, and the instant at which it was due."""
NO_SLOT: Slot = (None, None)
_STAGES = {
    "environment": "Its environment is being built.",
    "state_dir": "Another run of this script is using its state directory.",
}


class Places(Struct, frozen=True):
    """How many runs the yard can hold at once, how many it holds, and which limits are reached."""

    slots: int
    busy: int
    queues: frozenset[str] = frozenset()
    closed: Mapping[Group, tuple[Gate, int]] = field(default_factory=dict)

    @classmethod
    async def look(cls, session: AsyncSession, rows: Iterable[RunRow] = ()) -> "Places":
        """Read them from the rows, as far as these runs need them."""
        busy = await queue.held(session)
        kinds = {_kind(row) for row in rows if row.held}
        closed: Mapping[Group, tuple[Gate, int]] = {}
        if kinds:
            connection = await session.connection()
            closed = await connection.run_sync(lambda sync: gates.closed_for(sync, kinds, read_limits(sync)))
        served = await workers.online_queues(session)
        return cls(await workers.online_slots(session), sum(busy.values()), served, closed)


def _kind(row: RunRow) -> Group:
    return Group(*(getattr(row, name) for name in gates.KIND))


def waiting_for(row: RunRow, places: Places | None, ahead: int | None = None) -> Waiting | None:
    """Say what a run waits for; None for one that does not wait."""
    if row.state == State.starting and row.waiting:
        return Waiting(code=row.waiting, message=_STAGES.get(row.waiting, "It is being prepared."))
    if row.state != State.queued or places is None:
        return None
    return _until(row) or _before_gates(row, places) or _in_queue(row, places, ahead)


def _until(row: RunRow) -> Waiting | None:
    if row.not_before is None or row.not_before <= clock.now():
        return None
    if row.attempt > 1:
        said = f"Attempt {row.attempt - 1} failed; it is tried again at {clock.rfc3339(row.not_before)}."
        return Waiting(code="retry", message=said)
    return Waiting(code="not_before", message=f"It may not start before {clock.rfc3339(row.not_before)}.")


def _before_gates(row: RunRow, places: Places) -> Waiting | None:
    if not row.held:
        return None
    if (found := places.closed.get(_kind(row))) is not None:
        return Waiting(code=f"{found[0].scope.value}_limit", message=sentence(*found))
    return Waiting(code="admission", message="It is about to be admitted.")


def _in_queue(row: RunRow, places: Places, ahead: int | None) -> Waiting:
    if places.slots == 0:
        return Waiting(code="no_worker", message="No worker is online.")
    if row.queue not in places.queues:
        return Waiting(code="no_worker", message=f"No worker that is online serves the queue {row.queue}.")
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
    labels = await records.labels_of(session, [row.id for row in rows])
    waits = any(row.state == State.queued for row in rows)
    places = await Places.look(session, rows) if waits else None
    slots = await records.slots_of(session, [row.id for row in rows if row.job_id is not None])
    return [
        RunSummary(**_summary(row, actor, labels[row.id], waiting_for(row, places), slots.get(row.id, NO_SLOT)))
        for row in rows
    ]


def _summary(
    row: RunRow, actor: Actor, labels: Mapping[str, str], waiting: Waiting | None, slot: Slot = NO_SLOT
) -> dict[str, Any]:
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
        "failure_id": row.failure_id,
        "job_id": row.job_id,
        "trigger_id": slot[0],
        "slot_due_at": slot[1],
        "waiting_for": waiting,
    }


async def whole(session: AsyncSession, actor: Actor, row: RunRow) -> Run:
    """Return a run with everything that is known of it."""
    inputs: RunInputRow = await records.inputs_of(session, row.id)
    last = await records.latest_attempt(session, row)
    waiting = waiting_for(row, None)
    if row.state == State.queued:
        ahead = await queue.ahead_of(session, row, AHEAD_CAP)
        waiting = waiting_for(row, await Places.look(session, (row,)), ahead)
    names = await workers.names(session) if row.worker_id else {}
    return Run(
        **_summary(row, actor, inputs.labels, waiting, (inputs.trigger_id, inputs.slot_due_at)),
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
        not_before=row.not_before,
        limits=ResourceLimits(**inputs.limits) if inputs.limits else None,
        retries=retry.stated(await policies.of_version(session, row.version_id), inputs.retry).retries,
        kept=await _kept(session, row.id),
        stage=inputs.stage,
    )


async def _kept(session: AsyncSession, run_id: str) -> Kept | None:
    row = await keeping.of(session, run_id)
    return Kept(at=row.kept_at, by=row.kept_by_name, note=row.note) if row else None


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
            progress=Progress(**row.progress) if row.progress else None,
        )
        for row in await records.attempts_of(session, run_id)
    ]


async def events(session: AsyncSession, run_id: str, after: int, limit: int) -> list[Event]:
    """Return lines of a run's journal."""
    rows = await records.events_of(session, run_id, after, limit)
    return [Event(id=row.id, attempt=row.attempt, at=row.at, kind=row.kind, data=row.data) for row in rows]
