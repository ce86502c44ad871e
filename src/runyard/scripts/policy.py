"""How a script is to be run, beside its code: retries, concurrency, limits, isolation and mounts. Pure.

A version keeps only what differs from the defaults, so that contents saved before a rule existed stay what they were.
"""

import posixpath
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, field_validator
from pydantic_core import PydanticCustomError

from runyard.environments.failures import PythonVersionMalformed
from runyard.environments.wants import python_range
from runyard.sandbox.egress import check
from runyard.sandbox.problems import EgressRefused
from runyard.secrets.schemas import StageName

MOST_RETRIES = 50
MOST_MOUNTS = 20
MOST_PLACES = 100
LONGEST_DELAY_S = 7 * 86_400
TEBIBYTE_MB = 1024 * 1024


class Outcome(StrEnum):
    """An end that may be followed by another attempt; a cancelled run is never retried."""

    failed = "failed"
    timed_out = "timed_out"
    lost = "lost"


class Backoff(StrEnum):
    """How the delay before each retry grows."""

    fixed = "fixed"
    exponential = "exponential"


class WhenBusy(StrEnum):
    """What becomes of a run that would exceed a concurrency limit."""

    queue = "queue"
    skip = "skip"
    cancel_previous = "cancel_previous"


def _path(text: str) -> str:
    if "\0" in text or not text.startswith("/"):
        raise PydanticCustomError("path", "An absolute path is needed.")
    if ".." in text.split("/"):
        raise PydanticCustomError("path", "The path may not lead upwards.")
    return posixpath.normpath("/" + text.lstrip("/"))


def _distinct(items: tuple[Outcome, ...]) -> tuple[Outcome, ...]:
    return tuple(sorted(set(items)))


AbsolutePath = Annotated[str, StringConstraints(min_length=1, max_length=1000), AfterValidator(_path)]
Retries = Annotated[int, Field(strict=True, ge=0, le=MOST_RETRIES)]
RetryDelay = Annotated[float, Field(ge=0, le=LONGEST_DELAY_S, allow_inf_nan=False, description="Seconds.")]
RetryOn = Annotated[tuple[Outcome, ...], Field(max_length=10), AfterValidator(_distinct)]
Isolation = Literal["process", "bubblewrap", "container"]
Queue = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
DEFAULT_QUEUE = "default"
Priority = Annotated[int, Field(strict=True, ge=-100, le=100, description="Higher ones go first.")]


def _python_version(text: str) -> str:
    try:
        python_range(text)
    except PythonVersionMalformed as error:
        raise PydanticCustomError("python_version", "{said}", {"said": error.detail}) from error
    return text


PythonVersion = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=100),
    AfterValidator(_python_version),
    Field(description="A version such as `3.12`, or a range such as `>=3.11`; empty for any. For Python scripts."),
]
PackageManager = Annotated[
    Literal["uv", "conda"], Field(description="What a Python script's requirements are resolved by.")
]


MOST_ENTRIES = 200
MOST_ROWS = 1_000_000


def _once(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


Entries = Annotated[
    tuple[Annotated[str, StringConstraints(min_length=1, max_length=64)], ...],
    Field(max_length=MOST_ENTRIES),
    AfterValidator(_once),
]


class Part(BaseModel):
    """A piece of a policy; unknown fields are refused by name."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Concurrency(Part):
    """At most `limit` runs at once of those that share `key` within the project; an empty key means the script itself.

    In a key, ``{PARAMETER}`` stands for that parameter's value: runs for different values do not count together.
    """

    key: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""
    limit: Annotated[int, Field(strict=True, ge=1, le=10_000)] = 1
    policy: WhenBusy = WhenBusy.queue

    @field_validator("key")
    @classmethod
    def _printable(cls, key: str) -> str:
        if not key.isprintable():
            raise PydanticCustomError("one_line", "Line breaks and control characters don't belong here.")
        return key


class ResourceLimits(Part):
    """What one attempt may use; null leaves it to the installation. `cpu` in cores, sizes in MiB."""

    cpu: Annotated[float | None, Field(ge=0.01, le=1024, allow_inf_nan=False)] = None
    memory_mb: Annotated[int | None, Field(strict=True, ge=16, le=TEBIBYTE_MB * 64)] = None
    pids: Annotated[int | None, Field(strict=True, ge=8, le=1_000_000)] = None
    disk_mb: Annotated[int | None, Field(strict=True, ge=1, le=TEBIBYTE_MB * 64)] = None
    output_mb: Annotated[int | None, Field(strict=True, ge=1, le=10_240)] = None
    open_files: Annotated[int | None, Field(strict=True, ge=64, le=1_000_000)] = None


class Mount(Part):
    """A directory or file of the host that the script sees; an administrator must have allowed its `source`."""

    source: AbsolutePath
    target: AbsolutePath | None = None
    mode: Literal["ro", "rw"] = "ro"

    @property
    def place(self) -> str:
        """Where the script sees it: where it lies on the host, unless something else was asked for."""
        return self.target or self.source


def _apart(mounts: tuple[Mount, ...]) -> tuple[Mount, ...]:
    places = [mount.place for mount in mounts]
    twice = sorted({place for place in places if places.count(place) > 1})
    if twice:
        raise PydanticCustomError("duplicate", "Two mounts have the same place: {place}.", {"place": twice[0]})
    return mounts


Mounts = Annotated[tuple[Mount, ...], Field(max_length=MOST_MOUNTS), AfterValidator(_apart)]


def _places(places: tuple[str, ...]) -> tuple[str, ...]:
    try:
        return check(places)
    except EgressRefused as refused:
        raise PydanticCustomError("place", "{why}", {"why": refused.detail}) from None


Place = Annotated[str, StringConstraints(min_length=1, max_length=260)]
Egress = Annotated[
    tuple[Place, ...],
    Field(
        max_length=MOST_PLACES,
        description="The only places that the script may reach, as host, host:port, *.example.com; null: all.",
    ),
    AfterValidator(_places),
]


RowLimit = Annotated[int, Field(strict=True, ge=1, le=MOST_ROWS, description="Rows kept of each SQL result.")]


class Policy(BaseModel):
    """How a script's runs are admitted, retried and confined."""

    model_config = ConfigDict(frozen=True)

    retries: Retries = 0
    retry_delay_s: RetryDelay = 10.0
    backoff: Backoff = Backoff.fixed
    retry_on: RetryOn = (Outcome.failed, Outcome.timed_out)
    concurrency: Concurrency | None = None
    limits: ResourceLimits = ResourceLimits()
    isolation: Isolation | None = None
    mounts: Mounts = ()
    egress: Egress | None = None
    queue: Queue = DEFAULT_QUEUE
    priority: Priority = 0
    python_version: PythonVersion = ""
    package_manager: PackageManager = "uv"
    secrets: Annotated[Entries, Field(description="Secrets that arrive as environment variables of their names.")] = ()
    variables: Annotated[Entries, Field(description="Variables that do; they are not hidden.")] = ()
    connections: Annotated[
        Entries, Field(description="Connections that arrive as a URL, and as JSON under their name with _JSON.")
    ] = ()
    row_limit: RowLimit = 10_000
    stage: Annotated[StageName | None, Field(description="The stage of its runs, unless they name one.")] = None


POLICY_FIELDS = tuple(Policy.model_fields)


def policy_options(policy: Policy) -> dict[str, Any]:
    """Return what a version keeps of a policy: whatever differs from the defaults."""
    return Policy.model_dump(policy, mode="json", exclude_defaults=True, include=set(POLICY_FIELDS))


def policy_of(options: dict[str, Any]) -> Policy:
    """Return the policy that a version's options say."""
    return Policy.model_validate({name: options[name] for name in POLICY_FIELDS if name in options})
