"""Jobs as they are answered: a few statements for a whole page of them, whatever it shows of each."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock
from runyard.access.permissions import Actor
from runyard.ids import ProjectId
from runyard.jobs import repository
from runyard.jobs.health import LOOKED_AT, SOURCE_MISSING, TARGET_MISSING, Health, Trouble, state_of
from runyard.jobs.models import Job, JobPause, JobTrigger
from runyard.jobs.pausing import NAMES, Kind
from runyard.jobs.schemas import (
    Alert,
    BreakerBody,
    Broken,
    JobBody,
    JobTarget,
    LastRun,
    Next,
    Owner,
    Paused,
)
from runyard.jobs.specs import CronSpec, DateSpec, IntervalSpec, spec_of
from runyard.jobs.trigger_schemas import BODIES, Shown, Troubled, Words
from runyard.jobs.triggers import next_of
from runyard.jobs.words.triggers import of_cron, of_date, of_interval
from runyard.runs import of_jobs
from runyard.scripts.models import Script

STRIP = 15
COUNTED = 100
HOOKS = "/api/v1/hooks/"


class Around(Struct, frozen=True):
    """What is told of jobs beside their own rows."""

    now: datetime
    triggers: dict[str, list[JobTrigger]]
    pauses: Sequence[JobPause]
    scripts: dict[str, Script]
    people: dict[str, tuple[str, bool]]
    gone: frozenset[str]
    last: dict[str, list[tuple[str, str, datetime, datetime | None]]]
    counts: dict[str, tuple[int, int]]
    successes: dict[str, datetime]


async def bodies(session: AsyncSession, actor: Actor, jobs: Sequence[Job]) -> list[JobBody]:
    """Return jobs as they are answered."""
    if not jobs:
        return []
    now = await repository.database_now(session)
    ids = [job.id for job in jobs]
    triggers = await repository.triggers_of(session, ids)
    watched = [job.id for job in jobs if job.enabled and job.settings.get("alert_after_s")]
    around = Around(
        now=now,
        triggers=triggers,
        pauses=await repository.open_pauses(session, {job.project_id for job in jobs}, ids, now),
        scripts=await repository.scripts(session, {job.target_id for job in jobs}),
        people=await repository.users(session, {id_ for job in jobs for id_ in (job.owner_id, job.updated_by)}),
        gone=await _gone(session, triggers),
        last=await of_jobs.newest(session, ids, STRIP),
        counts=await of_jobs.counts(session, ids, COUNTED),
        successes=await of_jobs.last_successes(session, watched) if watched else {},
    )
    return [_body(actor, job, around) for job in jobs]


async def _gone(session: AsyncSession, triggers: dict[str, list[JobTrigger]]) -> frozenset[str]:
    """Return which of the jobs after which others run are not there any more."""
    wanted = {row.source_job_id for rows in triggers.values() for row in rows if row.source_job_id is not None}
    if not wanted:
        return frozenset()
    return frozenset(wanted - {row.id for row in await repository.some(session, wanted)})


def _body(actor: Actor, job: Job, around: Around) -> JobBody:
    triggers, health = around.triggers[job.id], Health.of(job.health)
    script = around.scripts.get(job.target_id)
    pauses = [row for row in around.pauses if row.job_id in {None, job.id} and row.project_id == job.project_id]
    broken = trouble(job, script, triggers, around.gone, health)
    pause = next((row for row in pauses if row.kind != Kind.disabled), None)
    every, good = around.counts.get(job.id, (0, 0))
    return JobBody(
        id=job.id,
        project=actor.project_name(ProjectId(job.project_id)),
        name=job.name,
        description=job.description,
        target=target_of(job, script),
        parameters=job.values,
        parameter_set=job.parameter_set_id,
        labels=job.labels,
        settings=job.settings,
        triggers=[shown(row, health) for row in triggers],
        enabled=job.enabled,
        state=state_of(
            enabled=job.enabled,
            broken=broken is not None,
            paused=pause is not None,
            triggers=any(row.enabled for row in triggers),
        ).value,
        paused=None if pause is None else paused_of(pause),
        broken=None if broken is None else Broken(code=broken.code, message=broken.message),
        breaker=_breaker(health),
        alert=None if pauses else _alert(job, around),
        owner=_owner(job, around),
        next=_next(job, triggers, pauses, around.now) if broken is None or _partly(broken, health) else None,
        last=[LastRun(run_id=id_, state=state, at=at, slot_due_at=due) for id_, state, at, due in around.last[job.id]],
        success_rate=good / every if every else None,
        runs_counted=every,
        revision=job.revision,
        created_at=job.created_at,
        updated_at=job.updated_at,
        updated_by=around.people.get(job.updated_by or "", (None, False))[0],
    )


def _partly(broken: Trouble, health: Health) -> bool:
    """Whether a job's other triggers go on all the same."""
    return broken.code == SOURCE_MISSING or broken in health.blind.values()


def shown(row: JobTrigger, health: Health) -> Any:
    """Return a trigger as it is answered."""
    trouble = health.blind.get(row.id)
    words: tuple[str, str] | None = None
    spec = spec_of(row.spec)
    if isinstance(spec, CronSpec):
        words = of_cron(spec.cron)
    elif isinstance(spec, IntervalSpec):
        words = of_interval(spec.every_s)
    elif isinstance(spec, DateSpec):
        words = of_date(spec.at)
    kind: type[Shown] = BODIES[row.kind]
    return kind(
        **row.spec,
        id=row.id,
        words=None if words is None else Words(en=words[0], zh=words[1]),
        next_at=row.next_at,
        url=f"{HOOKS}{row.id}" if row.kind == "webhook" else None,
        has_secret=row.sealed is not None,
        trouble=None if trouble is None else Troubled(code=trouble.code, message=trouble.message),
    )


def target_of(job: Job, script: Script | None) -> JobTarget:
    """Return what a job runs."""
    there = script is not None and script.project_id == job.project_id
    return JobTarget(
        kind="script",
        id=job.target_id,
        name=script.name if script is not None and there else "",
        language=script.language if script is not None and there else None,
        missing=not _is_there(job, script),
    )


def trouble(
    job: Job, script: Script | None, triggers: Iterable[JobTrigger], gone: frozenset[str], health: Health
) -> Trouble | None:
    """Return what keeps a job from running."""
    if not _is_there(job, script):
        ours = script is not None and script.project_id == job.project_id
        message = f"The script {script.name} was deleted." if script and ours else "What it runs is not there any more."
        return Trouble(TARGET_MISSING, message)
    if any(row.enabled and row.source_job_id in gone for row in triggers):
        return Trouble(SOURCE_MISSING, "It is to run after a job that was deleted.")
    if health.broken is not None and health.broken.code not in LOOKED_AT:
        return health.broken
    return next(iter(health.blind.values()), None)


def paused_of(row: JobPause) -> Paused:
    """Return why a job is paused."""
    return Paused(
        kind=row.kind,
        by=row.by_name or NAMES.get(Kind(row.kind), ""),
        why=row.why,
        since=row.from_at,
        until=row.until_at,
        whole_project=row.job_id is None,
    )


def _is_there(job: Job, script: Script | None) -> bool:
    if script is None or script.deleted_at is not None:
        return False
    return script.project_id == job.project_id and script.kind == "script"


def _breaker(health: Health) -> BreakerBody:
    if health.breaker is None:
        return BreakerBody()
    kept = dict(health.breaker)
    for name in ("opened_at", "trial_at"):
        kept[name] = clock.from_us(kept[name]) if isinstance(kept.get(name), int) else None
    return BreakerBody(**{name: kept[name] for name in BreakerBody.model_fields if name in kept})


def _alert(job: Job, around: Around) -> Alert | None:
    most = job.settings.get("alert_after_s")
    if not most or not job.enabled:
        return None
    since = around.successes.get(job.id, job.created_at)
    if around.now - since <= timedelta(seconds=most):
        return None
    never = "" if job.id in around.successes else ", when the job was made"
    return Alert(since=since, message=f"No run has succeeded since {clock.rfc3339(since)[:19]}Z{never}.")


def _owner(job: Job, around: Around) -> Owner | None:
    if job.owner_id is None:
        return None
    name, disabled = around.people.get(job.owner_id, ("", True))
    return Owner(id=job.owner_id, name=name, disabled=disabled)


def _next(job: Job, triggers: Sequence[JobTrigger], pauses: Sequence[JobPause], now: datetime) -> Next | None:
    """Return what is due next that nothing holds up for certain; None while no end of that is known."""
    ends = [row.until_at for row in pauses]
    if not job.enabled or None in ends:
        return None
    until = max([now, *(at for at in ends if at is not None)])
    found = [
        (at, row.id)
        for row in triggers
        if (at := row.next_at if until == now else next_of(row, until - timedelta(microseconds=1))) is not None
    ]
    return Next(at=min(found)[0], trigger_id=min(found)[1]) if found else None
