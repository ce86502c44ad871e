"""What commands about secrets and about variables have in common."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from runyard.cli.errors import Misuse, NothingFound, Refused
from runyard.cli.options import Machine
from runyard.cli.output import as_json, note, table

if TYPE_CHECKING:
    from runyard.cli.client import Server

Name = Annotated[str, typer.Argument(metavar="NAME", help="The name, or the id.")]
NewName = Annotated[str, typer.Argument(metavar="NAME", help="The environment variable that it becomes.")]
Project = Annotated[str, typer.Option("--project", help="The project.")]
Script = Annotated[str | None, typer.Option("--script", help="This script's own (its name or id).")]
Everywhere = Annotated[bool, typer.Option("--global", help="Of the whole installation.")]
Stage = Annotated[str | None, typer.Option("--stage", help="For runs in this stage only.")]
POLL_S = 0.5
Columns = Mapping[str, Callable[[dict[str, Any]], str]]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value belongs, and the stage that it is for; no stage is every stage."""

    project: str
    script: str | None = None
    everywhere: bool = False
    stage: str | None = None


def belongs(one: dict[str, Any]) -> str:
    """Return where a value belongs, in words."""
    if one["level"] == "script":
        return f"script {one['script_name']}"
    return "everybody" if one["level"] == "global" else f"project {one['project']}"


WHERE: Columns = {
    "NAME": lambda one: str(one["name"]),
    "BELONGS TO": belongs,
    "STAGE": lambda one: one["stage"] or "every",
}


def add_list(app: typer.Typer, kind: str, text: str, columns: Columns, flexible: str) -> None:
    """Add the command that lists what a project, its scripts and the installation have; `columns` come last."""
    shown = {**WHERE, **columns}

    @app.command("list", help=text)
    def list_(project: Project = "default", stage: Stage = None, machine: Machine = False) -> None:
        from runyard.cli.client import Server

        asked = {"project": project} if stage is None else {"project": project, "stage": stage}
        found = list(Server.current().items(f"/{kind}", asked))
        if machine:
            as_json(found)
            return
        table(tuple(shown), [tuple(cell(one) for cell in shown.values()) for one in found], flexible=flexible)


def add_delete(app: typer.Typer, kind: str, text: str) -> None:
    """Add the command that deletes a value."""

    @app.command(help=text)
    def delete(
        name: Name,
        project: Project = "default",
        script: Script = None,
        everywhere: Everywhere = False,
        stage: Stage = None,
        force: Annotated[bool, typer.Option("--force", help="Even though scripts list it.")] = False,
    ) -> None:
        from runyard.cli.client import Server

        server = Server.current()
        one = find(server, kind, name, Place(project, script, everywhere, stage))
        try:
            server.ask("DELETE", f"/{kind}/{one['id']}", params={"force": "true"} if force else {})
        except Refused as refused:
            if refused.problem == "secret_in_use":
                refused.hint = "With --force it is deleted all the same; their runs then fail to start."
            raise


def add_scrub(app: typer.Typer, kind: str, text: str) -> None:
    """Add the command that masks what is secret in what is stored of runs."""

    @app.command(help=text)
    def scrub(
        name: Name,
        project: Project = "default",
        script: Script = None,
        everywhere: Everywhere = False,
        stage: Stage = None,
        wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until it is done.")] = True,
    ) -> None:
        import time

        from runyard.cli.client import Server

        server = Server.current()
        one = find(server, kind, name, Place(project, script, everywhere, stage))
        now = server.post(f"/{kind}/{one['id']}/scrub")
        while wait and now["state"] == "running":
            time.sleep(POLL_S)
            now = server.get(f"/{kind}/{one['id']}/scrubs")["items"][0]
        if not wait:
            note("It goes on in the background.")
            return
        looked = "1 run" if now["done"] == 1 else f"{now['done']} runs"
        note(f"Looked into {looked}; it was in {now['changed']}. {now['note'] or ''}".rstrip())
        if now["state"] == "failed":
            raise typer.Exit(1)


def keep(server: "Server", kind: str, body: dict[str, Any], place: Place) -> None:
    """Make a value, or change the one of that name in that place and stage; say which version it has now."""
    said = {name: value for name, value in body.items() if value is not None}
    where = _where(server, place)
    known = _matching(server, kind, body["name"], place, where)
    if known:
        del said["name"]
        kept = server.ask("PATCH", f"/{kind}/{known[0]['id']}", json=said)
    else:
        kept = server.post(f"/{kind}", {**said, **where, "project": place.project, "stage": place.stage})
    note(f"{kept['name']} ({belongs(kept)}, {kept['stage'] or 'every stage'}) is at version {kept['version']}.")


def find(server: "Server", kind: str, name: str, place: Place) -> dict[str, Any]:
    """Return the value of that name in that place and stage, or the one of that id; raise `NothingFound`."""
    if name.startswith(("sec_", "var_", "con_")):
        found: dict[str, Any] = server.get(f"/{kind}/{quote(name, safe='')}")
        return found
    matching = _matching(server, kind, name, place, _where(server, place))
    if not matching:
        raise NothingFound(f"There is no {name} there.", hint=f"`runyard {kind} list` shows what there is.")
    return matching[0]


def _where(server: "Server", place: Place) -> dict[str, Any]:
    from runyard.cli import lookup

    if place.script is not None and place.everywhere:
        raise Misuse("A value belongs to a script or to everybody, not to both.")
    if place.script is not None:
        return {"level": "script", "script_id": lookup.script(server, place.script, place.project)["id"]}
    return {"level": "global" if place.everywhere else "project"}


def _matching(server: "Server", kind: str, name: str, place: Place, where: dict[str, Any]) -> list[dict[str, Any]]:
    asked = {"project": place.project, "q": name[:64], "stage": place.stage or "", "level": where["level"]}
    if "script_id" in where:
        asked["script_id"] = where["script_id"]
    return [one for one in server.items(f"/{kind}", asked) if one["name"] == name]
