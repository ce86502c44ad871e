"""Imports of other systems' schedules over HTTP."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field, StringConstraints

from runyard.access.guards import allow
from runyard.access.permissions import Actor, Permission
from runyard.db.session import Database
from runyard.jobs import importing
from runyard.jobs.crontabs import Carried, Imported
from runyard.jobs.importing import LONGEST_TEXT, MOST_IMPORTED, Kind
from runyard.jobs.specs import Zone
from runyard.jobs.taking import Begin, Imports, Taken, Wanted
from runyard.jobs.trigger_schemas import Words
from runyard.jobs.words.triggers import of_cron
from runyard.scripts.schemas import Body, Folder, Tags
from runyard.web.depends import provided

router = APIRouter(tags=["jobs"])
Importing = Annotated[Imports, Depends(provided(Imports))]
Writer = Annotated[Actor, allow(Permission.job_write)]
Prefix = Annotated[str, StringConstraints(max_length=50, pattern=r"^[^\x00-\x1f]*$")]


class ScheduleImport(Body):
    """Schedules of another system, and what is to become of them; without `apply` nothing is made."""

    kind: Kind
    text: Annotated[str, StringConstraints(max_length=LONGEST_TEXT)]
    timezone: Annotated[Zone, Field(description="The zone that they went by, where they name none.")] = "UTC"
    project: Annotated[str, StringConstraints(max_length=64)] = "default"
    apply: bool = False
    entries: Annotated[
        list[Annotated[int, Field(ge=0)]] | None,
        Field(max_length=MOST_IMPORTED, description="Only the entries of these numbers, as `index` has them."),
    ] = None
    folder: Folder = ""
    tags: Tags = Field(default_factory=list)
    prefix: Annotated[Prefix, Field(description="What the names of scripts and jobs begin with.")] = ""
    begin: Annotated[Begin, Field(description="What was switched off there begins switched off.")] = Begin.shadow


class ImportedEntry(BaseModel):
    """One schedule, and the job that it makes; several may make one."""

    index: int
    at: str = Field(description="Where it stands.")
    name: str = Field(description="What its script and its job are called.")
    cron: str
    timezone: str
    words: Words
    command: str
    code: str = Field(description="The script.")
    user: str
    notes: list[str] = Field(description="What of it is not carried.")
    enabled: bool
    job_id: str | None
    script_id: str | None


class LeftOutEntry(BaseModel):
    """What can't be carried."""

    at: str
    text: str
    why: str


class ImportAnswer(BaseModel):
    """What an import makes, and what it can't."""

    items: list[ImportedEntry]
    left_out: list[LeftOutEntry]


@router.post("/jobs/import", operation_id="import_jobs")
async def import_jobs(
    actor: Writer, database: Annotated[Database, Depends(provided(Database))], imports: Importing, body: ScheduleImport
) -> ImportAnswer:
    """Tell which scripts and jobs a crontab, a workflow or an export makes, or make them: all of them or none."""
    # Reading may take a while: not while a transaction is held.
    found = await asyncio.to_thread(importing.read, body.kind, body.text, body.timezone)
    chosen = importing.picked(found.carried, body.entries)
    wanted = Wanted(body.kind, body.text, body.project, body.prefix, body.folder, tuple(body.tags), body.begin)
    if body.apply:
        async with database.write() as session:
            taken = await imports.take(session, actor, wanted, chosen)
    else:
        async with database.read() as session:
            taken = await imports.planned(session, actor, wanted, chosen)
    return _answer(body, found, taken)


def _answer(body: ScheduleImport, found: Imported, taken: list[Taken]) -> ImportAnswer:
    numbers = {id(entry): number for number, entry in enumerate(found.carried)}
    return ImportAnswer(
        items=[_entry(body, one, entry, numbers[id(entry)]) for one in taken for entry in one.planned.entries],
        left_out=[LeftOutEntry(at=one.at, text=one.text[:1000], why=one.why) for one in found.left_out],
    )


def _entry(body: ScheduleImport, one: Taken, entry: Carried, number: int) -> ImportedEntry:
    said = of_cron(entry.cron.text)
    return ImportedEntry(
        index=number,
        at=entry.at,
        name=one.planned.name,
        cron=entry.cron.text,
        timezone=entry.timezone,
        words=Words(en=said[0], zh=said[1]),
        command=entry.command,
        code=one.planned.code,
        user=entry.user,
        notes=importing.notes(body.kind, body.text, entry),
        enabled=one.planned.enabled and body.begin is not Begin.disabled,
        job_id=one.job_id,
        script_id=one.script_id,
    )
