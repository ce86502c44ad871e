"""Which runs wait for a second person: those of marked scripts, and those in production."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from runyard.access.permissions import Actor
from runyard.approvals.demanding import demand
from runyard.approvals.operations import PROD, Operation
from runyard.audit.events import Target
from runyard.scripts import parameters
from runyard.scripts.content import Pinned
from runyard.secrets.repository import stages_of


async def demand_run(
    session: AsyncSession,
    actor: Actor,
    pinned: Pinned,
    stage: str | None,
    values: Mapping[str, Any],
    more: Mapping[str, Any] | None = None,
) -> None:
    """Let a run pass, or raise `NeedsSecondPerson` where its project has such runs wait.

    `more` is what the second person is to decide by besides.
    """
    stage = stage or pinned.policy.stage
    if stage is None:
        row = await stages_of(session, pinned.project_id)
        stage = None if row is None else row.default
    if not pinned.marked and stage != PROD:
        return
    code = {"draft": pinned.code} if pinned.draft else {"version": pinned.number}
    facts = {**code, "stage": stage, "parameters": parameters.public(pinned.definitions, values), **(more or {})}
    target = Target("script", pinned.script_id or "", pinned.script_name, pinned.project_id)
    if pinned.marked:
        await demand(session, actor, Operation.script_run, target, after=facts)
    if stage == PROD:
        await demand(session, actor, Operation.run_prod, target, after=facts)
