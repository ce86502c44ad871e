"""The page has words for whatever the audit writes down."""

import re
from pathlib import Path

import pytest

from runyard.audit.acts import ACTIONS, KINDS

ROOM = Path(__file__).parents[2] / "frontend/src/features/audit"


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_every_act_has_words(language: str) -> None:
    text = (ROOM / f"messages.{language}.ts").read_text("utf-8")
    kinds, verbs, alone = (_keys(text, block) for block in ("kinds", "verbs", "alone"))
    acts = [action.partition(".") for action in sorted(ACTIONS)]
    assert [kind for kind, dot, _ in acts if not dot and kind not in alone] == []
    assert [kind for kind in sorted({kind for kind, dot, _ in acts if dot} | KINDS) if kind not in kinds] == []
    assert [verb for _, dot, verb in acts if dot and verb not in verbs] == []


def _keys(text: str, block: str) -> set[str]:
    """Return the keys of a block of messages."""
    found = re.search(rf"^  {block}: \{{(.*?)\}},$", text, re.DOTALL | re.MULTILINE)
    assert found, f"{block} is not there"
    return set(re.findall(r"(\w+):", found[1]))
