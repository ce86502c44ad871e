"""Webhooks: who may call, what a call says, and waiting for what comes of it."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from email.message import Message
from typing import Any
from urllib.parse import parse_qsl

from msgspec import Struct
from pydantic_core import from_json

from runyard import clock
from runyard.access.permissions import Actor, Permission
from runyard.db.session import Database
from runyard.errors import Invalid, Problem, TooLarge, Unauthenticated
from runyard.ids import ProjectId
from runyard.jobs import deliveries, repository, signatures
from runyard.jobs.arrivals import Arrival, Arrivals, Delivered, Tried
from runyard.jobs.deliveries import Budget, Outcome
from runyard.jobs.errors import NoSuchJob, NoSuchTrigger
from runyard.jobs.mapping import Arrived
from runyard.jobs.models import JobTrigger
from runyard.jobs.service import JobService
from runyard.jobs.signatures import PROOFS, Proof
from runyard.live.bus import Bus
from runyard.runs import records
from runyard.runs.lifecycle import TERMINAL, State

LARGEST = 1024 * 1024
"""Bytes of a call's body."""
MOST_FIELDS = 1000
BROKEN = 500
MOST_WAITING = 100
"""How many calls wait for their runs at once; others are answered at once."""
LOOK_S = 5.0
"""How often a row is looked at by who waits for it, should what was told of it be lost."""
_CHARSETS = frozenset({"utf-8", "us-ascii", "iso-8859-1", "windows-1252", "utf-16", "gb18030", "shift_jis"})
_KEPT_HEADERS = ("user-agent", "x-github-event", "x-github-delivery", "x-request-id")


class PayloadTooLarge(TooLarge):
    """A webhook takes bodies of up to 1 MiB."""


class PayloadUnsupported(Problem):
    """A webhook takes JSON, fields of a form, or text."""

    code = "unsupported_media_type"


class BadPayload(Invalid):
    """The body is not what its content type says."""


class Call(Struct, frozen=True):
    """A call as it came; names of `headers` are in lower case."""

    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    client: str = ""


class Called(Struct, frozen=True):
    """What a call gave: a run, or none where it was not meant to start one. `wait_s` is how long to wait for it."""

    outcome: Outcome
    run_id: str | None = None
    state: State | None = None
    wait_s: int | None = None
    delivery_id: str | None = None
    """Where it is written down, for who waits: what they are answered is written there."""
    began: float = 0.0

    @property
    def took_ms(self) -> int:
        """How long the caller has waited by now."""
        return round((clock.monotonic() - self.began) * 1000)


class Stand(Struct, frozen=True):
    """Where a run stands; once it has ended `error` is its code and message."""

    state: State
    outputs: Any = None
    error: tuple[str, str] | None = None


class Hooks:
    """Takes calls of webhooks."""

    def __init__(self, database: Database, jobs: JobService, arrivals: Arrivals, bus: Bus) -> None:
        self._database = database
        self._jobs = jobs
        self._arrivals = arrivals
        self._bus = bus
        self._budget = Budget()
        self._at_the_door = Budget()
        self._waiting = 0

    async def call(self, trigger_id: str, call: Call) -> Called:
        """Start a run by a call.

        Raises: NoSuchTrigger, Unauthenticated, PayloadUnsupported, BadPayload, MappingFailed, InvalidParameters,
        JobPaused, JobBroken, ConcurrencySkipped.
        """
        began = clock.monotonic()
        trigger = await self._trigger(trigger_id)
        proof = await self._proven(trigger, call)
        told = {"from": call.client, "headers": {k: v[:200] for k, v in call.headers.items() if k in _KEPT_HEADERS}}
        try:
            what = read(call)
        except Problem as problem:
            async with self._database.write() as session:
                status = 415 if isinstance(problem, PayloadUnsupported) else 422
                told["message"] = problem.detail
                add = deliveries.add
                add(session, trigger, Outcome.failed, problem.code, kind="webhook", status=status, detail=told)
            raise
        text = call.body.decode("utf-8", "replace").replace("\0", "\ufffd")
        # Who waits is answered later, and with what is not known yet.
        told_at_once = 202 if trigger.spec.get("wait_s") is None else None
        arrival = Arrival("webhook", what, key=proof.key, payload=text, told=told, began=began, status=told_at_once)
        done = await self._arrivals.deliver(trigger_id, arrival)
        if done.problem is not None:
            raise done.problem
        return await self._answer(trigger, done, arrival)

    async def answered(self, delivery_id: str, status: int, took_ms: int) -> None:
        """Write down what a caller who waited was told in the end."""
        async with self._database.write() as session:
            await deliveries.answered(session, delivery_id, status, took_ms)

    async def turned_away(self, trigger_id: str, client: str, status: int, code: str, message: str) -> None:
        """Write down, a few a minute, that a call was refused before anybody looked at what it says."""
        # Counted before it is looked for: who floods us costs the database nothing.
        if not self._at_the_door.allows(trigger_id):
            return
        try:
            trigger = await self._trigger(trigger_id)
        except NoSuchTrigger:
            return
        outcome = Outcome.failed if status == BROKEN else Outcome.refused
        told = {"from": client, "message": message}
        async with self._database.write() as session:
            deliveries.add(session, trigger, outcome, code, kind="webhook", status=status, detail=told)

    async def wait(self, run_id: str, wait_s: int) -> Stand | None:
        """Return where a run stands once it is over, or after `wait_s`; None if too many are waited for."""
        if self._waiting >= MOST_WAITING:
            return None
        self._waiting += 1
        deadline = clock.monotonic() + wait_s
        try:
            with self._bus.subscribe(f"run:{run_id}") as news:
                while (stand := await self._stand(run_id)) is None or stand.state not in TERMINAL:
                    if not await _told(news, deadline):
                        break
                return stand
        finally:
            self._waiting -= 1

    async def _stand(self, run_id: str) -> Stand | None:
        async with self._database.read() as session:
            row = await records.get(session, run_id)
            if row is None:
                return None
            state = State(row.state)
            last = await records.latest_attempt(session, row) if state in TERMINAL else None
        if last is None:
            return Stand(state)
        error = (last.error_code, last.error_message or "") if last.error_code is not None else None
        return Stand(state, last.outputs, error)

    async def try_out(self, actor: Actor, trigger_id: str, what: Arrived, *, run: bool) -> Tried:
        """Return what a payload would give, and start a run of it if asked to; raise `NoSuchTrigger`, `Forbidden`."""
        async with self._database.write() as session:
            trigger = await self._jobs.trigger(session, actor, trigger_id, Permission.job_write)
            if "mapping" not in trigger.spec:
                raise NoSuchTrigger
            job = await self._jobs.find(session, actor, trigger.job_id, Permission.job_write)
            if run:
                actor.demand(Permission.run_submit, ProjectId(job.project_id), NoSuchJob)
            return await self._arrivals.try_out(session, job, trigger, what, actor if run else None)

    async def _trigger(self, trigger_id: str) -> JobTrigger:
        async with self._database.read() as session:
            trigger = await repository.trigger(session, trigger_id)
        if trigger is None or trigger.kind != "webhook" or not trigger.enabled:
            raise NoSuchTrigger
        return trigger

    async def _proven(self, trigger: JobTrigger, call: Call) -> Proof:
        secret = self._jobs.triggers.secret_of(trigger)
        if secret is None:
            raise NoSuchTrigger
        try:
            return signatures.proven(secret, trigger.spec["auth"], call.headers, call.body, clock.now())
        except Unauthenticated as problem:
            if self._budget.allows(trigger.id):
                async with self._database.write() as session:
                    told = {"from": call.client, "message": problem.detail}
                    add = deliveries.add
                    add(session, trigger, Outcome.refused, problem.code, kind="webhook", status=401, detail=told)
            raise

    async def _answer(self, trigger: JobTrigger, done: Delivered, arrival: Arrival) -> Called:
        delivery_id = done.delivery_id
        if done.outcome is Outcome.duplicate and self._budget.allows(trigger.id):
            async with self._database.write() as session:
                delivery_id = deliveries.add(
                    session,
                    trigger,
                    Outcome.duplicate,
                    "",
                    kind="webhook",
                    status=arrival.status,
                    run_id=done.run_id,
                    took_ms=arrival.took_ms,
                    detail=arrival.told,
                ).id
        if done.run_id is None:
            return Called(done.outcome)
        state = State.queued
        if done.outcome is Outcome.duplicate:
            async with self._database.read() as session:
                row = await records.get(session, done.run_id)
            state = State(row.state) if row is not None else state
        return Called(done.outcome, done.run_id, state, trigger.spec.get("wait_s"), delivery_id, arrival.began)


def read(call: Call) -> Arrived:
    """Return what a call says; raise `PayloadUnsupported`, `BadPayload`."""
    kind, charset = _content_type(call.headers.get("content-type", ""))
    headers = {name: value for name, value in call.headers.items() if name not in PROOFS}
    if kind in {"", "application/json"} or kind.endswith("+json"):
        return Arrived(_json(call.body), headers, call.query)
    if kind == "application/x-www-form-urlencoded":
        return Arrived(_form(_text(call.body, charset)), headers, call.query, form=True)
    if kind.startswith("text/") or kind == "application/xml":
        return Arrived(_text(call.body, charset), headers, call.query)
    raise PayloadUnsupported


def _content_type(text: str) -> tuple[str, str]:
    message = Message()
    message["content-type"] = text
    return (message.get_content_type() if text.strip() else ""), message.get_content_charset("utf-8")


def _json(body: bytes) -> Any:
    if not body.strip():
        return None
    try:
        # Its own parser bounds nesting and takes no halves of surrogate pairs.
        return from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise BadPayload(f"The body is not JSON: {error}.") from None


def _text(body: bytes, charset: str) -> str:
    if charset not in _CHARSETS:
        raise BadPayload(f"Send text in UTF-8; {charset[:40]} is not known here.")
    try:
        return body.decode(charset)
    except ValueError:
        raise BadPayload(f"The body is not text in {charset}.") from None


def _form(text: str) -> dict[str, Any]:
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise BadPayload(f"A form has at most {MOST_FIELDS:,} fields.") from None
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name not in found:
            found[name] = value
        elif isinstance(found[name], list):
            found[name].append(value)
        else:
            found[name] = [found[name], value]
    return found


async def _told(news: Any, deadline: float) -> bool:
    """Wait for a word about a run, or for long enough to look at it anyway; False once the time is over."""
    left = deadline - clock.monotonic()
    if left <= 0:
        return False
    with suppress(TimeoutError):
        async with asyncio.timeout(min(left, LOOK_S)):
            await news.get()
    # What else was told meanwhile says no more.
    news.pending()
    return True
