"""The counts that admission decides over, and what follows from its decisions, as rows."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Table, and_, false, func, insert, or_, select, true, update
from sqlalchemy.exc import IntegrityError

from runyard.db.among import among, listed
from runyard.db.types import DatabaseNow
from runyard.runs.admission import Candidate, Gate, Scope, open_up, overfull
from runyard.runs.lifecycle import ACTIVE, State
from runyard.runs.limits import LOCK, Limits, gate_name, job_gate, stored_gate
from runyard.runs.models import RunLimitRow, RunRow, is_open
from runyard.runs.queue import Hint

_RUNS = cast("Table", RunRow.__table__)
_LIMITS = cast("Table", RunLimitRow.__table__)
_LIVE = tuple(state.value for state in ACTIVE)
_OPEN = (State.queued.value, *_LIVE)
KIND = ("queue", "project_id", "gate", "gate_limit", "job_id", "job_limit")
"""What tells by which gates a held run must pass."""
MOST = 500
"""How many runs one turn admits."""


def take_turn(connection: Connection, at: datetime) -> None:
    """Have decisions about limited runs made one after the other, until the transaction ends.

    SQLite has one writer anyway; elsewhere a row is locked. Runs that no limit concerns never come here.
    """
    here = (_LIMITS.c.scope == LOCK[0], _LIMITS.c.name == LOCK[1])
    lock = select(_LIMITS.c.scope).where(*here).with_for_update()
    if connection.execute(lock).first() is not None or connection.dialect.name == "sqlite":
        return
    row = {"scope": LOCK[0], "name": LOCK[1], "limit": None, "policy": "queue", "updated_at": at, "updated_by": None}
    try:
        with connection.begin_nested():
            connection.execute(insert(_LIMITS), row)
    except IntegrityError:
        # Somebody made it in the same moment.
        connection.execute(lock)


def inside(connection: Connection, gates: Iterable[Gate]) -> dict[str, int]:
    """Return how many runs are admitted at each gate and not over, counted up to a little above its limit."""
    jobs, others = _parted(gates)
    found = {gate.name: _count(connection, gate, _admitted(gate)) for gate in others}
    active = or_(_RUNS.c.state.in_(_LIVE), and_(_RUNS.c.state == State.queued.value, _RUNS.c.held == false()))
    return found | _of_jobs(connection, jobs, active)


def waiting(connection: Connection, gates: Iterable[Gate]) -> dict[str, int]:
    """Return how many runs stand before each gate and could go, counted up to a little above its limit."""
    jobs, others = _parted(gates)
    found = {gate.name: _count(connection, gate, [[*_of(gate), _RUNS.c.held == true(), _due()]]) for gate in others}
    return found | _of_jobs(connection, jobs, and_(_RUNS.c.held == true(), _due()))


def _parted(gates: Iterable[Gate]) -> tuple[list[Gate], list[Gate]]:
    """Return the gates of jobs, of which there may be very many, and all others."""
    found: tuple[list[Gate], list[Gate]] = ([], [])
    for gate in gates:
        found[gate.scope is not Scope.job].append(gate)
    return found


def _of_jobs(connection: Connection, gates: Sequence[Gate], which: ColumnElement[bool]) -> dict[str, int]:
    """Return how many runs of each job are not over and as asked for: jobs have few of them."""
    counts = {gate.name: 0 for gate in gates}
    jobs = [gate.name.partition(":")[2] for gate in gates]
    for n in range(0, len(jobs), MOST):
        dialect = connection.dialect.name
        statement = (
            select(_RUNS.c.job_id, func.count())
            .where(among(_RUNS.c.job_id, "jobs", dialect), is_open(), which)
            .group_by(_RUNS.c.job_id)
        )
        for job_id, count in connection.execute(statement, {"jobs": listed(jobs[n : n + MOST], dialect)}):
            counts[gate_name(Scope.job, job_id)] = count
    return counts


def _count(connection: Connection, gate: Gate, ways: Sequence[Sequence[ColumnElement[bool]]]) -> int:
    found = 0
    for where in ways:
        some = select(_RUNS.c.id).where(*where).limit(gate.limit + MOST).subquery()
        found += connection.execute(select(func.count()).select_from(some)).scalar_one()
    return found


def _of(gate: Gate) -> list[ColumnElement[bool]]:
    """Return what a gate's runs have in common."""
    name = gate.name.partition(":")[2]
    match gate.scope:
        case Scope.job:
            return [_RUNS.c.job_id == name, is_open()]
        case Scope.script | Scope.key:
            return [_RUNS.c.gate == gate.name]
        case Scope.queue:
            return [_RUNS.c.queue == name]
        case Scope.project:
            return [_RUNS.c.project_id == name]
        case _:
            return []


def _admitted(gate: Gate) -> list[list[ColumnElement[bool]]]:
    return [
        [*_of(gate), is_open(), _RUNS.c.state == State.queued.value, _RUNS.c.held == false()],
        [*_of(gate), is_open(), _RUNS.c.state.in_(_LIVE)],
    ]


def _due() -> ColumnElement[bool]:
    return or_(_RUNS.c.not_before.is_(None), _RUNS.c.not_before <= DatabaseNow())


def previous(connection: Connection, gate: Gate, count: int) -> list[Any]:
    """Return the oldest runs of a gate that are not over."""
    columns = ("id", "state", "attempt", "project_id", "script_id", "script_name", "job_id")
    statement = (
        select(*(_RUNS.c[name] for name in columns))
        .where(*_of(gate), is_open(), _RUNS.c.state.in_(_OPEN))
        .order_by(_RUNS.c.id)
        .limit(count)
    )
    return list(connection.execute(statement))


class Group(Struct, frozen=True):
    """Held runs that pass the same gates."""

    queue: str
    project_id: str
    gate: str | None
    gate_limit: int | None
    job_id: str | None = None
    job_limit: int | None = None

    def gates(self, limits: Limits) -> tuple[Gate, ...]:
        """Return these gates, narrowest first."""
        own = (job_gate(self.job_id, self.job_limit), stored_gate(self.gate, self.gate_limit))
        return (*(gate for gate in own if gate), *limits.of(self.project_id, self.queue))


def groups(connection: Connection) -> list[Group]:
    """Return what kinds of held runs there are."""
    columns = (_RUNS.c[name] for name in KIND)
    return [Group(*row) for row in connection.execute(select(*columns).where(_RUNS.c.held == true()).distinct())]


def admit(connection: Connection, limits: Limits) -> list[Hint]:
    """Admit whom the gates let pass, best first, at most `MOST` at a time."""
    kinds = [(group, group.gates(limits)) for group in groups(connection)]
    counts = inside(connection, {gate.name: gate for _, gates in kinds for gate in gates}.values())
    candidates = []
    queues = {}
    for group, gates in kinds:
        room = min((gate.limit - counts[gate.name] for gate in gates), default=MOST)
        for row in _best(connection, group, min(room, MOST)) if room > 0 else ():
            candidates.append(Candidate(row.id, row.priority, gates))
            queues[row.id] = row.queue
    priorities = {one.run_id: one.priority for one in candidates}
    admitted: list[Hint] = []
    for some in _batches(open_up(candidates, counts)[:MOST]):
        statement = (
            update(_RUNS)
            .where(_RUNS.c.id.in_(some), _RUNS.c.state == State.queued.value, _RUNS.c.held == true())
            .values(held=false())
            .returning(_RUNS.c.id)
        )
        admitted += [Hint(row.id, queues[row.id], priorities[row.id]) for row in connection.execute(statement)]
    return sorted(admitted, key=lambda hint: (-hint.priority, hint.run_id))


def _best(connection: Connection, group: Group, count: int) -> list[Any]:
    """Return the first of a group, one priority after the other: an index has both, but not both ways."""
    here = [
        _RUNS.c.held == true(),
        _RUNS.c.queue == group.queue,
        _RUNS.c.project_id == group.project_id,
        _RUNS.c.gate == group.gate if group.gate is not None else _RUNS.c.gate.is_(None),
        _RUNS.c.gate_limit == group.gate_limit if group.gate_limit is not None else _RUNS.c.gate_limit.is_(None),
        _RUNS.c.job_id == group.job_id if group.job_id is not None else _RUNS.c.job_id.is_(None),
        _RUNS.c.job_limit == group.job_limit if group.job_limit is not None else _RUNS.c.job_limit.is_(None),
    ]
    found: list[Any] = []
    top = connection.execute(select(func.max(_RUNS.c.priority)).where(*here)).scalar_one()
    while top is not None and len(found) < count:
        alike = (
            select(_RUNS.c.id, _RUNS.c.priority, _RUNS.c.queue)
            .where(*here, _RUNS.c.priority == top, _due())
            .order_by(_RUNS.c.id)
            .limit(count - len(found))
        )
        found += connection.execute(alike)
        top = connection.execute(select(func.max(_RUNS.c.priority)).where(*here, _RUNS.c.priority < top)).scalar_one()
    return found


def recall(connection: Connection, limits: Limits) -> int:
    """Hold back admitted runs that nobody has claimed where a limit was set or lowered; return how many."""
    gates = limits.gates.values()
    by_name = {gate.name: gate for gate in gates}
    recalled = 0
    for name, over in overfull(gates, inside(connection, gates)).items():
        last = (
            select(_RUNS.c.id)
            .where(*_of(by_name[name]), is_open(), _RUNS.c.state == State.queued.value, _RUNS.c.held == false())
            .order_by(_RUNS.c.priority, _RUNS.c.id.desc())
            .limit(min(over, MOST))
        )
        for some in _batches(list(connection.execute(last).scalars())):
            statement = (
                update(_RUNS)
                .where(_RUNS.c.id.in_(some), _RUNS.c.state == State.queued.value)
                .values(held=true(), gate=func.coalesce(_RUNS.c.gate, ""))
            )
            recalled += connection.execute(statement).rowcount
    return recalled


def any_held(connection: Connection) -> bool:
    """Whether anybody waits before a gate."""
    return connection.execute(select(_RUNS.c.id).where(_RUNS.c.held == true()).limit(1)).first() is not None


def closed_for(connection: Connection, kinds: Iterable[Group], limits: Limits) -> Mapping[Group, tuple[Gate, int]]:
    """Return for each kind of held run the narrowest gate that is full, and how many runs are inside."""
    found = {}
    for kind in set(kinds):
        for gate in kind.gates(limits):
            count = inside(connection, (gate,))[gate.name]
            if count >= gate.limit:
                found[kind] = (gate, count)
                break
    return found


def _batches(run_ids: Sequence[str]) -> Iterable[Sequence[str]]:
    return (run_ids[n : n + 100] for n in range(0, len(run_ids), 100))
