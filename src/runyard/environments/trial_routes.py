"""Trial upgrades over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends

from runyard.access.permissions import Actor
from runyard.environments import views
from runyard.environments.models import Environment
from runyard.environments.routes import Environments, Keeper, Reader, changeable_environment, visible_environment
from runyard.environments.schemas import EnvironmentSummary, PackageChange, TrialBody
from runyard.environments.service import EnvironmentService
from runyard.environments.trials import changes
from runyard.web.depends import Reading, Transaction

router = APIRouter(prefix="/environments/{environment_id}/trial", tags=["environments"])


@router.get("", operation_id="get_trial")
async def get_trial(
    actor: Reader,
    session: Reading,
    environments: Environments,
    row: Annotated[Environment, Depends(visible_environment)],
) -> TrialBody:
    """Get the trial upgrade of an environment, and how it differs."""
    return await _body(environments, session, actor, row, await environments.trials.of(session, row))


@router.post("", operation_id="begin_trial", status_code=202)
async def begin_trial(
    actor: Keeper,
    session: Transaction,
    environments: Environments,
    row: Annotated[Environment, Depends(changeable_environment)],
) -> TrialBody:
    """Resolve newer versions and build them beside the environment; run a script in it by its `environment_id`."""
    return await _body(environments, session, actor, row, await environments.trials.begin(session, row))


@router.post("/keep", operation_id="keep_trial")
async def keep_trial(
    actor: Keeper,
    session: Transaction,
    environments: Environments,
    row: Annotated[Environment, Depends(changeable_environment)],
) -> EnvironmentSummary:
    """Put the trial in the environment's place: the next runs of every script that used it get the new versions."""
    kept = await environments.trials.keep(session, row)
    return await views.summary(environments, session, actor, kept)


@router.delete("", operation_id="drop_trial", status_code=204)
async def drop_trial(
    _actor: Keeper,
    session: Transaction,
    environments: Environments,
    row: Annotated[Environment, Depends(changeable_environment)],
) -> None:
    """Drop the trial; everything stays as it was."""
    trial = await environments.trials.of(session, row)
    await environments.delete(session, trial.id)


async def _body(
    environments: EnvironmentService, session: Reading, actor: Actor, row: Environment, trial: Environment
) -> TrialBody:
    summary = await views.summary(environments, session, actor, trial)
    found = None if trial.packages is None else changes(row.packages or [], trial.packages)
    return TrialBody(
        environment=summary,
        changes=None
        if found is None
        else [
            PackageChange(name=item.name, from_version=item.before, to_version=item.after, change=item.kind)
            for item in found
        ],
    )
