"""What can be done with secrets and variables."""

import json
from collections.abc import Sequence
from typing import Any, Literal

from msgspec import Struct
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock, ids, log
from runyard.access.permissions import Actor, Permission
from runyard.approvals.demanding import demand
from runyard.approvals.operations import PROD, Operation
from runyard.audit.events import Target
from runyard.audit.record import record
from runyard.errors import FieldError, Forbidden, Missing
from runyard.ids import ProjectId
from runyard.secrets import repository
from runyard.secrets.envelope import DataKeys
from runyard.secrets.errors import (
    InvalidSecret,
    InvalidStages,
    NoSuchConnection,
    NoSuchSecret,
    NoSuchVariable,
    SecretInUse,
    SecretNameTaken,
)
from runyard.secrets.models import Entry, ProjectStages, SecretUse
from runyard.secrets.precedence import Level
from runyard.secrets.schemas import STAGES, NewSecret, NewVariable, Placed, SecretChange, StagesBody, VariableChange
from runyard.secrets.users import SecretUsers, User

logger = log.get("secrets")
Kind = Literal["secret", "variable", "connection"]
SECRET: Kind = "secret"  # noqa: S105 - a kind, not one
VARIABLE: Kind = "variable"
CONNECTION: Kind = "connection"
_MISSING: dict[str, type[Missing]] = {
    SECRET: NoSuchSecret,
    VARIABLE: NoSuchVariable,
    CONNECTION: NoSuchConnection,
}
_PREFIXES = {SECRET: "sec", VARIABLE: "var", CONNECTION: "con"}


class Shelf(Struct, frozen=True):
    """Some secrets or variables, with the names that belong to them."""

    rows: Sequence[Entry]
    usernames: dict[str | None, str]
    scripts: dict[str | None, str]
    last_uses: dict[str, SecretUse]


class Asked(Struct, frozen=True):
    """What a list of them is narrowed to; an empty stage stands for those that are for every stage."""

    project: str | None = None
    level: str | None = None
    script_id: str | None = None
    stage: str | None = None
    text: str = ""


class Vault:
    """Secrets and variables, and the stages that they are for. Every method works within the session that it is given.

    A value of the installation is seen by whoever may use secrets somewhere, and changed by administrators alone.
    """

    def __init__(self, keys: DataKeys, users: SecretUsers) -> None:
        self._keys = keys
        self._users = users

    # Reading

    async def page(
        self,
        session: AsyncSession,
        actor: Actor,
        kind: Kind,
        asked: Asked,
        after: tuple[str, str] | None,
        limit: int,
    ) -> Sequence[Entry]:
        """Return up to `limit` of them by name: the project's, its scripts' and the installation's."""
        level = asked.level
        wanted = repository.Filter(
            kind=kind,
            project_ids=() if level == Level.everywhere else actor.projects(Permission.secret_use, asked.project),
            everywhere=level in (None, Level.everywhere) and asked.script_id is None,
            script_id=asked.script_id,
            stage=asked.stage,
            text=asked.text,
            own=level == Level.project,
            scripts=level == Level.script,
        )
        return await repository.page(session, wanted, after, limit)

    async def shelf(self, session: AsyncSession, actor: Actor, rows: Sequence[Entry]) -> Shelf:
        """Return rows with the names that belong to them, and their last uses as far as the actor may know."""
        return Shelf(
            rows,
            await repository.usernames(session, rows),
            await self._users.names(session, [row.script_id for row in rows if row.script_id is not None]),
            await repository.last_uses(session, [row.id for row in rows], actor.projects(Permission.secret_use)),
        )

    async def get(self, session: AsyncSession, actor: Actor, kind: Kind, id_: str) -> Entry:
        """Return one of them; raise `NoSuchSecret`, `NoSuchVariable`, `Forbidden`."""
        return await self.find(session, actor, kind, id_, Permission.secret_use)

    async def demand(self, session: AsyncSession, actor: Actor, id_: str, permission: Permission) -> Entry:
        """Return a secret for which the actor holds a permission; raise `NoSuchSecret`, `Forbidden`."""
        return await self.find(session, actor, SECRET, id_, permission)

    async def uses(
        self, session: AsyncSession, actor: Actor, id_: str, before: int | None, limit: int, kind: Kind = SECRET
    ) -> Sequence[SecretUse]:
        """Return who was given a secret, newest first: as far as the actor may know."""
        entry = await self.get(session, actor, kind, id_)
        projects = None if actor.is_admin else actor.projects(Permission.secret_use)
        return await repository.uses(session, entry.id, projects, before, limit)

    async def users(self, session: AsyncSession, actor: Actor, kind: Kind, id_: str) -> Sequence[User]:
        """Return the scripts that list it, as far as the actor may know of them."""
        entry = await self.get(session, actor, kind, id_)
        known = set(actor.projects(Permission.script_read))
        return [user for user in await self._users.of(session, entry) if user.project_id in known]

    async def value(self, session: AsyncSession, entry: Entry) -> str:
        """Return a value in clear: for runs, and for what looks for it in stored logs. Never answer a secret's."""
        if entry.sealed is None:
            return entry.value or ""
        return (await self._keys.open(session, entry.sealed, entry.context)).decode()

    # Writing

    async def add(self, session: AsyncSession, actor: Actor, body: NewSecret | NewVariable) -> Entry:
        """Keep a new secret or variable.

        Raises: NoSuchProject, NoSuchScript, InvalidSecret, SecretNameTaken, Forbidden.
        """
        kind = SECRET if isinstance(body, NewSecret) else VARIABLE
        return await self.insert(session, actor, kind, body, _clear(body.value))

    async def insert(
        self, session: AsyncSession, actor: Actor, kind: Kind, body: Placed, clear: str, shown: str | None = None
    ) -> Entry:
        """Keep something new of any kind, sealed unless it is a variable; `shown` is what everybody may see of it."""
        project_id, script_id = await self._place(session, actor, body)
        if body.stage is not None and project_id is not None:
            await self.demand_stage(session, project_id, body.stage)
        now = clock.now()
        entry = Entry(
            id=ids.new(_PREFIXES[kind]),
            kind=kind,
            project_id=project_id,
            script_id=script_id,
            place=script_id or project_id or "",
            stage=body.stage or "",
            name=body.name,
            description=body.description,
            version=1,
            created_at=now,
            created_by=actor.user_id,
            updated_at=now,
            updated_by=actor.user_id,
            valued_at=now,
            value=shown,
        )
        await self._fill(session, entry, clear)
        try:
            async with session.begin_nested():
                session.add(entry)
                await session.flush()
        except IntegrityError as error:
            sentence = f"There is a secret, variable or connection {body.name} in this place and stage."
            raise SecretNameTaken(sentence, fields=[FieldError("name", sentence, SecretNameTaken.code)]) from error
        await self._consent(session, actor, Target(entry.kind, "", entry.name, project_id), entry, None, _facts(entry))
        record(session, actor, f"{entry.kind}.create", _target(entry), after=_facts(entry))
        logger.info("secret.added", secret_id=entry.id, kind=entry.kind, name=entry.name, by=actor.user_id)
        return entry

    async def change(
        self, session: AsyncSession, actor: Actor, kind: Kind, id_: str, body: SecretChange | VariableChange
    ) -> Entry:
        """Change what `body` names; a new value is a new version, and the one before it is gone for good."""
        entry = await self.find(session, actor, kind, id_, Permission.secret_manage, lock=True)
        clear = None if body.value is None else _clear(body.value)
        await self.refill(session, actor, entry, clear, description=body.description)
        return entry

    async def refill(
        self,
        session: AsyncSession,
        actor: Actor,
        entry: Entry,
        clear: str | None,
        *,
        description: str | None,
        shown: str | None = None,
    ) -> None:
        """Give an entry another value and description, where they are given; an equal value is no new version."""
        before = _facts(entry)
        if description is not None:
            entry.description = description
        if clear is not None and await self.value(session, entry) != clear:
            entry.version += 1
            entry.valued_at = clock.now()
            entry.value = shown
            await self._fill(session, entry, clear)
        entry.updated_at, entry.updated_by = clock.now(), actor.user_id
        await session.flush()
        await self._consent(session, actor, _target(entry), entry, before, _facts(entry))
        record(session, actor, f"{entry.kind}.update", _target(entry), before, _facts(entry))
        logger.info("secret.changed", secret_id=entry.id, version=entry.version, by=actor.user_id)

    async def delete(self, session: AsyncSession, actor: Actor, kind: Kind, id_: str, *, force: bool) -> None:
        """Remove it for good; raise `SecretInUse`, naming the scripts that list it, unless told to `force`."""
        entry = await self.find(session, actor, kind, id_, Permission.secret_manage, lock=True)
        users = await self._users.of(session, entry)
        if users and not force:
            named = ", ".join(user.name for user in users[:5])
            more = f" and {len(users) - 5} more" if len(users) > 5 else ""  # noqa: PLR2004 - as many as were named
            raise SecretInUse(f"{entry.name} is used by {named}{more}.")
        await self._consent(session, actor, _target(entry), entry, _facts(entry), None)
        await session.execute(delete(Entry).where(Entry.id == entry.id))
        record(session, actor, f"{kind}.delete", _target(entry), _facts(entry))
        logger.info("secret.deleted", secret_id=entry.id, kind=kind, name=entry.name, by=actor.user_id)

    async def _consent(
        self,
        session: AsyncSession,
        actor: Actor,
        target: Target,
        entry: Entry,
        before: dict[str, Any] | None,
        after: dict[str, Any] | None,
    ) -> None:
        """Let a change pass, or raise `NeedsSecondPerson`: what is for every stage is for production too."""
        if entry.stage in {"", PROD}:
            await demand(session, actor, Operation.secret_prod, target, before, after)

    # Stages

    async def stages(self, session: AsyncSession, actor: Actor, project: str) -> StagesBody:
        """Return a project's stages; raise `NoSuchProject`, `Forbidden`."""
        return await self.stages_of(session, actor.project(project, Permission.project_read))

    async def stages_of(self, session: AsyncSession, project_id: str) -> StagesBody:
        """Return the stages of a project by its id."""
        row = await repository.stages_of(session, project_id)
        if row is None:
            return StagesBody(stages=list(STAGES), default=None)
        return StagesBody(stages=row.stages, default=row.default)

    async def set_stages(self, session: AsyncSession, actor: Actor, project: str, body: StagesBody) -> StagesBody:
        """Lay a project's stages down anew. Values for a stage that is gone stay, and nobody is given them."""
        project_id = actor.project(project, Permission.secret_manage)
        if body.default is not None and body.default not in body.stages:
            sentence = f"{body.default} is none of the stages."
            raise InvalidStages(sentence, fields=[FieldError("default", sentence, "stage")])
        row = await repository.stages_of(session, project_id)
        before = None if row is None else {"stages": row.stages, "default": row.default}
        if row is None:
            row = ProjectStages(project_id=project_id)
            session.add(row)
        row.stages, row.default = body.stages, body.default
        row.updated_at, row.updated_by = clock.now(), actor.user_id
        await session.flush()
        target = Target("stages", name=actor.project_name(project_id), project_id=project_id)
        after = {"stages": row.stages, "default": row.default}
        record(session, actor, "stages.update", target, before, after)
        return body

    async def demand_stage(self, session: AsyncSession, project_id: str, stage: str) -> None:
        """Raise `InvalidSecret` unless the project has that stage."""
        known = (await self.stages_of(session, project_id)).stages
        if stage not in known:
            sentence = f"The project has no stage {stage}; it has {', '.join(known) or 'none'}."
            raise InvalidSecret(sentence, fields=[FieldError("stage", sentence, "stage")])

    async def _fill(self, session: AsyncSession, entry: Entry, clear: str) -> None:
        if entry.kind == VARIABLE:
            entry.value = clear
            return
        entry.key_id, entry.sealed = await self._keys.seal(session, entry.scope, clear.encode(), entry.context)

    async def _place(self, session: AsyncSession, actor: Actor, body: Placed) -> tuple[str | None, str | None]:
        level = Level(body.level or ("script" if body.script_id else "project"))
        if (level == Level.script) != (body.script_id is not None):
            sentence = "A script's own value names its script_id, and no other value does."
            raise InvalidSecret(sentence, fields=[FieldError("script_id", sentence, "level")])
        if level == Level.everywhere:
            if not actor.is_admin:
                raise Forbidden("Only administrators change what belongs to the whole installation.")
            return None, None
        if body.script_id is None:
            return actor.project(body.project, Permission.secret_manage), None
        project_id = await self._users.demand(session, actor, body.script_id)
        actor.demand(Permission.secret_manage, ProjectId(project_id), NoSuchSecret)
        return project_id, body.script_id

    async def find(
        self, session: AsyncSession, actor: Actor, kind: Kind, id_: str, permission: Permission, *, lock: bool = False
    ) -> Entry:
        """Return something of a kind for which the actor holds a permission; raise what is missing, or `Forbidden`."""
        entry = await repository.get(session, kind, id_, lock=lock)
        if entry is None:
            raise _MISSING[kind]
        if entry.project_id is not None:
            actor.demand(permission, ProjectId(entry.project_id), _MISSING[kind])
        elif permission is Permission.secret_manage and not actor.is_admin:
            raise Forbidden("Only administrators change what belongs to the whole installation.")
        elif not actor.may(permission):
            raise Forbidden
        return entry


def _target(entry: Entry) -> Target:
    return Target(entry.kind, entry.id, entry.name, entry.project_id)


def _facts(entry: Entry) -> dict[str, Any]:
    """Return what the audit is told; of a secret never the value."""
    told = {name: getattr(entry, name) for name in ("level", "stage", "description", "version", "script_id")}
    return {**told, "level": entry.level.value, **_shown(entry)}


def _shown(entry: Entry) -> dict[str, Any]:
    if entry.kind == CONNECTION:
        return {"settings": json.loads(entry.value or "{}")}
    return {"value": entry.value} if entry.kind == VARIABLE else {}


def _clear(value: object) -> str:
    reveal = getattr(value, "get_secret_value", None)
    return str(value) if reveal is None else str(reveal())
