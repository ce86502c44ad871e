"""What was done to jobs: each revision with what it changed, for people and for the audit."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock, ids
from runyard.access.permissions import Actor
from runyard.audit.changes import changed
from runyard.audit.events import Target
from runyard.jobs.models import Job, JobChange, JobTrigger


def facts(job: Job, rows: Sequence[JobTrigger]) -> dict[str, Any]:
    """Return what a job is, for whoever compares; those of passwords are told by that they are others."""
    return {
        "name": job.name,
        "description": job.description,
        "target": job.target_id,
        "parameters": job.values,
        "passwords": job.sealed,
        "parameter_set": job.parameter_set_id,
        "labels": job.labels,
        "settings": job.settings,
        "triggers": [{"id": row.id, **row.spec} for row in rows],
        "enabled": job.enabled,
    }


def note(
    session: AsyncSession, actor: Actor, job: Job, act: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> None:
    """Keep the revision that a job is at now."""
    told = {name: {"before": old, "after": new} for name, (old, new) in changed(before, after).items()}
    session.add(
        JobChange(
            id=ids.new("jch"),
            job_id=job.id,
            revision=job.revision,
            at=clock.now(),
            by=actor.user_id or None,
            by_name=actor.username,
            act=act,
            changes=told,
        )
    )


def target(job: Job) -> Target:
    """Return a job as the audit tells of it."""
    return Target("job", job.id, job.name, job.project_id)
