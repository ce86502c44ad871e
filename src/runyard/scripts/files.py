"""Where the files of projects are kept: by the hash of their content, once for each project."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from runyard.errors import FieldError
from runyard.scripts import trees
from runyard.scripts.errors import BadTree, InvalidScript, NoSuchSourceFile
from runyard.scripts.models import ScriptBlob, ScriptVersion
from runyard.scripts.schemas import FileContent
from runyard.scripts.trees import TreeFile

Tree = tuple[TreeFile, ...]
_AT_ONCE = 100
_VERSIONS_AT_ONCE = 1000


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
        # Shared with others who keep the same, closed to whoever drops what no version names: see `forget`.
        there = select(ScriptBlob.hash).where(*_is(project_id, [digest])).with_for_update(read=True)
        if (await session.execute(there)).first() is None:
            session.add(ScriptBlob(project_id=project_id, hash=digest, size=len(data), data=data))
    await session.flush()
    return tuple(made)


async def read(session: AsyncSession, project_id: str, tree: Sequence[TreeFile]) -> dict[str, bytes]:
    """Return the contents of files, by path."""
    hashes = sorted({file.hash for file in tree})
    found: dict[str, bytes] = {}
    for first in range(0, len(hashes), _AT_ONCE):
        some = hashes[first : first + _AT_ONCE]
        wanted = select(ScriptBlob.hash, ScriptBlob.data).where(*_is(project_id, some))
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


async def unnamed(session: AsyncSession) -> dict[str, list[str]]:
    """Return, by project, the contents that no version names at this moment."""
    found = {}
    for project_id in (await session.execute(select(ScriptBlob.project_id).distinct())).scalars().all():
        kept = (await session.execute(select(ScriptBlob.hash).where(ScriptBlob.project_id == project_id))).scalars()
        if spare := set(kept) - await _named(session, project_id):
            found[project_id] = sorted(spare)
    return found


async def forget(session: AsyncSession, project_id: str, hashes: Sequence[str], since: datetime) -> int:
    """Drop contents that were `unnamed`, unless a version made after `since` names them; return how many."""
    dropped = 0
    for first in range(0, len(hashes), _AT_ONCE):
        ours = _is(project_id, hashes[first : first + _AT_ONCE])
        # From here on nobody can make a version that names them, and those that were about to have done so.
        locked = set((await session.execute(select(ScriptBlob.hash).where(*ours).with_for_update())).scalars())
        spare = locked - await _named(session, project_id, since)
        await session.execute(delete(ScriptBlob).where(*_is(project_id, spare)))
        dropped += len(spare)
    return dropped


async def _named(session: AsyncSession, project_id: str, since: datetime | None = None) -> set[str]:
    """Return the contents that versions name: all, or those made after `since`."""
    last = ""
    named: set[str] = set()
    while True:
        page = select(ScriptVersion.id, ScriptVersion.options).where(
            ScriptVersion.project_id == project_id, ScriptVersion.id > last
        )
        if since is not None:
            page = page.where(ScriptVersion.created_at > since)
        rows = (await session.execute(page.order_by(ScriptVersion.id).limit(_VERSIONS_AT_ONCE))).all()
        if not rows:
            return named
        named.update(file["hash"] for _id, options in rows for file in options.get("files", ()))
        last = rows[-1].id


def _is(project_id: str, hashes: Collection[str]) -> tuple[ColumnElement[bool], ...]:
    return ScriptBlob.project_id == project_id, ScriptBlob.hash.in_(hashes)


def _above(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]
