"""What the scripts' routes take and give."""

import unicodedata
from base64 import b64decode
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from runyard.scripts.definitions import MOST_PARAMETERS, Definition
from runyard.scripts.hooks import Hooks
from runyard.scripts.policy import (
    Backoff,
    Concurrency,
    Egress,
    Entries,
    Isolation,
    Mounts,
    PackageManager,
    Policy,
    Priority,
    PythonVersion,
    Queue,
    ResourceLimits,
    Retries,
    RetryDelay,
    RetryOn,
    RowLimit,
)
from runyard.scripts.refusals import together
from runyard.scripts.trees import LONGEST_PATH, MOST_BYTES, MOST_FILES, TreeFile
from runyard.secrets.schemas import StageName

LONGEST_CODE = 1_000_000
MOST_TAGS = 20
DEEPEST_FOLDER = 20
MOST_REQUIREMENTS = 200


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise PydanticCustomError("nul", "NUL characters can't be kept.")
    return text


def one_line(text: str) -> str:
    """Return `text`; refuse line breaks and control characters."""
    if any(unicodedata.category(letter) in {"Cc", "Zl", "Zp"} for letter in text):
        raise PydanticCustomError("one_line", "Line breaks and control characters don't belong here.")
    return text


def _requirement(text: str) -> str:
    if text.startswith("-"):
        raise PydanticCustomError("requirement", "Options don't belong here: name one package on each line.")
    return one_line(text)


def _meaningful(lines: Any) -> Any:
    """Leave blank lines and comments out, so that a requirements file can be pasted."""
    if not isinstance(lines, list):
        return lines
    return [line for line in lines if not isinstance(line, str) or (line.strip() and line.strip()[0] != "#")]


def _distinct(items: list[str]) -> list[str]:
    return list(dict.fromkeys(items))


Language = Literal["python", "javascript", "shell", "sql"]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(one_line)]
Code = Annotated[str, StringConstraints(max_length=LONGEST_CODE), AfterValidator(_without_nul)]
Description = Annotated[str, StringConstraints(strip_whitespace=True, max_length=10_000), AfterValidator(_without_nul)]
Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500), AfterValidator(_without_nul)]
Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50), AfterValidator(one_line)]
Tags = Annotated[list[Tag], Field(max_length=MOST_TAGS), AfterValidator(_distinct)]
Requirement = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), AfterValidator(_requirement)
]
Requirements = Annotated[
    list[Requirement],
    Field(max_length=MOST_REQUIREMENTS),
    BeforeValidator(_meaningful),
    AfterValidator(_distinct),
]
Parameters = Annotated[list[Definition], Field(max_length=MOST_PARAMETERS)]
Timeout = Annotated[float, Field(gt=0, le=31 * 86_400, allow_inf_nan=False, description="Seconds.")]
BaseVersion = Annotated[int, Field(ge=1, description="The version you worked on; a newer one answers 409.")]


def _folder(text: str) -> str:
    parts = [part.strip() for part in text.split("/")]
    parts = [part for part in parts if part]
    if any(part in {".", ".."} for part in parts) or len(parts) > DEEPEST_FOLDER:
        raise PydanticCustomError("folder", "A folder is written like ops/daily.")
    return one_line("/".join(parts))


Folder = Annotated[str, StringConstraints(max_length=500), AfterValidator(_folder)]
Kind = Literal["script", "module"]
CategoryName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), AfterValidator(one_line)
]


class Body(BaseModel):
    """A request body; unknown fields are refused by name."""

    model_config = ConfigDict(extra="forbid")


class WholeBody(Body):
    """A body whose parameters and requirements are judged also where something else is of a wrong shape."""

    @model_validator(mode="wrap")
    @classmethod
    def _all_at_once(cls, given: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(given)
        except ValidationError as refused:
            raise together(refused, given) from None


class FileContent(Body):
    """A file of a project: `text`, or `base64` for what is no text; with `remove`, one that is to go."""

    path: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_PATH)]
    text: Annotated[str, StringConstraints(max_length=MOST_BYTES)] | None = None
    base64: Annotated[str, StringConstraints(max_length=MOST_BYTES * 4 // 3 + 4)] | None = None
    executable: bool = False
    remove: bool = False

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.text is not None) + (self.base64 is not None) + self.remove != 1:
            raise PydanticCustomError("one_of", "Give one of text, base64 and remove.")
        return self

    @property
    def data(self) -> bytes:
        """The content; raises ValueError for what is not base64."""
        return self.text.encode() if self.text is not None else b64decode(self.base64 or "", validate=True)


Entry = Annotated[str, StringConstraints(max_length=LONGEST_PATH)]
Files = Annotated[list[FileContent], Field(max_length=MOST_FILES)]


class Draft(WholeBody, Policy):
    """An unsaved text that is run as an unlisted version; `script_id` says which script it belongs to, if any.

    Of a project, `files` are what differs from that script's newest version.
    """

    language: Language
    code: Code
    parameters: Parameters = Field(default_factory=list)
    requirements: Requirements = Field(default_factory=list)
    timeout_s: Timeout | None = None
    network: bool = True
    hooks: Hooks = Hooks()
    entry: Entry | None = None
    files: Files = Field(default_factory=list)
    in_workspace: bool | None = None
    script_id: Annotated[str, StringConstraints(max_length=32)] | None = None
    name: Name | None = None


class NewScript(WholeBody, Policy):
    """A script to be saved for the first time."""

    name: Name
    language: Language
    code: Code
    description: Description = ""
    tags: Tags = Field(default_factory=list)
    parameters: Parameters = Field(default_factory=list)
    requirements: Requirements = Field(default_factory=list)
    timeout_s: Timeout | None = None
    network: bool = True
    hooks: Hooks = Hooks()
    entry: Entry = ""
    files: Files = Field(default_factory=list)
    in_workspace: bool = False
    kind: Kind = "script"
    folder: Folder = ""
    category: CategoryName | None = None
    project: Annotated[str, StringConstraints(max_length=64)] = "default"
    note: Note = ""


NULLABLE = frozenset({"timeout_s", "concurrency", "isolation", "egress", "stage", "category", "base_version"})
"""What a change may set to null."""


class ScriptChange(WholeBody):
    """What is to be different; what is left out stays.

    A null takes `timeout_s`, `concurrency`, `isolation`, `egress`, `stage` or `category` away; nothing else can be.
    `files` are those that are added, replaced or removed.
    """

    name: Name | None = None
    language: Language | None = None
    code: Code | None = None
    description: Description | None = None
    tags: Tags | None = None
    parameters: Parameters | None = None
    requirements: Requirements | None = None
    timeout_s: Timeout | None = None
    network: bool | None = None
    retries: Retries | None = None
    retry_delay_s: RetryDelay | None = None
    backoff: Backoff | None = None
    retry_on: RetryOn | None = None
    concurrency: Concurrency | None = None
    limits: ResourceLimits | None = None
    isolation: Isolation | None = None
    mounts: Mounts | None = None
    egress: Egress | None = None
    queue: Queue | None = None
    priority: Priority | None = None
    python_version: PythonVersion | None = None
    package_manager: PackageManager | None = None
    secrets: Entries | None = None
    variables: Entries | None = None
    connections: Entries | None = None
    row_limit: RowLimit | None = None
    stage: StageName | None = None
    hooks: Hooks | None = None
    entry: Entry | None = None
    files: Files | None = None
    in_workspace: bool | None = None
    folder: Folder | None = None
    category: CategoryName | None = None
    base_version: BaseVersion | None = None
    note: Note = ""

    @field_validator("*", mode="before")
    @classmethod
    def _not_null(cls, value: Any, info: ValidationInfo) -> Any:
        if value is None and info.field_name not in NULLABLE:
            raise PydanticCustomError("null", "Leave this out to keep it; it can't be null.")
        return value


class CopyRequest(Body):
    """How the copy is to be called; by default ``<name> copy``."""

    name: Name | None = None


class RollbackRequest(Body):
    """The version whose content is to become the newest version."""

    version: Annotated[int, Field(ge=1, le=2**31 - 1)]
    base_version: BaseVersion | None = None
    note: Note | None = None


class ScriptSummary(BaseModel):
    """A script as lists show it. `created_by`, `updated_by` and `owner` are usernames; null for what came with Runyard.

    A disabled owner is a flag and no more: the script goes on.
    """

    id: str
    project: str
    name: str
    language: str
    description: str
    tags: list[str]
    kind: Kind = "script"
    folder: str = ""
    category: str | None = None
    starred: bool = False
    timeout_s: float | None
    network: bool
    version: int
    created_at: datetime
    created_by: str | None
    updated_at: datetime
    updated_by: str | None
    owner: str | None = None
    owner_disabled: bool = False
    four_eyes: bool = Field(default=False, description="Runs take the `published` version, if there is one yet.")
    published: int | None = None
    marked: bool = Field(default=False, description="Its runs may wait for a second person.")


class OwnerChoice(BaseModel):
    """Whose a script shall be, by user name."""

    username: Annotated[str, StringConstraints(min_length=1, max_length=64)]


class ProjectChoice(Body):
    """Where a script shall be, by the project's name."""

    project: Annotated[str, StringConstraints(min_length=1, max_length=64)]


class Shape(BaseModel):
    """What a script consists of beside its code, which is the file at `entry` if there are several."""

    hooks: Hooks = Hooks()
    entry: str = ""
    files: list[TreeFile] = Field(default_factory=list)
    in_workspace: bool = False


class ScriptBody(ScriptSummary, Policy, Shape):
    """A script, whole, as its newest version has it."""

    code: str
    parameters: list[Definition]
    requirements: list[str]


class VersionSummary(BaseModel):
    """A version as lists show it; `author` is a username."""

    id: str
    script_id: str
    version: int
    language: str
    note: str
    author: str | None
    created_at: datetime
    content_hash: str


class VersionBody(VersionSummary, Policy, Shape):
    """A version, whole."""

    code: str
    parameters: list[Definition]
    requirements: list[str]
    timeout_s: float | None
    network: bool


class TagCount(BaseModel):
    """A tag, and how many scripts have it."""

    name: str
    count: int
