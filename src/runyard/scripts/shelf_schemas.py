"""What the routes that put scripts in order take and give."""

from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from runyard.scripts.schemas import Body, CategoryName, Folder

Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$", to_lower=True)]
MOST_MOVED = 1000


class Category(BaseModel):
    """A category, and how many scripts have it; `colour` is written ``#rrggbb``."""

    id: str
    project: str
    name: str
    colour: str
    count: int


class NewCategory(Body):
    """A category to be made; it comes last."""

    name: CategoryName
    colour: Colour = "#64748b"
    project: Annotated[str, StringConstraints(max_length=64)] = "default"


class CategoryChange(Body):
    """What is to be different of a category; `position` is its place in the list, from 0."""

    name: CategoryName | None = None
    colour: Colour | None = None
    position: Annotated[int, Field(ge=0, le=10_000)] | None = None


class FolderCount(BaseModel):
    """A folder, and how many scripts are in it, those below it not counted."""

    name: str
    count: int


class FolderRename(Body):
    """A folder's new path; all below it goes along. An empty one moves its scripts to the top."""

    folder: Annotated[Folder, StringConstraints(min_length=1)]
    to: Folder
    project: Annotated[str, StringConstraints(max_length=64)] = "default"


class Moved(BaseModel):
    """How many scripts were moved."""

    moved: int


class Placement(Body):
    """Where scripts are put, in this order: before or after another one, at the end without either; in `folder`."""

    script_ids: Annotated[list[str], Field(min_length=1, max_length=MOST_MOVED)]
    before: str | None = None
    after: str | None = None
    folder: Folder | None = None
