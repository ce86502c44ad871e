"""The example scripts that a new installation begins with."""

import tomllib
from collections.abc import Iterator
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import log
from runyard.scripts import repository
from runyard.scripts.schemas import NewScript
from runyard.scripts.service import ScriptService

logger = log.get("scripts")

TAG = "example"
MANIFEST = "script.toml"
_FIELDS = ("name", "language", "description", "requirements", "timeout_s", "network", "parameters")


class Example(Struct, frozen=True):
    """One example: the name of its folder, and the script that it becomes."""

    key: str
    script: NewScript


def folder() -> Traversable | None:
    """Return where the examples are: in the package as it was built, else at the root of the checkout; None without."""
    packaged = resources.files("runyard.scripts") / "examples"
    if packaged.is_dir():
        return packaged
    checkout = Path(__file__).parents[3] / "examples"
    return checkout if checkout.is_dir() else None


def examples(root: Traversable) -> Iterator[Example]:
    """Yield the examples below `root`: every folder with a ``script.toml``, by name.

    The manifest has the fields of a script; ``entry`` names the file with the code. Others are not for seeding.
    """
    for place in sorted(root.iterdir(), key=lambda item: item.name):
        manifest = place / MANIFEST
        if not (place.is_dir() and manifest.is_file()):
            continue
        facts: dict[str, Any] = tomllib.loads(manifest.read_text(encoding="utf-8"))
        body = {field: facts[field] for field in _FIELDS if field in facts}
        code = (place / facts["entry"]).read_text(encoding="utf-8")
        tags = [*facts.get("tags", []), TAG]
        yield Example(place.name, NewScript.model_validate({**body, "code": code, "tags": tags}))


async def seed(session: AsyncSession, scripts: ScriptService, project_id: str, root: Traversable | None = None) -> int:
    """Save the examples in a project if no script was ever made, deleted ones included; return how many.

    They have no author. A second call does nothing, and so does one without a folder of examples.
    """
    root = root or folder()
    if root is None or not await repository.none_ever(session):
        return 0
    count = 0
    for example in examples(root):
        await scripts.add(session, project_id, None, example.script)
        count += 1
    logger.info("scripts.seeded", count=count)
    return count
