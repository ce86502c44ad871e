"""What commands about secrets and about variables have in common."""

from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from runyard.cli.errors import Misuse, NothingFound

if TYPE_CHECKING:
    from runyard.cli.client import Server

Project = Annotated[str, typer.Option("--project", help="The project.")]
Script = Annotated[str | None, typer.Option("--script", help="This script's own (its name or id).")]
Everywhere = Annotated[bool, typer.Option("--global", help="Of the whole installation.")]
Stage = Annotated[str | None, typer.Option("--stage", help="For runs in this stage only.")]


def place(one: dict[str, Any]) -> str:
    """Return where a value belongs, in words."""
    if one["level"] == "script":
        return f"script {one['script_name']}"
    return "everybody" if one["level"] == "global" else f"project {one['project']}"


def listed(server: "Server", kind: str, project: str, stage: str | None) -> list[Any]:
    """Return those of a project, its scripts and the installation."""
    asked = {"project": project} if stage is None else {"project": project, "stage": stage}
    return list(server.items(f"/{kind}", asked))


def put(
    server: "Server",
    kind: str,
    body: dict[str, Any],
    *,
    project: str,
    script: str | None,
    everywhere: bool,
    stage: str | None,
) -> dict[str, Any]:
    """Make a value, or change the one of that name in that place and stage."""
    said = {name: value for name, value in body.items() if value is not None}
    where = _where(server, project, script, everywhere=everywhere)
    known = _matching(server, kind, body["name"], project, where, stage)
    if known:
        del said["name"]
        changed: dict[str, Any] = server.ask("PATCH", f"/{kind}/{known[0]['id']}", json=said)
        return changed
    made: dict[str, Any] = server.post(f"/{kind}", {**said, **where, "project": project, "stage": stage})
    return made


def find(
    server: "Server",
    kind: str,
    name: str,
    *,
    project: str,
    script: str | None,
    everywhere: bool,
    stage: str | None,
) -> dict[str, Any]:
    """Return the value of that name in that place and stage, or the one of that id; raise `NothingFound`."""
    if name.startswith(("sec_", "var_")):
        found: dict[str, Any] = server.get(f"/{kind}/{quote(name, safe='')}")
        return found
    matching = _matching(server, kind, name, project, _where(server, project, script, everywhere=everywhere), stage)
    if not matching:
        raise NothingFound(f"There is no {name} there.", hint=f"`runyard {kind} list` shows what there is.")
    return matching[0]


def remove(server: "Server", kind: str, one: dict[str, Any], *, force: bool) -> None:
    """Delete a value."""
    server.ask("DELETE", f"/{kind}/{one['id']}", params={"force": "true"} if force else {})


def _where(server: "Server", project: str, script: str | None, *, everywhere: bool) -> dict[str, Any]:
    from runyard.cli import lookup

    if script is not None and everywhere:
        raise Misuse("A value belongs to a script or to everybody, not to both.")
    if script is not None:
        return {"level": "script", "script_id": lookup.script(server, script, project)["id"]}
    return {"level": "global" if everywhere else "project"}


def _matching(
    server: "Server", kind: str, name: str, project: str, where: dict[str, Any], stage: str | None
) -> list[dict[str, Any]]:
    asked = {"project": project, "q": name[:64], "stage": stage or "", "level": where["level"]}
    if "script_id" in where:
        asked["script_id"] = where["script_id"]
    return [one for one in server.items(f"/{kind}", asked) if one["name"] == name]
