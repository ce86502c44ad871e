"""What the routes of sources take and give."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from runyard.scripts.schemas import Body, Entry, Folder, Name, one_line

Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200), AfterValidator(one_line)]
Address = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000), AfterValidator(one_line)
]
RepositoryPath = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500), AfterValidator(one_line)]


class SourceAddress(Body):
    """Where a script comes from: a path of a Git repository over HTTPS, or a Gist by its address or id.

    It is looked at every `every_s` seconds (never by itself without), and whenever the webhook is called. `token` is
    for repositories that ask for one; it is kept sealed.
    """

    kind: Literal["git", "gist"]
    url: Address
    ref: Line = ""
    path: RepositoryPath = ""
    entry: Entry = ""
    every_s: Annotated[int, Field(ge=60, le=31 * 86_400)] | None = 3600
    username: Line = ""
    token: Annotated[str, StringConstraints(max_length=1000), AfterValidator(one_line)] = ""


class NewSource(SourceAddress):
    """Where a new script comes from; with `keep` it stays in step with it."""

    name: Name | None = None
    project: Annotated[str, StringConstraints(max_length=64)] = "default"
    folder: Folder | None = None
    keep: bool = True


class SourceBody(BaseModel):
    """What a script is kept in step with, and how that goes; `revision` is the commit that it is at."""

    script_id: str
    kind: str
    url: str
    ref: str
    path: str
    entry: str
    revision: str
    every_s: int | None
    next_at: datetime | None
    synced_at: datetime | None
    error: str | None
    webhook: str
