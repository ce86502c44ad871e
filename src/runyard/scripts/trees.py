"""The files of a script with more than one: their paths, bounded and safe to lay out. Pure."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from runyard.errors import FieldError
from runyard.scripts.errors import BadTree

MOST_FILES = 2_000
MOST_BYTES = 32 * 1024 * 1024
LONGEST_PATH = 500
DEEPEST = 30
SKIPPED = frozenset(
    {
        ".git", ".hg", ".svn", "node_modules", "__pycache__", ".venv", "venv", ".tox", ".mypy_cache", ".ruff_cache",
        ".pytest_cache", ".DS_Store", "__MACOSX", ".idea", ".runyard",
    }
)  # fmt: skip
"""Names that are no part of a project's sources, wherever they stand."""
LANGUAGES = {
    ".py": "python",
    ".js": "javascript",
    ".mjs": "javascript",
    ".cjs": "javascript",
    ".sh": "shell",
    ".sql": "sql",
}
_ENTRIES = ("main", "__main__", "index", "app", "run", "cli", "start")


class TreeFile(BaseModel):
    """One file of a project: its path (with ``/``, relative), the SHA-256 of its content, and its size in bytes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Annotated[str, StringConstraints(max_length=LONGEST_PATH)]
    hash: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    size: Annotated[int, Field(ge=0)]
    executable: bool = False


def path_trouble(path: str) -> str | None:
    """Return why a path can't be laid out, as a sentence; None if it can."""
    shown = "".join(letter if letter.isprintable() else "?" for letter in path[:100])
    parts = path.split("/")
    if path.startswith("/") or "\\" in path or re.match(r"[A-Za-z]:", path):
        return f"{shown}: the path is not relative; nothing was taken."
    if ".." in parts:
        return f"{shown}: the path leads out of the project; nothing was taken."
    if not path or any(part in {"", "."} for part in parts):
        return f"{shown}: that is no path of a file."
    if any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in path):
        return f"{shown}: the path holds control characters."
    if len(path.encode()) > LONGEST_PATH or len(parts) > DEEPEST or any(len(part.encode()) > 255 for part in parts):  # noqa: PLR2004 - NAME_MAX
        return f"{shown}: the path is too long or too deep."
    return None


def skipped(path: str) -> bool:
    """Whether a path is no part of the sources: packages, caches, version control."""
    return any(part in SKIPPED for part in path.split("/")) or path.endswith(".pyc")


def checked(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the files of a project, in order; raise `BadTree` with one sentence for what can't be taken."""
    for path in files:
        if (trouble := path_trouble(path)) is not None:
            raise _bad(trouble)
    demand_size(len(files), sum(map(len, files.values())))
    folders = {str(parent) for path in files for parent in PurePosixPath(path).parents}
    for path in files:
        if path in folders:
            raise _bad(f"{path} is both a file and a folder.")
    return dict(sorted(files.items()))


def demand_size(count: int, size: int) -> None:
    """Raise `BadTree` for more files, or more bytes, than a project may have."""
    if count > MOST_FILES:
        raise _bad(f"A project has at most {MOST_FILES} files.")
    if size > MOST_BYTES:
        raise _bad(f"The files of a project have at most {MOST_BYTES // 2**20} MiB together, unpacked.")


def without_root(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the files without the one folder that holds them all, if there is one."""
    roots = {path.partition("/")[0] for path in files}
    if len(roots) == 1 and all("/" in path for path in files):
        return {path.partition("/")[2]: data for path, data in files.items()}
    return dict(files)


def entries(paths: Iterable[str]) -> list[str]:
    """Return the files that could be started, the likeliest first: near the root, named main, index and so on."""
    found = [path for path in paths if PurePosixPath(path).suffix in LANGUAGES]

    def rank(path: str) -> tuple[int, int, str]:
        stem = PurePosixPath(path).stem
        return path.count("/"), _ENTRIES.index(stem) if stem in _ENTRIES else len(_ENTRIES), path

    return sorted(found, key=rank)


def _bad(sentence: str) -> BadTree:
    return BadTree(sentence, fields=[FieldError("files", sentence, "tree")])
