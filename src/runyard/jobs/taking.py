"""Imports carried out: scripts and jobs of what was read, all of them or none."""

from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from runyard.access.permissions import Actor, Permission
from runyard.errors import FieldError
from runyard.jobs import repository
from runyard.jobs.crontabs import Carried
from runyard.jobs.importing import Kind, Planned, UnreadableSchedules, plan
from runyard.jobs.schemas import NewJob
from runyard.jobs.service import JobService
from runyard.jobs.shadowing import Shadows
from runyard.scripts import repository as script_rows
from runyard.scripts.schemas import NewScript
from runyard.scripts.service import ScriptService


class Begin(StrEnum):
    """How jobs begin: in shadow they start nothing until they are cut over."""

    shadow = "shadow"
    enabled = "enabled"
    disabled = "disabled"


class Wanted(Struct, frozen=True):
    """How what was read is to be taken over."""

    kind: Kind
    text: str
    project: str
    prefix: str = ""
    folder: str = ""
    tags: tuple[str, ...] = ()
    begin: Begin = Begin.shadow


class Taken(Struct, frozen=True):
    """A job that an import makes; without ids, would make."""

    planned: Planned
    script_id: str | None = None
    job_id: str | None = None


class Imports:
    """Imports of schedules. Every method works within the session that it is given."""

    def __init__(self, scripts: ScriptService, jobs: JobService, shadows: Shadows) -> None:
        self._scripts = scripts
        self._jobs = jobs
        self._shadows = shadows

    async def planned(
        self, session: AsyncSession, actor: Actor, wanted: Wanted, chosen: Sequence[Carried]
    ) -> list[Taken]:
        """Return what would be made; raise `NoSuchProject`."""
        return [Taken(each) for each in await self._plan(session, actor, wanted, chosen)]

    async def take(self, session: AsyncSession, actor: Actor, wanted: Wanted, chosen: Sequence[Carried]) -> list[Taken]:
        """Make the scripts and jobs, all of them or none.

        Raises: NoSuchProject; UnreadableSchedules; and what saving a script or a job raises.
        """
        actor.project(wanted.project, Permission.script_write)
        return [
            await self._make(session, actor, wanted, each) for each in await self._plan(session, actor, wanted, chosen)
        ]

    async def _plan(
        self, session: AsyncSession, actor: Actor, wanted: Wanted, chosen: Sequence[Carried]
    ) -> list[Planned]:
        project_id = actor.project(wanted.project, Permission.job_write)
        taken = await repository.names(session, project_id) | await script_rows.names(session, project_id)
        return plan(wanted.kind, wanted.text, chosen, taken, prefix=wanted.prefix)

    async def _make(self, session: AsyncSession, actor: Actor, wanted: Wanted, planned: Planned) -> Taken:
        try:
            script = NewScript(
                name=planned.name,
                language="shell",
                code=planned.code,
                folder=wanted.folder,
                tags=list(wanted.tags),
                project=wanted.project,
            )
        except ValidationError as error:
            raise _refused(planned, error) from error
        made = (await self._scripts.create(session, actor, script)).script
        triggers = [{"type": "cron", "cron": one.cron.text, "timezone": one.timezone} for one in planned.entries]
        try:
            body = NewJob.model_validate(
                {
                    "name": planned.name,
                    "project": wanted.project,
                    "target": {"kind": "script", "id": made.id},
                    "triggers": triggers,
                    "enabled": planned.enabled and wanted.begin is not Begin.disabled,
                }
            )
        except ValidationError as error:
            raise _refused(planned, error) from error
        job, _saved = await self._jobs.create(session, actor, body)
        if wanted.begin is Begin.shadow:
            await self._shadows.begin(session, actor, job.id)
        return Taken(planned, made.id, job.id)


def _refused(planned: Planned, error: ValidationError) -> UnreadableSchedules:
    sentence = f"{planned.entries[0].at}: {error.errors(include_url=False)[0]['msg']}"
    return UnreadableSchedules(sentence, fields=[FieldError("text", sentence, UnreadableSchedules.code)])
