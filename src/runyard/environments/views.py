"""Rows of environments as bodies of answers."""

from collections.abc import Sequence

from packaging.version import InvalidVersion, Version
from sqlalchemy.ext.asyncio import AsyncSession

from runyard.access.permissions import Actor
from runyard.environments import repository
from runyard.environments.advisories import Vulnerability
from runyard.environments.lifecycle import State
from runyard.environments.models import Environment
from runyard.environments.schemas import (
    EnvironmentBody,
    EnvironmentSummary,
    ErrorBody,
    PackageBody,
    UsedByBody,
    VulnerabilityBody,
)
from runyard.environments.service import EnvironmentService
from runyard.environments.wants import Kind
from runyard.ids import ProjectId

Known = dict[tuple[str, str, str], list[Vulnerability]]


async def summaries(
    environments: EnvironmentService, session: AsyncSession, actor: Actor, rows: Sequence[Environment]
) -> list[EnvironmentSummary]:
    """Return environments for a list."""
    counts = await environments.users.counts(session, actor, [row.id for row in rows])
    known = await environments.advisories.of(session, (package for row in rows for package in _packages(row)))
    return [_summary(row, actor, counts.get(row.id, 0), known) for row in rows]


async def summary(
    environments: EnvironmentService, session: AsyncSession, actor: Actor, row: Environment
) -> EnvironmentSummary:
    """Return one environment as lists show it."""
    return (await summaries(environments, session, actor, [row]))[0]


async def whole(
    environments: EnvironmentService, session: AsyncSession, actor: Actor, row: Environment
) -> EnvironmentBody:
    """Return an environment with what is in it and who uses it."""
    users = await environments.users.of(session, actor, row.id)
    known = await environments.advisories.of(session, _packages(row))
    trial = await repository.trial(session, row.id)
    current = sum(user.current for user in users)
    return EnvironmentBody(
        **_summary(row, actor, current, known).model_dump(),
        packages=None
        if row.packages is None
        else [
            PackageBody(
                name=package["name"],
                version=package["version"],
                size_bytes=package.get("size_bytes"),
                vulnerabilities=vulnerabilities(known.get((row.kind, package["name"], package["version"]), [])),
            )
            for package in row.packages
        ],
        used_by=[
            UsedByBody(script_id=user.script_id, name=user.name, current=user.current, last_used_at=user.last_used_at)
            for user in users
        ],
        trial_id=trial,
    )


def vulnerabilities(found: Sequence[Vulnerability]) -> list[VulnerabilityBody]:
    """Return vulnerabilities as bodies."""
    return [
        VulnerabilityBody(
            id=item.id,
            aliases=item.aliases,
            summary=item.summary,
            severity=item.severity,
            fixed_in=item.fixed_in,
            url=item.url,
        )
        for item in found
    ]


def newest_first(versions: Sequence[str]) -> list[str]:
    """Return versions in a readable order: what can be compared by its order, the rest by its text."""

    def key(text: str) -> tuple[int, Version, str]:
        try:
            return 1, Version(text), text
        except InvalidVersion:
            return 0, Version("0"), text

    return sorted(versions, key=key, reverse=True)


def _packages(row: Environment) -> list[tuple[str, str, str]]:
    return [(row.kind, package["name"], package["version"]) for package in row.packages or ()]


def _summary(row: Environment, actor: Actor, used_by: int, known: Known) -> EnvironmentSummary:
    failed = row.error_code is not None
    return EnvironmentSummary(
        id=row.id,
        kind=Kind(row.kind),
        state=State(row.state),
        requirements=row.requirements,
        requires_python=row.requires_python,
        interpreter=row.interpreter,
        project=None if row.project_id is None else actor.project_name(ProjectId(row.project_id)),
        origin=row.origin,
        trial_of=row.trial_of,
        package_count=None if row.packages is None else len(row.packages),
        vulnerability_count=sum(len(known.get(package, ())) for package in _packages(row)),
        used_by_count=used_by,
        size_bytes=row.size_bytes,
        error=ErrorBody(code=row.error_code or "", message=row.error_message or "") if failed else None,
        created_at=row.created_at,
        ready_at=row.ready_at,
        last_used_at=row.last_used_at,
        build_s=row.build_s,
    )
