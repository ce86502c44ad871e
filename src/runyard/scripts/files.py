"""Where the files of projects are kept: by the hash of their content, once for each project."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from runyard.errors import FieldError
from runyard.scripts import trees
from runyard.scripts.errors import BadTree, InvalidScript, NoSuchSourceFile
from runyard.scripts.models import ScriptBlob
from runyard.scripts.schemas import FileContent
from runyard.scripts.trees import TreeFile

Tree = tuple[TreeFile, ...]
_AT_ONCE = 100


def tree_of(options: Mapping[str, Any]) -> Tree:
    """Return the files that a version's options list."""
    return tuple(TreeFile.model_validate(item) for item in options.get("files", ()))


async def keep(
    session: AsyncSession, project_id: str, contents: Mapping[str, bytes], executable: frozenset[str] = frozenset()
) -> Tree:
    """Keep the contents of files and return their list, in order; raise `BadTree`."""
    made = []
    new: dict[str, bytes] = {}
    for path, data in trees.checked(contents).items():
        digest = hashlib.sha256(data).hexdigest()
        new[digest] = data
        made.append(TreeFile(path=path, hash=digest, size=len(data), executable=path in executable))
    for digest, data in new.items():
        if await session.get(ScriptBlob, (project_id, digest)) is None:
            session.add(ScriptBlob(project_id=project_id, hash=digest, size=len(data), data=data))
    await session.flush()
    return tuple(made)


async def read(session: AsyncSession, project_id: str, tree: Sequence[TreeFile]) -> dict[str, bytes]:
    """Return the contents of files, by path."""
    hashes = sorted({file.hash for file in tree})
    found: dict[str, bytes] = {}
    for first in range(0, len(hashes), _AT_ONCE):
        wanted = select(ScriptBlob.hash, ScriptBlob.data).where(
            ScriptBlob.project_id == project_id, ScriptBlob.hash.in_(hashes[first : first + _AT_ONCE])
        )
        found |= {digest: data for digest, data in await session.execute(wanted)}  # noqa: C416 - rows are no pairs
    return {file.path: found[file.hash] for file in tree}


async def read_one(session: AsyncSession, project_id: str, tree: Sequence[TreeFile], path: str) -> bytes:
    """Return the content of one file; raise `NoSuchSourceFile`."""
    file = next((file for file in tree if file.path == path), None)
    if file is None:
        raise NoSuchSourceFile
    return (await read(session, project_id, [file]))[path]


async def changed(
    session: AsyncSession, project_id: str, tree: Sequence[TreeFile], changes: Sequence[FileContent], place: str = ""
) -> Tree:
    """Return `tree` with files added, replaced and removed; raise `BadTree`, `InvalidScript`."""
    given: dict[str, bytes] = {}
    for index, change in enumerate(changes):
        if change.remove:
            continue
        try:
            given[change.path] = change.data
        except ValueError as error:
            field = FieldError(f"{place}files.{index}.base64", "That is not base64.", "base64")
            raise InvalidScript("That is not base64.", fields=[field]) from error
    executable = frozenset(change.path for change in changes if change.executable)
    added = await keep(session, project_id, given, executable)
    touched = {change.path for change in changes}
    whole = sorted([*(file for file in tree if file.path not in touched), *added], key=lambda file: file.path)
    trees.demand_size(len(whole), sum(file.size for file in whole))
    folders = {path for file in whole for path in _above(file.path)}
    if both := sorted(folders & {file.path for file in whole}):
        raise BadTree(f"{both[0]} is both a file and a folder.")
    return tuple(whole)


def _above(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]
