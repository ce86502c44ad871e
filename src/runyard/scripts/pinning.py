"""What runs take along: a version, pinned at submit."""

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock
from runyard.access.permissions import Actor, Permission
from runyard.ids import ProjectId
from runyard.scripts import repository
from runyard.scripts.content import Content, Pinned
from runyard.scripts.errors import NoSuchScript, NoSuchVersion
from runyard.scripts.models import Script, ScriptVersion
from runyard.scripts.schemas import Draft
from runyard.scripts.versions import VersionKeeper

DRAFT_NAME = "Draft"
KNOWN = 256


class Pinning:
    """Pins newest versions, drafts and versions by id."""

    def __init__(self, versions: VersionKeeper) -> None:
        self._versions = versions
        self._known: dict[str, Pinned] = {}

    def pin_known(self, connection: Connection, actor: Actor, script_id: str) -> Pinned | None:
        """Do what `pin` does, quickly, if the script's newest version is in memory; None if it is not.

        Raises: NoSuchScript; Forbidden.
        """
        script = repository.standing(connection, script_id)
        if script is None:
            raise NoSuchScript
        actor.demand(Permission.run_submit, ProjectId(script.project_id), NoSuchScript)
        known = self._known.get(script.version_id)
        return known and replace(known, script_name=script.name)

    async def pin(self, session: AsyncSession, actor: Actor, script_id: str) -> Pinned:
        """Return a script's newest version for a run of it.

        Raises: NoSuchScript for an unknown, foreign or deleted id; Forbidden for who may not submit runs.
        """
        script = await find(session, actor, script_id, Permission.run_submit)
        pinned = self._versions.pinned(await newest(session, script), script.name)
        # Versions never change: those that are run again and again need not be read again.
        self._known.pop(pinned.version_id, None)
        self._known[pinned.version_id] = pinned
        while len(self._known) > KNOWN:
            del self._known[next(iter(self._known))]
        return pinned

    async def draft(self, session: AsyncSession, actor: Actor, draft: Draft, project: str) -> Pinned:
        """Keep an unsaved text as an unlisted version and return it; the same text twice is kept once.

        It belongs to the project of its script, else to `project`. The checks are those of a save, and so is the
        permission: a draft is new code.

        Raises: NoSuchScript; NoSuchProject; InvalidScript (fields below ``draft.``); Forbidden.
        """
        name = draft.name or DRAFT_NAME
        before: list[dict[str, Any]] = []
        if draft.script_id is None:
            project_id: str = actor.project(project, Permission.script_write)
        else:
            script = await find(session, actor, draft.script_id, Permission.script_write)
            name, project_id = script.name, script.project_id
            before = (await newest(session, script)).parameters
        content = Content(
            language=draft.language,
            code=draft.code,
            parameters=self._versions.checked(
                project_id, draft.language, draft.parameters, draft.requirements, before=before, place="draft."
            ),
            requirements=draft.requirements,
            timeout_s=draft.timeout_s,
            network=draft.network,
            options={},
        )
        version = await repository.same_draft(
            session, project_id, draft.script_id, actor.user_id, name, content.hash
        ) or await self._versions.add(
            session,
            content,
            project_id=project_id,
            script_id=draft.script_id,
            number=None,
            author_id=actor.user_id,
            now=clock.now(),
            draft_name=name,
        )
        return self._versions.pinned(version, name)

    async def version_of(self, session: AsyncSession, version_id: str) -> Pinned:
        """Return a version by its id, whoever asks and whatever became of the script; raise `NoSuchVersion`."""
        version = await repository.version(session, version_id)
        if version is None:
            raise NoSuchVersion
        name = version.draft_name or ""
        if version.number is not None and version.script_id is not None:
            script = await repository.any_state(session, version.script_id)
            name = script.name if script is not None else name
        return self._versions.pinned(version, name)


async def find(
    session: AsyncSession, actor: Actor, script_id: str, permission: Permission, *, lock: bool = False
) -> Script:
    """Return a living script for which the actor holds `permission`.

    Raises: NoSuchScript for an unknown, foreign or deleted id; Forbidden without the permission.
    """
    script = await repository.living(session, script_id, lock=lock)
    if script is None:
        raise NoSuchScript
    actor.demand(permission, project_of(script), NoSuchScript)
    return script


async def newest(session: AsyncSession, script: Script) -> ScriptVersion:
    """Return the version that a script is at."""
    version = await repository.version(session, script.version_id)
    assert version is not None  # noqa: S101 - written in the same transaction as the script
    return version


def project_of(script: Script) -> ProjectId:
    """Return the project that a script belongs to."""
    return ProjectId(script.project_id)
