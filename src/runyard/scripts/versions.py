"""How a version is made, kept and taken along by a run."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from runyard import ids
from runyard.errors import FieldError
from runyard.scripts import checks
from runyard.scripts.content import Content, Pinned
from runyard.scripts.definitions import Definition
from runyard.scripts.errors import InvalidScript
from runyard.scripts.files import tree_of
from runyard.scripts.hooks import Hooks
from runyard.scripts.models import ScriptVersion
from runyard.scripts.policy import policy_of
from runyard.scripts.sealed import SealedDefaults, StoredDefinition
from runyard.secrets.sealing import Sealer


class VersionKeeper:
    """Makes contents and versions, with the defaults of passwords sealed."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def checked(
        self,
        project_id: str,
        language: str,
        definitions: Sequence[Definition],
        requirements: Sequence[str],
        *,
        before: Sequence[StoredDefinition] = (),
        place: str = "",
        package_manager: str = "",
    ) -> list[StoredDefinition]:
        """Return what is stored for `definitions`; `before` has the defaults that ``***`` keeps.

        Raises: InvalidScript, naming fields that begin with `place`.
        """
        defaults = SealedDefaults(self._sealer, project_id)
        resolved = defaults.resolve(definitions, before)
        _refuse(
            [
                *checks.findings(resolved, language, f"{place}parameters"),
                *checks.unfit_requirements(language, requirements, place, package_manager=package_manager),
            ]
        )
        return defaults.store(resolved, before)

    def recheck(
        self,
        project_id: str,
        language: str,
        stored: Sequence[StoredDefinition],
        requirements: Sequence[str],
        package_manager: str = "",
    ) -> None:
        """Raise `InvalidScript` unless stored definitions and `requirements` also fit a script in `language`."""
        definitions = SealedDefaults(self._sealer, project_id).load(stored)
        self.checked(project_id, language, definitions, requirements, before=stored, package_manager=package_manager)

    def check_requirements(self, language: str, requirements: Sequence[str], package_manager: str = "") -> None:
        """Raise `InvalidScript` unless all of `requirements` could be ones."""
        _refuse(checks.unfit_requirements(language, requirements, package_manager=package_manager))

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
            policy=policy_of(version.options),
            hooks=Hooks.model_validate(version.options.get("hooks", {})),
            entry=version.options.get("entry", ""),
            tree=tree_of(version.options),
            in_workspace=version.options.get("in_workspace", False),
            library=version.options.get("library", False),
            state=version.options.get("state", False),
        )


def _refuse(errors: list[FieldError]) -> None:
    if errors:
        raise InvalidScript(" ".join(f"{e.field}: {e.message}" for e in errors[:3]), fields=errors)


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
