"""What runs take along: a version, pinned at submit."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock
from runyard.access.permissions import Actor, Permission
from runyard.errors import Forbidden
from runyard.ids import ProjectId
from runyard.scripts import files, repository
from runyard.scripts.composing import Composer
from runyard.scripts.content import Content, Pinned
from runyard.scripts.errors import NoSuchScript, NoSuchVersion, NotPublished, NotRunnable
from runyard.scripts.models import Script, ScriptCategory, ScriptVersion
from runyard.scripts.modules import Module
from runyard.scripts.policy import policy_of
from runyard.scripts.schemas import Draft
from runyard.scripts.versions import VersionKeeper, content_of

DRAFT_NAME = "Draft"
KNOWN = 256


class Pinning:
    """Pins newest versions, drafts and versions by id."""

    def __init__(self, versions: VersionKeeper) -> None:
        self._versions = versions
        self._composer = Composer(versions)
        self._known: dict[str, Pinned] = {}

    def pin_known(self, connection: Connection, actor: Actor, script_id: str) -> Pinned | None:
        """Do what `pin` does, quickly, if the version is in memory; None if more is to be read or asked.

        Raises: NoSuchScript; Forbidden.
        """
        script = repository.standing(connection, script_id)
        if script is None:
            raise NoSuchScript
        actor.demand(Permission.run_submit, ProjectId(script.project_id), NoSuchScript)
        known = self._known.get(script.version_id)
        if known is None or known.wants_library or script.gated:
            return None
        return replace(known, script_name=script.name)

    async def pin(self, session: AsyncSession, actor: Actor, script_id: str, *, unpublished: bool = False) -> Pinned:
        """Return the version that a run of a script takes: the published one, where that is demanded, else the newest.

        Who may write the script may run what is `unpublished` of it, the newest version, all the same.

        Raises: NoSuchScript for an unknown, foreign or deleted id; Forbidden for who may not submit runs;
        NotPublished.
        """
        script = await find(session, actor, script_id, Permission.run_submit)
        if script.kind != "script":
            raise NotRunnable
        if unpublished:
            actor.demand(Permission.script_write, project_of(script), NoSuchScript)
        if script.published_id == "" and not unpublished:
            raise NotPublished
        version = await newest(session, script, published=not unpublished)
        pinned = replace(self._versions.pinned(version, script.name), marked=script.marked, gated=script.gated)
        # Versions never change: those that are run again and again need not be read again.
        self._known.pop(pinned.version_id, None)
        self._known[pinned.version_id] = pinned
        while len(self._known) > KNOWN:
            del self._known[next(iter(self._known))]
        return await self._with_modules(session, pinned)

    async def draft(self, session: AsyncSession, actor: Actor, draft: Draft, project: str) -> Pinned:
        """Keep an unsaved text as an unlisted version and return it; the same text twice is kept once.

        It belongs to the project of its script, else to `project`. The checks are those of a save, and so is the
        permission: a draft is new code.

        Raises: NoSuchScript; NoSuchProject; InvalidScript (fields below ``draft.``); Forbidden.
        """
        name = draft.name or DRAFT_NAME
        before: Content | None = None
        marked = False
        if draft.script_id is None:
            project_id: str = actor.project(project, Permission.script_write)
        else:
            script = await find(session, actor, draft.script_id, Permission.script_write)
            name, project_id, marked = script.name, script.project_id, script.marked
            before = content_of(await newest(session, script))
        content = await self._composer.new(session, project_id, draft, before=before, place="draft.")
        demand_use(actor, project_id, content)
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
        pinned = self._versions.pinned(version, name)
        return await self._with_modules(session, replace(pinned, marked=marked, gated=True))

    async def _with_modules(self, session: AsyncSession, pinned: Pinned) -> Pinned:
        """Return a version with the library's modules as they are now, if its code may import any."""
        if not pinned.wants_library:
            return pinned
        found = await repository.module_versions(session, pinned.project_id, pinned.language)
        return replace(pinned, modules=tuple(found))

    async def keep_modules(self, session: AsyncSession, run_id: str, version_ids: Sequence[str]) -> None:
        """Note which modules a run takes along."""
        await repository.keep_modules(session, run_id, version_ids)

    async def copy_modules(self, session: AsyncSession, from_run: str, to_run: str) -> None:
        """Have a re-run take the modules that the first run took."""
        await repository.copy_modules(session, from_run, to_run)

    async def modules_of(self, session: AsyncSession, run_id: str) -> list[Module]:
        """Return the modules that a run takes along."""
        return await repository.run_modules(session, run_id)

    async def tree_of(self, session: AsyncSession, pinned: Pinned) -> dict[str, bytes]:
        """Return the contents of a project's files beside its code, by path."""
        return await files.read(session, pinned.project_id, pinned.tree)

    async def again(self, session: AsyncSession, actor: Actor, pinned: Pinned) -> Pinned:
        """Return a version that has been run before for another run; what never was published only its writers run.

        Raises: Forbidden.
        """
        script = None if pinned.script_id is None else await repository.any_state(session, pinned.script_id)
        if script is None:
            return replace(pinned, gated=True)
        if script.published_id not in {None, pinned.version_id} and not await repository.ever_published(
            session, pinned.version_id
        ):
            actor.demand(Permission.script_write, project_of(script), NoSuchScript)
        return replace(pinned, marked=script.marked, gated=script.gated)

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


def demand_use(actor: Actor, project_id: str, content: Content) -> None:
    """Raise `Forbidden` unless the actor may have code use the secrets that it lists: whoever writes it can tell them.

    Whoever only runs it needs no such right.
    """
    policy = policy_of(content.options)
    if (policy.secrets or policy.connections) and not actor.may(Permission.secret_use, ProjectId(project_id)):
        raise Forbidden("Your role does not allow you to change code that uses secrets or connections.")


async def newest(session: AsyncSession, script: Script, *, published: bool = False) -> ScriptVersion:
    """Return the version that a script is at; or that is `published`, where there is a difference."""
    version = await repository.version(session, (script.published_id if published else None) or script.version_id)
    assert version is not None  # noqa: S101 - written in the same transaction as the script
    return version


def project_of(owned: Script | ScriptCategory) -> ProjectId:
    """Return the project that a script, or a category of scripts, belongs to."""
    return ProjectId(owned.project_id)
