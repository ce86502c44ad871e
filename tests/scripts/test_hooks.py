"""The shell text around a script, run by a shell, and what it notes down."""

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from pydantic import ValidationError

from runyard.scripts.hooks import Hook, outcomes, wrapper

SH = shutil.which("sh") or "sh"


def ends(code: int) -> tuple[str, ...]:
    """Return a command that prints the exit code it was told of, and ends with one of its own."""
    return (SH, "-c", f'echo "ran {code} ${{RUNYARD_EXIT_CODE:-untold}}"; exit {code}')


@pytest.mark.parametrize(
    ("before", "main", "after", "code", "said", "noted"),
    [
        (None, 0, None, 0, ["ran 0 untold"], {"main": 0}),
        (None, 7, None, 7, ["ran 7 untold"], {"main": 7}),
        (0, 5, None, 5, ["ran 0 untold", "ran 5 untold"], {"before": 0, "main": 5}),
        (3, 0, None, 3, ["ran 3 untold"], {"before": 3}),
        (3, 0, 0, 3, ["ran 3 untold", "ran 0 3"], {"before": 3, "after": 0}),
        (None, 0, 4, 4, ["ran 0 untold", "ran 4 0"], {"main": 0, "after": 4}),
        (None, 6, 4, 6, ["ran 6 untold", "ran 4 6"], {"main": 6, "after": 4}),
    ],
)
def test_which_exit_code_counts(
    tmp_path: Path,
    before: int | None,
    main: int,
    after: int | None,
    code: int,
    said: list[str],
    noted: dict[str, int],
) -> None:
    record = tmp_path / "it's a record"
    text = wrapper(ends(before) if before is not None else (), ends(after) if after is not None else (), str(record))
    done = subprocess.run([SH, "-c", text, "wrapper", *ends(main)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.splitlines()) == (code, said)
    assert outcomes(record.read_bytes()) == noted
    told = [f"The hook {name} the script ended with exit code {noted[name]}." for name in noted if name != "main"]
    assert done.stderr.splitlines() == told


def test_words_reach_a_hook_as_they_are(tmp_path: Path) -> None:
    words = ("printf", "%s|", "a b", "'", "$HOME", "*")
    text = wrapper(words, (), shlex.quote(str(tmp_path / "record")))
    done = subprocess.run(
        [SH, "-c", text, "wrapper", "true"], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.stdout == "a b|'|$HOME|*|"


@pytest.mark.parametrize(
    ("record", "found"),
    [
        (b"", {}),
        (b"before 0\nmain 255\nafter 12\n", {"before": 0, "main": 255, "after": 12}),
        (b"main 1\nmain 2\n", {"main": 2}),
        (b"other 1\nmain\nmain x\nmain -1\nmain 1000\nmain \xb2\nafter 3", {"after": 3}),
        (b"x" * 2000 + b"\nmain 1\n", {}),
    ],
)
def test_what_else_stands_in_the_record_is_passed_over(record: bytes, found: dict[str, int]) -> None:
    assert outcomes(record) == found


@pytest.mark.parametrize("code", ["", "a\0b", "x" * 100_001])
def test_hooks_that_can_not_be(code: str) -> None:
    with pytest.raises(ValidationError):
        Hook(code=code)


def test_a_hook_is_kept_as_it_was_written() -> None:
    assert Hook(code="echo 'a'\n", shell=False).code == "echo 'a'\n"
