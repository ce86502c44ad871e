"""The documents of the repository, taken apart."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^(?P<indent> *)```(?P<kind>[\w-]*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[(?:[^\]\[]|\[[^\]]*\])*\]\((?P<target>[^)\s]+)\)")
_CELL = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: where, its kind (``python``, ``sh``, …; empty for none) and its text."""

    where: str
    kind: str
    text: str


@cache
def tracked() -> tuple[Path, ...]:
    """Return every file that belongs to the repository, relative to its root."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    said = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    return tuple(path for name in said.split("\0") if name and (ROOT / (path := Path(name))).is_file())


@cache
def documents() -> tuple[Path, ...]:
    """Return every Markdown file that people read; what examples work on is not among them."""
    return tuple(path for path in tracked() if path.suffix == ".md" and path.parts[:2] != ("examples", "data"))


@cache
def text_of(path: Path) -> str:
    """Return a document's text."""
    return (ROOT / path).read_text(encoding="utf-8")


def blocks(path: Path) -> Iterator[Block]:
    """Yield the fenced blocks of a document."""
    text = text_of(path)
    for found in _FENCE.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        body = "".join(part.removeprefix(found["indent"]) for part in found["text"].splitlines(keepends=True))
        yield Block(f"{path}:{line}", found["kind"], body)


def prose(path: Path) -> str:
    """Return a document without its fenced blocks."""
    return _FENCE.sub("", text_of(path))


def links(path: Path) -> list[str]:
    """Return the targets of all links and pictures of a document."""
    return [found["target"] for found in _LINK.finditer(prose(path))]


def anchors(path: Path) -> set[str]:
    """Return the anchors that a document's headings have."""
    found = re.findall(r"^#{1,6} (.+)$", prose(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in found}


def rows(path: Path) -> list[list[str]]:
    """Return the rows of all tables of a document, without heads and rules."""
    lines = [line for line in prose(path).splitlines() if line.startswith("|")]
    cells = [[cell.strip().replace("\\|", "|") for cell in _CELL.split(line)[1:-1]] for line in lines]
    rules = [at for at, row in enumerate(cells) if all(re.fullmatch(r":?-+:?", cell) for cell in row)]
    return [row for at, row in enumerate(cells) if at not in rules and at + 1 not in rules]


def codes(cell: str) -> list[str]:
    """Return what stands in backticks."""
    return re.findall(r"`([^`]+)`", cell)
