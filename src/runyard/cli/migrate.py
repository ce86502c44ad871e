"""Bringing the database's schema up to date by hand."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from runyard.cli.errors import Misuse, Trouble
from runyard.cli.options import Data, DatabaseUrl, settings
from runyard.cli.output import as_json, note

if TYPE_CHECKING:
    from runyard.db.migrate import SchemaState
    from runyard.settings import Settings

NEWEST = "head"


def migrate(
    check: Annotated[bool, typer.Option("--check", help="Only tell; exit with 1 if something is to be done.")] = False,
    revision: Annotated[str, typer.Option("--revision", help="Go to this revision, up or down.")] = NEWEST,
    machine: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    data: Data = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Bring the database to this version's schema; an SQLite database is backed up first.

    `runyard up` does this by itself. Roles that run apart refuse a schema that is not theirs and need it.
    """
    chosen = settings(data=data, database_url=database_url)
    if check:
        found = asyncio.run(_state(chosen))
        _tell(found, machine=machine)
        if not found.fits:
            raise typer.Exit(1)
        return
    found, backup = _migrate(chosen, revision)
    if backup:
        note(f"Backed up to {backup}.")
    _tell(found, machine=machine)


def _tell(found: "SchemaState", *, machine: bool) -> None:
    if machine:
        as_json({"current": found.current, "wanted": found.wanted, "fits": found.fits})
        return
    current = found.current or "empty"
    if found.fits:
        print(f"The schema is {current}, as this version wants it.")
    else:
        print(f"The schema is {current}; this version speaks {found.wanted}.")


async def _state(chosen: "Settings") -> "SchemaState":
    if not chosen.database_url and not chosen.database.url and not (chosen.data / "runyard.db").exists():
        raise Trouble(f"There is no database in {chosen.data} yet.", hint="`runyard up` makes one.")
    return await _state_of(chosen)


async def _state_of(chosen: "Settings") -> "SchemaState":
    from runyard.db import migrate as schema
    from runyard.wiring import connect

    database = connect(chosen)
    try:
        return await schema.state(database)
    finally:
        await database.close()


def _migrate(chosen: "Settings", revision: str) -> tuple["SchemaState", str]:
    from runyard.locks import AlreadyRunning, Locks
    from runyard.wiring import ROLES, prepare_data

    prepare_data(chosen)
    if revision == NEWEST and (found := asyncio.run(_state_of(chosen))).fits:
        return found, ""
    held = Locks(chosen.data / "locks", ROLES)
    try:
        held.take()
    except AlreadyRunning as error:
        raise Trouble(error.detail, hint="Stop it first: `runyard stop`.") from error
    try:
        return asyncio.run(_go(chosen, revision))
    finally:
        held.release()


async def _go(chosen: "Settings", revision: str) -> tuple["SchemaState", str]:
    from runyard.db import migrate as schema
    from runyard.wiring import connect

    database = connect(chosen)
    try:
        found = await schema.state(database)
        way = _way(found, revision)
        if way == "stay":
            return found, ""
        backup = await schema.back_up_sqlite(chosen.sqlalchemy_url)
        if way == "down":
            after = await schema.downgrade(database, revision)
        else:
            after = await schema.upgrade(database, revision)
        return after, str(backup or "")
    finally:
        await database.close()


def _way(found: "SchemaState", revision: str) -> str:
    """Return whether `revision` lies ``up`` or ``down`` from where the database stands, or is where to ``stay``."""
    from alembic.script import ScriptDirectory

    from runyard.db.migrate import HERE

    order = [script.revision for script in ScriptDirectory(str(HERE)).walk_revisions()][::-1]
    known = ["base", *order]
    target = order[-1] if revision == NEWEST else revision
    current = found.current or "base"
    if target not in known:
        raise Misuse(f"There is no revision {revision!r}; there are {', '.join(known)}.")
    if current not in known:
        raise Trouble(f"The database's schema {current} is newer than this version of Runyard.")
    if known.index(target) == known.index(current):
        return "stay"
    return "up" if known.index(target) > known.index(current) else "down"
