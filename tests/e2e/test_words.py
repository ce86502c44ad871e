"""What the page says of problems, held against the codes that the server gives."""

import re
from pathlib import Path

from runyard.jobs.hook_routes import PayloadCutOff
from runyard.web.problems import _CODES
from tests.problems import codes

SOURCES = Path(__file__).parents[2] / "frontend" / "src"
# The page's own, and what the server, or a proxy before it, answers when it crashed.
OWN = {"unknown", "unreachable", "internal_error", "gateway_trouble"}
# What everybody may meet: it is said in the page's language, not in the server's English.
FAMILIAR = {"bad_credentials", "too_many_attempts", "name_taken", "version_conflict", "already_over", "too_large"}


def translated(language: str, file: str = "messages") -> set[str]:
    """Return the codes for which the page has words."""
    found: set[str] = set()
    for path in SOURCES.rglob(f"{file}.{language}.ts"):
        for block in re.findall(r"\n  problems: \{(.*?)\n  \}", path.read_text(encoding="utf-8"), re.DOTALL):
            found |= set(re.findall(r"^ {4}(\w+):", block, re.MULTILINE))
    return found


def test_every_problem_that_the_page_explains_is_one_of_the_server() -> None:
    assert translated("en") - OWN - set(_CODES.values()) <= codes()


def test_what_everybody_may_meet_is_said_in_both_languages() -> None:
    assert translated("en") >= FAMILIAR
    assert translated("zh-CN") == translated("en")


def test_in_chinese_the_other_problems_have_words_too() -> None:
    said = translated("zh-CN", "said")
    # What nobody is answered any more stands in the call log.
    assert said <= codes() | set(_CODES.values()) | {PayloadCutOff.code}
    assert not said & translated("zh-CN")
