"""What waits for a second person in a project."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from runyard.access.permissions import Actor, NoSuchProject, Permission
from runyard.approvals import repository
from runyard.approvals.demanding import demand
from runyard.approvals.operations import Operation, known
from runyard.approvals.schemas import RulesBody
from runyard.approvals.service import Approvals
from runyard.audit.events import Target
from runyard.audit.record import record
from runyard.projects.models import Project


class ApprovalRules:
    """The rules of projects. Every method works within the session that it is given."""

    def __init__(self, approvals: Approvals) -> None:
        self._approvals = approvals

    async def get(self, session: AsyncSession, actor: Actor, project: str) -> RulesBody:
        """Return what waits for a second person in a project; raise `NoSuchProject`."""
        place = actor.place(project)
        return _rules(await repository.rules(session, place.project_id))

    async def put(self, session: AsyncSession, actor: Actor, project: str, body: RulesBody) -> RulesBody:
        """Lay down what waits for a second person in a project, which itself may have to.

        Raises: NoSuchProject; Forbidden; NeedsSecondPerson.
        """
        project_id = actor.place(project).project_id
        actor.demand(Permission.project_manage, project_id, NoSuchProject)
        # Held, so that nothing is added to the project by the old rules meanwhile.
        row = await repository.rules(session, project_id, lock=True)
        before, target = _facts(row), Target("project", row.id, row.name, row.id)
        facts = {**_facts(row), "four_eyes": body.four_eyes, "hours": body.hours}
        facts["operations"] = sorted({operation.value for operation in body.operations})
        if facts != before:
            await demand(session, actor, Operation.rules_change, target, before, facts)
            switched, row.four_eyes = body.four_eyes != row.four_eyes, body.four_eyes
            row.second_person, row.approval_hours = facts["operations"], body.hours
            await session.flush()
            for one in self._approvals.reviewed:
                if switched:
                    await one.switch(session, actor, row.id, on=body.four_eyes)
                await one.gate(session, row.id, known(row.second_person))
            record(session, actor, "approval_rules.update", target, before, facts)
        return _rules(row)


def _facts(row: Project) -> dict[str, Any]:
    return {"four_eyes": row.four_eyes, "operations": sorted(row.second_person), "hours": row.approval_hours}


def _rules(row: Project) -> RulesBody:
    operations = sorted(known(row.second_person))
    return RulesBody(four_eyes=row.four_eyes, operations=operations, hours=row.approval_hours)
