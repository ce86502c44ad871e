"""Saving triggers: what stays the same keeps its id and its ledger, what is due by other times begins anew."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock, ids
from runyard.errors import FieldError
from runyard.jobs import repository
from runyard.jobs.chains import cycle
from runyard.jobs.errors import InvalidJob
from runyard.jobs.models import Job, JobTrigger
from runyard.jobs.slots import Recurrence
from runyard.jobs.specs import CronSpec, DateSpec, IntervalSpec, spec_of
from runyard.jobs.watching import NOWHERE, FolderRefused, Folders
from runyard.scripts.content import Pinned
from runyard.scripts.definitions import FILES
from runyard.secrets.sealing import Sealer

if TYPE_CHECKING:
    from runyard.jobs.expressions import Expressions
    from runyard.jobs.trigger_schemas import TriggerIn

TIMED = (CronSpec, IntervalSpec, DateSpec)
_ASIDE = frozenset({"enabled", "note"})
"""What may change without a trigger being due by other times."""
_SECRET_BYTES = 32


class Saved(Struct):
    """A job's triggers as they are now, and the secrets that were made, by the id of their trigger."""

    rows: list[JobTrigger]
    secrets: dict[str, str] = field(default_factory=dict)


class Triggers:
    """Keeps the triggers of jobs."""

    def __init__(self, sealer: Sealer, folders: Folders = NOWHERE) -> None:
        self._sealer = sealer
        self._folders = folders

    async def save(
        self,
        session: AsyncSession,
        job: Job,
        before: Sequence[JobTrigger],
        wanted: "Sequence[TriggerIn]",
        now: datetime,
    ) -> Saved:
        """Give a job these triggers and no others; `now` is by the database's clock.

        Raises: InvalidJob, naming each field.
        """
        kept = _matched(before, wanted)
        await self._demand_order(session, job, wanted)
        if wrong := self.unwatched(wanted, kept):
            raise InvalidJob(wrong[0].message, fields=wrong)
        saved = Saved([])
        for position, (row, given) in enumerate(zip(kept, wanted, strict=True)):
            saved.rows.append(self._written(session, job, row, _stored(given), position, now, saved.secrets))
        for row in before:
            if row not in kept:
                row.deleted_at, row.next_at = now, None
        await session.flush()
        return saved

    def unwatched(self, wanted: "Sequence[TriggerIn]", kept: Sequence[JobTrigger | None] = ()) -> list[FieldError]:
        """Return which folders nobody may watch, of triggers that are on; not of those that are `kept` as they were."""
        wrong = []
        for n, given in enumerate(wanted):
            row = kept[n] if kept else None
            if given.type != "file" or given.folder is None or not given.enabled:
                continue
            # Who changes something else is not kept from that: the job says that it is broken.
            if row is not None and row.enabled and row.spec["folder"] == given.folder:
                continue
            try:
                self._folders.demand(given.folder)
            except FolderRefused as problem:
                wrong.append(FieldError(f"triggers.{n}.folder", problem.detail, problem.code))
        return wrong

    async def copy(self, session: AsyncSession, job: Job, rows: Sequence[JobTrigger], now: datetime) -> Saved:
        """Give a new job the triggers of another."""
        saved = Saved([])
        for row in rows:
            saved.rows.append(self._written(session, job, None, row.spec, row.position, now, saved.secrets))
        await session.flush()
        return saved

    def rotate(self, row: JobTrigger) -> str:
        """Give a webhook another secret, and return it: this is the only time that it is told."""
        secret = secrets.token_urlsafe(_SECRET_BYTES)
        row.sealed = self._sealer.seal(secret.encode(), secret_context(row.id))
        return secret

    def secret_of(self, row: JobTrigger) -> bytes | None:
        """Return a webhook's secret: never answer it."""
        return None if row.sealed is None else self._sealer.open(row.sealed, secret_context(row.id))

    def _written(
        self,
        session: AsyncSession,
        job: Job,
        row: JobTrigger | None,
        spec: dict[str, Any],
        position: int,
        now: datetime,
        told: dict[str, str],
    ) -> JobTrigger:
        anew = row is None or _times(row.spec) != _times(spec) or (spec["enabled"] and not row.enabled)
        auth = None if row is None else row.spec.get("auth")
        if row is None:
            row = JobTrigger(id=ids.new("trg"), job_id=job.id, project_id=job.project_id, created_at=now)
            session.add(row)
        row.kind, row.spec, row.enabled, row.position = spec["type"], spec, spec["enabled"], position
        row.source_job_id = spec.get("job_id")
        if anew:
            row.decided_until = now
        if anew or not row.enabled:
            row.next_at = next_of(row, now)
        if row.kind == "webhook" and auth != spec["auth"]:
            told[row.id] = self.rotate(row)
        return row

    async def _demand_order(self, session: AsyncSession, job: Job, wanted: "Sequence[TriggerIn]") -> None:
        """Refuse to run after jobs that are not there, and after itself by whatever way."""
        after = {n: given.job_id for n, given in enumerate(wanted) if given.type == "after"}
        if not after:
            return
        known = {row.id: row for row in await repository.some(session, after.values())}
        sentence = "There is no such job in this project."
        wrong = [
            FieldError(f"triggers.{n}.job_id", sentence, "unknown")
            for n, id_ in after.items()
            if id_ not in known or known[id_].project_id != job.project_id
        ]
        if wrong:
            raise InvalidJob(sentence, fields=wrong)
        edges = await repository.sources(session, job.project_id, job.id)
        for n, id_ in after.items():
            way = cycle({**edges, job.id: [id_]}, job.id)
            if way:
                names = {**await repository.names_of(session, way), job.id: job.name}
                sentence = f"It would run after itself: {' → '.join(names[step] for step in way)}."
                raise InvalidJob(sentence, fields=[FieldError(f"triggers.{n}.job_id", sentence, "cycle")])


def timed_rule(row: JobTrigger) -> Recurrence | None:
    """Return when a trigger is due; None for one that does not go by time."""
    spec = spec_of(row.spec)
    return spec.rule(row.created_at) if isinstance(spec, TIMED) else None


def next_of(row: JobTrigger, after: datetime) -> datetime | None:
    """Return when a trigger is due next, later than an instant; None for one that is off or does not go by time."""
    if not row.enabled or row.deleted_at is not None:
        return None
    rule = timed_rule(row)
    due = None if rule is None else rule.next(clock.to_us(after))
    return None if due is None else clock.from_us(due.at)


def arriving(wanted: Iterable[Mapping[str, Any]], pinned: Pinned) -> frozenset[str]:
    """Return the parameters that come with whatever starts a run, by every trigger.

    A webhook without a mapping takes them by their names.
    """
    named = frozenset(d.key for d in pinned.definitions if d.type not in FILES)
    brought = [
        named if spec["type"] == "webhook" and not spec["mapping"] else frozenset(spec.get("mapping", ()))
        for spec in wanted
    ]
    return frozenset[str].intersection(*brought) if brought else frozenset()


async def demand_readable(expressions: "Expressions", wanted: "Sequence[TriggerIn]") -> None:
    """Raise `InvalidJob` for expressions that can't be read, naming each."""
    asked: dict[str, str] = {}
    for n, given in enumerate(wanted):
        place = f"triggers.{n}"
        asked |= {f"{place}.mapping.{key}": text for key, text in getattr(given, "mapping", {}).items()}
        condition = getattr(given, "condition", None)
        asked |= {} if condition is None else {f"{place}.condition": condition}
    found = await expressions.problems(asked)
    if found:
        wrong = [FieldError(place, said, "expression") for place, said in found.items()]
        raise InvalidJob(wrong[0].message, fields=wrong)


def demand_sound(wanted: "Sequence[TriggerIn]", pinned: Pinned) -> None:
    """Raise `InvalidJob` for what can't be told from a trigger alone: parameters that the script does not have."""
    known = {d.key for d in pinned.definitions}
    wrong: list[FieldError] = []
    for n, given in enumerate(wanted):
        if given.type == "file" and (given.folder is None) == (given.connection is None):
            sentence = "Name either a folder or a connection."
            wrong.append(FieldError(f"triggers.{n}.folder", sentence, "one_of"))
        if given.type in {"webhook", "after", "file"}:
            wrong += [
                FieldError(f"triggers.{n}.mapping.{key}", "There is no parameter of that name.", "unknown")
                for key in getattr(given, "mapping", ())
                if key not in known
            ]
    if wrong:
        raise InvalidJob(wrong[0].message, fields=wrong)


def secret_context(trigger_id: str) -> str:
    """Return what a webhook's secret is bound to."""
    return f"trigger:{trigger_id}:secret"


def _stored(given: "TriggerIn") -> dict[str, Any]:
    return given.model_dump(mode="json", exclude={"id"})


def _times(spec: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in spec.items() if key not in _ASIDE}


def _matched(before: Sequence[JobTrigger], wanted: "Sequence[TriggerIn]") -> list[JobTrigger | None]:
    """Return for each wanted trigger the row that it is: by its id, else the one that says the same."""
    by_id = {row.id: row for row in before}
    sentence = "The job has no such trigger."
    wrong = [
        FieldError(f"triggers.{n}.id", sentence, "unknown")
        for n, given in enumerate(wanted)
        if given.id is not None and given.id not in by_id
    ]
    named = [given.id for given in wanted if given.id is not None]
    wrong += [
        FieldError(f"triggers.{n}.id", "A trigger is named twice.", "twice")
        for n, given in enumerate(wanted)
        if given.id is not None and named.count(given.id) > 1
    ]
    if wrong:
        raise InvalidJob(wrong[0].message, fields=wrong)
    left = [row for row in before if row.id not in named]
    found: list[JobTrigger | None] = []
    for given in wanted:
        if given.id is not None:
            row: JobTrigger | None = by_id[given.id]
            # Another kind of trigger is another trigger: its ledger would tell of two things.
            found.append(row if row is not None and row.kind == given.type else None)
            continue
        row = next((row for row in left if _times(row.spec) == _times(_stored(given))), None)
        if row is not None:
            left.remove(row)
        found.append(row)
    return found
