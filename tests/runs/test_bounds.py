"""What a submit may ask for."""

from typing import Any

import pytest

from runyard.runs.bounds import Bounds, Wishes, demand, effective, within
from runyard.runs.errors import BadSubmit
from runyard.scripts.policy import Policy, ResourceLimits

SCRIPT = Policy(limits=ResourceLimits(memory_mb=512), queue="own", priority=20)
PROJECT = Bounds(timeout_s=60, priority=10, queues=("default", "gpu"), limits=ResourceLimits(memory_mb=1024, cpu=2))


@pytest.mark.parametrize(
    ("wishes", "refused"),
    [
        (Wishes(), {}),
        (Wishes(timeout_s=60, priority=10, queue="gpu", limits=ResourceLimits(memory_mb=512, cpu=2)), {}),
        (Wishes(timeout_s=61), {"timeout_s": "The project allows at most 60 s."}),
        # What the script says itself was allowed when it was saved.
        (Wishes(priority=20, queue="own"), {}),
        (Wishes(priority=21), {"priority": "The project allows at most 20."}),
        (Wishes(queue="other"), {"queue": "The project allows these queues: default, gpu."}),
        (Wishes(limits=ResourceLimits(memory_mb=513)), {"limits.memory_mb": "The script allows at most 512."}),
        (Wishes(limits=ResourceLimits(cpu=2.5)), {"limits.cpu": "The project allows at most 2."}),
        (Wishes(limits=ResourceLimits(pids=9_999)), {}),
        (
            Wishes(timeout_s=1e6, limits=ResourceLimits(memory_mb=2048)),
            {"timeout_s": "The project allows at most 60 s.", "limits.memory_mb": "The script allows at most 512."},
        ),
    ],
)
def test_wishes(wishes: Wishes, refused: dict[str, str]) -> None:
    if not refused:
        demand(wishes, SCRIPT, PROJECT)
        return
    with pytest.raises(BadSubmit) as problem:
        demand(wishes, SCRIPT, PROJECT)
    assert {field.field: field.message for field in problem.value.fields} == refused
    assert {field.code for field in problem.value.fields} == {"out_of_bounds"}


def test_without_bounds_everything_may_be_asked_for() -> None:
    demand(Wishes(1e6, 100, "any", ResourceLimits(memory_mb=10**6)), Policy(), Bounds())


@pytest.mark.parametrize(
    ("script", "wished", "project", "expected"),
    [
        ({}, None, {}, {}),
        ({"cpu": 2}, None, {}, {"cpu": 2}),
        ({"cpu": 2}, {"cpu": 1}, {}, {"cpu": 1}),
        ({}, {"cpu": 1}, {"cpu": 4}, {"cpu": 1}),
        ({}, None, {"cpu": 4}, {"cpu": 4}),
        # The bound was lowered after the script was saved.
        ({"cpu": 8}, None, {"cpu": 4}, {"cpu": 4}),
        ({"cpu": 2, "pids": 50}, {"pids": 20}, {"memory_mb": 64}, {"cpu": 2, "pids": 20, "memory_mb": 64}),
    ],
)
def test_what_holds(script: Any, wished: Any, project: Any, expected: Any) -> None:
    asked = ResourceLimits(**wished) if wished is not None else None
    found = effective(ResourceLimits(**script), asked, ResourceLimits(**project))
    assert found == ResourceLimits(**expected)


@pytest.mark.parametrize(
    ("wishes", "own_timeout", "timeout", "memory", "cpu"),
    [
        # Nothing was asked for: the script's own word, cut down.
        (Wishes(), None, 60, 512, 2),
        (Wishes(), 900, 60, 512, 2),
        (Wishes(), 5, 5, 512, 2),
        (Wishes(timeout_s=7), 900, 7, 512, 2),
        (Wishes(limits=ResourceLimits(memory_mb=64, cpu=1)), 5, 5, 64, 1),
    ],
)
def test_what_a_script_says_itself_is_cut_down_to_the_project(
    wishes: Wishes, own_timeout: float | None, timeout: float, memory: int, cpu: float
) -> None:
    found = within(wishes, SCRIPT, PROJECT, own_timeout)
    assert found.limits is not None
    assert (found.timeout_s, found.limits.memory_mb, found.limits.cpu) == (timeout, memory, cpu)


def test_without_bounds_nothing_is_added() -> None:
    assert within(Wishes(), SCRIPT, Bounds(), 900) == Wishes(timeout_s=900)


@pytest.mark.parametrize(
    ("wishes", "empty"),
    [
        (Wishes(), True),
        (Wishes(timeout_s=0), False),
        (Wishes(priority=0), False),
        (Wishes(queue=""), False),
        (Wishes(limits=ResourceLimits()), False),
    ],
)
def test_a_wish_for_nothing_is_still_a_wish(wishes: Wishes, *, empty: bool) -> None:
    assert wishes.is_empty is empty
