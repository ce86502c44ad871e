from dataclasses import dataclass

import pytest

from runyard.secrets.precedence import Level, ranked


@dataclass(frozen=True)
class One:
    level: Level
    stage: str


ALL = [One(level, stage) for stage in ("prod", "", "dev") for level in reversed(Level)]


@pytest.mark.parametrize(
    ("stage", "order"),
    [
        (None, ["script", "project", "global"]),
        ("dev", ["script dev", "script", "project dev", "project", "global dev", "global"]),
        ("moon", ["script", "project", "global"]),
    ],
)
def test_the_nearest_wins_and_in_one_place_the_one_for_the_stage(stage: str | None, order: list[str]) -> None:
    assert [f"{one.level} {one.stage}".strip() for one in ranked(ALL, stage)] == order


def test_nothing_is_made_of_nothing() -> None:
    assert ranked([], "dev") == []
