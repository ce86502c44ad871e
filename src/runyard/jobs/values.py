"""The parameters of jobs: checked when they are saved, those of passwords sealed, and put together for a run."""

import json
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from runyard.errors import FieldError
from runyard.jobs.errors import InvalidJob
from runyard.jobs.models import Job
from runyard.scripts import parameters
from runyard.scripts.content import Pinned
from runyard.scripts.definitions import FILES, MASK
from runyard.scripts.errors import InvalidParameters, NoSuchSet
from runyard.scripts.sets import ParameterSets
from runyard.secrets.sealing import Sealer


class JobValues:
    """Keeps a job's parameters and gives them back."""

    def __init__(self, sealer: Sealer, sets: ParameterSets) -> None:
        self._sealer = sealer
        self._sets = sets

    def opened(self, job: Job) -> dict[str, Any]:
        """Return a job's passwords in clear: never answer them."""
        if not job.sealed:
            return {}
        found: dict[str, Any] = json.loads(self._sealer.open(job.sealed, _context(job)))
        return found

    def keep(self, job: Job, pinned: Pinned, given: Mapping[str, Any], known: Mapping[str, Any]) -> None:
        """Keep what was given; ``***`` is what is `known` of a password, else it is left to set and default."""
        secret = {d.key for d in pinned.definitions if d.secret}
        # What was a password when it was kept goes nowhere else.
        values = {key: value for key, value in given.items() if value != MASK or (key in secret) == (key in known)}
        clear = {key: known[key] if value == MASK else value for key, value in values.items() if key in secret}
        clear = {key: value for key, value in clear.items() if value is not None}
        job.values = {key: MASK if key in clear else value for key, value in values.items()}
        if not job.sealed or clear != self.opened(job):
            self.seal(job, clear)

    def seal(self, job: Job, clear: Mapping[str, Any]) -> None:
        """Keep passwords."""
        job.sealed = self._sealer.seal(json.dumps(dict(clear)).encode(), _context(job)) if clear else None

    async def given(
        self, session: AsyncSession, job: Job, pinned: Pinned, over: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return what a run of a job is given: its set's values, its own over them, and `over` over these.

        What is missing and what does not fit is for `parameters.complete` to say.

        Raises: NoSuchSet when the set has gone.
        """
        # What was a password when it was kept goes nowhere else.
        secret = {d.key for d in pinned.definitions if d.secret}
        clear = self.opened(job)
        own = {key: value for key, value in job.values.items() if key not in clear}
        own |= {key: value for key, value in clear.items() if key in secret}
        if job.parameter_set_id is not None:
            own = {**await self._sets.filled(session, pinned, job.parameter_set_id, {}), **own}
        return {**own, **{key: value for key, value in (over or {}).items() if value != MASK or key not in own}}

    async def demand(
        self, session: AsyncSession, job: Job, pinned: Pinned, arriving: Collection[str]
    ) -> dict[str, Any]:
        """Return the values of a run, whole; `arriving` are the parameters that come with whatever starts it.

        Raises: InvalidParameters, naming each; InvalidJob for a set that is not there.
        """
        try:
            values = await self.given(session, job, pinned)
        except NoSuchSet as error:
            sentence = "The script has no such saved set of parameters."
            raise InvalidJob(sentence, fields=[FieldError("parameter_set", sentence, "unknown")]) from error
        files = {d.key for d in pinned.definitions if d.type in FILES}
        sentence = "A file comes with each run; a job can't keep one."
        wrong = [FieldError(f"parameters.{key}", sentence, "not_applicable") for key in values if key in files]
        wrong += [
            FieldError(f"parameters.{d.key}", sentence, "not_applicable")
            for d in pinned.definitions
            if d.key in files and d.required and d.key not in arriving and d.key not in values
        ]
        if wrong:
            raise InvalidParameters(sentence, fields=wrong)
        open_ = {key for key in arriving if key not in values}
        definitions = [d.model_copy(update={"required": False}) if d.key in open_ else d for d in pinned.definitions]
        return parameters.complete(definitions, values)


def _context(job: Job) -> str:
    return f"job:{job.id}:parameters"
