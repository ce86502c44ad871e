"""What can be done with scripts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock, ids, log
from runyard.access.permissions import Actor, Permission
from runyard.approvals.demanding import demand
from runyard.approvals.operations import Operation
from runyard.audit.record import record
from runyard.db.session import after_commit
from runyard.live.bus import Bus
from runyard.scripts import acts, files, naming, parameters, repository, shelf
from runyard.scripts.content import Content, copy_name
from runyard.scripts.errors import NoSuchScript, NoSuchVersion
from runyard.scripts.folding import searched, terms
from runyard.scripts.models import Script, ScriptVersion
from runyard.scripts.pinning import Pinning, demand_use, find, newest, project_of
from runyard.scripts.policy import policy_of
from runyard.scripts.publishing import Publishing, born
from runyard.scripts.schemas import CopyRequest, NewScript, RollbackRequest, ScriptChange
from runyard.scripts.sealed import shown
from runyard.scripts.sets import ParameterSets
from runyard.scripts.versions import VersionKeeper, content_of
from runyard.secrets.sealing import Sealer

logger = log.get("scripts")
LARGEST_TEXT = 1_000_000


class Whole(Struct, frozen=True):
    """A script with its newest version, its tags, its project's name and the usernames that it mentions."""

    script: Script
    version: ScriptVersion
    tags: list[str]
    project: str
    usernames: dict[str | None, str]
    category: str | None = None
    starred: bool = False
    owner_disabled: bool = False


class Catalogue(Struct, frozen=True):
    """Some scripts of a list, with the tags and usernames that belong to them."""

    rows: list[repository.Listed]
    tags: dict[str, list[str]]
    usernames: dict[str | None, str]
    categories: dict[str | None, str]
    starred: set[str]
    disabled: set[str | None]


class ScriptService(Pinning):
    """Scripts, their versions and tags. Every method works within the session that it is given."""

    def __init__(self, sealer: Sealer, bus: Bus) -> None:
        super().__init__(VersionKeeper(sealer))
        self._bus = bus
        self.publishing = Publishing(bus)
        self.sets = ParameterSets(sealer)

    # Reading

    async def get(self, session: AsyncSession, actor: Actor, script_id: str) -> Whole:
        """Return a living script; raise `NoSuchScript`."""
        script = await find(session, actor, script_id, Permission.script_read)
        return await self._whole(session, actor, script, await newest(session, script))

    async def page(
        self,
        session: AsyncSession,
        actor: Actor,
        *,
        project: str | None,
        query: str,
        language: str | None,
        tags: Sequence[str],
        kind: str | None = None,
        folder: str | None = None,
        category: str | None = None,
        starred: bool = False,
        owner: str | None = None,
        sort: repository.Sort,
        after: tuple[Any, str] | None,
        limit: int,
    ) -> Catalogue:
        """Return up to `limit` living scripts that the actor may read and that meet every condition."""
        wanted = repository.Filter(
            project_ids=actor.projects(Permission.script_read, project),
            terms=terms(query),
            language=language,
            tags=tags,
            kind=kind,
            folder=folder,
            category=category,
            starred_by=actor.user_id if starred else None,
            owner=owner,
        )
        rows = await repository.page(session, wanted, sort, after, limit)
        return Catalogue(
            rows=rows,
            tags=await repository.tags_of(session, [row.script.id for row in rows]),
            usernames=await repository.usernames(
                session,
                [by for row in rows for by in (row.script.created_by, row.script.updated_by, row.script.owner_id)],
            ),
            categories=await shelf.category_names(session, [row.script.category_id for row in rows]),
            starred=await shelf.starred(session, actor.user_id, [row.script.id for row in rows]),
            disabled=await repository.disabled(session, [row.script.owner_id for row in rows]),
        )

    async def tags(self, session: AsyncSession, actor: Actor, project: str | None) -> Sequence[tuple[str, int]]:
        """Return every tag in use with the number of scripts that have it."""
        return await repository.tag_counts(session, actor.projects(Permission.script_read, project))

    async def schema(self, session: AsyncSession, actor: Actor, script_id: str) -> dict[str, Any]:
        """Return the JSON Schema of a script's parameters."""
        script = await find(session, actor, script_id, Permission.script_read)
        version = await newest(session, script)
        # A password's default is not in the schema, but that there is one decides whether a value is required.
        return parameters.schema(shown(version.parameters))

    async def versions(
        self, session: AsyncSession, actor: Actor, script_id: str, before: int | None, limit: int
    ) -> tuple[Sequence[ScriptVersion], dict[str | None, str]]:
        """Return up to `limit` versions below the number `before`, newest first, and their authors' usernames."""
        script = await find(session, actor, script_id, Permission.script_read)
        rows = await repository.versions(session, script.id, before, limit)
        return rows, await repository.usernames(session, [row.author_id for row in rows])

    async def version(
        self, session: AsyncSession, actor: Actor, script_id: str, number: int
    ) -> tuple[ScriptVersion, dict[str | None, str]]:
        """Return one version and its author's username; raise `NoSuchVersion`."""
        script = await find(session, actor, script_id, Permission.script_read)
        row = await repository.version_number(session, script.id, number)
        if row is None:
            raise NoSuchVersion
        return row, await repository.usernames(session, [row.author_id])

    async def file(self, session: AsyncSession, actor: Actor, script_id: str, number: int, path: str) -> bytes:
        """Return a file of one version; raise `NoSuchVersion`, `NoSuchSourceFile`."""
        row, _authors = await self.version(session, actor, script_id, number)
        if path == row.options.get("entry"):
            return row.code.encode()
        return await files.read_one(session, row.project_id, files.tree_of(row.options), path)

    async def texts(self, session: AsyncSession, actor: Actor, script_id: str) -> dict[str, str]:
        """Return the texts of a project's newest files beside its code, by path."""
        script = await find(session, actor, script_id, Permission.script_read)
        version = await newest(session, script)
        wanted = [file for file in files.tree_of(version.options) if file.size <= LARGEST_TEXT]
        contents = await files.read(session, script.project_id, wanted)
        return {path: data.decode("utf-8", "replace") for path, data in contents.items()}

    # Writing

    async def create(self, session: AsyncSession, actor: Actor, body: NewScript) -> Whole:
        """Save a new script as its version 1.

        Raises: NoSuchProject; InvalidScript for definitions that make no sense; NameTaken.
        """
        project_id = actor.project(body.project, Permission.script_write)
        script, version = await self.add(session, project_id, actor.user_id, body)
        demand_use(actor, project_id, content_of(version))
        record(session, actor, "script.create", acts.target(script), after=acts.facts(script, version, body.tags))
        return await self._saved(session, actor, script, version)

    async def add(
        self, session: AsyncSession, project_id: str, author_id: str | None, body: NewScript
    ) -> tuple[Script, ScriptVersion]:
        """Save a new script without asking who may; for what comes with Runyard there is no author."""
        content = await self._composer.new(session, project_id, body)
        draft = Script(
            project_id=project_id,
            kind=body.kind,
            folder=body.folder,
            category_id=await shelf.category_id(session, project_id, body.category),
            description=body.description,
        )
        return await self._insert(session, draft, author_id, body.name, body.tags, content, body.note)

    async def change(self, session: AsyncSession, actor: Actor, script_id: str, body: ScriptChange) -> Whole:
        """Change what `body` names; a changed content becomes a new version, anything else does not.

        Raises: NoSuchScript; VersionConflict for a stale `base_version`; InvalidScript; NameTaken.
        """
        script = await find(session, actor, script_id, Permission.script_write, lock=True)
        naming.demand_base(script, body.base_version)
        version = await newest(session, script)
        old = content_of(version)
        new = await self._composer.changed(session, script.project_id, old, body)
        about = (
            script.name,
            script.description,
            (await repository.tags_of(session, [script.id]))[script.id],
            script.folder,
            script.category_id,
        )
        category_id = script.category_id
        if "category" in body.model_fields_set:
            category_id = await shelf.category_id(session, script.project_id, body.category)
        name, description, tags, folder = (
            script.name if body.name is None else body.name,
            script.description if body.description is None else body.description,
            about[2] if body.tags is None else sorted(body.tags),
            script.folder if body.folder is None else body.folder,
        )
        if (name, description, tags, folder, category_id) == about and new == old:
            return await self._whole(session, actor, script, version)
        before, now = acts.facts(script, version, about[2]), clock.now()
        if new != old:
            demand_use(actor, script.project_id, new)
            version = await self._advance(session, script, new, actor.user_id, body.note, now)
        if name != script.name or script.kind == "module":
            await naming.rename(session, script, name)
        script.description, script.folder, script.category_id = description, folder, category_id
        await repository.set_tags(session, script.id, tags)
        record(session, actor, "script.update", acts.target(script), before, acts.facts(script, version, tags))
        return await self._changed_by(session, actor, script, version, now)

    async def rollback(self, session: AsyncSession, actor: Actor, script_id: str, body: RollbackRequest) -> Whole:
        """Make an older version's content the newest version; nothing happens if it is the present content.

        Raises: NoSuchScript; NoSuchVersion; VersionConflict.
        """
        script = await find(session, actor, script_id, Permission.script_write, lock=True)
        naming.demand_base(script, body.base_version)
        wanted = await repository.version_number(session, script.id, body.version)
        if wanted is None:
            raise NoSuchVersion(f"This script has no version {body.version}.")
        version = await newest(session, script)
        if content_of(wanted) == content_of(version):
            return await self._whole(session, actor, script, version)
        demand_use(actor, script.project_id, content_of(wanted))
        before, now = acts.facts(script, version, ()), clock.now()
        note = f"Back to version {body.version}" if body.note is None else body.note
        version = await self._advance(session, script, content_of(wanted), actor.user_id, note, now)
        record(session, actor, "script.rollback", acts.target(script), before, acts.facts(script, version, ()))
        return await self._changed_by(session, actor, script, version, now)

    async def copy(self, session: AsyncSession, actor: Actor, script_id: str, body: CopyRequest) -> Whole:
        """Make a new script of a script's newest version, in the same project.

        Raises: NoSuchScript; NameTaken for a name that was asked for.
        """
        # Locked, so that two copies made at once find different names.
        source = await find(session, actor, script_id, Permission.script_write, lock=True)
        version = await newest(session, source)
        demand_use(actor, source.project_id, content_of(version))
        taken = await repository.names(session, source.project_id)
        name = body.name or (copy_name(source.name, taken) if source.kind == "script" else f"{source.name}_copy")
        tags = (await repository.tags_of(session, [source.id]))[source.id]
        note = f"Copied from {source.name}, version {source.version}"
        draft = Script(
            project_id=source.project_id,
            kind=source.kind,
            folder=source.folder,
            category_id=source.category_id,
            description=source.description,
        )
        script, copied = await self._insert(session, draft, actor.user_id, name, tags, content_of(version), note)
        record(session, actor, "script.copy", acts.target(script), after={"copy_of": source.id, "name": script.name})
        return await self._saved(session, actor, script, copied)

    async def delete(self, session: AsyncSession, actor: Actor, script_id: str) -> None:
        """Hide a script and give its name free; its versions and runs stay."""
        script = await find(session, actor, script_id, Permission.script_write, lock=True)
        await demand(session, actor, Operation.script_delete, acts.target(script), {"version": script.version})
        script.deleted_at = clock.now()
        script.live_name = None
        logger.info("script.deleted", script_id=script.id, by=actor.user_id)
        record(session, actor, "script.delete", acts.target(script), {"version": script.version})
        self._tell(session, actor, script)

    async def restore(self, session: AsyncSession, actor: Actor, script_id: str) -> Whole:
        """Bring a deleted script back; a living one is left as it is.

        Raises: NoSuchScript; NameTaken when another script has its name by now.
        """
        script = await repository.any_state(session, script_id, lock=True)
        if script is None:
            raise NoSuchScript
        actor.demand(Permission.script_write, project_of(script), NoSuchScript)
        script.deleted_at = None
        await naming.rename(session, script, script.name)
        record(session, actor, "script.restore", acts.target(script), after={"version": script.version})
        return await self._saved(session, actor, script, await newest(session, script))

    async def _insert(
        self,
        session: AsyncSession,
        script: Script,
        author_id: str | None,
        name: str,
        tags: Sequence[str],
        content: Content,
        note: str,
    ) -> tuple[Script, ScriptVersion]:
        now = clock.now()
        script.id = ids.new("scr")
        script.language = content.language
        script.version, script.version_id = 1, ""
        await born(session, script)
        script.created_at = script.updated_at = now
        script.created_by = script.updated_by = script.owner_id = author_id
        # New ones come first where people have put the others in an order.
        script.position = -clock.to_us(now)
        await naming.rename(session, script, name)
        version = await self._versions.add(
            session,
            content,
            project_id=script.project_id,
            script_id=script.id,
            number=1,
            author_id=author_id,
            now=now,
            note=note,
        )
        script.version_id = version.id
        await repository.set_tags(session, script.id, tags)
        await repository.set_entries(session, script.id, policy_of(content.options))
        await repository.set_text(session, script.id, searched(name, script.description, version.code))
        await session.flush()
        return script, version

    async def _advance(
        self, session: AsyncSession, script: Script, content: Content, author_id: str, note: str, now: datetime
    ) -> ScriptVersion:
        version = await self._versions.add(
            session,
            content,
            project_id=script.project_id,
            script_id=script.id,
            number=script.version + 1,
            author_id=author_id,
            now=now,
            note=note,
        )
        script.version += 1
        script.version_id = version.id
        script.language = version.language
        await repository.set_entries(session, script.id, policy_of(content.options))
        if script.published_id is not None:
            await self.publishing.moved(session, script)
        return version

    async def _changed_by(
        self, session: AsyncSession, actor: Actor, script: Script, version: ScriptVersion, now: datetime
    ) -> Whole:
        script.updated_at = now
        script.updated_by = actor.user_id
        await repository.set_text(session, script.id, searched(script.name, script.description, version.code))
        return await self._saved(session, actor, script, version)

    async def _saved(self, session: AsyncSession, actor: Actor, script: Script, version: ScriptVersion) -> Whole:
        await session.flush()
        logger.info("script.saved", script_id=script.id, version=script.version, by=actor.user_id)
        self._tell(session, actor, script)
        return await self._whole(session, actor, script, version)

    def _tell(self, session: AsyncSession, actor: Actor, script: Script) -> None:
        facts = {"id": script.id, "project": actor.project_name(project_of(script)), "version": script.version}
        topic = f"project:{script.project_id}"
        after_commit(session, lambda: self._bus.publish(topic, {"type": "script", "script": facts}))

    async def _whole(self, session: AsyncSession, actor: Actor, script: Script, version: ScriptVersion) -> Whole:
        return Whole(
            script=script,
            version=version,
            tags=(await repository.tags_of(session, [script.id]))[script.id],
            project=actor.project_name(project_of(script)),
            usernames=await repository.usernames(session, [script.created_by, script.updated_by, script.owner_id]),
            category=(await shelf.category_names(session, [script.category_id])).get(script.category_id),
            starred=bool(await shelf.starred(session, actor.user_id, [script.id])),
            owner_disabled=bool(await repository.disabled(session, [script.owner_id])),
        )
