"""What imports of schedules take and give."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from runyard.jobs.importing import LONGEST_TEXT, MOST_IMPORTED
from runyard.jobs.specs import Zone
from runyard.jobs.taking import Begin
from runyard.jobs.trigger_schemas import Words
from runyard.scripts.schemas import Body, Folder, Tags

Prefix = Annotated[str, StringConstraints(max_length=50, pattern=r"^[^\x00-\x1f]*$")]


class ScheduleImport(Body):
    """Schedules of another system, and what is to become of them; without `apply` nothing is made."""

    kind: Literal["crontab", "cron_d", "github", "qinglong", "runyard"]
    text: Annotated[str, StringConstraints(max_length=LONGEST_TEXT)]
    timezone: Annotated[Zone, Field(description="The zone that they went by, where they name none.")] = "UTC"
    project: Annotated[str, StringConstraints(max_length=64)] = "default"
    apply: bool = False
    entries: Annotated[
        list[Annotated[int, Field(ge=0)]] | None,
        Field(max_length=MOST_IMPORTED, description="Only the entries of these numbers, as `index` has them."),
    ] = None
    folder: Folder = ""
    tags: Tags = Field(default_factory=list)
    prefix: Annotated[Prefix, Field(description="What the names of scripts and jobs begin with.")] = ""
    begin: Annotated[Begin, Field(description="What was switched off there begins switched off.")] = Begin.shadow


class ImportedEntry(BaseModel):
    """One schedule, and the job that it makes; several may make one."""

    index: int
    at: str = Field(description="Where it stands.")
    name: str = Field(description="What its script and its job are called.")
    cron: str
    timezone: str
    words: Words
    command: str
    code: str = Field(description="The script.")
    user: str
    notes: list[str] = Field(description="What of it is not carried.")
    enabled: bool
    job_id: str | None
    script_id: str | None
    secrets: dict[str, str] = Field(
        default_factory=dict, description="Of the job's new webhooks, by the trigger's id; never shown again."
    )


class LeftOutEntry(BaseModel):
    """What can't be carried."""

    at: str
    text: str
    why: str


class ImportAnswer(BaseModel):
    """What an import makes, and what it can't."""

    items: list[ImportedEntry]
    left_out: list[LeftOutEntry]
