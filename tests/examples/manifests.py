"""The examples as their folders describe them."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).parents[2] / "examples"
# As PEP 723 gives it.
HEADER = re.compile(r"(?m)^# /// script$\s(?P<content>(^#(| .*)$\s)+)^# ///$")


@dataclass(frozen=True)
class Example:
    """One example: its key (the folder's name) and its manifest."""

    key: str
    manifest: dict[str, Any]

    @property
    def entry(self) -> Path:
        return EXAMPLES / self.key / str(self.manifest["entry"])

    @property
    def code(self) -> str:
        return self.entry.read_text(encoding="utf-8")

    @property
    def parameters(self) -> list[dict[str, Any]]:
        return list(self.manifest.get("parameters", []))

    @property
    def packages(self) -> tuple[str, ...]:
        """Requirements of the manifest and of the code's PEP 723 header, if it has one."""
        header = HEADER.search(self.code)
        inline: list[str] = []
        if header:
            lines = header["content"].splitlines()
            inline = tomllib.loads("\n".join(line.removeprefix("#").strip() for line in lines)).get("dependencies", [])
        return (*self.manifest["requirements"], *inline)


def load() -> dict[str, Example]:
    """Read every example, by key."""
    paths = sorted(EXAMPLES.glob("*/script.toml"))
    return {p.parent.name: Example(p.parent.name, tomllib.loads(p.read_text(encoding="utf-8"))) for p in paths}
