"""A worker's agent: claims queued runs, executes them, and takes up again what an earlier life of it has started."""

import asyncio
import os
import shutil
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from runyard import __version__, clock, ids, log, tasks
from runyard.dispatch.contract import Dispatch, Ready, Slot
from runyard.engine.alarm import Alarm
from runyard.engine.attempt import Attempt
from runyard.engine.crew import Crew
from runyard.engine.naming import parse_attempt_id
from runyard.engine.sampler import Subject
from runyard.errors import Problem
from runyard.runner import ShimGone, ShimLink, SpoolDamaged, claim_unstarted, read_shim
from runyard.runner.engine import EngineTrouble
from runyard.runs import queue, records, repository, settling
from runyard.runs.lifecycle import Move, State, on_claim, on_lost, on_returned
from runyard.runs.models import RunRow
from runyard.runs.repository import Claim, Taken
from runyard.sandbox import Probe
from runyard.scripts.content import Pinned
from runyard.workers import repository as workers

logger = log.get("engine")

MEND_S = 1.0
MEND_MOST_S = 60.0


class Executor:
    """The handler behind a dispatch: one per worker process."""

    def __init__(self, crew: Crew, dispatch: Dispatch, queues: Sequence[str] = ("default",)) -> None:
        self.crew = crew
        self._dispatch = dispatch
        self._queues = tuple(queues)
        self._alarm = Alarm(crew.bus, dispatch)
        self._live: dict[str, Attempt] = {}
        self._foreseen: dict[str, Attempt] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._beating: asyncio.Task[None] | None = None
        self.worker_id = ""

    async def start(self) -> None:
        """Come online, take up what is still running, then begin to serve."""
        crew = self.crew
        self.worker_id = await asyncio.to_thread(_worker_id, crew.settings.data)
        probes = await asyncio.to_thread(crew.sandboxes.prepare, self.worker_id)
        await asyncio.to_thread(crew.workspaces.spares.restock)
        await crew.launcher.start()
        await self._enlist(probes)
        await self._recover()
        self._beating = asyncio.create_task(self._beat(), name="worker.heartbeat")
        crew.sampler.start(self._subjects)
        await self._dispatch.serve(self, slots=crew.settings.slots, queues=self._queues, refill=self._refill)

    async def stop(self) -> int:
        """Stop serving. Runs whose command lives go on without us, those that were not started go back.

        Returns how many go on.
        """
        self._alarm.close()
        await self._dispatch.drain()
        await tasks.end(self._beating)
        for task in tuple(self._tasks):
            await tasks.end(task)
        await self.crew.sampler.stop()
        async with self.crew.database.write() as session:
            await workers.detach(session, self.worker_id, self.crew.settings.worker.detached_lease_s)
            left = len(await queue.held_by(session, self.worker_id))
        await self.crew.finish_small_work()
        await self.crew.launcher.close()
        logger.info("worker.detached", worker_id=self.worker_id, runs=left)
        return left

    async def execute(self, run_id: str, slot: Slot) -> None:
        """Claim the run if it is still there, and see it through."""
        with self._at_work():
            move = on_claim(self.worker_id, clock.now())
            worker_id = self.worker_id
            claim = await self.crew.database.transact(
                lambda connection: repository.take(connection, run_id, move, worker_id)
            )
            if claim is not None:
                await self._carry_out(claim, move, slot)

    def foresee(self, taken: Taken) -> None:
        """Lay out ahead what is about to be claimed; nothing may come of it. Never fails."""
        claim: Claim = taken.claim
        pinned = self.crew.known_version(claim.version_id)
        if pinned is None:
            return
        attempt = Attempt(self.crew, claim, pinned)
        try:
            attempt.foresee()
        except (Problem, OSError):
            # It is met again, and told, when the run is carried out.
            attempt.forget()
        else:
            self._foreseen[claim.token.run_id] = attempt

    def forget(self, taken: Taken) -> None:
        """Undo `foresee`: the run was not claimed after all."""
        if (attempt := self._foreseen.pop(taken.claim.token.run_id, None)) is not None:
            attempt.forget()

    async def carry_out(self, taken: Taken, slot: Slot) -> None:
        """See a run through that was accepted and claimed in one transaction."""
        with self._at_work():
            await self._carry_out(taken.claim, taken.move, slot)

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine runs within a task
        self._tasks.add(task)
        try:
            yield
        finally:
            self._tasks.discard(task)

    async def _carry_out(self, claim: Claim, move: Move, slot: Slot) -> None:
        run_id = claim.token.run_id
        pinned = await self._version(claim)
        self.crew.announce(claim, pinned, State.starting, move)
        attempt = self._foreseen.pop(run_id, None) or Attempt(self.crew, claim, pinned)
        self._live[run_id] = attempt
        try:
            await attempt.run(slot)
        except asyncio.CancelledError:
            if not attempt.is_started:
                await attempt.give_back()
            raise
        except Exception:
            logger.exception("run.trouble", run_id=run_id)
            await self._mend(attempt)
        finally:
            self._leave(attempt)

    async def _version(self, claim: Claim) -> Pinned:
        """Return what a claimed run is to execute, as soon as the database answers."""
        pause = MEND_S
        while True:
            try:
                return await self.crew.version(claim.version_id)
            except Exception:
                logger.exception("run.trouble", run_id=claim.token.run_id)
            await asyncio.sleep(pause)
            pause = min(2 * pause, MEND_MOST_S)

    def cancel(self, run_id: str) -> None:
        """Cancel a run that is held here."""
        attempt = self._live.get(run_id)
        if attempt is not None:
            attempt.cancel()

    @property
    def live(self) -> int:
        """How many runs are held here."""
        return len(self._live)

    def _subjects(self) -> list[Subject]:
        """Return the attempts whose commands live here."""
        return [
            Subject(attempt.id, attempt.token, attempt.claim.project_id, attempt.spool)
            for attempt in self._live.values()
            if attempt.is_started
        ]

    async def _refill(self, limit: int) -> list[Ready]:
        async with self.crew.database.read() as session:
            hints = await queue.due(session, limit)
            heard = await queue.unheard_cancels(session)
        for run_id in heard:
            self.cancel(run_id)
        return [Ready.of(hint.run_id, hint.queue, hint.priority) for hint in hints]

    async def _enlist(self, probes: Sequence[Probe]) -> None:
        settings = self.crew.settings
        row: dict[str, Any] = {
            "id": self.worker_id,
            "name": settings.worker.name or socket.gethostname(),
            "host": socket.gethostname(),
            "version": __version__,
            "slots": settings.slots,
            "queues": list(self._queues),
            "started_at": clock.now(),
            "info": {
                "pid": os.getpid(),
                "cpus": os.cpu_count(),
                "default_level": self.crew.sandboxes.default_level().value,
                "sandbox": [
                    {
                        "level": probe.level.value,
                        "available": probe.available,
                        "reason": probe.reason,
                        "details": dict(probe.details),
                        "fix": probe.fix,
                    }
                    for probe in probes
                ],
            },
        }
        async with self.crew.database.write() as session:
            await workers.enlist(session, row, settings.worker.lease_s)
        logger.info("worker.online", worker_id=self.worker_id, slots=settings.slots, level=row["info"]["default_level"])

    async def _beat(self) -> None:
        settings = self.crew.settings.worker
        while True:
            await asyncio.sleep(settings.heartbeat_s)
            try:
                async with self.crew.database.write() as session:
                    await workers.beat(session, self.worker_id, settings.lease_s)
            except Exception:
                logger.exception("worker.heartbeat_failed", worker_id=self.worker_id)

    async def _recover(self) -> None:
        async with self.crew.database.read() as session:
            held = {row.id: row for row in await queue.held_by(session, self.worker_id)}
        spooled = {}
        for spool in sorted(await asyncio.to_thread(_folders, self.crew.spool)):
            token = parse_attempt_id(spool.name)
            row = held.get(token.run_id) if token else None
            if token is None or row is None or (row.attempt, row.fence) != (token.attempt, token.fence):
                await self._bury(spool)
            else:
                spooled[token.run_id] = spool
        for run_id, row in held.items():
            await self._resume(row, spooled.get(run_id))
        await self._sweep()

    async def _sweep(self) -> None:
        """Remove containers that outlived both their shim and us, as they do while their engine is away."""
        live = {attempt.id for attempt in self._live.values()}
        try:
            swept = await asyncio.to_thread(self.crew.sandboxes.sweep, live)
        except EngineTrouble as trouble:
            logger.warning("containers.unswept", why=str(trouble))
            return
        for attempt_id in swept:
            logger.info("container.swept", attempt_id=attempt_id)

    async def _resume(self, row: RunRow, spool: Path | None) -> None:
        async with self.crew.database.read() as session:
            inputs = await records.inputs_of(session, row.id)
        pinned = await self.crew.version(row.version_id)
        claim = repository.claim_of(row.id, row, inputs)
        attempt = Attempt(self.crew, claim, pinned)
        # Whoever wins this link decides, once and for all, whether the command was or will ever be started.
        if spool is None or claim_unstarted(spool) or _was_declared_dead(spool):
            if spool is not None:
                await asyncio.to_thread(shutil.rmtree, spool, ignore_errors=True)
            if row.state == State.running:
                # It did run; with its spool gone nobody can say how far.
                move = on_lost("Its spool is gone, so nobody can say how it ended.", clock.now())
            else:
                move = on_returned("worker restarted", clock.now())
            async with self.crew.database.write() as session:
                if move.is_terminal:
                    await settling.lose(session, row, move)
                else:
                    await repository.apply(session, claim.token, move)
            logger.info(move.event, run_id=row.id)
            return
        logger.info("run.adopted", run_id=row.id, attempt=row.attempt)
        self._live[row.id] = attempt
        task = asyncio.create_task(self._see_through(attempt, self._dispatch.occupy()), name=f"run {row.id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _see_through(self, attempt: Attempt, slot: Slot) -> None:
        try:
            await attempt.adopt()
        except Exception:
            logger.exception("run.adoption_failed", run_id=attempt.token.run_id)
            await self._mend(attempt)
        finally:
            self._leave(attempt)
            slot.release()

    def _leave(self, attempt: Attempt) -> None:
        """Let go of an attempt. Only now can its run be taken again."""
        claim = attempt.claim
        self._live.pop(claim.token.run_id, None)
        if attempt.again is not None:
            self._alarm.set(claim.token.run_id, claim.queue, claim.priority, claim.gate, attempt.again.at)

    async def _mend(self, attempt: Attempt) -> None:
        """See an attempt to its end though something of ours has failed (the database was away, say)."""
        pause = MEND_S
        while True:
            await asyncio.sleep(pause)
            pause = min(2 * pause, MEND_MOST_S)
            try:
                if attempt.is_started:
                    # The spool still holds everything: it is read again, and what was stored is skipped.
                    await attempt.adopt()
                else:
                    await attempt.give_up()
            except Exception:
                logger.exception("run.trouble_again", run_id=attempt.token.run_id)
            else:
                return

    async def _bury(self, spool: Path) -> None:
        """End a shim that nobody asks about any more, and remove its spool."""
        if not claim_unstarted(spool):
            try:
                link = await ShimLink.attach(spool)
            except (ShimGone, SpoolDamaged) as gone:
                logger.debug("spool.dead", spool=spool.name, why=str(gone))
            else:
                logger.warning("spool.orphan", spool=spool.name)
                await link.cancel(0)
                with suppress(ShimGone):
                    async for _event in link.events():
                        pass
                link.close()
        await asyncio.to_thread(shutil.rmtree, spool, ignore_errors=True)


def _was_declared_dead(spool: Path) -> bool:
    shim = read_shim(spool)
    return shim is not None and bool(shim.get("claimed"))


def _folders(spool: Path) -> list[Path]:
    return [path for path in spool.iterdir() if path.is_dir() and not path.is_symlink()]


def _worker_id(data: Path) -> str:
    """Return this data directory's worker id, made on first use: it is how runs find their worker again."""
    path = data / "worker-id"
    # A machine that went down just after the first start may have left it empty.
    with suppress(FileNotFoundError):
        if known := path.read_text().strip():
            return known
    found = ids.new("wrk")
    partial = path.with_suffix(".partial")
    partial.write_text(found)
    partial.replace(path)
    return found
