"""Runs that are about to be queued: their rows, and the limits that they must pass."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import IO, Any

from msgspec import Struct

from runyard import clock
from runyard.access.permissions import Actor
from runyard.runs.admission import Gate
from runyard.runs.bounds import Wishes
from runyard.runs.lifecycle import State
from runyard.runs.limits import LimitBook, job_gate, own_gate
from runyard.runs.schemas import SubmitAny
from runyard.scripts import parameters
from runyard.scripts.content import Pinned
from runyard.scripts.policy import WhenBusy
from runyard.secrets.sealing import Sealer

Uploads = Sequence[tuple[str, IO[bytes]]]


def sealed_context(run_id: str) -> str:
    """Return what a run's sealed parameters are bound to."""
    return f"run:{run_id}:parameters"


def fingerprint_of(body: SubmitAny, uploads: Uploads) -> str:
    """Return what two submits have in common exactly when they ask for the same."""
    digest = hashlib.sha256(body.model_dump_json().encode())
    for name, file in uploads:
        digest.update(name.encode("utf-8", "replace") + b"\0")
        digest.update(hashlib.file_digest(file, "sha256").digest())  # type: ignore[arg-type]
        file.seek(0)
    return digest.hexdigest()


class OfJob(Struct, frozen=True):
    """What a run is told by its job: how many of them go at once, which slot it is for, its zone, its retries."""

    id: str
    limit: int | None = None
    policy: WhenBusy = WhenBusy.queue
    trigger_id: str | None = None
    due_at: datetime | None = None
    timezone: str | None = None
    retry: dict[str, Any] | None = None


class NewRun(Struct, frozen=True):
    """The rows of a run that is about to be queued, and the limits that it must pass."""

    run: dict[str, Any]
    inputs: dict[str, Any]
    gates: tuple[Gate, ...]


class NewRuns:
    """Makes the rows of runs that are about to be queued."""

    def __init__(self, sealer: Sealer, book: LimitBook) -> None:
        self._sealer = sealer
        self._book = book

    def make(
        self,
        actor: Actor,
        pinned: Pinned,
        run_id: str,
        kind: str,
        *,
        values: Mapping[str, Any],
        labels: Mapping[str, str],
        uploads: Sequence[str],
        wishes: Wishes,
        environment_id: str | None = None,
        rerun_of: str | None = None,
        stage: str | None = None,
        job: OfJob | None = None,
    ) -> NewRun:
        """Return the rows of one run: `values` are whole and checked; the secret ones among them are sealed."""
        secret = {d.key: values[d.key] for d in pinned.definitions if d.secret and d.key in values}
        queue = wishes.queue or pinned.policy.queue
        run: dict[str, Any] = {
            "id": run_id,
            "project_id": pinned.project_id,
            "script_id": pinned.script_id,
            "version_id": pinned.version_id,
            "script_name": pinned.script_name,
            "language": pinned.language,
            "version": pinned.number,
            "state": State.queued.value,
            "attempt": 1,
            "fence": 0,
            "queue": queue,
            "priority": pinned.policy.priority if wishes.priority is None else wishes.priority,
            "environment_id": environment_id,
            "trigger_kind": kind,
            "created_by": actor.user_id or None,
            "created_by_name": actor.username,
            "queued_at": clock.now(),
        }
        inputs: dict[str, Any] = {
            "run_id": run_id,
            "parameters": parameters.public(pinned.definitions, values),
            "sealed": self._sealer.seal(json.dumps(secret).encode(), sealed_context(run_id)) if secret else None,
            "labels": dict(labels),
            "uploads": list(uploads),
            "timeout_s": wishes.timeout_s or pinned.timeout_s,
            "rerun_of": rerun_of,
            "stage": stage or pinned.policy.stage,
            "limits": wishes.limits.model_dump(exclude_none=True) if wishes.limits else None,
        }
        passes = self._gates(pinned, values, secret, queue)
        if job is None:
            return NewRun(run, inputs, passes)
        run |= {"job_id": job.id, "job_limit": job.limit, "watched": True}
        inputs |= {
            "trigger_id": job.trigger_id,
            "slot_due_at": job.due_at,
            "timezone": job.timezone,
            "retry": job.retry,
        }
        own = job_gate(job.id, job.limit, job.policy)
        return NewRun(run, inputs, (own, *passes) if own else passes)

    def _gates(
        self, pinned: Pinned, values: Mapping[str, Any], secret: Mapping[str, Any], queue: str
    ) -> tuple[Gate, ...]:
        """Return the limits that a run must pass; none in the common case, and then nobody is asked."""
        concurrency = pinned.policy.concurrency
        shared = self._book.now.of(pinned.project_id, queue)
        if concurrency is None:
            return shared
        known = {key: value for key, value in values.items() if key not in secret}
        texts = parameters.environment(pinned.definitions, known)
        own = own_gate(concurrency, pinned.project_id, pinned.script_id, texts)
        return (own, *shared) if own else shared
