"""Moving a script to another project."""

from sqlalchemy.ext.asyncio import AsyncSession

from runyard import log
from runyard.access.permissions import Actor, Permission
from runyard.audit.record import record
from runyard.errors import Conflict
from runyard.scripts import acts
from runyard.scripts.ownership import NotYourScript
from runyard.scripts.packages import Package
from runyard.scripts.pinning import find, project_of
from runyard.scripts.service import ScriptService, Whole
from runyard.scripts.transfer import Transfer, Wanted

logger = log.get("scripts")


class SameProject(Conflict):
    """The script is in that project already."""


class Moving:
    """Moves scripts: what one is now begins anew there; its versions and runs stay with the project they belong to."""

    def __init__(self, scripts: ScriptService, transfer: Transfer) -> None:
        self._scripts = scripts
        self._transfer = transfer

    async def move(self, session: AsyncSession, actor: Actor, script_id: str, project: str) -> Whole:
        """Make the script anew in another project, and delete it here, from where it can be restored.

        Its owner, or who looks after the project's members, gives it; whoever may write scripts there takes it. Hidden
        defaults of passwords stay behind.

        Raises: NoSuchScript; NotYourScript; NoSuchProject; Forbidden; NameTaken; SameProject; NeedsSecondPerson.
        """
        script = await find(session, actor, script_id, Permission.script_write, lock=True)
        place = project_of(script)
        if script.owner_id != actor.user_id and not actor.may(Permission.project_manage, place):
            raise NotYourScript
        if actor.project(project, Permission.script_write) == place:
            raise SameProject
        here = actor.project_name(place)
        package = Package(script.name, scripts=tuple(await self._transfer.export(session, actor, here, [script.id])))
        note = f"Moved from {here}, version {script.version}"
        [taken] = await self._transfer.take(session, actor, package, Wanted(project=project, detect=False, note=note))
        await self._scripts.delete(session, actor, script.id)
        facts = {"project": here, "id": script.id}, {"project": project, "id": taken.id}
        record(session, actor, "script.move", acts.target(script), *facts)
        logger.info("script.moved", script_id=script.id, to=taken.id, by=actor.user_id)
        return await self._scripts.get(session, actor, taken.id)
