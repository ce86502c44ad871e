"""Scripts in and out: imported from files, exported as JSON or as folders."""

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, Literal

from msgspec import Struct
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from runyard import clock
from runyard.access.permissions import Actor, Permission
from runyard.approvals.demanding import demand
from runyard.approvals.operations import Operation
from runyard.audit.events import Target
from runyard.errors import FieldError
from runyard.scripts import files, repository, shelf, trees
from runyard.scripts.content import copy_name
from runyard.scripts.definitions import Definition
from runyard.scripts.detection.analysis import analyse
from runyard.scripts.detection.frameworks import SCRAPY_ENTRY
from runyard.scripts.errors import InvalidScript, NameTaken
from runyard.scripts.manifest import folder_name, written
from runyard.scripts.models import Script
from runyard.scripts.packages import FORMAT, FORMAT_VERSION, MOST_SCRIPTS, Package, carried, text_of
from runyard.scripts.pinning import find, newest
from runyard.scripts.policy import policy_of
from runyard.scripts.schemas import NewScript, ScriptChange
from runyard.scripts.sealed import shown
from runyard.scripts.service import ScriptService

OnConflict = Literal["refuse", "rename", "update", "skip"]
_PLACE = frozenset({"project", "kind"})


class Wanted(Struct, frozen=True):
    """How what was sent is to be taken.

    `script_id` makes it the next version of that script; with `content_only` only its code and files follow.
    """

    project: str = "default"
    name: str | None = None
    entry: str | None = None
    folder: str | None = None
    tags: tuple[str, ...] = ()
    script_id: str | None = None
    on_conflict: OnConflict = "refuse"
    detect: bool = True
    content_only: bool = False
    note: str = ""


class Taken(Struct, frozen=True):
    """What became of one script: created, updated, unchanged or skipped."""

    id: str
    name: str
    version: int
    outcome: str


class Transfer:
    """Imports and exports. Every method works within the session that it is given."""

    def __init__(self, scripts: ScriptService) -> None:
        self._scripts = scripts

    async def take(self, session: AsyncSession, actor: Actor, package: Package, wanted: Wanted) -> list[Taken]:
        """Save what a package holds: all of it or, if anything is refused, nothing.

        Raises: InvalidScript, BadTree, NameTaken, NoSuchScript; `InvalidScript` on ``entry`` where it must be chosen.
        """
        if package.scripts:
            numbered = enumerate(package.scripts)
            return [await self._save(session, actor, body, wanted, number) for number, body in numbered]
        body = chosen(package, wanted)
        if wanted.content_only:
            body = {key: value for key, value in body.items() if key in {"language", "code", "files", "entry"}}
        if wanted.script_id is not None:
            return [await self._advance(session, actor, wanted.script_id, body, wanted.note)]
        return [await self._save(session, actor, body, wanted, None)]

    async def _save(
        self, session: AsyncSession, actor: Actor, body: Mapping[str, Any], wanted: Wanted, number: int | None
    ) -> Taken:
        given = {**body, "project": wanted.project, "note": wanted.note}
        if wanted.folder is not None:
            given["folder"] = wanted.folder
        given["tags"] = [*given.get("tags", []), *wanted.tags]
        project_id = actor.project(wanted.project, Permission.script_write)
        if (category := given.get("category")) is not None:
            # Where the project has no such category, the script comes without one rather than not at all.
            there = {item.name for item, _count in await shelf.categories(session, [project_id])}
            given["category"] = category if category in there else None
        try:
            new = NewScript.model_validate(given)
        except ValidationError as error:
            raise _refused(error, number) from error
        live = new.name if new.kind == "script" else f"\x1f{new.language}\x1f{new.name}"
        holder = await repository.holder_of(session, project_id, live)
        if holder is not None and wanted.on_conflict == "skip":
            script = await find(session, actor, holder, Permission.script_read)
            return Taken(script.id, script.name, script.version, "skipped")
        if holder is not None and wanted.on_conflict == "update":
            return await self._advance(session, actor, holder, given, wanted.note)
        if holder is not None and wanted.on_conflict == "rename":
            name = copy_name(new.name, await repository.names(session, project_id))
            new = new.model_copy(update={"name": name if new.kind == "script" else f"{new.name}_copy"})
        elif holder is not None:
            raise NameTaken(f"Another script of this project is called {new.name}.")
        whole = await self._scripts.create(session, actor, new)
        return Taken(whole.script.id, whole.script.name, whole.script.version, "created")

    async def _advance(
        self, session: AsyncSession, actor: Actor, script_id: str, body: Mapping[str, Any], note: str
    ) -> Taken:
        script = await find(session, actor, script_id, Permission.script_write, lock=True)
        before, at = script.version, clock.to_us(script.updated_at)
        there = files.tree_of((await newest(session, script)).options)
        here = {item["path"] for item in body.get("files", [])}
        gone = [{"path": file.path, "remove": True} for file in there if file.path not in here]
        change = {name: value for name, value in body.items() if name not in _PLACE and name != "note"}
        try:
            checked = ScriptChange.model_validate({**change, "files": [*body.get("files", []), *gone], "note": note})
        except ValidationError as error:
            raise _refused(error, None) from error
        whole = await self._scripts.change(session, actor, script_id, checked)
        changed = whole.script.version != before or clock.to_us(whole.script.updated_at) != at
        return Taken(script.id, whole.script.name, whole.script.version, "updated" if changed else "unchanged")

    async def export(
        self, session: AsyncSession, actor: Actor, project: str, script_ids: Sequence[str]
    ) -> list[dict[str, Any]]:
        """Return scripts as they are exported: those named, or all of the project; hidden defaults are left out."""
        if script_ids:
            scripts = [await find(session, actor, id_, Permission.script_read) for id_ in dict.fromkeys(script_ids)]
        else:
            project_id = actor.project(project, Permission.script_read)
            scripts = list(await repository.all_of(session, project_id, MOST_SCRIPTS + 1))
        if len(scripts) > MOST_SCRIPTS:
            sentence = f"At most {MOST_SCRIPTS} scripts are exported at once; name them."
            raise InvalidScript(sentence, fields=[FieldError("script_id", sentence, "too_long")])
        await self._demand_consent(session, actor, scripts, everything=not script_ids)
        return [await self._exported(session, script) for script in scripts]

    async def _demand_consent(
        self, session: AsyncSession, actor: Actor, scripts: Sequence[Script], *, everything: bool
    ) -> None:
        names: dict[str, list[str]] = {}
        for script in scripts:
            names.setdefault(script.project_id, []).append(script.name)
        for project_id, some in names.items():
            name = "" if everything else ", ".join(sorted(some))[:200]
            facts = {"scripts": "all" if everything else sorted(some)}
            target = Target("export", "", name, project_id)
            await demand(session, actor, Operation.script_export, target, after=facts)

    async def _exported(self, session: AsyncSession, script: Script) -> dict[str, Any]:
        version = await newest(session, script)
        tree = files.tree_of(version.options)
        contents = await files.read(session, script.project_id, tree)
        definitions = [
            definition.model_dump(mode="json", exclude_defaults=True, exclude=_unsaid(definition))
            for definition in shown(version.parameters)
        ]
        names = await shelf.category_names(session, [script.category_id])
        policy = policy_of(version.options).model_dump(mode="json")
        return {
            "name": script.name,
            "kind": script.kind,
            "language": version.language,
            "description": script.description,
            "tags": (await repository.tags_of(session, [script.id]))[script.id],
            "folder": script.folder,
            "category": names.get(script.category_id),
            "code": version.code,
            "parameters": definitions,
            "requirements": version.requirements,
            "timeout_s": version.timeout_s,
            "network": version.network,
            **policy,
            "hooks": version.options.get("hooks", {}),
            "entry": version.options.get("entry", ""),
            "in_workspace": version.options.get("in_workspace", False),
            "files": [carried(file.path, contents[file.path], executable=file.executable) for file in tree],
        }


def _unsaid(definition: Definition) -> set[str]:
    return {"default"} if definition.secret else set()


def chosen(package: Package, wanted: Wanted) -> dict[str, Any]:
    """Return the body of the script that a project makes, with `wanted.entry` or the only file that could be it."""
    entry = wanted.entry or (package.entries[0] if _is_clear(package.entries) else None)
    if entry is None or entry not in package.files:
        listed = ", ".join(package.entries[:10])
        nothing = "No file of it is Python, JavaScript or shell."
        sentence = f"Choose which file is started: {listed}." if listed else nothing
        raise InvalidScript(sentence, fields=[FieldError("entry", sentence, "entry")])
    language = trees.LANGUAGES.get(PurePosixPath(entry).suffix)
    others = {path: data for path, data in package.files.items() if path != entry}
    body: dict[str, Any] = {
        "name": wanted.name or package.name,
        "language": language,
        "code": text_of(entry, package.files[entry]),
        "requirements": package.requirements.get(language or "", []),
    }
    if others:
        listed_files = [carried(path, data, executable=path in package.executable) for path, data in others.items()]
        # Code that was made to be started in its own folder finds its files where it looks for them.
        body |= {"entry": entry, "files": listed_files, "in_workspace": True}
    if entry == SCRAPY_ENTRY:
        spiders = next((item.spiders for item in package.frameworks if item.name == "Scrapy"), ())
        options = [{"value": spider} for spider in spiders]
        spider = {"key": "SPIDER", "label": "Spider", "type": "select", "required": True, "options": options}
        more = {"key": "OPTIONS", "label": "Options", "help": "Such as -a category=books -o items.json"}
        body["parameters"] = [spider, more]
        if not any(line.lower().startswith("scrapy") for line in body["requirements"]):
            body["requirements"] = ["scrapy", *body["requirements"]]
    elif wanted.detect and language is not None:
        found = analyse(language, body["code"])
        body["parameters"] = [
            item.definition.model_dump(mode="json", exclude_defaults=True)
            for item in found.proposals
            if item.parser != "environment"
        ]
    return body


def as_json(scripts: Sequence[Mapping[str, Any]]) -> bytes:
    """Return scripts as one JSON document."""
    document = {"format": FORMAT, "version": FORMAT_VERSION, "scripts": list(scripts)}
    return json.dumps(document, ensure_ascii=False, indent=2).encode() + b"\n"


def as_zip(scripts: Sequence[Mapping[str, Any]]) -> bytes:
    """Return scripts as folders, each with a manifest, in a zip archive."""
    target = io.BytesIO()
    taken: list[str] = []
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for script in scripts:
            folder = folder_name(script["name"], taken)
            taken.append(folder)
            others = {item["path"]: _data(item) for item in script["files"]}
            for path, data in written(script, others).items():
                archive.writestr(f"{folder}/{path}", data)
    return target.getvalue()


def _data(item: Mapping[str, Any]) -> bytes:
    from base64 import b64decode

    text = item.get("text")
    return b64decode(item["base64"]) if text is None else str(text).encode()


def _is_clear(entries: Sequence[str]) -> bool:
    """Whether there is no question which file is started: one only, Runyard's own, or one that is called main."""
    if not entries:
        return False
    named = PurePosixPath(entries[0]).stem in {"main", "__main__"} and "/" not in entries[0]
    rivals = [path for path in entries[1:] if PurePosixPath(path).stem == "main" and "/" not in path]
    return len(entries) == 1 or entries[0] == SCRAPY_ENTRY or (named and not rivals)


def _refused(error: ValidationError, number: int | None) -> InvalidScript:
    place = "" if number is None else f"scripts.{number}."
    fields = [
        FieldError(place + ".".join(map(str, item["loc"])), item["msg"], item["type"])
        for item in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    return InvalidScript(" ".join(f"{field.field}: {field.message}" for field in fields[:3]), fields=fields)
