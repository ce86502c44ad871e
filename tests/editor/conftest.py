import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from runyard.editor.cells import Cells
from runyard.sandbox import Sandboxes


@pytest.fixture
def cells(tmp_path: Path) -> Iterator[Cells]:
    """Cells as an installation has them; users of their own must be able to walk there."""
    folder = tmp_path / "data" / "editor"
    folder.mkdir(parents=True)
    if os.geteuid() == 0:
        for parent in (folder, *folder.parents):
            if parent == Path("/tmp"):
                break
            parent.chmod(0o755)
    sandboxes = Sandboxes(tmp_path / "data" / "sandbox", hidden=(tmp_path / "data",), uid_base=65_000, uid_count=16)
    yield Cells(folder, sandboxes, at_once=2, patience_s=60)
    assert not list(folder.iterdir()), "a cell was left behind"
