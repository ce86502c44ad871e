"""What secrets and variables a script lists, and which values of theirs it is given."""

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from runyard.access.permissions import Actor, Permission
from runyard.scripts.models import Script, ScriptEntry
from runyard.scripts.pinning import find, newest, project_of
from runyard.scripts.policy import policy_of
from runyard.secrets import repository as rows
from runyard.secrets.models import Entry
from runyard.secrets.precedence import ranked
from runyard.secrets.schemas import LevelName
from runyard.secrets.service import CONNECTION, SECRET, VARIABLE, Vault
from runyard.secrets.users import User


class ScriptListing:
    """Answers for scripts where secrets ask about them."""

    async def demand(self, session: AsyncSession, actor: Actor, script_id: str) -> str:
        """Return the project of a living script; raise `NoSuchScript`."""
        return project_of(await find(session, actor, script_id, Permission.script_read))

    async def names(self, session: AsyncSession, script_ids: Sequence[str]) -> dict[str | None, str]:
        """Return the names of scripts."""
        query = select(Script.id, Script.name).where(Script.id.in_(script_ids))
        return {id_: name for id_, name in await session.execute(query)}  # noqa: C416 - rows are no pairs to mypy

    async def of(self, session: AsyncSession, entry: Entry) -> Sequence[User]:
        """Return the living scripts within reach of a value that list its name, by their own names."""
        query = (
            select(Script.id, Script.name, Script.project_id)
            .join(ScriptEntry, ScriptEntry.script_id == Script.id)
            .where(ScriptEntry.kind == entry.kind, ScriptEntry.name == entry.name, Script.deleted_at.is_(None))
        )
        if entry.project_id is not None:
            query = query.where(Script.project_id == entry.project_id)
        if entry.script_id is not None:
            query = query.where(Script.id == entry.script_id)
        found = await session.execute(query.order_by(Script.name, Script.id))
        return [User(*row) for row in found]


class Candidate(BaseModel):
    """A value that a script may be given; a `value` is shown of variables alone."""

    id: str
    level: LevelName
    stage: str | None
    version: int
    value: str | None
    why: Literal["wins", "nearer", "stage", "other_stage"] = Field(
        description="It wins; or a nearer one does, one for the stage does, or it is for another stage."
    )


class Resolved(BaseModel):
    """A name, what the script would be given for it, and what it would not."""

    name: str
    kind: Literal["secret", "variable", "connection"]
    listed: bool = Field(description="Whether the script lists it; what is not listed does not arrive.")
    missing: bool = Field(description="Whether a run would fail for want of it.")
    candidates: list[Candidate] = Field(description="The one that wins first.")


class Resolution(BaseModel):
    """What a script's runs are given in one stage."""

    stage: str | None
    decided_by: Literal["run", "script", "project", "nobody"]
    stages: list[str]
    items: list[Resolved]


async def resolution(
    session: AsyncSession, actor: Actor, vault: Vault, script_id: str, stage: str | None
) -> Resolution:
    """Return which values a script's runs are given, and why; for `stage`, or the one that they are in by default.

    Raises: NoSuchScript, Forbidden, InvalidSecret.
    """
    script = await find(session, actor, script_id, Permission.secret_use)
    policy = policy_of((await newest(session, script)).options)
    known = await vault.stages_of(session, script.project_id)
    decided: Literal["run", "script", "project", "nobody"] = "run"
    if stage is not None:
        await vault.demand_stage(session, script.project_id, stage)
    else:
        stage, decided = policy.stage, "script"
        if stage is None:
            stage, decided = (known.default, "project") if known.default else (None, "nobody")
    found = await rows.in_reach(session, script.project_id, script.id)
    listed = {SECRET: policy.secrets, VARIABLE: policy.variables, CONNECTION: policy.connections}
    wanted = [(kind, name) for kind, names in listed.items() for name in names]
    others = sorted({(row.kind, row.name) for row in found} - set(wanted), key=lambda one: one[1])
    items = []
    for kind, name in [*wanted, *others]:
        of_it = [row for row in found if (row.kind, row.name) == (kind, name)]
        candidates = explained(of_it, stage)
        items.append(
            Resolved(
                name=name,
                kind=kind,
                listed=(kind, name) in wanted,
                missing=(kind, name) in wanted and not any(one.why == "wins" for one in candidates),
                candidates=candidates,
            )
        )
    return Resolution(stage=stage, decided_by=decided, stages=known.stages, items=items)


def explained(found: Sequence[Entry], stage: str | None) -> list[Candidate]:
    """Return the values of one name with the reason why each wins or does not, the winner first."""
    order = ranked(found, stage)
    made = [
        _candidate(row, "wins" if row is order[0] else "stage" if row.level == order[0].level else "nearer")
        for row in order
    ]
    return made + [_candidate(row, "other_stage") for row in found if row not in order]


def _candidate(row: Entry, why: Literal["wins", "nearer", "stage", "other_stage"]) -> Candidate:
    return Candidate(
        id=row.id,
        level=row.level.value,
        stage=row.stage or None,
        version=row.version,
        value=row.value if row.kind == VARIABLE else None,
        why=why,
    )
