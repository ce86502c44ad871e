"""How a version is made, kept and taken along by a run."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from runyard import ids
from runyard.scripts import checks
from runyard.scripts.content import Content, Pinned
from runyard.scripts.definitions import Definition
from runyard.scripts.errors import InvalidScript
from runyard.scripts.models import ScriptVersion
from runyard.scripts.sealed import SealedDefaults, StoredDefinition
from runyard.secrets.sealing import Sealer


class VersionKeeper:
    """Makes contents and versions, with the defaults of passwords sealed."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def parameters(
        self,
        project_id: str,
        language: str,
        definitions: Sequence[Definition],
        before: Sequence[StoredDefinition] = (),
        place: str = "parameters",
    ) -> list[StoredDefinition]:
        """Return what is stored for `definitions`; `before` has the defaults that ``***`` keeps.

        Raises: InvalidScript, naming fields below `place`.
        """
        defaults = SealedDefaults(self._sealer, project_id)
        resolved = defaults.resolve(definitions, before)
        errors = checks.findings(resolved, language, place)
        if errors:
            raise InvalidScript(" ".join(f"{e.field}: {e.message}" for e in errors[:3]), fields=errors)
        return defaults.store(resolved, before)

    def reconsider(self, project_id: str, language: str, stored: Sequence[StoredDefinition]) -> None:
        """Raise `InvalidScript` unless the stored definitions also fit a script in `language`."""
        defaults = SealedDefaults(self._sealer, project_id)
        self.parameters(project_id, language, defaults.load(stored), stored)

    async def add(
        self,
        session: AsyncSession,
        content: Content,
        *,
        project_id: str,
        script_id: str | None,
        number: int | None,
        author_id: str | None,
        now: datetime,
        note: str = "",
        draft_name: str | None = None,
    ) -> ScriptVersion:
        """Write a new version (a draft without `number`) and return it."""
        version = ScriptVersion(
            id=ids.new("ver"),
            script_id=script_id,
            project_id=project_id,
            number=number,
            draft_name=draft_name,
            language=content.language,
            code=content.code,
            parameters=content.parameters,
            requirements=content.requirements,
            timeout_s=content.timeout_s,
            network=content.network,
            options=content.options,
            content_hash=content.hash,
            note=note,
            author_id=author_id,
            created_at=now,
        )
        session.add(version)
        await session.flush()
        return version

    def pinned(self, version: ScriptVersion, name: str) -> Pinned:
        """Return a version as a run takes it along, under the script's `name`."""
        return Pinned(
            script_id=version.script_id,
            script_name=name,
            project_id=version.project_id,
            version_id=version.id,
            number=version.number,
            language=version.language,
            code=version.code,
            definitions=SealedDefaults(self._sealer, version.project_id).load(version.parameters),
            requirements=tuple(version.requirements),
            timeout_s=version.timeout_s,
            network=version.network,
        )


def content_of(version: ScriptVersion) -> Content:
    """Return what a version holds."""
    return Content(
        language=version.language,
        code=version.code,
        parameters=version.parameters,
        requirements=version.requirements,
        timeout_s=version.timeout_s,
        network=version.network,
        options=version.options,
    )
