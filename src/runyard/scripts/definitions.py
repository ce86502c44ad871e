"""The shape of a parameter's definition: what a script asks for, as it is saved and as forms are drawn from it."""

import re
from enum import StrEnum
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    PlainValidator,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

MOST_PARAMETERS = 100
MOST_OPTIONS = 500
MASK = "***"
"""What stands for a hidden value in every answer."""


class ParameterType(StrEnum):
    """What sort of value a parameter takes, and so which field the form shows."""

    text = "text"
    textarea = "textarea"
    password = "password"  # noqa: S105 - a kind, not a password
    number = "number"
    select = "select"
    radio = "radio"
    multiselect = "multiselect"
    checkbox = "checkbox"
    switch = "switch"
    date = "date"
    datetime = "datetime"
    json = "json"
    file = "file"


TEXTS = frozenset({ParameterType.text, ParameterType.textarea, ParameterType.password})
"""Free text: may have lengths and a regular expression."""
CHOICES = frozenset({ParameterType.select, ParameterType.radio})
"""One of some options."""
LISTS = frozenset({ParameterType.multiselect, ParameterType.checkbox})
"""Any number of some options."""

FILES = frozenset({ParameterType.file})
"""The name of a file that is uploaded with the run; the script gets its path."""

LARGEST_BOUND = 10**300


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PydanticCustomError("number_type", "A number is needed.")
    if not abs(value) <= LARGEST_BOUND:
        raise PydanticCustomError("number_range", "That number is too large.")
    return value


# One validator instead of a union of two, whose branches would show in the names of refused fields.
Number = Annotated[int | float, PlainValidator(_number), WithJsonSchema({"type": "number"})]
Length = Annotated[int, Field(strict=True, ge=0, le=100_000)]


def _blank_is_none(value: Any) -> Any:
    return None if value == "" else value


def _extension(text: str) -> str:
    dotted = "." + text.lower().lstrip(".")
    if not re.fullmatch(r"(\.[a-z0-9_+-]+)+", dotted):
        raise PydanticCustomError("extension", "An extension is letters and digits, such as .csv or .tar.gz.")
    return dotted


Extension = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=30), AfterValidator(_extension)
]


class Option(BaseModel):
    """One choice: the value that the script gets and the label that people read (empty: the value)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: Annotated[str, StringConstraints(max_length=1000)]
    label: Annotated[str, StringConstraints(max_length=200)] = ""


class Style(StrEnum):
    """How a value stands on a script's command line."""

    option = "option"
    pair = "pair"
    switch = "switch"
    times = "times"
    repeat = "repeat"
    spread = "spread"
    command = "command"
    positional = "positional"
    position = "position"


class Argument(BaseModel):
    """How a value reaches code that reads a command line, beside the environment variable that it always has.

    `option`: ``--size=5``; `pair`: the same as two words, for code that looks at each by itself. `switch`: the flag if
    true, `off` (if there is one) if false. `times`: the flag as often as the number says. `repeat`: ``--tag=a
    --tag=b``; `spread`: ``--tags a b``. `command`: the name of a sub-command, before whose name only arguments without
    `command` stand. `positional`: for a parser, in the order of the definitions; `position`: the same for code that
    counts by itself (``$1``, ``sys.argv[1]``), so that an absent one keeps its place. With `command`, the argument
    belongs to that sub-command alone.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    style: Style
    flag: Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)] = ""
    off: Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)] = ""
    command: Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)] = ""


class Definition(BaseModel):
    """One parameter of a script.

    `key` is the name of the environment variable. `min`, `max` and `step` belong to numbers (steps are counted from
    0); `min_length`, `max_length` and `regex` to texts; `options` to choices; `max_size_mb` (MiB) and `extensions`
    (``.csv``) to files. A password's `default` is answered as ``***``; sending ``***`` back keeps it. `argument` says
    how the value reaches code that reads its command line.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
    label: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""
    type: ParameterType = ParameterType.text
    required: bool = False
    default: JsonValue = None
    help: Annotated[str, StringConstraints(max_length=2000)] = ""
    placeholder: Annotated[str, StringConstraints(max_length=500)] = ""
    options: Annotated[tuple[Option, ...], Field(max_length=MOST_OPTIONS)] = ()
    min: Number | None = None
    max: Number | None = None
    step: Number | None = None
    min_length: Length | None = None
    max_length: Length | None = None
    regex: Annotated[str | None, BeforeValidator(_blank_is_none)] = None
    max_size_mb: Annotated[float | None, Field(gt=0, le=1_048_576, allow_inf_nan=False)] = None
    extensions: Annotated[tuple[Extension, ...], Field(max_length=50)] = ()
    argument: Argument | None = None

    @property
    def title(self) -> str:
        """What people read: the label, or the key where there is none."""
        return self.label or self.key

    @property
    def secret(self) -> bool:
        """Whether values are hidden and kept sealed."""
        return self.type is ParameterType.password

    def __repr_args__(self) -> Any:
        """Leave a password's default out of every log and trace."""
        for name, value in super().__repr_args__():
            yield name, MASK if name == "default" and self.secret and value is not None else value


Definitions = tuple[Definition, ...]
