"""What the workers' routes give."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel


class Worker(BaseModel):
    """A machine's agent. `state`: online, detached (stopped, runs go on) or offline."""

    id: str
    name: str
    host: str
    version: str
    state: str
    slots: int
    in_use: int
    queues: list[str]
    started_at: datetime
    heartbeat_at: datetime
    info: dict[str, Any]
