"""Putting scripts in order: categories, stars, folders, places."""

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock, ids
from runyard.access.permissions import Actor, Permission
from runyard.audit.events import Target
from runyard.audit.record import about
from runyard.errors import FieldError, Missing
from runyard.scripts import shelf
from runyard.scripts.errors import CategoryTaken, InvalidScript, NoSuchCategory, NoSuchScript
from runyard.scripts.models import Script, ScriptCategory
from runyard.scripts.pinning import find, project_of
from runyard.scripts.shelf_schemas import CategoryChange, FolderRename, NewCategory, Placement

STEP = 1_000_000


class Shown(Struct, frozen=True):
    """A category with its project's name and the number of its scripts."""

    category: ScriptCategory
    project: str
    count: int


class Shelf:
    """What people do to find their scripts again. Every method works within the session that it is given."""

    async def categories(self, session: AsyncSession, actor: Actor, project: str | None) -> list[Shown]:
        """Return the categories that the actor may see, in their order."""
        found = await shelf.categories(session, actor.projects(Permission.script_read, project))
        return [Shown(category, actor.project_name(project_of(category)), count) for category, count in found]

    async def add_category(self, session: AsyncSession, actor: Actor, body: NewCategory) -> Shown:
        """Make a category; raise `CategoryTaken`."""
        project_id = actor.project(body.project, Permission.script_write)
        there = await shelf.categories(session, [project_id])
        if any(category.name == body.name for category, _count in there):
            raise CategoryTaken
        category = ScriptCategory(
            id=ids.new("cat"), project_id=project_id, name=body.name, colour=body.colour, position=len(there)
        )
        session.add(category)
        about(_target(category), after=_facts(category))
        await session.flush()
        return Shown(category, body.project, 0)

    async def change_category(self, session: AsyncSession, actor: Actor, id_: str, body: CategoryChange) -> Shown:
        """Rename, recolour or move a category; raise `NoSuchCategory`, `CategoryTaken`."""
        category = await self._category(session, actor, id_)
        before = _facts(category)
        there = await shelf.categories(session, [category.project_id])
        if body.name is not None:
            if any(other.name == body.name and other.id != id_ for other, _count in there):
                raise CategoryTaken
            category.name = body.name
        category.colour = body.colour or category.colour
        if body.position is not None:
            order = [other for other, _count in there if other.id != id_]
            order.insert(body.position, category)
            for place, other in enumerate(order):
                other.position = place
        about(_target(category), before, _facts(category))
        await session.flush()
        count = next(count for other, count in there if other.id == id_)
        return Shown(category, actor.project_name(project_of(category)), count)

    async def drop_category(self, session: AsyncSession, actor: Actor, id_: str) -> None:
        """Remove a category; its scripts stay, without one. Raises: NoSuchCategory."""
        category = await self._category(session, actor, id_)
        about(_target(category), _facts(category))
        await shelf.drop_category(session, category)

    async def star(self, session: AsyncSession, actor: Actor, script_id: str, *, on: bool) -> None:
        """Give a script the actor's own star, or take it away; raise `NoSuchScript`."""
        script = await find(session, actor, script_id, Permission.script_read)
        await shelf.star(session, actor.user_id, script.id, on=on)

    async def folders(self, session: AsyncSession, actor: Actor, project: str | None) -> Sequence[tuple[str, int]]:
        """Return every folder that has scripts, with their number."""
        return await shelf.folders(session, actor.projects(Permission.script_read, project))

    async def rename_folder(self, session: AsyncSession, actor: Actor, body: FolderRename) -> int:
        """Give a folder another path, with all below it; return how many scripts that moves."""
        project_id = actor.project(body.project, Permission.script_write)
        moved = 0
        for script in await shelf.in_order(session, project_id):
            if script.folder == body.folder or script.folder.startswith(f"{body.folder}/"):
                folder = (body.to + script.folder[len(body.folder) :]).lstrip("/")
                if len(folder) > Script.folder.type.length:
                    sentence = f"The folder of {script.name} would have too long a name."
                    raise InvalidScript(sentence, fields=[FieldError("to", sentence, "too_long")])
                _put(script, actor, folder)
                moved += 1
        target = Target("folder", "", body.folder, project_id)
        about(target, {"folder": body.folder}, {"folder": body.to, "scripts": moved})
        return moved

    async def place(self, session: AsyncSession, actor: Actor, body: Placement) -> int:
        """Put scripts of one project somewhere else in its order, and into a folder if one is named.

        Raises: NoSuchScript, for scripts of another project too.
        """
        first = await find(session, actor, body.script_ids[0], Permission.script_write)
        order = list(await shelf.in_order(session, first.project_id))
        by_id = {script.id: script for script in order}
        wanted = list(dict.fromkeys(body.script_ids))
        anchor = body.before or body.after
        if any(id_ not in by_id for id_ in [*wanted, *([anchor] if anchor else [])]):
            raise NoSuchScript
        moving = [by_id[id_] for id_ in wanted]
        staying = [script for script in order if script.id not in set(wanted)]
        at = len(staying)
        if anchor:
            at = next((n for n, script in enumerate(staying) if script.id == anchor), 0)
            at += 0 if body.before else 1
        _number(moving, staying, at)
        for script in moving:
            if body.folder is not None and script.folder != body.folder:
                _put(script, actor, body.folder)
        about(
            Target(
                "script", first.id if len(moving) == 1 else "", ", ".join(one.name for one in moving), first.project_id
            ),
            after={"scripts": [one.id for one in moving], "folder": body.folder, "at": at},
        )
        await session.flush()
        return len(moving)

    async def _category(self, session: AsyncSession, actor: Actor, id_: str) -> ScriptCategory:
        missing: type[Missing] = NoSuchCategory
        category = None
        if "\0" not in id_:
            query = select(ScriptCategory).where(ScriptCategory.id == id_).with_for_update()
            category = (await session.scalars(query)).one_or_none()
        if category is None:
            raise missing
        actor.demand(Permission.script_write, project_of(category), missing)
        return category


def _target(category: ScriptCategory) -> Target:
    return Target("category", category.id, category.name, category.project_id)


def _facts(category: ScriptCategory) -> dict[str, object]:
    return {"name": category.name, "colour": category.colour, "position": category.position}


def _number(moving: list[Script], staying: list[Script], at: int) -> None:
    """Give what is moved places between its neighbours; only where there is no room are all numbered anew."""
    low = staying[at - 1].position if at > 0 else None
    high = staying[at].position if at < len(staying) else None
    if low is None and high is None:
        low = 0
    if low is None:
        low = (high or 0) - STEP * (len(moving) + 1)
    if high is None:
        high = low + STEP * (len(moving) + 1)
    step = (high - low) // (len(moving) + 1)
    if step > 0:
        for count, script in enumerate(moving, 1):
            script.position = low + step * count
        return
    for count, script in enumerate([*staying[:at], *moving, *staying[at:]]):
        script.position = count * STEP


def _put(script: Script, actor: Actor, folder: str) -> None:
    script.folder = folder
    script.updated_at = clock.now()
    script.updated_by = actor.user_id
