"""Word of changes to jobs, for schedulers and for who looks on."""

from sqlalchemy.ext.asyncio import AsyncSession

from runyard.db.session import after_commit
from runyard.live.bus import Bus

TOPIC = "jobs"


def wake(bus: Bus) -> None:
    """Tell schedulers that something may be due sooner than it was."""
    bus.publish(TOPIC, {"type": "jobs"})


def announce(session: AsyncSession, bus: Bus, project_id: str, job_id: str | None, change: str) -> None:
    """Have whoever looks at a project hear of a change to a job, or to all of them, once it is committed."""
    told = {"type": "job", "job": {"id": job_id, "project": project_id, "change": change}}
    after_commit(session, lambda: bus.publish(f"project:{project_id}", told))
