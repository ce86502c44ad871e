"""The one place that decides about due slots: what becomes of each, and the runs that follow, by one transaction.

Whoever decides moves a trigger's `decided_until` on from the value that was read, or changes nothing of it. So any
number of schedulers may look at the same triggers, and each due instant has one row whatever becomes of them meanwhile.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from typing import Any, cast

from msgspec import Struct, field
from msgspec.structs import replace
from sqlalchemy import Connection, Table, bindparam, insert, select, update

from runyard import clock, ids, log
from runyard.db.among import among, listed
from runyard.db.prepared import Prepared
from runyard.errors import Problem
from runyard.jobs import ledger
from runyard.jobs.blackouts import Stretch, apart
from runyard.jobs.breaker import Breaker
from runyard.jobs.firing import Firing, Shot
from runyard.jobs.health import Health, Trouble
from runyard.jobs.models import Job, JobPause, JobTrigger
from runyard.jobs.pausing import ALWAYS, NAMES, Kind
from runyard.jobs.slots import Decision, Outcome, Overlap, Reason, Slot, decide
from runyard.jobs.standing import INTERNAL, Batch, Due, JobStanding
from runyard.runs import jobruns
from runyard.runs.enlisting import Enlisted, Wanted

logger = log.get("jobs")
_TRIGGERS = cast("Table", JobTrigger.__table__)
_JOBS = cast("Table", Job.__table__)
_PAUSES = cast("Table", JobPause.__table__)
AGAIN_S = 60
"""A trigger of which nothing can be said is looked at again after so long."""
LONGEST_DETAIL = 1000
BREAKER = NAMES[Kind.breaker]

_MOVE = Prepared(
    update(_TRIGGERS)
    .where(_TRIGGERS.c.id == bindparam("the_trigger"), _TRIGGERS.c.decided_until == bindparam("was_until"))
    .values(decided_until=bindparam("the_until"), next_at=bindparam("the_next"))
)
_POSTPONE = Prepared(
    update(_TRIGGERS).where(_TRIGGERS.c.id == bindparam("the_trigger")).values(next_at=bindparam("the_next"))
)
_HEALTH = Prepared(
    update(_JOBS)
    .where(_JOBS.c.id == bindparam("the_job"))
    .values(health=bindparam("the_health"), broken=bindparam("the_code"))
)
_PAUSE = Prepared(insert(_PAUSES).inline())


class Decided(Struct):
    """What a transaction decided; `told` are the jobs whose slots were, by project."""

    triggers: int = 0
    slots: int = 0
    aside: int = 0
    enlisted: Enlisted = field(default_factory=Enlisted)
    told: dict[str, set[str]] = field(default_factory=dict)
    changed: set[tuple[str, str]] = field(default_factory=set)
    """Jobs that are broken now, or not any more, or on trial: of which project."""


class _Course(Struct):
    """How one job fares while its due slots are decided, one trigger after the other; `kept` is what its row says."""

    standing: JobStanding
    kept: dict[str, Any]
    health: Health
    breaker: Breaker
    pauses: list[Stretch]
    active: int
    first: str | None
    broken: tuple[str, str] | None
    trial: str | None = None

    @property
    def job(self) -> Job:
        """The job."""
        return self.standing.job


class _Ruling(Struct):
    """What becomes of what one trigger is due by: its rows, the runs, and where it goes on."""

    due: Due
    rows: list[dict[str, Any]]
    wanted: list[Wanted]
    move: dict[str, Any]


class Deciding:
    """Decides batches."""

    def __init__(self, firing: Firing) -> None:
        self._firing = firing

    def work(self, connection: Connection, batch: Batch) -> Decided:
        """Decide about all that is due in a batch, write it down, and queue the runs: one transaction."""
        at = clock.now()
        # Always in this order: the turn, jobs, triggers. Who saves a job has its row before those of its triggers.
        if any(each.settings.overlap is not Overlap.allow for each in batch.jobs.values()):
            self._firing.enlisting.take_turn(connection, at)
        courses = self._courses(connection, batch)
        ours = self._ours(connection, batch)
        rulings, lost = self._rulings(batch, courses, ours)
        done = Decided(triggers=len(rulings))
        wanted = [each for ruling in rulings for each in ruling.wanted]
        done.enlisted = self._firing.enlisting.enlist(connection, wanted, at)
        done.slots = _write(connection, rulings, done.enlisted.skipped)
        queued = {new.run["job_id"] for new in done.enlisted.queued}
        pauses = []
        for course in courses.values():
            if course.trial in done.enlisted.skipped:
                course.breaker = Breaker.of(course.health.breaker)
            elif course.trial is not None:
                pauses.append(_trial_pause(course, clock.to_us(batch.now)))
            _note(connection, course, done, queued)
        _PAUSE.many(connection, pauses)
        _MOVE.many(connection, [ruling.move for ruling in rulings])
        done.aside = _set_aside(connection, batch, [*batch.lost, *lost], ours)
        for ruling in rulings:
            job = courses[ruling.due.job_id].job
            done.told.setdefault(job.project_id, set()).add(job.id)
        return done

    def _ours(self, connection: Connection, batch: Batch) -> Mapping[str, Any]:
        """Return up to when the triggers of a batch are decided now; those that somebody else is at are left out."""
        wanted = [due.id for dues in batch.due.values() for due in dues] + batch.gone + list(batch.lost)
        dialect = connection.dialect.name
        query = (
            select(_TRIGGERS.c.id, _TRIGGERS.c.decided_until)
            .where(among(_TRIGGERS.c.id, "these", dialect), _TRIGGERS.c.next_at.is_not(None))
            .order_by(_TRIGGERS.c.id)
        )
        if dialect != "sqlite":
            query = query.with_for_update(skip_locked=True)
        return {row.id: row.decided_until for row in connection.execute(query, {"these": listed(wanted, dialect)})}

    def _courses(self, connection: Connection, batch: Batch) -> dict[str, _Course]:
        standings = batch.jobs
        skipping = [id_ for id_, each in standings.items() if each.settings.overlap is Overlap.skip]
        active = jobruns.active(connection, skipping)
        # Others may have changed it since.
        ill = [id_ for id_, each in standings.items() if each.job.health or each.broken]
        dialect = connection.dialect.name
        query = select(_JOBS.c.id, _JOBS.c.health).where(among(_JOBS.c.id, "these", dialect)).order_by(_JOBS.c.id)
        if dialect != "sqlite":
            query = query.with_for_update()
        rows = connection.execute(query, {"these": listed(ill, dialect)}) if ill else ()
        kept = {row.id: row.health for row in rows}
        found = {}
        for job_id, each in standings.items():
            health = Health.of(kept.get(job_id, {}))
            count, first = active.get(job_id, (0, None))
            breaker, pauses = Breaker.of(health.breaker), list(each.pauses)
            found[job_id] = _Course(each, kept.get(job_id, {}), health, breaker, pauses, count, first, each.broken)
        return found

    def _rulings(
        self, batch: Batch, courses: Mapping[str, _Course], ours: Mapping[str, Any]
    ) -> tuple[list[_Ruling], list[str]]:
        """Return what becomes of everything, and the triggers of which nothing can be said."""
        found, lost = [], []
        for job_id, dues in batch.due.items():
            for due in dues:
                if ours.get(due.id) != due.decided_until:
                    continue
                try:
                    found.append(self._ruling(batch, courses[job_id], due))
                except Exception:
                    # The others of the batch have nothing to do with it.
                    logger.exception("jobs.undecided", trigger_id=due.id)
                    lost.append(due.id)
        return found, lost

    def _ruling(self, batch: Batch, course: _Course, due: Due) -> _Ruling:
        now, settings = clock.to_us(batch.now), course.standing.settings
        decision = decide(
            due.rule,
            clock.to_us(due.decided_until),
            now,
            settings.plan,
            pauses=course.pauses,
            blackouts=course.standing.blackouts,
            room=max(0, settings.max_active - course.active) if settings.overlap is Overlap.skip else None,
        )
        rows: list[dict[str, Any]] = []
        wanted: list[Wanted] = []
        for slot in self._held_up(course, decision, now):
            row = _row(batch, course, due, slot)
            if slot.outcome is Outcome.fired:
                self._fire(course, due, row, wanted, now)
            rows.append(row)
        following = due.rule.next(decision.until)
        move = {
            "the_trigger": due.id,
            "was_until": due.decided_until,
            "the_until": clock.from_us(decision.until),
            "the_next": None if following is None else clock.from_us(following.at),
        }
        _stand_in(rows)
        return _Ruling(due, rows, wanted, move)

    def _held_up(self, course: _Course, decision: Decision, now: int) -> Iterable[Slot]:
        """Yield slots, no more than one of them as fired where a trial is all that may start."""
        trial = course.breaker.allows_trial(now) and course.broken is None
        left = 1
        for slot in decision.slots:
            if not trial or slot.outcome is not Outcome.fired:
                yield slot
            elif left:
                left -= 1
                yield slot
            else:
                yield replace(slot, outcome=Outcome.paused, reason=Reason.paused, name=BREAKER)

    def _fire(self, course: _Course, due: Due, row: dict[str, Any], wanted: list[Wanted], now: int) -> None:
        """Have a slot start a run, or tell why it can't."""
        loaded = course.standing.loaded
        if course.broken is None and loaded is not None:
            shot = Shot(due.kind, trigger_id=due.id, due_at=row["due_from"], timezone=due.timezone)
            try:
                made = self._firing.make(loaded, shot)
            except Problem as problem:
                course.broken = (problem.code, problem.detail)
            else:
                wanted.append(made)
                row["run_id"] = made.new.run["id"]
                course.active += 1
                course.first = course.first or row["run_id"]
                if course.breaker.allows_trial(now):
                    course.trial = row["run_id"]
                    course.breaker = course.breaker.on_trial(course.trial)
                    course.pauses = apart([*course.pauses, Stretch(now, ALWAYS, BREAKER)])
                return
        code, message = course.broken or INTERNAL
        detail = message[:LONGEST_DETAIL]
        row |= {"outcome": Outcome.skipped.value, "reason": Reason.broken.value, "detail": detail}
        course.health = replace(course.health, broken=Trouble(code, detail))


def _row(batch: Batch, course: _Course, due: Due, slot: Slot) -> dict[str, Any]:
    in_the_way = slot.outcome is Outcome.skipped and slot.run_of is None
    return {
        "trigger_id": due.id,
        "due_from": clock.from_us(slot.due_from),
        "due_to": clock.from_us(slot.due_to),
        "count": slot.count,
        "outcome": slot.outcome.value,
        "reason": slot.reason.value,
        "name": slot.name,
        "stood_for_by": None if slot.run_of is None else clock.from_us(slot.run_of),
        "run_id": course.first if in_the_way else None,
        "detail": "",
        "job_id": due.job_id,
        "project_id": course.job.project_id,
        "decided_at": batch.now,
    }


def _stand_in(rows: list[dict[str, Any]]) -> None:
    """Name the runs that stand for other slots; where there is none after all, these fare as that slot did."""
    by_due = {row["due_from"]: row for row in rows if row["count"] == 1}
    for row in rows:
        if row["stood_for_by"] is None:
            continue
        other = by_due.get(row["stood_for_by"], row)
        if other["run_id"] is not None:
            row["run_id"] = other["run_id"]
        else:
            row |= {name: other[name] for name in ledger.ALIKE}


def _write(connection: Connection, rulings: Iterable[_Ruling], skipped: Mapping[str, str]) -> int:
    """Write the slots, alike neighbours as one, also with the row before them; return how many there were."""
    new: list[dict[str, Any]] = []
    for ruling in rulings:
        rows: list[dict[str, Any]] = []
        for row in ruling.rows:
            if row["run_id"] in skipped:
                # A gate turned it away.
                row |= {"outcome": Outcome.skipped.value, "reason": Reason.overlap.value, "stood_for_by": None}
                row |= {"detail": skipped[row["run_id"]][:LONGEST_DETAIL], "run_id": None}
            if rows and ledger.is_alike(rows[-1], row):
                rows[-1] |= {"due_to": row["due_to"], "count": rows[-1]["count"] + row["count"]}
            else:
                rows.append(row)
        if rows and rows[0]["outcome"] != Outcome.fired:
            last = ledger.last_before(connection, ruling.due.id, rows[0]["due_from"])
            if last is not None and _adjoins(ruling.due, last, rows[0]) and ledger.is_alike(last, rows[0]):
                ledger.extend(connection, last, rows.pop(0))
        new += rows
    ledger.add(connection, new)
    return sum(len(ruling.rows) for ruling in rulings)


def _adjoins(due: Due, last: Any, row: dict[str, Any]) -> bool:
    """Whether nothing is due between a row and the one before it."""
    following = due.rule.next(clock.to_us(last.due_to))
    return following is not None and following.at == clock.to_us(row["due_from"])


def _note(connection: Connection, course: _Course, done: Decided, queued: Collection[str]) -> None:
    """Keep what is new of a job's health."""
    health, job = course.health, course.job
    if course.broken is None and health.broken is not None and job.id in queued:
        health = health.mended()
    if course.breaker != Breaker.of(health.breaker):
        health = replace(health, breaker=course.breaker.as_json())
    kept = health.as_json()
    if kept == course.kept:
        return
    _HEALTH.run(connection, {"the_job": job.id, "the_health": kept, "the_code": health.code})
    done.changed.add((job.project_id, job.id))


def _trial_pause(course: _Course, now: int) -> dict[str, Any]:
    return {
        "id": ids.new("pau"),
        "project_id": course.job.project_id,
        "job_id": course.job.id,
        "kind": Kind.breaker.value,
        "why": "A run is on trial.",
        "by": None,
        "by_name": BREAKER,
        "from_at": clock.from_us(now),
        "until_at": None,
    }


def _set_aside(connection: Connection, batch: Batch, lost: Iterable[str], ours: Mapping[str, Any]) -> int:
    """Have triggers of deleted jobs be due no more, and look later at those of which nothing can be said."""
    later = batch.now + timedelta(seconds=AGAIN_S)
    rows: list[dict[str, Any]] = [{"the_trigger": id_, "the_next": None} for id_ in batch.gone if id_ in ours]
    rows += [{"the_trigger": id_, "the_next": later} for id_ in lost if id_ in ours]
    _POSTPONE.many(connection, rows)
    return len(rows)
