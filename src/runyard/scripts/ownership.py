"""Whose a script is, and giving it to somebody else."""

from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock, log
from runyard.access import repository as people
from runyard.access.permissions import Actor, Permission
from runyard.audit.events import Target
from runyard.audit.record import about
from runyard.errors import FieldError, Forbidden, Invalid
from runyard.projects.service import ProjectService
from runyard.scripts.models import Script
from runyard.scripts.pinning import find, project_of

logger = log.get("scripts")


class NotYourScript(Forbidden):
    """Only its owner, or who looks after the project's members, gives a script to somebody else."""


class UnfitOwner(Invalid):
    """They can't write scripts in this project."""


class Ownership:
    """Transfers scripts. The owner answers for a script; that they are disabled is shown and stops nothing."""

    def __init__(self, projects: ProjectService) -> None:
        self._projects = projects

    async def transfer(self, session: AsyncSession, actor: Actor, script_id: str, username: str) -> Script:
        """Make a user of that name the owner of a script; raise `NoSuchScript`, `NotYourScript`, `UnfitOwner`."""
        script = await find(session, actor, script_id, Permission.script_write, lock=True)
        place = project_of(script)
        if script.owner_id != actor.user_id and not actor.may(Permission.project_manage, place):
            raise NotYourScript
        user = await people.user_named(session, username)
        rights = () if user is None else await self._projects.memberships(session, user.id, is_admin=user.is_admin)
        fit = any(m.project_id == place and Permission.script_write in m.permissions for m in rights)
        if user is None or user.disabled or not fit:
            # The same for who does not exist: a project's people need not know who else there is.
            raise UnfitOwner(fields=[FieldError("username", UnfitOwner.__doc__ or "", UnfitOwner.code)])
        if script.owner_id != user.id:
            about(
                Target("script", script.id, script.name, script.project_id),
                {"owner": script.owner_id},
                {"owner": user.id},
            )
            script.owner_id, script.updated_at, script.updated_by = user.id, clock.now(), actor.user_id
            await session.flush()
            logger.info("script.transferred", script_id=script.id, to=user.id, by=actor.user_id)
        return script
