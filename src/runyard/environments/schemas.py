"""Environments as the API shows them."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from runyard.environments.lifecycle import State
from runyard.environments.mirrors import SourceChoice
from runyard.environments.wants import Kind

Severity = Literal["critical", "high", "medium", "low", ""]


class VulnerabilityBody(BaseModel):
    """A known vulnerability of one package at one version."""

    id: str = Field(description='Such as "GHSA-…", "PYSEC-…" or "CVE-…".')
    aliases: list[str]
    summary: str
    severity: Severity = Field(description="Empty where the advisory does not say.")
    fixed_in: list[str] = Field(description="Newer versions that mend it, oldest first.")
    url: str


class PackageBody(BaseModel):
    """One installed package."""

    name: str
    version: str
    size_bytes: int | None = Field(None, description="Its files, without bytecode; null where nobody measured it.")
    vulnerabilities: list[VulnerabilityBody] = Field(default_factory=list)


class ErrorBody(BaseModel):
    """Why the last build failed."""

    code: str
    message: str = Field(description="The resolver's or installer's own last words.")


class UsedByBody(BaseModel):
    """A script that has run in the environment; only those that you may read."""

    script_id: str
    name: str
    current: bool = Field(description="Whether this is the environment that the script uses now.")
    last_used_at: datetime


class EnvironmentSummary(BaseModel):
    """An environment in a list."""

    id: str
    kind: Kind
    state: State
    requirements: list[str]
    requires_python: str = Field(description="The range of Python versions that was asked for; empty for any.")
    interpreter: str = Field(description='Such as "CPython 3.12.4" or "Node.js 22.1.0".')
    project: str | None = Field(description="Set where packages come from that project's own sources.")
    origin: Literal["resolved", "imported"]
    trial_of: str | None = Field(description="The environment that this trial upgrade may replace.")
    package_count: int | None = Field(description="Null until requirements have been resolved.")
    vulnerability_count: int = Field(description="How many known vulnerabilities its packages have.")
    used_by_count: int = Field(description="How many scripts, of those that you may read, use it now.")
    size_bytes: int | None
    error: ErrorBody | None
    created_at: datetime
    ready_at: datetime | None
    last_used_at: datetime | None
    build_s: float | None = Field(description="How long the last build took, in seconds.")


class EnvironmentBody(EnvironmentSummary):
    """An environment with what is in it and who uses it."""

    packages: list[PackageBody] | None = Field(description="Null until requirements have been resolved.")
    used_by: list[UsedByBody]
    trial_id: str | None = Field(description="The trial upgrade of this environment, if there is one.")


class LogLine(BaseModel):
    """One line of a build's log; `n` counts from 1 over all builds of this environment that the log still holds."""

    n: int
    t: datetime
    stream: str = Field(description="`system` for the platform's own notes, `stderr` and `stdout` for the tools.")
    text: str


class CleanupRequest(BaseModel):
    """Which environments to clean up."""

    unused_days: float = Field(90, ge=0, le=36_500, description="Delete those that nothing used for so many days.")


class CleanupAnswer(BaseModel):
    """What was cleaned up."""

    deleted: int
    freed_bytes: int = Field(description="The size of the removed environments.")


class PackageSummary(BaseModel):
    """A package over all environments."""

    name: str
    kind: Kind
    versions: list[str] = Field(description="Those that environments hold, newest first.")
    environment_count: int
    vulnerability_count: int = Field(description="Known vulnerabilities of those versions, each counted once.")


class PackageUserBody(BaseModel):
    """A script whose present environment holds the package."""

    script_id: str
    name: str
    project: str
    environment_id: str
    kind: Kind
    version: str
    last_used_at: datetime


class AdvisoryImportBody(BaseModel):
    """One import of advisories."""

    at: datetime
    source: str = Field(description="A file's name or an address.")
    by: str
    advisories: int


class AdvisoryStatus(BaseModel):
    """What is known about vulnerabilities here."""

    total: int
    by_ecosystem: dict[str, int] = Field(description='How many for "PyPI" and for "npm".')
    newest_modified_at: datetime | None
    refresh_urls: list[str] = Field(description="Where advisories are refreshed from daily; none: never by itself.")
    imports: list[AdvisoryImportBody] = Field(description="The newest first.")


class AdvisoryImportAnswer(BaseModel):
    """What an import brought."""

    advisories: int = Field(description="Entries that are new or newer, one for each package of an advisory.")
    withdrawn: int = Field(description="Entries that were taken away since their advisory was withdrawn.")
    skipped: int = Field(description="Records of other ecosystems, or without a package.")
    total: int


class PackageChange(BaseModel):
    """What an upgrade does to one package."""

    name: str
    from_version: str | None
    to_version: str | None
    change: Literal["added", "removed", "upgraded", "downgraded", "changed"]


class TrialBody(BaseModel):
    """A trial upgrade: an environment of its own until it is kept or dropped."""

    environment: EnvironmentSummary
    changes: list[PackageChange] | None = Field(description="Null until newer versions have been resolved.")


class InterpreterBody(BaseModel):
    """An interpreter that environments can be built on."""

    id: str
    kind: Kind
    path: str
    version: str
    implementation: str = Field(description='Such as "CPython" or "Node.js".')
    platform: str
    is_default: bool = Field(description="Whether environments of its kind are built on it by default.")
    source: Literal["found", "registered"]
    trouble: str | None = Field(description="Why it can't be run.")
    reachable: bool = Field(description="Whether users of runs, who have no privileges, can run it.")
    unreachable_reason: str | None
    created_at: datetime
    probed_at: datetime


class InterpreterList(BaseModel):
    """Interpreters by kind, each kind's default first."""

    items: list[InterpreterBody]


class NewInterpreter(BaseModel):
    """An interpreter to be registered."""

    kind: Literal["python", "node"] = "python"
    path: str = Field(min_length=1, max_length=1000, description="Where it lies on the server.")


class InterpreterChange(BaseModel):
    """What is to be different about an interpreter."""

    is_default: bool


class EffectiveSources(BaseModel):
    """What builds use in the end. An empty address is the tool's own; a null proxy is the server's own."""

    index_url: str
    extra_index_urls: list[str]
    registry_url: str
    channels: list[str]
    http_proxy: str | None
    https_proxy: str | None
    no_proxy: str | None


class SourcesBody(BaseModel):
    """Where packages come from, for the installation or a project."""

    project: str | None
    choice: SourceChoice
    effective: EffectiveSources
    updated_at: datetime | None
    updated_by: str | None


class MirrorList(BaseModel):
    """Mirrors by name, with their addresses."""

    python: dict[str, str]
    node: dict[str, str]
    conda: dict[str, str]
