"""Names of scripts among the living of a project, and the version that a change begins with."""

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from runyard.errors import FieldError
from runyard.scripts import modules, repository
from runyard.scripts.errors import InvalidScript, NameTaken, VersionConflict
from runyard.scripts.folding import name_key
from runyard.scripts.models import Script


async def rename(session: AsyncSession, script: Script, name: str) -> None:
    """Give a script its name among the living; raise `NameTaken`. The unique index decides races."""
    if script.kind == "module" and not modules.fits(name):
        sentence = "A module's name is a lower-case word that every language can import, such as dates."
        raise InvalidScript(sentence, fields=[FieldError("name", sentence, "module_name")])
    # Modules have a name for each language, apart from those of scripts.
    live = name if script.kind == "script" else f"\x1f{script.language}\x1f{name}"
    holder = await repository.holder_of(session, script.project_id, live)
    if holder is not None and holder != script.id:
        raise _taken(name)
    script.name, script.live_name = name, live
    script.name_key = name_key(name)
    session.add(script)
    try:
        await session.flush()
    except IntegrityError as error:
        if "live_name" in str(error.orig):
            raise _taken(name) from error
        raise


def demand_base(script: Script, base: int | None) -> None:
    """Raise `VersionConflict` unless `base` (None: whichever) is the version that somebody has worked on."""
    if base is not None and base != script.version:
        raise VersionConflict(
            f"Version {script.version} was saved in the meantime; you were working on version {base}.",
            fields=[FieldError("base_version", f"The newest version is {script.version}.", VersionConflict.code)],
        )


def _taken(name: str) -> NameTaken:
    return NameTaken(
        f"Another script of this project is called {name}.",
        fields=[FieldError("name", NameTaken.__doc__ or "", NameTaken.code)],
    )
