"""Saved parameter sets: values for a script under a name, those of passwords sealed."""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from msgspec import Struct
from pydantic import Field, StringConstraints
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock, ids
from runyard.access.permissions import Actor, Permission
from runyard.audit.events import Target
from runyard.audit.record import about
from runyard.errors import FieldError
from runyard.scripts import parameters, repository
from runyard.scripts.content import Pinned
from runyard.scripts.definitions import FILES, MASK, Definition, Definitions
from runyard.scripts.errors import InvalidParameters, NoSuchSet, SetTaken
from runyard.scripts.models import ParameterSet, Script
from runyard.scripts.pinning import find, newest
from runyard.scripts.schemas import Body, one_line
from runyard.scripts.sealed import shown
from runyard.secrets.sealing import Sealer

MOST_SETS = 200
SetName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class NewSet(Body):
    """Values to be kept under a name."""

    name: SetName
    description: Annotated[str, StringConstraints(max_length=1000)] = ""
    values: dict[str, Any] = Field(default_factory=dict)


class SetChange(Body):
    """What is to be different of a set. `values` are whole; ``***`` keeps a password that is there."""

    name: SetName | None = None
    description: Annotated[str, StringConstraints(max_length=1000)] | None = None
    values: dict[str, Any] | None = None


class Kept(Struct, frozen=True):
    """A set, its values as they may be shown, who changed it last, and what of it the script no longer takes."""

    row: ParameterSet
    values: dict[str, Any]
    by: str | None
    misfits: list[FieldError]


class ParameterSets:
    """What people do with sets. Every method works within the session that it is given."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    async def all(self, session: AsyncSession, actor: Actor, script_id: str) -> list[Kept]:
        """Return a script's sets by name; raise `NoSuchScript`."""
        script = await find(session, actor, script_id, Permission.script_read)
        query = select(ParameterSet).where(ParameterSet.script_id == script.id).order_by(ParameterSet.name)
        rows = (await session.scalars(query)).all()
        definitions = shown((await newest(session, script)).parameters)
        names = await repository.usernames(session, [row.updated_by for row in rows])
        return [self._kept(row, definitions, names) for row in rows]

    async def add(self, session: AsyncSession, actor: Actor, script_id: str, body: NewSet) -> Kept:
        """Keep values under a new name; raise `InvalidParameters`, `SetTaken`."""
        script = await find(session, actor, script_id, Permission.run_submit, lock=True)
        if len(await self.all(session, actor, script_id)) >= MOST_SETS:
            raise InvalidParameters(f"A script has at most {MOST_SETS} sets.")
        now = clock.now()
        row = ParameterSet(id=ids.new("set"), script_id=script.id, values={}, created_at=now, updated_at=now)
        session.add(row)
        return await self._write(session, actor, script, row, body.name, body.description, body.values)

    async def change(self, session: AsyncSession, actor: Actor, script_id: str, set_id: str, body: SetChange) -> Kept:
        """Change what `body` names; raise `NoSuchSet`, `InvalidParameters`, `SetTaken`."""
        script = await find(session, actor, script_id, Permission.run_submit, lock=True)
        row = await self._row(session, script.id, set_id)
        name = row.name if body.name is None else body.name
        about = row.description if body.description is None else body.description
        return await self._write(session, actor, script, row, name, about, body.values)

    async def drop(self, session: AsyncSession, actor: Actor, script_id: str, set_id: str) -> None:
        """Remove a set; raise `NoSuchSet`."""
        script = await find(session, actor, script_id, Permission.run_submit)
        row = await self._row(session, script.id, set_id)
        about(_target(script, row), {"name": row.name, "values": sorted(row.values)})
        await session.delete(row)

    async def filled(
        self, session: AsyncSession, pinned: Pinned, chosen: str, given: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return the values of the set of that id or name with `given` over them; for the use of a submit.

        Raises: NoSuchSet.
        """
        if pinned.script_id is None:
            raise NoSuchSet
        row = await self._row(session, pinned.script_id, chosen)
        # What was a password when it was kept goes nowhere else.
        secret = {d.key for d in pinned.definitions if d.secret}
        kept = {**row.values, **{key: value for key, value in self._opened(row).items() if key in secret}}
        return {**kept, **{key: value for key, value in given.items() if value != MASK or key not in kept}}

    async def id_of(self, session: AsyncSession, script_id: str, chosen: str) -> str:
        """Return the id of a script's set of that id or name; raise `NoSuchSet`."""
        return (await self._row(session, script_id, chosen)).id

    async def _row(self, session: AsyncSession, script_id: str, chosen: str) -> ParameterSet:
        if "\0" in chosen:
            raise NoSuchSet
        query = select(ParameterSet).where(ParameterSet.script_id == script_id)
        by = ParameterSet.id if chosen.startswith("set_") else ParameterSet.name
        row = (await session.scalars(query.where(by == chosen))).one_or_none()
        if row is None:
            raise NoSuchSet
        return row

    async def _write(
        self,
        session: AsyncSession,
        actor: Actor,
        script: Script,
        row: ParameterSet,
        name: str,
        description: str,
        values: Mapping[str, Any] | None,
    ) -> Kept:
        definitions = shown((await newest(session, script)).parameters)
        before = {"name": row.name, "description": row.description, "values": row.values, "sealed": row.sealed or ""}
        if values is not None:
            self._seal(row, definitions, values)
        row.name, row.description = one_line(name), description.replace("\0", "")
        row.updated_at, row.updated_by = clock.now(), actor.user_id
        # Those of passwords are told by that there are some.
        after = {"name": row.name, "description": row.description, "values": row.values, "sealed": row.sealed or ""}
        about(_target(script, row), before, after)
        try:
            await session.flush()
        except IntegrityError as error:
            raise SetTaken from error
        return self._kept(row, definitions, {actor.user_id: actor.username})

    def _seal(self, row: ParameterSet, definitions: Definitions, values: Mapping[str, Any]) -> None:
        before = self._opened(row)
        given = {key: value for key, value in values.items() if value is not None}
        given |= {key: before[key] for key, value in given.items() if value == MASK and key in before}
        errors = _problems(definitions, given)
        if errors:
            told = (f"{error.field.partition('.')[2]}: {error.message}" for error in errors[:3])
            raise InvalidParameters(" ".join(told), fields=errors)
        secret = {d.key: given[d.key] for d in definitions if d.secret and d.key in given}
        row.values = {key: value for key, value in given.items() if key not in secret}
        row.sealed = self._sealer.seal(json.dumps(secret).encode(), _context(row)) if secret else None

    def _opened(self, row: ParameterSet) -> dict[str, Any]:
        if not row.sealed:
            return {}
        opened: dict[str, Any] = json.loads(self._sealer.open(row.sealed, _context(row)))
        return opened

    def _kept(self, row: ParameterSet, definitions: Definitions, names: Mapping[str | None, str]) -> Kept:
        hidden = dict.fromkeys(self._opened(row), MASK)
        misfits = _problems([d for d in definitions if not d.secret], row.values)
        return Kept(row, {**row.values, **hidden}, names.get(row.updated_by), misfits)


def _problems(definitions: Sequence[Definition], values: Mapping[str, Any]) -> list[FieldError]:
    files = {d.key for d in definitions if d.type in FILES}
    sentence = "A file comes with each run; a set can't keep it."
    return [
        *(FieldError(f"values.{key}", sentence, "not_applicable") for key in values if key in files),
        *(
            FieldError(error.field.replace("parameters", "values", 1), error.message, error.code)
            for error in parameters.problems(definitions, {k: v for k, v in values.items() if k not in files})
            # A set may leave open what it likes.
            if error.code != "required" or error.field.partition(".")[2] in values
        ),
    ]


def _context(row: ParameterSet) -> str:
    return f"script:{row.script_id}:set:{row.id}"


def _target(script: Script, row: ParameterSet) -> Target:
    return Target("parameter_set", row.id, f"{script.name}: {row.name}", script.project_id)
