"""One attempt, from its claim to its settlement, or from its adoption after a restart."""

import asyncio
from contextlib import ExitStack, suppress
from functools import partial
from typing import Any

from runyard import clock, log
from runyard.db.session import after_commit
from runyard.dispatch.contract import Slot
from runyard.engine import ends
from runyard.engine.cancelling import CancelledEarly, unless
from runyard.engine.crew import Crew
from runyard.engine.follower import Follower
from runyard.engine.hooked import with_hooks
from runyard.engine.laying import Ground
from runyard.engine.naming import attempt_id
from runyard.engine.progress import Progress
from runyard.engine.workspace import Layout, read_outputs, read_small, remove_flat
from runyard.environments.failures import BuildInterrupted
from runyard.environments.toolchain import Ready
from runyard.errors import Problem
from runyard.runner import (
    Exit,
    ShimGone,
    ShimLink,
    SpoolDamaged,
    SpoolReader,
    StartFailed,
    claim_unstarted,
    end_remains,
    read_exit,
    read_shim,
    shim_alive,
)
from runyard.runs import repository, retry, settling
from runyard.runs.lifecycle import (
    Failure,
    Move,
    State,
    on_cancelled_early,
    on_lost,
    on_not_started,
    on_returned,
    on_started,
)
from runyard.runs.output import Assembler
from runyard.runs.repository import Claim
from runyard.runs.retry import Retry
from runyard.sandbox import Confinement
from runyard.sandbox.removal import remove_tree
from runyard.scripts.content import Pinned
from runyard.scripts.hooks import NONE, RECORD
from runyard.scripts.launch import entry_of, want_of
from runyard.secrets.masking import Masker

logger = log.get("engine")


class Attempt:
    """The course of one claimed run on this worker."""

    def __init__(self, crew: Crew, claim: Claim, pinned: Pinned) -> None:
        self.crew = crew
        self.claim = claim
        self.token = claim.token
        self.pinned = pinned
        self.id = attempt_id(claim.token)
        self.spool = crew.spool / self.id
        self.layout: Layout = crew.workspaces.layout(self.token.run_id, self.token.attempt, entry_of(pinned))
        self.ground = Ground(crew, claim, pinned, self.layout, self.id)
        self._foreseen: tuple[Ready | None, Confinement] | None = None
        self._cancelled = asyncio.Event()
        self._link: ShimLink | None = None
        self._progress = Progress(crew, claim)
        self._started = False
        self._environment_id: str | None = None
        self._holding = ExitStack()
        self._slot: Slot | None = None
        self._began: str | None = None
        self._lines: int | None = None
        self.again: Retry | None = None
        self._hidden: tuple[str, ...] = ()

    def cancel(self) -> None:
        """Ask for the run's end: at once while it is being prepared, by its shim when it lives."""
        self._cancelled.set()
        if self._link is not None:
            self.crew.keep(self._link.cancel(self.crew.settings.runs.grace_s))

    async def run(self, slot: Slot) -> None:
        """Prepare, start, follow and settle."""
        self._slot = slot
        with self._holding:
            await self._run(slot)

    async def _run(self, slot: Slot) -> None:
        try:
            link = await self._begin(slot)
        except CancelledEarly:
            await self._settle_unstarted(on_cancelled_early("request", clock.now()))
        except BuildInterrupted:
            await self.give_back()
        except StartFailed as problem:
            if read_exit(self.spool) is None and shim_alive(self.spool):
                # Launchers died over it, but not before one of them had forked.
                raise
            failure = Failure("start_failed", self._masked(str(problem)))
            await self._settle_unstarted(on_not_started(failure, clock.now()))
        except (Problem, OSError) as error:
            if self._started:
                # Whatever went wrong, the command may be alive: the spool knows.
                raise
            if isinstance(error, Problem):
                # The log of a build tells more than the sentence.
                self._environment_id = getattr(error, "environment_id", None) or self._environment_id
                failure = Failure(error.code, self._masked(error.detail))
                await self._settle_unstarted(on_not_started(failure, clock.now()))
                return
            logger.exception("run.prepare_failed", run_id=self.token.run_id)
            sentence = f"Its workspace could not be prepared: {error.strerror or error}."
            failure = Failure("workspace_failed", self._masked(sentence))
            await self._settle_unstarted(on_not_started(failure, clock.now()))
            # Nothing half-laid-out is left to be taken for what the run was given.
            await asyncio.to_thread(remove_tree, self.layout.base)
        else:
            await self.follow(link)

    async def give_back(self) -> None:
        """Return a run that was not started to the queue: its worker is about to stop."""
        await self._apply(on_returned("worker stopping", clock.now()))
        await self._tidy()

    async def give_up(self) -> None:
        """Settle a run that could not be started for a reason of ours."""
        failure = Failure("internal_error", "Runyard failed to start it; the server's log has the details.")
        await self._settle_unstarted(on_not_started(failure, clock.now()))

    @property
    def is_started(self) -> bool:
        """Whether a shim has been asked for; from then on only the spool knows."""
        return self._started

    async def _begin(self, slot: Slot) -> ShimLink:
        if self.claim.cancel_requested:
            raise CancelledEarly
        if self._foreseen is None:
            confinement = await self._lay_out(slot)
        else:
            ready, confinement = self._foreseen
            if ready is not None:
                self._note_environment(ready)
        self._check_cancelled()
        self.crew.workspaces.spares.take_spool(self.spool)
        self._started = True
        started = await self.crew.launcher.spawn(self.ground.spec(confinement, self.spool))
        link = await ShimLink.attach(self.spool)
        self._link = link
        still_ours = await self._apply(
            on_started(clock.from_us(started.started_at_us)),
            environment_id=self._environment_id,
            isolation=confinement.in_force.as_json(),
        )
        # While the script runs there is time for the next one's.
        self.crew.workspaces.spares.stock()
        if self._cancelled.is_set() or not still_ours:
            await link.cancel(self.crew.settings.runs.grace_s)
        return link

    async def _lay_out(self, slot: Slot) -> Confinement:
        ready = await self._environment(slot)
        await self._state_directory(slot)
        self._check_cancelled()
        given = await self.crew.give(self.pinned, self.claim)
        self._hidden = given.hidden
        values = self.ground.values()
        launch, tree = await self.crew.launch(self.pinned, self.claim, values, ready, self.layout.base)
        if tree or self.ground.has_uploads:
            await asyncio.to_thread(self.ground.put, ready, values, launch, tree)
        else:
            # Without files to copy, the way to a thread and back takes longer than the work.
            self.ground.put(ready, values, launch, tree)
        return self.ground.confine(ready, values, launch, given)

    def foresee(self) -> None:
        """Lay out what waits for nothing while the claim is being written down; anything else is left to `run`.

        Raises what laying out does. Unless the attempt is run then, `forget` must follow.
        """
        script_id = self.pinned.script_id
        plain, ready = self.ground.at_hand()
        takes = script_id is not None and self.pinned.wants_state
        if plain and (not takes or self.crew.states.try_take(str(script_id), self.id)):
            if ready is not None:
                self._holding.enter_context(self.crew.environments.hold(ready.id))
            self._foreseen = ready, self.ground.lay_out(ready)

    def forget(self) -> None:
        """Undo `foresee`, also where it failed."""
        self._foreseen = None
        self._holding.close()
        self._let_go()
        remove_tree(self.layout.base.parent)

    def _check_cancelled(self) -> None:
        if self._cancelled.is_set():
            raise CancelledEarly

    async def _environment(self, slot: Slot) -> Ready | None:
        want = want_of(self.pinned)
        if want is None:
            return None
        service = self.crew.environments
        wanted = (want, self.claim.environment_id, self.claim.project_id)
        ready: Ready | None = service.cached(*wanted)
        if ready is None:
            # Building takes no slot: others may run meanwhile.
            slot.release()
            await self._wait_note("environment")
            ready = await unless(self._cancelled, service.ensure(*wanted))
            self._holding.enter_context(service.hold(ready.id))
            await unless(self._cancelled, slot.acquire())
            await self._wait_note(None)
        else:
            self._holding.enter_context(service.hold(ready.id))
        self._note_environment(ready)
        return ready

    def _note_environment(self, ready: Ready) -> None:
        self._environment_id = ready.id
        saved = None if self.pinned.draft else self.pinned.script_id
        unpinned = saved is not None and self.claim.environment_id is None
        project_id = self.pinned.project_id
        self.crew.environments.used(ready.id, saved or project_id, project_id, current=unpinned)

    async def _state_directory(self, slot: Slot) -> None:
        script_id = self.pinned.script_id
        if script_id is None or not self.pinned.wants_state:
            return
        if self.crew.states.try_take(script_id, self.id):
            return
        slot.release()
        await self._wait_note("state_dir")
        await unless(self._cancelled, self.crew.states.take(script_id, self.id))
        await unless(self._cancelled, slot.acquire())
        await self._wait_note(None)

    async def _wait_note(self, waiting: str | None) -> None:
        async with self.crew.database.write() as session:
            await repository.note(session, self.token, waiting=waiting)
            after_commit(session, lambda: self.crew.announce(self.claim, self.pinned, "starting"))

    async def adopt(self) -> None:
        """Take up an attempt whose shim this worker's previous life has started."""
        self._started = True
        with self._holding:
            await self._adopt()

    async def _adopt(self) -> None:
        with suppress(FileNotFoundError):
            if claim_unstarted(self.spool):
                # Now it is certain that nothing was started, and that nothing will be.
                await self.give_back()
                return
        if self.claim.environment_id is not None:
            self._holding.enter_context(self.crew.environments.hold(self.claim.environment_id))
        with suppress(OSError):
            self.crew.sandboxes.adopt(self.id, self.layout.files.stat().st_uid)
        if self.pinned.script_id is not None:
            self.crew.states.try_take(self.pinned.script_id, self.id)
        try:
            link = await ShimLink.attach(self.spool)
        except (ShimGone, SpoolDamaged) as gone:
            await self._lose(str(gone))
            return
        self._link = link
        self._hidden = await self.crew.given_before(self.pinned, self.claim)
        # The restart may have come between the start of the command and its note.
        shim = read_shim(self.spool) or {}
        began = shim.get("started_at_us")
        await self._apply(on_started(clock.from_us(began) if isinstance(began, int) else clock.now()))
        if self.claim.cancel_requested or self._cancelled.is_set():
            await link.cancel(self.crew.settings.runs.grace_s)
        await self.follow(link)

    async def follow(self, link: ShimLink) -> None:
        """Carry output over until the shim has settled, then settle the run."""
        values = self._secrets()
        writer = self.crew.logs.writer(self.token.run_id, self.token.attempt)
        try:
            with SpoolReader(self.spool) as frames:
                follower = Follower(
                    frames,
                    Assembler(lambda: Masker(values), int(self.crew.settings.runs.line_cap)),
                    writer,
                    self.crew.bus,
                    f"run:{self.token.run_id}",
                    self.token.attempt,
                    self._progress.said,
                    self.crew.log_turns,
                    self._progress.stage,
                )
                try:
                    async for event in link.events():
                        if event[0] != "output" and self._slot is not None:
                            # The command is over: while its end is written down, the next one may begin.
                            self._slot.release()
                        await follower.catch_up()
                    await follower.catch_up()
                    await follower.finish()
                    self._lines = writer.written
                    ending = read_exit(self.spool)
                except (ShimGone, SpoolDamaged) as gone:
                    await follower.finish()
                    await self._lose(str(gone))
                    return
        finally:
            writer.close()
            link.close()
            self._progress.stop()
        if ending is None:
            await self._lose("The shim left no exit record.")
        else:
            await self._settle(ending, Masker(values))

    def _secrets(self) -> tuple[str, ...]:
        """Return all that must not be seen in anything the run says, or that is said of it."""
        return (*self.crew.secrets_of(self.pinned, self.claim), *self._hidden)

    def _masked(self, text: str) -> str:
        """Return what is said of a run that was not started, with what it was given masked."""
        try:
            return Masker(self._secrets()).mask_text(text)
        except Problem:
            # What can't be opened has not been given to anybody.
            return Masker(self._hidden).mask_text(text)

    async def _settle(self, ending: Exit, masker: Masker) -> None:
        outputs, trouble = read_outputs(self.layout.outputs, int(self.crew.settings.runs.outputs_cap))
        outputs = masker.mask_json(outputs)
        move = ends.told(ending, masker, self.ground.timeout_s, trouble)
        if self.pinned.hooks != NONE:
            move = with_hooks(move, read_small(self.layout.io / RECORD))
        usage = ends.used(ending) | await self.crew.sampler.over(self.id)
        progress = self._progress.ended(ending.finished_at_us)
        extra = {"progress": progress} if progress else {}
        await self._apply(move, outputs=outputs, usage=usage, **extra)
        await self._tidy()

    async def _lose(self, reason: str) -> None:
        # Nothing of it may outlive the word that the run is lost: neither what a dead shim left, nor a shim that lives.
        if self._link is not None:
            await ends.end_shim(self._link, self.spool)
        await asyncio.to_thread(end_remains, self.spool)
        await self._apply(on_lost(f"Its process is gone and left no word of how it ended ({reason}).", clock.now()))
        await self._tidy()

    async def _settle_unstarted(self, move: Move) -> None:
        await self._apply(move, environment_id=self._environment_id)
        await self._tidy()

    async def _tidy(self) -> None:
        await asyncio.sleep(0)  # who waits for the end hears of it first
        # The spool is the one unmasked store: it goes as soon as its content is safe elsewhere.
        await asyncio.to_thread(self._remove)
        self._let_go()

    def _let_go(self) -> None:
        self.crew.sandboxes.release(self.id)
        if self.pinned.script_id is not None:
            self.crew.states.release(self.pinned.script_id, self.id)

    def _remove(self) -> None:
        self.crew.sandboxes.clear(self.id)
        for path in (self.spool, self.layout.io):
            remove_flat(path)

    async def _apply(self, move: Move, **columns: Any) -> bool:
        if move.is_terminal:
            return await self._end(move, columns)
        write = partial(repository.write_move, token=self.token, move=move, **columns)
        done = await self.crew.database.transact(write)
        if done:
            if move.target is State.running:
                self._began = clock.rfc3339(move.at)
            self.crew.announce(self.claim, self.pinned, move.target, move, self._began)
            logger.info(move.event, run_id=self.token.run_id, attempt=self.token.attempt, exit_code=move.exit_code)
        return done

    async def _end(self, move: Move, columns: dict[str, Any]) -> bool:
        token, policy = self.token, retry.stated(self.pinned.policy, self.claim.inputs.retry)
        failed = await ends.failed(self.crew, self.claim, self.pinned, move)
        settle = partial(settling.settle, token=token, move=move, policy=policy, failed=failed, **columns)
        done, again = await self.crew.database.transact(settle)
        if done is None:
            return False
        self.again = again
        ends.tell(self.crew, self.claim, self.pinned, move, again, self._began, self._lines)
        logger.info(move.event, run_id=token.run_id, attempt=token.attempt, exit_code=move.exit_code)
        return True
