"""What the routes of secrets and variables take and give."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from runyard.secrets import reserved

LONGEST_VALUE = 65_536
MOST_STAGES = 20
STAGES = ("dev", "staging", "prod")
"""The stages of a project that has not said anything else."""


def _named(name: str) -> str:
    refused = reserved.refusal(name, "shell")
    if refused is not None:
        code, sentence = refused
        raise PydanticCustomError(code, "{said}", {"said": sentence})
    return name


def _carried(value: str) -> str:
    if "\0" in value:
        raise PydanticCustomError("nul", "NUL characters can't be part of an environment variable.")
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise PydanticCustomError("surrogate", "Halves of surrogate pairs are no text.") from None
    if size > LONGEST_VALUE:
        raise PydanticCustomError("too_long", "A value has at most 65,536 bytes.")
    return value


def _hidden(value: SecretStr) -> SecretStr:
    if not value.get_secret_value().strip():
        raise PydanticCustomError("required", "A secret has a value.")
    _carried(value.get_secret_value())
    return value


def _distinct(stages: list[str]) -> list[str]:
    return list(dict.fromkeys(stages))


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise PydanticCustomError("nul", "NUL characters can't be kept.")
    return text


Name = Annotated[str, AfterValidator(_named), Field(description="The environment variable that it becomes.")]
StageName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
Hidden = Annotated[SecretStr, AfterValidator(_hidden)]
Value = Annotated[str, AfterValidator(_carried)]
Description = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000), AfterValidator(_without_nul)]
Id = Annotated[str, StringConstraints(max_length=32), AfterValidator(_without_nul)]
LevelName = Literal["script", "project", "global"]


class Body(BaseModel):
    """A request body; unknown fields are refused by name, and what was refused is never repeated."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class Placed(Body):
    """Where a value belongs: to a script with `script_id`, else to the `project`, or to all with `level` global."""

    name: Name
    project: Annotated[str, StringConstraints(max_length=64)] = "default"
    level: LevelName | None = Field(None, description="By default the script's if one is named, else the project's.")
    script_id: Id | None = None
    stage: StageName | None = Field(None, description="Only for runs in this stage; null is every stage.")
    description: Description = ""


class NewSecret(Placed):
    """A secret; its value is never answered."""

    value: Hidden


class NewVariable(Placed):
    """A variable: like a secret, but not hidden."""

    value: Value


class _Change(Body):
    description: Description | None = None

    @field_validator("*", mode="before")
    @classmethod
    def _not_null(cls, value: Any, info: ValidationInfo) -> Any:
        if value is None:
            raise PydanticCustomError("null", "Leave this out to keep it; it can't be null.", {"name": info.field_name})
        return value


class SecretChange(_Change):
    """What is to be different; a value makes a new version."""

    value: Hidden | None = None


class VariableChange(_Change):
    """What is to be different; another value makes a new version."""

    value: Value | None = None


class LastUse(BaseModel):
    """The run that was given it last."""

    run_id: str
    attempt: int
    script_id: str | None
    script_name: str
    version: int
    at: datetime


class SecretUseBody(LastUse):
    """A run was given this secret."""

    id: int
    project: str | None


class EntryBody(BaseModel):
    """What secrets and variables have in common; `project` and `script` are null where it belongs to all of them."""

    id: str
    name: str
    level: LevelName
    project: str | None
    script_id: str | None
    script_name: str | None
    stage: str | None
    description: str
    version: int
    created_at: datetime
    created_by: str | None
    updated_at: datetime
    updated_by: str | None
    valued_at: datetime = Field(description="When it got its present value.")


class SecretBody(EntryBody):
    """A secret without its value, which is never shown."""

    last_used: LastUse | None


class VariableBody(EntryBody):
    """A variable."""

    value: str


class ScriptUser(BaseModel):
    """A script that lists it."""

    id: str
    name: str
    project: str


class StagesBody(Body):
    """A project's stages, and the one that its runs are in when neither they nor their script name one."""

    stages: Annotated[list[StageName], Field(max_length=MOST_STAGES), AfterValidator(_distinct)]
    default: StageName | None = None
