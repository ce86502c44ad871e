"""Jobs out of a project into a file, and from a file into a project: all that can be, or none."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from runyard.access.permissions import Actor, Permission
from runyard.errors import Conflict, FieldError, Invalid
from runyard.jobs import listing, repository
from runyard.jobs.calendar_schemas import NewBlackout
from runyard.jobs.calendars import Calendars
from runyard.jobs.errors import InvalidJob, NoSuchJob
from runyard.jobs.expressions import Expressions
from runyard.jobs.importing import MOST_IMPORTED
from runyard.jobs.models import BlackoutCalendar, Job, JobTrigger
from runyard.jobs.portable import (
    FORMAT,
    VERSION,
    JobFile,
    PortableJob,
    Wanting,
    in_order,
    remarks,
    said,
    unreadable,
    words,
)
from runyard.jobs.schemas import NewJob
from runyard.jobs.service import JobService
from runyard.jobs.shadowing import Shadows
from runyard.jobs.taking import Begin
from runyard.jobs.triggers import demand_readable
from runyard.scripts import repository as script_rows
from runyard.scripts.definitions import MASK
from runyard.scripts.errors import NoSuchSet
from runyard.scripts.models import ParameterSet
from runyard.scripts.service import ScriptService

NOWHERE = "job_nowhere"
"""What stands for a job that is not there yet, while a file is read."""


class Wish(Struct, frozen=True):
    """Which jobs of a file are to come into which project, and how they begin."""

    file: JobFile
    project: str
    prefix: str = ""
    begin: Begin = Begin.shadow
    chosen: frozenset[int] | None = None


class Brought(Struct, frozen=True):
    """A job that an import makes, with the secrets of its webhooks; without an id, would make."""

    index: int
    name: str
    job: PortableJob
    words: tuple[str, str]
    notes: list[str]
    script_id: str
    enabled: bool
    job_id: str | None = None
    secrets: Mapping[str, str] = {}


class Plan(Struct, frozen=True):
    """What can be taken over, in the order in which it is made, and what can't."""

    items: list[Brought]
    wanting: list[Wanting]


class Carrying:
    """Exports jobs and takes them in. Every method works within the session that it is given."""

    def __init__(self, scripts: ScriptService, jobs: JobService, calendars: Calendars, shadows: Shadows) -> None:
        self._scripts = scripts
        self._jobs = jobs
        self._calendars = calendars
        self._shadows = shadows

    async def export(self, session: AsyncSession, actor: Actor, project: str, job_ids: Sequence[str]) -> dict[str, Any]:
        """Return the document of those jobs of a project, of all where none are named.

        Raises: NoSuchProject; NoSuchJob; InvalidJob for more than one file holds.
        """
        project_id = actor.project(project, Permission.job_read)
        if job_ids:
            jobs = sorted(await repository.some(session, job_ids), key=lambda job: (job.name_key, job.id))
            if {job.id for job in jobs if job.project_id == project_id} != set(job_ids):
                raise NoSuchJob
        else:
            now = await repository.database_now(session)
            every = listing.Filter(project_ids=[project_id])
            jobs = [row.job for row in await listing.page(session, every, "name", None, MOST_IMPORTED + 1, now)]
        if len(jobs) > MOST_IMPORTED:
            sentence = f"At most {MOST_IMPORTED} jobs are exported at once; name them."
            raise InvalidJob(sentence, fields=[FieldError("job_id", sentence, "too_long")])
        calendars = {row.id: row for row in await _calendars(session, project_id)}
        named = {id_ for job in jobs for id_ in job.settings.get("calendars", ())}
        return {
            "format": FORMAT,
            "version": VERSION,
            "project": project,
            "blackouts": [
                {"name": row.name, "timezone": row.timezone, "windows": row.windows}
                for row in calendars.values()
                if row.id in named
            ],
            "jobs": await self._exported(session, jobs, {id_: row.name for id_, row in calendars.items()}),
        }

    async def _exported(
        self, session: AsyncSession, jobs: Sequence[Job], calendars: Mapping[str, str]
    ) -> list[dict[str, Any]]:
        triggers = await repository.triggers_of(session, [job.id for job in jobs])
        scripts = await repository.scripts(session, {job.target_id for job in jobs})
        sources = {row.source_job_id for rows in triggers.values() for row in rows if row.source_job_id is not None}
        names = await repository.names_of(session, sources)
        chosen = {job.parameter_set_id for job in jobs if job.parameter_set_id is not None}
        wanted = select(ParameterSet.id, ParameterSet.name).where(ParameterSet.id.in_(chosen))
        sets = {id_: name for id_, name in await session.execute(wanted)}  # noqa: C416 - rows are no pairs to mypy
        found = []
        for job in jobs:
            facts: dict[str, Any] = {"name": job.name, "target": {"kind": job.target_kind}}
            facts["target"]["name"] = scripts[job.target_id].name if job.target_id in scripts else job.target_id
            settings = dict(job.settings)
            if "calendars" in settings:
                settings["calendars"] = [calendars.get(id_, id_) for id_ in settings["calendars"]]
            facts |= {
                "description": job.description,
                "enabled": job.enabled,
                "parameters": {key: value for key, value in job.values.items() if value != MASK},
                "parameter_set": sets.get(job.parameter_set_id or ""),
                "omitted": sorted(key for key, value in job.values.items() if value == MASK),
                "labels": job.labels,
                "settings": settings,
                "triggers": [_trigger(row, names) for row in triggers[job.id]],
            }
            found.append({key: value for key, value in facts.items() if value not in (None, "", [], {}, ())})
        return found

    async def plan(self, session: AsyncSession, actor: Actor, wish: Wish) -> Plan:
        """Return what would be made of a file; raise `NoSuchProject`, `UnreadableSchedules`."""
        project_id = actor.project(wish.project, Permission.job_write)
        jobs = {index: job for index, job in enumerate(wish.file.jobs) if wish.chosen is None or index in wish.chosen}
        taken = await repository.names(session, project_id)
        blackouts = {row.name for row in await _calendars(session, project_id)}
        blackouts |= {one.name for one in wish.file.blackouts}
        lacking: dict[int, str] = {}
        scripts: dict[int, str] = {}
        for index, job in jobs.items():
            script_id = await script_rows.holder_of(session, project_id, job.target.name)
            unknown = next((name for name in job.settings.calendars if name not in blackouts), None)
            if script_id is None:
                lacking[index] = f"The project has no script called {job.target.name}; import that first."
            elif unknown is not None:
                lacking[index] = f"Neither the file nor the project has a blackout calendar called {unknown}."
            elif not await self._has_set(session, script_id, job.parameter_set):
                lacking[index] = f"The script has no saved set of parameters called {job.parameter_set}."
            elif wrong := self._jobs.triggers.unwatched(_read(wish, job).triggers):
                lacking[index] = wrong[0].message
            else:
                scripts[index] = script_id
        order, wanting = in_order(jobs, frozenset(taken), lacking)
        items = []
        for index in order:
            job = jobs[index]
            bodies = _body(wish, job, scripts[index], job.name, dict.fromkeys(job.sources, NOWHERE), {})
            specs = [
                {**one.model_dump(), "job": given.get("job")}
                for one, given in zip(bodies.triggers, job.triggers, strict=True)
            ]
            name = _free(f"{wish.prefix}{job.name}"[:100].strip(), taken)
            taken.add(name)
            enabled = job.enabled and wish.begin is not Begin.disabled
            items.append(Brought(index, name, job, words(specs), remarks(job), scripts[index], enabled))
        return Plan(items, wanting)

    async def take(self, session: AsyncSession, actor: Actor, wish: Wish) -> Plan:
        """Make the jobs that can be made, and the blackout calendars that they need: all of them or none.

        Raises: what `plan` raises, UnreadableSchedules naming the job for what saving it is refused for.
        """
        plan = await self.plan(session, actor, wish)
        project_id = actor.project(wish.project, Permission.job_write)
        ids = {row.live_name or row.name: row.id for row in await _jobs(session, project_id)}
        calendars = await self._calendars_for(session, actor, wish, plan)
        made = []
        for item in plan.items:
            body = _body(wish, item.job, item.script_id, item.name, ids, calendars)
            try:
                job, saved = await self._jobs.create(session, actor, body)
            except (Invalid, Conflict) as error:
                raise unreadable(f"{place(item.index, item.job)}: {_why(error)}") from error
            if wish.begin is Begin.shadow:
                await self._shadows.begin(session, actor, job.id)
            # Those of the file come before those of the project that happen to be called the same.
            ids[item.job.name] = job.id
            made.append(
                Brought(
                    item.index, item.name, item.job, item.words, item.notes, item.script_id, item.enabled, job.id,
                    saved.secrets,
                )
            )  # fmt: skip
        return Plan(made, plan.wanting)

    async def demand_readable(self, expressions: Expressions, wish: Wish) -> None:
        """Raise `UnreadableSchedules` for triggers and expressions that can't be read, naming the job."""
        for index, job in enumerate(wish.file.jobs):
            if wish.chosen is not None and index not in wish.chosen:
                continue
            body = _read(wish, job)
            try:
                await demand_readable(expressions, body.triggers)
            except InvalidJob as error:
                raise unreadable(f"{place(index, job)}: {_why(error)}") from error

    async def _has_set(self, session: AsyncSession, script_id: str, name: str | None) -> bool:
        try:
            return name is None or bool(await self._scripts.sets.id_of(session, script_id, name))
        except NoSuchSet:
            return False

    async def _calendars_for(self, session: AsyncSession, actor: Actor, wish: Wish, plan: Plan) -> dict[str, str]:
        """Return the ids of the calendars that jobs name; those that the project lacks are made."""
        project_id = actor.project(wish.project, Permission.job_write)
        found = {row.name: row.id for row in await _calendars(session, project_id)}
        needed = {name for item in plan.items for name in item.job.settings.calendars}
        for one in wish.file.blackouts:
            if one.name in needed and one.name not in found:
                body = NewBlackout(name=one.name, project=wish.project, timezone=one.timezone, windows=one.windows)
                found[one.name] = (await self._calendars.create(session, actor, body)).id
        return found


def place(index: int, job: PortableJob) -> str:
    """Return where a job stands in its file."""
    return f"jobs.{index} ({job.name})"


def _read(wish: Wish, job: PortableJob) -> NewJob:
    """Return a job of a file as far as it can be read before anything it names is known."""
    return _body(wish, job, NOWHERE, job.name, dict.fromkeys(job.sources, NOWHERE), {})


def _body(
    wish: Wish, job: PortableJob, script_id: str, name: str, ids: Mapping[str, str], calendars: Mapping[str, str]
) -> NewJob:
    settings = job.settings.model_dump(mode="json", exclude_defaults=True)
    if "calendars" in settings:
        settings["calendars"] = [calendars.get(one, one) for one in settings["calendars"]]
    try:
        return NewJob.model_validate(
            {
                "name": name,
                "project": wish.project,
                "target": {"kind": "script", "id": script_id},
                "description": job.description,
                "parameters": job.parameters,
                "parameter_set": job.parameter_set,
                "labels": job.labels,
                "settings": settings,
                "triggers": [_spec(one, ids) for one in job.triggers],
                "enabled": job.enabled and wish.begin is not Begin.disabled,
            }
        )
    except ValidationError as error:
        raise unreadable(f"{place(wish.file.jobs.index(job), job)}: {said(error)}") from error


def _spec(given: Mapping[str, Any], ids: Mapping[str, str]) -> dict[str, Any]:
    found = {key: value for key, value in given.items() if key != "id"}
    if found.get("type") == "after":
        found["job_id"] = ids.get(str(found.pop("job", "")), "")
    return found


def _trigger(row: JobTrigger, names: Mapping[str, str]) -> dict[str, Any]:
    spec = {key: value for key, value in row.spec.items() if value not in (None, "", {}) and key != "job_id"}
    if spec.pop("enabled", True) is False:
        spec["enabled"] = False
    kind = spec.pop("type")
    after = {"job": names.get(row.source_job_id, "")} if row.source_job_id is not None else {}
    return {"type": kind, **after, **spec}


def _why(error: Invalid | Conflict) -> str:
    return "; ".join(f"{one.field}: {one.message}" for one in error.fields) or error.detail


def _free(name: str, taken: set[str]) -> str:
    number, found = 2, name
    while found in taken:
        found, number = f"{name[:95]} {number}", number + 1
    return found


async def _calendars(session: AsyncSession, project_id: str) -> Sequence[BlackoutCalendar]:
    query = select(BlackoutCalendar).where(BlackoutCalendar.project_id == project_id).order_by(BlackoutCalendar.name)
    return (await session.scalars(query)).all()


async def _jobs(session: AsyncSession, project_id: str) -> Sequence[Job]:
    query = select(Job).where(Job.project_id == project_id, Job.deleted_at.is_(None))
    return (await session.scalars(query)).all()
