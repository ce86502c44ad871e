"""What Home and the system page show: true figures only."""

from datetime import datetime

from pydantic import BaseModel, Field

from runyard.runs.schemas import RunSummary
from runyard.workers.schemas import Worker


class HourCount(BaseModel):
    """Runs queued within one hour."""

    hour: datetime
    succeeded: int
    failed: int
    other: int


class Rate(BaseModel):
    """Share of finished runs that succeeded, 0 to 1; null without any."""

    rate: float | None
    finished: int


class Broke(BaseModel):
    """Failures of one script that are the same, within the last 24 hours."""

    script_id: str | None
    script_name: str
    error_code: str
    message: str
    failure_id: str | None = Field(description="Their group among the failures.")
    title: str | None = Field(description="The error as the group has it.")
    count: int
    first_at: datetime
    last_at: datetime
    last_run_id: str


class QueueCounts(BaseModel):
    """Runs that are not over yet."""

    queued: int
    starting: int
    running: int


class Slots(BaseModel):
    """Places for runs on the workers that are online."""

    total: int
    in_use: int


class Machine(BaseModel):
    """The machine that answers: bytes, percent of all cores, load over one minute."""

    cpus: int
    cpu_percent: float
    load: float
    memory_total: int
    memory_used: int
    disk_total: int
    disk_used: int


class Home(BaseModel):
    """The first page's figures, for the projects that the reader may see. Days are UTC."""

    scripts: int
    runs_today: dict[str, int]
    hours: list[HourCount]
    this_week: Rate
    last_week: Rate
    queue: QueueCounts
    slots: Slots
    machine: Machine
    running: list[RunSummary]
    recent: list[RunSummary]
    broke: list[Broke]
    ever_ran: bool


class SandboxLevel(BaseModel):
    """One isolation level of this machine: whether it is there, why not, and how to get it."""

    level: str
    available: bool
    reason: str
    details: dict[str, str]
    fix: str


class SystemInfo(BaseModel):
    """What runs here and on what."""

    version: str
    machine: Machine
    slots: Slots
    queue: QueueCounts
    sandbox: list[SandboxLevel]
    default_level: str
    workers: list[Worker]
