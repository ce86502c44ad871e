"""Many runs at once: cancel, run again, delete."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, Field, model_validator
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock
from runyard.access.permissions import Actor, Permission
from runyard.audit.events import Target
from runyard.audit.record import record
from runyard.db.session import Database
from runyard.errors import FieldError, Forbidden, Problem
from runyard.runs import burying, listing, views
from runyard.runs.errors import BadBatch, NotOver
from runyard.runs.lifecycle import TERMINAL, State
from runyard.runs.listing import Filter
from runyard.runs.models import RunRow
from runyard.runs.schemas import Body, RunSummary
from runyard.runs.service import RunService

COUNTED = 10_000
MOST = {"cancel": 2000, "retry": 500, "delete": 5000}
"""How many runs one request treats, by action: it should come back while somebody waits for it."""
SHOWN = 10
STEP = 100
MOST_TOLD = 100


class Action(StrEnum):
    """What is done to each run."""

    cancel = "cancel"
    retry = "retry"
    delete = "delete"


NEEDS = {
    Action.cancel: Permission.run_cancel,
    Action.retry: Permission.run_submit,
    Action.delete: Permission.run_manage,
}
LIVE = (State.queued, State.starting, State.running)
OVER = tuple(sorted(TERMINAL))
UNLUCKY = (State.failed, State.timed_out, State.cancelled, State.lost)
FITS = {Action.cancel: LIVE, Action.retry: OVER, Action.delete: OVER}
DEFAULT = {Action.cancel: LIVE, Action.retry: UNLUCKY, Action.delete: OVER}


class BatchFilter(Body):
    """Which runs, as in the list of runs."""

    project: Annotated[str | None, Field(max_length=64)] = None
    state: list[State] = Field(default_factory=list)
    script_id: Annotated[str | None, Field(max_length=32)] = None
    label: list[Annotated[str, Field(min_length=1, max_length=300)]] = Field(default_factory=list, max_length=20)
    q: Annotated[str | None, Field(max_length=200)] = None
    failure_id: Annotated[str | None, Field(max_length=32)] = None
    since: datetime | None = None
    until: datetime | None = None


class Batch(Body):
    """An action on the runs that are named, or on all that a filter finds; exactly one of the two."""

    action: Action
    ids: Annotated[list[Annotated[str, Field(max_length=32)]] | None, Field(min_length=1, max_length=500)] = None
    filter: BatchFilter | None = None

    @model_validator(mode="after")
    def _one_of(self) -> "Batch":
        if (self.ids is None) == (self.filter is None):
            raise ValueError("Give either ids or filter.")
        return self


class BatchPreview(BaseModel):
    """How many runs a batch concerns: `count` stops at 10,000, where `capped` is true."""

    count: int
    capped: bool
    most_at_once: int
    first: list[RunSummary]


class Refusal(BaseModel):
    """A run that was left as it is, and why."""

    id: str
    code: str
    message: str


class BatchResult(BaseModel):
    """What was done; `more` says that runs are left, for another request of the same kind."""

    done: int
    ids: list[str] = Field(description="The runs that were treated, or the new ones of a retry; the first 100.")
    refused: list[Refusal]
    more: bool


class Batches:
    """Does batches, a step of a hundred runs to a transaction."""

    def __init__(self, database: Database, runs: RunService) -> None:
        self._database = database
        self._runs = runs

    async def preview(self, actor: Actor, body: Batch) -> BatchPreview:
        """Tell what a batch concerns.

        Raises: Forbidden, NoSuchProject, BadFilter, BadBatch.
        """
        async with self._database.read() as session:
            found = await self._found(session, actor, body, COUNTED + 1)
            rows = (await session.execute(select(RunRow).where(RunRow.id.in_(found[:SHOWN])))).scalars().all()
            first = await views.summaries(session, actor, sorted(rows, key=lambda row: row.id, reverse=True))
        return BatchPreview(
            count=min(len(found), COUNTED),
            capped=len(found) > COUNTED,
            most_at_once=MOST[body.action.value],
            first=first,
        )

    async def do(self, actor: Actor, body: Batch) -> BatchResult:
        """Do a batch.

        Raises: Forbidden, NoSuchProject, BadFilter, BadBatch.
        """
        most = MOST[body.action.value]
        async with self._database.read() as session:
            found = await self._found(session, actor, body, most + 1)
        todo = found[:most]
        async with self._database.write() as session:
            asked = body.model_dump(mode="json", exclude_none=True, exclude={"action"})
            after = {**asked, "runs": len(todo), "first": todo[:SHOWN]}
            record(session, actor, f"run.batch_{body.action.value}", Target("run"), after=after)
        step: dict[Action, Callable[[Actor, Sequence[str]], Awaitable[tuple[list[str], list[Refusal]]]]] = {
            Action.cancel: self._cancel,
            Action.retry: self._retry,
            Action.delete: self._delete,
        }
        done: list[str] = []
        refused: list[Refusal] = []
        for start in range(0, len(todo), STEP):
            treated, left = await step[body.action](actor, todo[start : start + STEP])
            done += treated
            refused += left
        return BatchResult(done=len(done), ids=done[:MOST_TOLD], refused=refused[:MOST_TOLD], more=len(found) > most)

    async def _found(self, session: AsyncSession, actor: Actor, body: Batch, most: int) -> list[str]:
        needed = NEEDS[body.action]
        projects = actor.projects(needed, body.filter.project if body.filter else None)
        if not projects:
            raise Forbidden
        if body.ids is not None:
            wanted = list(dict.fromkeys(body.ids))
            statement = select(RunRow.id).where(RunRow.id.in_(wanted), RunRow.project_id.in_(projects))
            known = set((await session.execute(statement)).scalars())
            if len(known) < len(wanted):
                missing = next(run_id for run_id in wanted if run_id not in known)
                raise BadBatch(fields=[FieldError("ids", f"There is no run {missing}.", "not_found")])
            return sorted(known, reverse=True)
        assert body.filter is not None  # noqa: S101 - one of the two, says the body
        return await listing.found_ids(session, _filter(body.filter, projects, body.action), None, most)

    async def _cancel(self, actor: Actor, run_ids: Sequence[str]) -> tuple[list[str], list[Refusal]]:
        done, refused = [], []
        async with self._database.write() as session:
            for run_id in run_ids:
                try:
                    await self._runs.cancel(session, actor, run_id)
                    done.append(run_id)
                except Problem as problem:
                    refused.append(_refusal(run_id, problem))
        return done, refused

    async def _retry(self, actor: Actor, run_ids: Sequence[str]) -> tuple[list[str], list[Refusal]]:
        done, refused = [], []
        # Oldest first: they were wanted in that order.
        for run_id in reversed(run_ids):
            try:
                done.append((await self._runs.rerun(actor, run_id)).id)
            except Problem as problem:
                refused.append(_refusal(run_id, problem))
        return done, refused

    async def _delete(self, actor: Actor, run_ids: Sequence[str]) -> tuple[list[str], list[Refusal]]:
        del actor
        async with self._database.read() as session:
            kept = await burying.kept_among(session, run_ids)
        todo = [run_id for run_id in run_ids if run_id not in kept]
        at = clock.now()
        gone = await self._database.transact(lambda connection: burying.bury(connection, todo, at))
        refused = [
            Refusal(id=run_id, code="kept", message="It is on the keep-list.") for run_id in run_ids if run_id in kept
        ]
        refused += [_refusal(run_id, NotOver()) for run_id in todo if run_id not in set(gone)]
        return gone, refused


def _refusal(run_id: str, problem: Problem) -> Refusal:
    return Refusal(id=run_id, code=problem.code, message=problem.detail)


def _filter(given: BatchFilter, projects: Sequence[str], action: Action) -> Filter:
    fits = FITS[action]
    wrong = [state.value for state in given.state if state not in fits]
    if wrong:
        told = f"{wrong[0]} runs can't be treated so; choose among {', '.join(state.value for state in fits)}."
        raise BadBatch(fields=[FieldError("filter.state", told, "state")])
    return Filter(
        projects=projects,  # type: ignore[arg-type]
        states=tuple(given.state) or DEFAULT[action],
        script_id=given.script_id,
        labels=[listing.label_of(text) for text in given.label],
        text=given.q,
        failure_id=given.failure_id,
        since=listing.aware(given.since),
        until=listing.aware(given.until),
    )
