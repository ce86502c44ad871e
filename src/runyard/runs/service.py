"""Submitting runs and steering them. Executing them is the engine's."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock, ids
from runyard.access.permissions import Actor, Permission
from runyard.audit.events import Target
from runyard.audit.record import about, record
from runyard.db.session import Database, after_commit
from runyard.dispatch.contract import Dispatch, Reservation
from runyard.environments import trials
from runyard.errors import FieldError
from runyard.ids import ProjectId
from runyard.live.bus import Bus
from runyard.runs import consent, files, jobruns, keys, records, repository
from runyard.runs.bounds import Wishes
from runyard.runs.enlisting import Enlisting
from runyard.runs.errors import AlreadyOver, BadSubmit, KeyReused, NoSuchRun
from runyard.runs.gatekeeper import Desk, freed
from runyard.runs.lifecycle import TERMINAL, State, on_cancelled_early, on_claim
from runyard.runs.limits import LimitBook
from runyard.runs.logs import LogStore
from runyard.runs.models import RunRow
from runyard.runs.newruns import NewRun, NewRuns, Uploads, fingerprint_of, sealed_context
from runyard.runs.repository import Taken
from runyard.runs.schemas import Accepted, Submit, SubmitAny
from runyard.scripts import parameters
from runyard.scripts.content import Pinned
from runyard.scripts.policy import DEFAULT_QUEUE, ResourceLimits
from runyard.scripts.service import ScriptService
from runyard.secrets.sealing import Sealer
from runyard.secrets.service import Vault
from runyard.settings import Settings

Begun = tuple[NewRun, Taken | None]
"""A run that was queued, and the claim if it was taken at once."""


class RunService:
    """What people and programs do with runs."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        scripts: ScriptService,
        sealer: Sealer,
        dispatch: Dispatch,
        bus: Bus,
        logs: LogStore,
        book: LimitBook,
        vault: Vault,
    ) -> None:
        self._settings = settings
        self._database = database
        self._scripts = scripts
        self._sealer = sealer
        self._dispatch = dispatch
        self._bus = bus
        self.logs = logs
        self._book = book
        self._vault = vault
        self._new = NewRuns(sealer, book)
        self._desk = Desk(bus, dispatch, self._tell)
        self.enlisting = Enlisting(self._new, self._desk, book, self._announce)
        self.most_files = settings.limits.upload_files
        self._work = settings.data / "work"

    async def submit(
        self, actor: Actor, script_id: str, body: Submit, uploads: Uploads, *, key: str | None, kind: str
    ) -> Accepted:
        """Queue a run of a saved script; once this returns the run is never lost.

        Raises: NoSuchScript, InvalidParameters, BadUpload, UploadTooLarge, DiskFull, KeyReused.
        """
        return await self._accept(actor, SubmitAny(script_id=script_id, **body.model_dump()), uploads, key, kind)

    async def submit_any(
        self, actor: Actor, body: SubmitAny, uploads: Uploads, *, key: str | None, kind: str
    ) -> Accepted:
        """Queue a run of a saved script or of a draft."""
        if (body.script_id is None) == (body.draft is None):
            fields = [FieldError("script_id", "Give either script_id or draft.", "one_of")]
            raise BadSubmit("Give either script_id or draft.", fields=fields)
        return await self._accept(actor, body, uploads, key, kind)

    async def _accept(self, actor: Actor, body: SubmitAny, uploads: Uploads, key: str | None, kind: str) -> Accepted:
        fingerprint = fingerprint_of(body, uploads)
        if key is not None and (known := await self._recall(actor, key, fingerprint)):
            return known
        run_id = ids.new("run")
        names: list[str] = []
        sizes = files.sizes(uploads)
        if uploads:
            # Parameters are looked at before any file is taken in.
            async with self._database.read() as session:
                if body.script_id is not None:
                    pinned = await self._scripts.pin(session, actor, body.script_id, unpublished=body.unpublished)
                    given = parameters.complete(pinned.definitions, await self._given(session, pinned, body))
                    parameters.check_files(pinned.definitions, given, sizes)
            names = await asyncio.to_thread(self._store, run_id, uploads)
        try:
            if await self._accept_known(actor, body, names, sizes, run_id, fingerprint, key, kind):
                return Accepted(id=run_id, state=State.queued)
            async with self._database.write() as session:
                pinned = await self._pin(session, actor, body)
                if key is not None:
                    await keys.keep(session, actor.user_id, key, fingerprint, run_id)
                values = parameters.complete(pinned.definitions, await self._given(session, pinned, body))
                parameters.check_files(pinned.definitions, values, sizes)
                if pinned.gated:
                    await consent.demand_run(session, actor, pinned, body.stage, values)
                new = self._new.make(
                    actor,
                    pinned,
                    run_id,
                    kind,
                    values=values,
                    labels=body.labels,
                    uploads=names,
                    wishes=await self._wishes(session, body, pinned),
                    environment_id=body.environment_id,
                    stage=body.stage,
                )
                await self._add(session, pinned, new)
        except IntegrityError:
            files.discard(self._work / run_id)
            # Two requests with one key raced; the other one won.
            if key is not None and (known := await self._recall(actor, key, fingerprint)):
                return known
            raise
        except BaseException:
            files.discard(self._work / run_id)
            raise
        return Accepted(id=run_id, state=State.queued)

    async def _given(self, session: AsyncSession, pinned: Pinned, body: SubmitAny) -> Mapping[str, Any]:
        if body.parameter_set is None:
            return body.parameters
        return await self._scripts.sets.filled(session, pinned, body.parameter_set, body.parameters)

    async def _pin(self, session: AsyncSession, actor: Actor, body: SubmitAny) -> Pinned:
        if body.script_id is not None:
            pinned = await self._scripts.pin(session, actor, body.script_id, unpublished=body.unpublished)
        else:
            assert body.draft is not None  # noqa: S101 - checked on entry
            pinned = await self._scripts.draft(session, actor, body.draft, body.project)
        actor.demand(Permission.run_submit, ProjectId(pinned.project_id), NoSuchRun)
        if body.stage is not None:
            await self._vault.demand_stage(session, pinned.project_id, body.stage)
        if body.environment_id is not None:
            manager = pinned.policy.package_manager
            await trials.demand(session, actor, body.environment_id, pinned.project_id, pinned.language, manager)
        return pinned

    async def _accept_known(
        self,
        actor: Actor,
        body: SubmitAny,
        uploads: Sequence[str],
        sizes: Mapping[str, int],
        run_id: str,
        fingerprint: str,
        key: str | None,
        kind: str,
    ) -> bool:
        """Queue a run of a script that has been run before, in one short transaction; False if there is more to do.

        There is more to do for wishes, saved sets, trials, stages, libraries and limits.
        """
        script_id = body.script_id
        more = (body.parameter_set, body.environment_id, body.stage)
        if script_id is None or body.unpublished or any(wish is not None for wish in more):
            return False
        wishes = Wishes(body.timeout_s, body.priority, body.queue, body.limits)
        if not wishes.is_empty:
            return False

        def work(connection: Connection, reserved: Reservation | None) -> Begun | None:
            pinned = self._scripts.pin_known(connection, actor, script_id)
            if pinned is None or pinned.project_id in self._book.now.bounds:
                return None
            values = parameters.complete(pinned.definitions, body.parameters)
            parameters.check_files(pinned.definitions, values, sizes)
            new = self._new.make(
                actor, pinned, run_id, kind, values=values, labels=body.labels, uploads=uploads, wishes=wishes
            )
            if new.gates:
                return None
            if key is not None:
                keys.remember(connection, actor.user_id, key, fingerprint, run_id)
            at = new.run["queued_at"]
            repository.add(connection, new.run, new.inputs, at)
            if reserved is None or new.run["queue"] != DEFAULT_QUEUE:
                return new, None
            move = on_claim(reserved.worker_id, at)
            claim = repository.take(connection, run_id, move, reserved.worker_id)
            if claim is None:
                return new, None
            taken = Taken(claim, move)
            reserved.foresee(taken)
            return new, taken

        # What is claimed for a worker must reach it, whatever becomes of who asked.
        return await asyncio.shield(asyncio.ensure_future(self._begin_known(run_id, work)))

    async def _begin_known(self, run_id: str, work: Callable[[Connection, Reservation | None], Begun | None]) -> bool:
        """Queue a run and, where a slot is free in this process, have it claimed by the same transaction."""
        reserved = self._dispatch.reserve(DEFAULT_QUEUE)
        taken: Taken | None = None
        try:
            begun = await self._database.transact(lambda connection: work(connection, reserved))
            if begun is not None:
                new, taken = begun
                self._announce(new, wake=taken is None)
        finally:
            if reserved is not None and taken is None:
                reserved.release()
        if reserved is not None and taken is not None:
            reserved.begin(run_id, taken)
        return begun is not None

    async def _add(self, session: AsyncSession, pinned: Pinned, new: NewRun) -> None:
        run, at = new.run, new.run["queued_at"]
        if new.gates:
            run |= await self._desk.receive(session, new.gates, at)
        await session.run_sync(lambda sync: repository.add(sync.connection(), run, new.inputs, at))
        rerun_of = new.inputs["rerun_of"]
        if rerun_of is not None and pinned.wants_library:
            await self._scripts.copy_modules(session, rerun_of, run["id"])
        elif pinned.modules:
            await self._scripts.keep_modules(session, run["id"], pinned.modules)
        after_commit(session, lambda: self._announce(new))

    def _announce(self, new: NewRun, *, wake: bool = True) -> None:
        run = new.run
        self._tell(run, State.queued)
        if wake and not run.get("held"):
            self._dispatch.wake(run["id"], queue=run["queue"], priority=run["priority"])

    async def _wishes(self, session: AsyncSession, body: SubmitAny, pinned: Pinned) -> Wishes:
        """Return what a submit asks for, within the script's limits and the project's bounds."""
        wishes = Wishes(body.timeout_s, body.priority, body.queue, body.limits)
        return await self.enlisting.within(session, wishes, pinned)

    async def rerun(self, actor: Actor, run_id: str, *, key: str | None = None, kind: str = "rerun") -> Accepted:
        """Queue the run again as it was: same version, same lock, same parameters, same files.

        Raises: NoSuchRun, UploadsGone, DiskFull.
        """
        async with self._database.read() as session:
            row = await self.find(session, actor, run_id, Permission.run_submit)
            inputs = await records.inputs_of(session, run_id)
            pinned = await self._scripts.version_of(session, row.version_id)
        values = dict(inputs.parameters)
        if inputs.sealed:
            values |= json.loads(self._sealer.open(inputs.sealed, sealed_context(run_id)))
        fingerprint = f"rerun:{run_id}"
        if key is not None and (known := await self._recall(actor, key, fingerprint)):
            return known
        again = ids.new("run")
        if inputs.uploads:
            await asyncio.to_thread(
                files.copy_uploads,
                self._work / run_id / "uploads",
                self._work / again / "uploads",
                spare=int(self._settings.limits.free_disk),
            )
        try:
            async with self._database.write() as session:
                pinned = await self._scripts.again(session, actor, pinned)
                if pinned.gated:
                    await consent.demand_run(session, actor, pinned, inputs.stage, values)
                if key is not None:
                    await keys.keep(session, actor.user_id, key, fingerprint, again)
                new = self._new.make(
                    actor,
                    pinned,
                    again,
                    kind,
                    values=values,
                    labels=inputs.labels,
                    uploads=inputs.uploads,
                    wishes=Wishes(
                        timeout_s=inputs.timeout_s,
                        priority=row.priority,
                        queue=row.queue,
                        limits=ResourceLimits(**inputs.limits) if inputs.limits else None,
                    ),
                    environment_id=row.environment_id,
                    rerun_of=run_id,
                    stage=inputs.stage,
                    job=records.of_job(row, inputs),
                )
                await self._add(session, pinned, new)
        except IntegrityError:
            files.discard(self._work / again)
            if key is not None and (known := await self._recall(actor, key, fingerprint)):
                return known
            raise
        except BaseException:
            files.discard(self._work / again)
            raise
        return Accepted(id=again, state=State.queued)

    async def find(self, session: AsyncSession, actor: Actor, run_id: str, permission: Permission) -> RunRow:
        """Return the row of a run that the actor may see and do this with; raise `NoSuchRun` or `Forbidden`."""
        row = await records.get(session, run_id)
        if row is None:
            raise NoSuchRun
        actor.demand(permission, row.project_id, NoSuchRun)
        about(Target("run", row.id, row.script_name, row.project_id))
        return row

    async def cancel(self, session: AsyncSession, actor: Actor, run_id: str) -> RunRow:
        """Cancel a run: at once while it is queued, through its shim when it lives. Asking twice is fine.

        Raises: NoSuchRun, AlreadyOver.
        """
        row = await self.find(session, actor, run_id, Permission.run_cancel)
        if State(row.state) in TERMINAL:
            raise AlreadyOver
        record(session, actor, "run.cancel", Target("run", row.id, row.script_name, row.project_id))
        now = clock.now()
        if row.state == State.queued:
            move = on_cancelled_early(actor.username, now)
            # A worker may have claimed it meanwhile: then the flag below is what counts.
            if await repository.apply(session, row.id, replace(move, sources=frozenset({State.queued}))):
                # Read now: of several that are cancelled together, an earlier one's row is forgotten for the next.
                after_commit(session, partial(self._tell, _told(row), State.cancelled))
                if row.gate is not None:
                    after_commit(session, lambda: freed(self._bus))
                return await self._again(session, run_id)
        if await repository.ask_cancel(session, run_id, now):
            await repository.journal(session, run_id, row.attempt, now, "run.cancel_requested", {"by": actor.username})
        after_commit(session, lambda: self._dispatch.cancel(run_id))
        return await self._again(session, run_id)

    async def _again(self, session: AsyncSession, run_id: str) -> RunRow:
        session.expire_all()
        row = await records.get(session, run_id)
        assert row is not None  # noqa: S101 - it was there within this transaction
        return row

    def files_of(self, row: RunRow) -> Path:
        """Return the workspace of a run's present attempt."""
        return self._work / row.id / str(row.attempt) / "files"

    def _store(self, run_id: str, uploads: Uploads) -> list[str]:
        limits = self._settings.limits
        return files.store(
            self._work / run_id / "uploads", uploads, cap=int(limits.upload), spare=int(limits.free_disk)
        )

    async def _recall(self, actor: Actor, key: str, fingerprint: str) -> Accepted | None:
        async with self._database.read() as session:
            known = await keys.recall(session, actor.user_id, key)
            if known is None:
                return None
            if known.fingerprint != fingerprint:
                raise KeyReused
            row = await records.get(session, known.run_id)
        return Accepted(id=known.run_id, state=State(row.state)) if row else None

    def _tell(self, run: Mapping[str, Any], state: State) -> None:
        told = {key: run[key] for key in ("id", "project_id", "script_id", "script_name", "attempt")}
        told["state"] = state.value
        told["at"] = clock.rfc3339(clock.now())
        if (job_id := run.get("job_id")) is not None:
            told["job_id"] = job_id
            if state in TERMINAL:
                jobruns.over(self._bus)
        message = {"type": "run", "run": told}
        self._bus.publish(f"run:{run['id']}", message)
        self._bus.publish(f"project:{run['project_id']}", message)


def _told(row: RunRow) -> dict[str, Any]:
    return {key: getattr(row, key) for key in ("id", "project_id", "script_id", "script_name", "attempt", "job_id")}
