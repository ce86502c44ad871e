"""Many runs queued by one transaction, over a plain connection: limits are asked once for all of them."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial

from msgspec import Struct, field
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncSession

from runyard.runs import bounds, policies, repository
from runyard.runs.bounds import Bounds, Wishes
from runyard.runs.errors import ConcurrencySkipped
from runyard.runs.gatekeeper import Desk, Effect, Room
from runyard.runs.limits import LimitBook
from runyard.runs.newruns import NewRun, NewRuns
from runyard.scripts import repository as scripts
from runyard.scripts.content import Pinned
from runyard.scripts.policy import WhenBusy


class Wanted(Struct, frozen=True):
    """A run that is to be queued, and the version that it takes along."""

    pinned: Pinned
    new: NewRun


class Enlisted(Struct):
    """Which of the runs were queued; `skipped` are those that a full gate turned away, by id, with why."""

    queued: list[NewRun] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)

    def tell(self) -> None:
        """Tell whom it concerns; for after the commit."""
        for effect in self.effects:
            effect()


class Enlisting:
    """Queues runs that are made already."""

    def __init__(self, new: NewRuns, desk: Desk, book: LimitBook, announce: Callable[[NewRun], None]) -> None:
        self.make = new.make
        self._book = book
        self._desk = desk
        self._announce = announce

    async def within(self, session: AsyncSession, wishes: Wishes, pinned: Pinned) -> Wishes:
        """Return what is asked for, within the script's limits and the project's bounds; raise `BadSubmit`."""
        if not wishes.is_empty:
            bounds.demand(wishes, pinned.policy, await policies.bounds_of(session, pinned.project_id))
        return self.cut(wishes, pinned)

    def cut(self, wishes: Wishes, pinned: Pinned, *, demanding: bool = False) -> Wishes:
        """Return wishes within the project's bounds as they are in memory; where `demanding`, raise `BadSubmit`."""
        if demanding and not wishes.is_empty:
            bounds.demand(wishes, pinned.policy, self._book.now.bounds.get(pinned.project_id) or Bounds())
        if (laid_down := self._book.now.bounds.get(pinned.project_id)) is not None:
            wishes = bounds.within(wishes, pinned.policy, laid_down, pinned.timeout_s)
        return wishes

    def take_turn(self, connection: Connection, at: datetime) -> None:
        """Have decisions about limited runs made one after the other, until the transaction ends."""
        self._desk.take_turn(connection, at)

    def enlist(self, connection: Connection, wanted: Sequence[Wanted], at: datetime) -> Enlisted:
        """Queue runs, in this order; who must pass gates that others are before waits, or is skipped."""
        done = Enlisted()
        limited = [each.new for each in wanted if each.new.gates]
        if limited:
            self._desk.take_turn(connection, at)
        room = Room(connection, (gate for new in limited for gate in new.gates))
        kept: list[Wanted] = []
        for each in wanted:
            new = each.new
            if new.gates:
                if any(gate.policy is WhenBusy.cancel_previous for gate in new.gates):
                    # Those that make room may be among these.
                    self._write(connection, kept, at, done)
                    kept = []
                try:
                    entry = self._desk.enter(connection, new.gates, at, room)
                except ConcurrencySkipped as skipped:
                    done.skipped[new.run["id"]] = skipped.detail
                    continue
                new.run.update(entry.columns)
                done.effects += entry.effects
            kept.append(each)
        self._write(connection, kept, at, done)
        return done

    def _write(self, connection: Connection, wanted: Iterable[Wanted], at: datetime, done: Enlisted) -> None:
        wanted = list(wanted)
        repository.add_many(connection, ((each.new.run, each.new.inputs) for each in wanted), at)
        for each in wanted:
            if each.pinned.modules:
                scripts.take_modules(connection, each.new.run["id"], each.pinned.modules)
            done.queued.append(each.new)
            done.effects.append(partial(self._announce, each.new))
