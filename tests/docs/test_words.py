"""The repository speaks of itself only: of no machine that it was made on, and of no registry's host."""

from pathlib import Path

import pytest

from .pages import ROOT, tracked

# Put together here, so that this file is not a find of its own.
FOREIGN = tuple("".join(parts) for parts in (("/wo", "rk/"), ("/ro", "ot/"), ("py", "pi.org"), ("npm", "js")))
ALLOWED = {
    # Paths within a yard, and a home that a hostile script looks for.
    Path("tests/sandbox/test_bubblewrap.py"): {FOREIGN[0]},
    Path("tests/sandbox/test_hostile.py"): {FOREIGN[1]},
}


@pytest.mark.parametrize("word", FOREIGN)
def test_no_file_names_foreign_places(word: str) -> None:
    found = [
        path
        for path in tracked()
        if word.encode() in (ROOT / path).read_bytes() and word not in ALLOWED.get(path, set())
    ]
    assert not found
