"""Categories, stars, folders and the order of scripts over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from runyard.access.guards import allow
from runyard.access.permissions import Actor, Permission
from runyard.projects.service import DEFAULT
from runyard.scripts.organising import Shelf, Shown
from runyard.scripts.shelf_schemas import (
    Category,
    CategoryChange,
    FolderCount,
    FolderRename,
    Moved,
    NewCategory,
    Placement,
)
from runyard.web.depends import Reading, Transaction, provided
from runyard.web.paging import Page, Paging, sliced

router = APIRouter(tags=["scripts"])
Shelves = Annotated[Shelf, Depends(provided(Shelf))]
Reader = Annotated[Actor, allow(Permission.script_read)]
Writer = Annotated[Actor, allow(Permission.script_write)]
# A star is one's own; whether the script may be seen, the service looks.
Oneself = Annotated[Actor, allow(Permission.self_manage)]
Project = Annotated[str, Query(max_length=64, description="A project's name.")]


@router.get("/categories", operation_id="list_categories")
async def list_categories(
    actor: Reader, session: Reading, shelf: Shelves, window: Paging, project: Project = DEFAULT
) -> Page[Category]:
    """List a project's categories in their order."""
    shown, cursor = sliced(await shelf.categories(session, actor, project), window, _place, 2)
    return Page(items=[_category(one) for one in shown], next_cursor=cursor)


@router.post("/categories", status_code=201, operation_id="create_category")
async def create_category(actor: Writer, session: Transaction, shelf: Shelves, body: NewCategory) -> Category:
    """Make a category."""
    return _category(await shelf.add_category(session, actor, body))


@router.patch("/categories/{category_id}", operation_id="change_category")
async def change_category(
    actor: Writer, session: Transaction, shelf: Shelves, category_id: str, body: CategoryChange
) -> Category:
    """Rename, recolour or move a category."""
    return _category(await shelf.change_category(session, actor, category_id, body))


@router.delete("/categories/{category_id}", status_code=204, operation_id="delete_category")
async def delete_category(actor: Writer, session: Transaction, shelf: Shelves, category_id: str) -> None:
    """Remove a category; its scripts stay, without one."""
    await shelf.drop_category(session, actor, category_id)


@router.get("/folders", operation_id="list_folders")
async def list_folders(
    actor: Reader, session: Reading, shelf: Shelves, window: Paging, project: Project = DEFAULT
) -> Page[FolderCount]:
    """List every folder that has scripts, by name."""
    found = [FolderCount(name=name, count=count) for name, count in await shelf.folders(session, actor, project)]
    shown, cursor = sliced(found, window, lambda folder: (folder.name,))
    return Page(items=list(shown), next_cursor=cursor)


@router.post("/folders/rename", operation_id="rename_folder")
async def rename_folder(actor: Writer, session: Transaction, shelf: Shelves, body: FolderRename) -> Moved:
    """Give a folder another path, with all below it."""
    return Moved(moved=await shelf.rename_folder(session, actor, body))


@router.post("/scripts/place", operation_id="place_scripts")
async def place_scripts(actor: Writer, session: Transaction, shelf: Shelves, body: Placement) -> Moved:
    """Put scripts somewhere else in the order of their project, and into a folder if one is named."""
    return Moved(moved=await shelf.place(session, actor, body))


@router.post("/scripts/{script_id}/star", status_code=204, operation_id="star_script")
async def star_script(actor: Oneself, session: Transaction, shelf: Shelves, script_id: str) -> None:
    """Give a script your star."""
    await shelf.star(session, actor, script_id, on=True)


@router.delete("/scripts/{script_id}/star", status_code=204, operation_id="unstar_script")
async def unstar_script(actor: Oneself, session: Transaction, shelf: Shelves, script_id: str) -> None:
    """Take your star from a script."""
    await shelf.star(session, actor, script_id, on=False)


def _place(shown: Shown) -> tuple[str, str]:
    """Where a category stands in its list."""
    return (f"{shown.category.position:08}", shown.category.name)


def _category(shown: Shown) -> Category:
    category = shown.category
    return Category(
        id=category.id, project=shown.project, name=category.name, colour=category.colour, count=shown.count
    )
