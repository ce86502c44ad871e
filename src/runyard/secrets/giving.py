"""What an attempt is given: the value that wins for each name that its script lists."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock
from runyard.audit.events import SYSTEM, Target, Who
from runyard.audit.record import record
from runyard.connections.giving import Connected, connected
from runyard.secrets import repository
from runyard.secrets.errors import ConnectionMissing, SecretMissing, VariableMissing
from runyard.secrets.models import Entry
from runyard.secrets.precedence import ranked
from runyard.secrets.sealing import Sealer
from runyard.secrets.service import CONNECTION, SECRET, VARIABLE, Vault


@dataclass(frozen=True, slots=True)
class Recipient:
    """The attempt that is to be given something; `stage` is the run's own, if it has one, `by` whose run it is."""

    project_id: str
    script_id: str | None
    script_name: str
    run_id: str
    attempt: int
    fence: int
    stage: str | None
    by: Who = SYSTEM

    @property
    def context(self) -> str:
        """What the attempt's own copy of its secrets is bound to."""
        return f"run:{self.run_id}:{self.attempt}:{self.fence}:given"


@dataclass(frozen=True, slots=True)
class Given:
    """Values by name; the secret ones are not for anybody's eyes."""

    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    variables: Mapping[str, str] = field(default_factory=dict)
    connections: Mapping[str, Connected] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """All of it as environment variables."""
        found = {**self.variables, **self.secrets}
        for one in self.connections.values():
            found |= one.environment
        return found

    @property
    def hidden(self) -> tuple[str, ...]:
        """All that must not be seen."""
        return (*self.secrets.values(), *(part for one in self.connections.values() for part in one.hidden))


NOTHING = Given()
_MISSING = {SECRET: SecretMissing, VARIABLE: VariableMissing, CONNECTION: ConnectionMissing}


class Giver:
    """Gives attempts what their scripts list, and writes down that it did."""

    def __init__(self, vault: Vault, sealer: Sealer) -> None:
        self._vault = vault
        self._sealer = sealer

    async def give(
        self,
        session: AsyncSession,
        to: Recipient,
        secrets: Sequence[str],
        variables: Sequence[str],
        connections: Sequence[str] = (),
    ) -> Given:
        """Return the values that win, and write down which secrets whose run was given.

        Raises: SecretMissing, VariableMissing, ConnectionMissing for a name without a value in the run's stage;
            SealBroken.
        """
        stage = to.stage or (await self._vault.stages_of(session, to.project_id)).default
        found = await repository.in_reach(
            session, to.project_id, to.script_id, names=[*secrets, *variables, *connections]
        )
        won: dict[str, dict[str, Entry]] = {SECRET: {}, VARIABLE: {}, CONNECTION: {}}
        for kind, names in ((SECRET, secrets), (VARIABLE, variables), (CONNECTION, connections)):
            for name in names:
                order = ranked((row for row in found if (row.kind, row.name) == (kind, name)), stage)
                if not order:
                    where = f"the stage {stage}" if stage else "any stage"
                    sentence = f"The script lists the {kind} {name}, and there is none of that name for {where}."
                    raise _MISSING[kind](sentence)
                won[kind][name] = order[0]
        given = Given(
            {name: await self._vault.value(session, row) for name, row in won[SECRET].items()},
            {name: await self._vault.value(session, row) for name, row in won[VARIABLE].items()},
            {name: await self._connected(session, name, row) for name, row in won[CONNECTION].items()},
        )
        await repository.add_uses(
            session,
            [*won[SECRET].values(), *won[CONNECTION].values()],
            project_id=to.project_id,
            script_id=to.script_id,
            script_name=to.script_name,
            run_id=to.run_id,
            attempt=to.attempt,
            at=clock.now(),
        )
        if won[SECRET] or won[CONNECTION]:
            told: dict[str, object] = {"names": sorted(won[SECRET]), "connections": sorted(won[CONNECTION])}
            told |= {"attempt": to.attempt, "script_id": to.script_id, "stage": stage}
            record(session, to.by, "secret.use", Target("run", to.run_id, to.script_name, to.project_id), after=told)
        return given

    async def _connected(self, session: AsyncSession, name: str, row: Entry) -> Connected:
        # All kinds of them take long to load; most workers never meet one.
        from runyard.connections.shapes import opened

        return connected(name, opened(json.loads(await self._vault.value(session, row))))

    def copy(self, to: Recipient, given: Given) -> str | None:
        """Return an attempt's copy of its secrets, sealed: what masks its output after a restart."""
        if not given.hidden:
            return None
        return self._sealer.seal(json.dumps(given.hidden).encode(), to.context)

    def hidden(self, to: Recipient, copy: str | None) -> tuple[str, ...]:
        """Return the values in an attempt's copy; raise `SealBroken`."""
        return tuple(json.loads(self._sealer.open(copy, to.context))) if copy else ()
