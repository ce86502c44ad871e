"""What the editor sends and gets."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from runyard.scripts.schemas import Code

Prefix = Annotated[str, StringConstraints(pattern=r"^[^\s]{1,40}$", strip_whitespace=True)]
Title = Annotated[str, StringConstraints(min_length=1, max_length=120, strip_whitespace=True)]
Body = Annotated[str, StringConstraints(min_length=1, max_length=20_000)]
SnippetLanguage = Literal["any", "python", "javascript", "shell"]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CodeToCheck(_In):
    """Code as it stands in an editor."""

    language: Literal["python", "javascript", "shell"]
    code: Code


class PlaceBody(BaseModel):
    """A spot in the code: line and column from 1, columns in UTF-16 units."""

    line: int
    column: int


class EditBody(BaseModel):
    """A piece of the code and what is to stand there instead."""

    start: PlaceBody
    end: PlaceBody
    text: str


class FixBody(BaseModel):
    """A mend that changes nothing of what the code does."""

    title: str
    edits: list[EditBody]


class FindingBody(BaseModel):
    """One thing that the linter does not like."""

    start: PlaceBody
    end: PlaceBody
    severity: Literal["error", "warning", "info"]
    code: str
    message: str
    url: str
    fix: FixBody | None


class LackBody(BaseModel):
    """A program that is missing, and how to get it."""

    name: str
    fix: str


class Findings(BaseModel):
    """What a linter found; `program` is empty when nothing here could look at the code."""

    program: str
    version: str
    items: list[FindingBody]
    missing: LackBody | None = Field(description="The program that would find more, if it is not installed.")


class Formatted(BaseModel):
    """Code in its formatter's style."""

    program: str
    version: str
    code: str
    changed: bool


class ProgramBody(BaseModel):
    """A helper program, or the lack of it."""

    name: str
    version: str
    available: bool
    fix: str


class LanguageHelp(BaseModel):
    """What helps with one language; null where nothing is known that could."""

    language: str
    server: ProgramBody | None
    linter: ProgramBody | None
    formatter: ProgramBody | None


class EditorHelp(BaseModel):
    """Which helper programs this installation has."""

    items: list[LanguageHelp]


class NewSnippet(_In):
    """A snippet to keep. In `body`, `${name}` is a place to fill in and `${}` where the cursor goes."""

    prefix: Prefix
    title: Title
    language: SnippetLanguage = "any"
    body: Body
    project: Annotated[str, StringConstraints(max_length=64)] | None = Field(
        None, description="Share it with this project; without one it is one's own."
    )


class SnippetChange(_In):
    """What is to change of a snippet; `project` null makes a shared one one's own again."""

    prefix: Prefix | None = None
    title: Title | None = None
    language: SnippetLanguage | None = None
    body: Body | None = None
    project: Annotated[str, StringConstraints(max_length=64)] | None = None

    @model_validator(mode="after")
    def _not_null(self) -> "SnippetChange":
        for name in ("prefix", "title", "language", "body"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise ValueError(f"{name} must not be null")
        return self


class SnippetBody(BaseModel):
    """A snippet."""

    id: str
    prefix: str
    title: str
    language: SnippetLanguage
    body: str
    project: str | None
    owner: str | None
    mine: bool
    may_change: bool
    updated_at: datetime
