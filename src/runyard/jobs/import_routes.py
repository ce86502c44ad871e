"""Imports of other systems' schedules and of jobs, and exports of jobs, over HTTP."""

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response

from runyard.access.guards import allow
from runyard.access.permissions import Actor, Permission
from runyard.db.session import Database
from runyard.jobs import importing, portable
from runyard.jobs.carrying import Brought, Carrying, Plan, Wish
from runyard.jobs.crontabs import Carried, Imported
from runyard.jobs.expressions import Expressions
from runyard.jobs.import_schemas import ImportAnswer, ImportedEntry, LeftOutEntry, ScheduleImport
from runyard.jobs.importing import MOST_IMPORTED, Kind
from runyard.jobs.portable import JobFile
from runyard.jobs.taking import Begin, Imports, Taken, Wanted
from runyard.jobs.trigger_schemas import Words
from runyard.jobs.words.triggers import of_cron
from runyard.projects.service import DEFAULT
from runyard.web.depends import Reading, provided

router = APIRouter(tags=["jobs"])
Importing = Annotated[Imports, Depends(provided(Imports))]
Carriage = Annotated[Carrying, Depends(provided(Carrying))]
Expressing = Annotated[Expressions, Depends(provided(Expressions))]
Kept = Annotated[Database, Depends(provided(Database))]
Reader = Annotated[Actor, allow(Permission.job_read)]
Writer = Annotated[Actor, allow(Permission.job_write)]
MEDIA = {"yaml": "application/yaml", "json": "application/json"}


@router.get(
    "/jobs/export",
    operation_id="export_jobs",
    response_class=Response,
    responses={200: {"content": {"application/yaml": {}, "application/json": {}}}},
)
async def export_jobs(
    actor: Reader,
    session: Reading,
    carrying: Carriage,
    job_id: Annotated[list[str] | None, Query(max_length=MOST_IMPORTED, description="Repeatable; else all.")] = None,
    project: Annotated[str, Query(max_length=64)] = DEFAULT,
    shape: Annotated[Literal["yaml", "json"], Query(alias="format")] = "yaml",
) -> Response:
    """Export jobs with their triggers and blackout calendars, for `POST /jobs/import`. No secret goes out."""
    found = await carrying.export(session, actor, project, job_id or [])
    text = await asyncio.to_thread(portable.written, found, shape)
    headers = {"Content-Disposition": f'attachment; filename="jobs.{shape}"'}
    return Response(text, media_type=MEDIA[shape], headers=headers)


@router.post("/jobs/import", operation_id="import_jobs")
async def import_jobs(
    actor: Writer,
    database: Kept,
    imports: Importing,
    carrying: Carriage,
    expressions: Expressing,
    body: ScheduleImport,
) -> ImportAnswer:
    """Tell which jobs a crontab, a workflow or an export makes, or make them: all that can be carried, or none."""
    if body.kind == "runyard":
        return await _carried(actor, database, carrying, expressions, body)
    # Reading may take a while: not while a transaction is held.
    kind = Kind(body.kind)
    found = await asyncio.to_thread(importing.read, kind, body.text, body.timezone)
    chosen = importing.picked(found.carried, body.entries)
    wanted = Wanted(kind, body.text, body.project, body.prefix, body.folder, tuple(body.tags), body.begin)
    if body.apply:
        async with database.write() as session:
            taken = await imports.take(session, actor, wanted, chosen)
    else:
        async with database.read() as session:
            taken = await imports.planned(session, actor, wanted, chosen)
    return _answer(body, kind, found, taken)


async def _carried(
    actor: Actor, database: Database, carrying: Carrying, expressions: Expressions, body: ScheduleImport
) -> ImportAnswer:
    file = await asyncio.to_thread(portable.read, body.text)
    chosen = None if body.entries is None else frozenset(importing.picked(range(len(file.jobs)), body.entries))
    wish = Wish(file, body.project, body.prefix, body.begin, chosen)
    await carrying.demand_readable(expressions, wish)
    if body.apply:
        async with database.write() as session:
            return _told(file, await carrying.take(session, actor, wish))
    async with database.read() as session:
        return _told(file, await carrying.plan(session, actor, wish))


def _told(file: JobFile, plan: Plan) -> ImportAnswer:
    return ImportAnswer(
        items=[_brought(one) for one in sorted(plan.items, key=lambda one: one.index)],
        left_out=[
            LeftOutEntry(at=f"jobs.{one.index}", text=file.jobs[one.index].name, why=one.why) for one in plan.wanting
        ],
    )


def _brought(one: Brought) -> ImportedEntry:
    timed = next((each for each in one.job.triggers if each["type"] == "cron"), {})
    return ImportedEntry(
        index=one.index,
        at=f"jobs.{one.index}",
        name=one.name,
        cron=str(timed.get("cron", "")),
        timezone=str(timed.get("timezone", "")),
        words=Words(en=one.words[0], zh=one.words[1]),
        command=one.job.target.name,
        code="",
        user="",
        notes=one.notes,
        enabled=one.enabled,
        job_id=one.job_id,
        script_id=one.script_id,
        secrets=dict(one.secrets),
    )


def _answer(body: ScheduleImport, kind: Kind, found: Imported, taken: list[Taken]) -> ImportAnswer:
    numbers = {id(entry): number for number, entry in enumerate(found.carried)}
    return ImportAnswer(
        items=[_entry(body, kind, one, entry, numbers[id(entry)]) for one in taken for entry in one.planned.entries],
        left_out=[LeftOutEntry(at=one.at, text=one.text[:1000], why=one.why) for one in found.left_out],
    )


def _entry(body: ScheduleImport, kind: Kind, one: Taken, entry: Carried, number: int) -> ImportedEntry:
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
        notes=importing.notes(kind, body.text, entry),
        enabled=one.planned.enabled and body.begin is not Begin.disabled,
        job_id=one.job_id,
        script_id=one.script_id,
    )
