"""The statements behind lists of runs: short walks down indexes, each newest first and no longer than a page.

What a statement looks like depends on which filters there are and on how many values they have, and not on the values:
each is made once. Making one anew takes several times as long as a database takes to answer.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import product
from typing import Any, cast

from msgspec import Struct
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    Select,
    String,
    Table,
    bindparam,
    exists,
    func,
    or_,
    select,
    union_all,
)

from runyard.runs.lifecycle import State
from runyard.runs.models import RunLabelRow, RunRow

FAILED = (State.failed, State.timed_out, State.lost)
MOST_BRANCHES = 64
"""Up to that many walks are one statement."""

_RUNS = cast("Table", RunRow.__table__)
_LABELS = cast("Table", RunLabelRow.__table__)
_MOST = bindparam("most", type_=Integer())
Conditions = Sequence[ColumnElement[bool]]


class Shape(Struct, frozen=True):
    """What kind of a list it is. Of labels it tells whether a value is asked for; the rarest one is the first.

    ``few`` says that the first label is on so few runs that all of them may be looked at.
    """

    projects: int
    scripts: int
    states: tuple[State, ...]
    labels: tuple[bool, ...]
    few: bool
    failure: bool
    top: bool
    bottom: bool
    job: bool = False


@lru_cache(512)
def walks(shape: Shape) -> tuple[Select[Any], ...]:
    """Return the statements that find the ids of such a list, each at most ``most``.

    Their parameters: ``most``, ``top`` (excluded) and ``bottom`` (included), ``failure``, ``job``, and ``project_0``,
    ``script_0``, ``name_0``, ``value_0`` and so on.
    """
    if shape.labels and (shape.few or not (shape.failure or shape.job)):
        return _down_labels(shape)
    return _down_runs(shape)


def _down_runs(shape: Shape) -> tuple[Select[Any], ...]:
    run = _RUNS.c
    around = [*_bounds(run.id, shape), *(_worn(run.id, n, shape) for n in range(len(shape.labels)))]
    states = shape.states
    if shape.failure or shape.job:
        # All runs of a group belong to one script, whose it is was asked before; those of a job to one project. In a
        # function's arms these conditions tempt nobody to another index.
        owners: Conditions = [run.failure_id == _text("failure") if shape.failure else run.job_id == _text("job")]
        if shape.failure and shape.job:
            around.append(func.coalesce(run.job_id, "") == _text("job"))
        around.append(func.coalesce(run.project_id, "").in_(_texts("project", shape.projects)))
        if shape.scripts:
            around.append(func.coalesce(run.script_id, "").in_(_texts("script", shape.scripts)))
        every = FAILED if shape.failure else tuple(State)
        states = tuple(state for state in states or every if state in every)
    elif shape.scripts:
        owners = [run.script_id == script for script in _texts("script", shape.scripts)]
    else:
        owners = [run.project_id == project for project in _texts("project", shape.projects)]
    return _merged(
        select(run.id.label("id")).where(owner, *state, *around).order_by(run.id.desc()).limit(_MOST)
        for owner, state in product(owners, _each(run.state, states))
    )


def _down_labels(shape: Shape) -> tuple[Select[Any], ...]:
    """Walk down the rows of the first label; the others are looked up for each run that it finds."""
    label = _LABELS.c
    around = [*_bounds(label.run_id, shape), *(_worn(label.run_id, n, shape) for n in range(1, len(shape.labels)))]
    if shape.failure:
        around.append(
            exists(select(_RUNS.c.id).where(_RUNS.c.id == label.run_id, _RUNS.c.failure_id == _text("failure")))
        )
    if shape.job:
        around.append(exists(select(_RUNS.c.id).where(_RUNS.c.id == label.run_id, _RUNS.c.job_id == _text("job"))))
    named = _named(label, 0, shape)
    if shape.scripts:
        owners: Conditions = [label.script_id == script for script in _texts("script", shape.scripts)]
    else:
        owners = [label.project_id == project for project in _texts("project", shape.projects)]
    if shape.few:
        states = [label.state.in_([state.value for state in shape.states])] if shape.states else []
        every = [or_(*owners), *named, *states, *around]
        return (select(label.run_id).where(*every).order_by(label.run_id.desc()).limit(_MOST),)
    # The index orders runs below each state: without a wish each state is asked for.
    return _merged(
        select(label.run_id.label("id"))
        .where(owner, *named, *state, *around)
        .order_by(label.run_id.desc())
        .limit(_MOST)
        for owner, state in product(owners, _each(label.state, shape.states or tuple(State)))
    )


def _merged(branches: Iterable[Select[Any]]) -> tuple[Select[Any], ...]:
    every = list(branches)
    return tuple(_one(every[n : n + MOST_BRANCHES]) for n in range(0, len(every), MOST_BRANCHES))


def _one(branches: Sequence[Select[Any]]) -> Select[Any]:
    if len(branches) == 1:
        return branches[0]
    # Each branch is a subquery: in a compound of its own SQLite takes no limit for one part.
    parts = [branch.subquery() for branch in branches]
    every = union_all(*(select(part.c.id) for part in parts)).subquery()
    return select(every.c.id).order_by(every.c.id.desc()).limit(_MOST)


def _each(column: Any, states: Sequence[State]) -> list[Conditions]:
    return [[column == state.value] for state in states] or [[]]


def _bounds(column: ColumnElement[str], shape: Shape) -> Iterator[ColumnElement[bool]]:
    if shape.top:
        yield column < _text("top")
    if shape.bottom:
        yield column >= _text("bottom")


def _named(columns: Any, n: int, shape: Shape) -> Conditions:
    named = [columns.name == _text(f"name_{n}")]
    return [*named, columns.value == _text(f"value_{n}")] if shape.labels[n] else named


def _worn(run_id: ColumnElement[str], n: int, shape: Shape) -> ColumnElement[bool]:
    """Return the condition that a run bears a label."""
    other = _LABELS.alias()
    return exists(select(other.c.run_id).where(other.c.run_id == run_id, *_named(other.c, n, shape)))


def _text(name: str) -> BindParameter[str]:
    return bindparam(name, type_=String())


def _texts(name: str, count: int) -> list[BindParameter[str]]:
    return [_text(f"{name}_{n}") for n in range(count)]
