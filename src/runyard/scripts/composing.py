"""How a version's content comes from what somebody sends."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from runyard.connections.giving import names as connection_names
from runyard.errors import FieldError
from runyard.scripts import files, modules, trees
from runyard.scripts.content import Content
from runyard.scripts.errors import InvalidScript
from runyard.scripts.files import Tree
from runyard.scripts.hooks import Hooks
from runyard.scripts.policy import POLICY_FIELDS, Policy, policy_of, policy_options
from runyard.scripts.schemas import Draft, NewScript, ScriptChange
from runyard.scripts.versions import VersionKeeper
from runyard.secrets import reserved

Given = Draft | NewScript | ScriptChange
_SHAPE = ("hooks", "entry", "files", "in_workspace")
_MENTIONED = ("library", "state")


class Composer:
    """Turns bodies into contents, checked as a whole."""

    def __init__(self, versions: VersionKeeper) -> None:
        self._versions = versions

    async def new(
        self,
        session: AsyncSession,
        project_id: str,
        body: Draft | NewScript,
        *,
        before: Content | None = None,
        place: str = "",
    ) -> Content:
        """Return the content that a new script, or a draft of one whose newest content is `before`, has.

        Raises: InvalidScript, BadTree, naming fields that begin with `place`.
        """
        stored = self._versions.checked(
            project_id,
            body.language,
            body.parameters,
            body.requirements,
            before=before.parameters if before else (),
            place=place,
            package_manager=body.package_manager,
        )
        _demand_names(body, body.language, stored, place)
        if body.language == "sql":
            _demand_sql(body, body.requirements, body.hooks, getattr(body, "kind", "script"), place)
        old = before.options if before else {}
        shape = await self._shape(session, project_id, old, body, body.language, place)
        return Content(
            language=body.language,
            code=body.code,
            parameters=stored,
            requirements=body.requirements,
            timeout_s=body.timeout_s,
            network=body.network,
            options={**policy_options(body), **shape},
        )

    async def changed(self, session: AsyncSession, project_id: str, old: Content, body: ScriptChange) -> Content:
        """Return `old` with what `body` names changed; raise `InvalidScript`, `BadTree`."""
        given = body.model_fields_set
        language = body.language or old.language
        stored = old.parameters
        requirements = old.requirements if body.requirements is None else body.requirements
        used = policy_of(old.options).package_manager
        manager = body.package_manager or used
        if body.parameters is not None:
            stored = self._versions.checked(
                project_id, language, body.parameters, requirements, before=old.parameters, package_manager=manager
            )
        elif language != old.language:
            self._versions.recheck(project_id, language, old.parameters, requirements, manager)
        elif requirements != old.requirements or manager != used:
            self._versions.check_requirements(language, requirements, manager)
        policy = {name: getattr(body, name) for name in POLICY_FIELDS if name in given}
        merged = Policy.model_validate({**dict(policy_of(old.options)), **policy})
        if {"secrets", "variables", "connections", "parameters"} & given or language != old.language:
            _demand_names(merged, language, stored, "")
        shape = await self._shape(session, project_id, old.options, body, language, "")
        if language == "sql":
            _demand_sql(merged, requirements, Hooks.model_validate(shape.get("hooks", {})), "script", "")
        rest = {name: old.options[name] for name in old.options if name not in (*POLICY_FIELDS, *_SHAPE, *_MENTIONED)}
        return replace(
            old,
            language=language,
            code=old.code if body.code is None else body.code,
            parameters=stored,
            requirements=requirements,
            timeout_s=body.timeout_s if "timeout_s" in given else old.timeout_s,
            network=old.network if body.network is None else body.network,
            options={**rest, **policy_options(merged), **shape},
        )

    async def _shape(
        self, session: AsyncSession, project_id: str, old: Mapping[str, Any], body: Given, language: str, place: str
    ) -> dict[str, Any]:
        given = body.model_fields_set
        named = Hooks.model_validate(old.get("hooks", {})) if body.hooks is None or "hooks" not in given else body.hooks
        tree = before = files.tree_of(old)
        if body.files:
            tree = await files.changed(session, project_id, before, body.files, place)
        entry: str = old.get("entry", "") if body.entry is None or "entry" not in given else body.entry
        beside = old.get("in_workspace", False) if body.in_workspace is None else body.in_workspace
        if "in_workspace" not in given:
            beside = old.get("in_workspace", False)
        made = shape(tree, entry, named, in_workspace=beside)
        _demand_entry(tree, entry, language, place)
        if tree:
            known = {name: True for name in _MENTIONED if old.get(name)}
            made |= known if tree == before else await self._mentioned(session, project_id, tree)
        return made

    async def _mentioned(self, session: AsyncSession, project_id: str, tree: Tree) -> dict[str, Any]:
        sources = [file for file in tree if PurePosixPath(file.path).suffix in trees.LANGUAGES]
        contents = await files.read(session, project_id, sources)
        texts = [data.decode("utf-8", "replace") for data in contents.values()]
        made = {"library": any(map(modules.mentions, texts)), "state": any("RUNYARD_STATE_DIR" in t for t in texts)}
        return {name: True for name in _MENTIONED if made[name]}


def shape(tree: Sequence[trees.TreeFile], entry: str, named: Hooks, *, in_workspace: bool) -> dict[str, Any]:
    """Return what options keep of a script's shape: whatever differs from a script of one file without hooks."""
    made: dict[str, Any] = {}
    if named != Hooks():
        made["hooks"] = named.model_dump(mode="json", exclude_defaults=True)
    if tree:
        made["files"] = [file.model_dump(mode="json", exclude_defaults=True) for file in tree]
    if entry:
        made["entry"] = entry
    if in_workspace:
        made["in_workspace"] = True
    return made


def _demand_names(policy: Policy, language: str, stored: Sequence[Mapping[str, Any]], place: str) -> None:
    """Raise `InvalidScript` unless all that is given by name can be environment variables, each only once."""
    taken = {item["key"]: "There is a parameter {name}, too." for item in stored}
    fields = []
    listed = (("secrets", policy.secrets), ("variables", policy.variables), ("connections", policy.connections))
    for kind, names in listed:
        for at, name in enumerate(names):
            variables = connection_names(name) if kind == "connections" else (name,)
            code, sentence = reserved.refusal(name, language) or ("", "")
            found = next((one for one in variables if one in taken), None)
            if not code and found is not None:
                code, sentence = "duplicate", taken[found].format(name=found)
            if code:
                fields.append(FieldError(f"{place}{kind}.{at}", sentence, code))
            taken |= dict.fromkeys(variables, f"{{name}} stands among the {kind}, too.")
    if fields:
        raise InvalidScript(" ".join(field.message for field in fields[:3]), fields=fields)


def _demand_sql(policy: Policy, requirements: Sequence[str], named: Hooks | None, kind: str, place: str) -> None:
    """Raise `InvalidScript` for what a script in SQL can't have."""
    troubles = {}
    if len(policy.connections) > 1:
        troubles["connections.1"] = "A script in SQL runs on one connection."
    if requirements:
        troubles["requirements"] = "A script in SQL needs no packages: its drivers come with Runyard."
    if named is not None and any(hook is not None and not hook.shell for hook in (named.before, named.after)):
        troubles["hooks"] = "Hooks of a script in SQL are written in shell."
    if kind == "module":
        troubles["language"] = "A module of the library is not written in SQL."
    if troubles:
        fields = [FieldError(f"{place}{field}", sentence, "not_applicable") for field, sentence in troubles.items()]
        raise InvalidScript(" ".join(troubles.values()), fields=fields)


def _demand_entry(tree: Sequence[trees.TreeFile], entry: str, language: str, place: str) -> None:
    trouble = None
    if not entry:
        trouble = "A project with several files needs to know which of them is the code." if tree else None
    elif (path := trees.path_trouble(entry)) is not None:
        trouble = path
    elif trees.LANGUAGES.get(PurePosixPath(entry).suffix) != language:
        trouble = f"{entry} is no file of a script in {language}."
    elif any(file.path == entry or file.path.startswith(f"{entry}/") for file in tree):
        trouble = f"{entry} is the code itself; it can't be among the other files."
    if trouble is not None:
        raise InvalidScript(trouble, fields=[FieldError(f"{place}entry", trouble, "entry")])
