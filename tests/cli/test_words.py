"""Sizes, durations, exit codes, and what reaches a terminal."""

import io
from typing import Any

import pytest

from runyard.cli.follow import exit_code
from runyard.cli.output import lasting, size, tame, visible


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("state", "code", "expected"),
    [
        ("succeeded", 0, 0),
        ("failed", 7, 7),
        ("failed", 137, 137),
        ("failed", None, 125),
        ("failed", 0, 1),
        ("timed_out", 143, 124),
        ("cancelled", 143, 130),
        ("cancelled", None, 130),
        ("lost", None, 125),
    ],
)
def test_exit_codes(state: str, code: Any, expected: Any) -> None:
    assert exit_code({"state": state, "exit_code": code}) == expected


@pytest.mark.parametrize(
    ("count", "text"), [(None, ""), (0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (5 * 2**40, "5.0 TiB")]
)
def test_sizes(count: Any, text: str) -> None:
    assert size(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""),
        (0.42, "0.42 s"),
        (61, "1 min 01 s"),
        (7500, "2 h 05 min"),
        (59.999, "60.00 s"),
        (119.9, "2 min 00 s"),
    ],
)
def test_durations(seconds: Any, text: str) -> None:
    assert lasting(seconds) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "\x1b[31mred\x1b[0m"),
        ("a\x1b[2Jb\x1b[1;1Hc", "abc"),
        ("a\x1b]0;title\x07b\x1b]52;c;aGk=\x1b\\c", "abc"),
        ("tab\tbell\x07back\x08\x9b31mc", "tab\tbellback31mc"),
        ("a\x1bcb", "ab"),
    ],
)
def test_a_terminal_gets_colours_and_nothing_that_steers_it(text: str, shown: str) -> None:
    assert tame(text, Screen()) == shown
    assert tame(text, io.StringIO()) == text


def test_words_of_others_have_no_control_characters() -> None:
    assert visible("a\x1b[2Jb\rc\nd") == "a�[2Jb�c\nd"
