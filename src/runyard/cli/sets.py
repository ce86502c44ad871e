"""Saved parameter sets, from a terminal."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from runyard.cli.errors import NothingFound
from runyard.cli.options import About, Machine, Project, Rename, group
from runyard.cli.output import as_json, brief, note, table, visible

if TYPE_CHECKING:
    from runyard.cli.client import Server

app = group("Keep parameter sets of scripts: values under a name, for `runyard run SCRIPT --set NAME` and for jobs.")
Script = Annotated[str, typer.Argument(metavar="SCRIPT", help="The script's name or id.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The set's name or id.")]


@app.command("list")
def list_(script: Script, machine: Machine = False, project: Project = "default") -> None:
    """List the sets of a script."""
    from runyard.cli import lookup
    from runyard.cli.client import Server

    server = Server.current()
    found = _sets(server, lookup.script(server, script, project))
    if machine:
        as_json(found)
    elif found:
        rows = [(one["name"], ", ".join(one["values"]), _state(one), brief(one["updated_at"])) for one in found]
        table(("SET", "VALUES OF", "STATE", "CHANGED"), rows, flexible="VALUES OF")
    else:
        print("The script has no sets.", file=sys.stderr)


@app.command()
def show(script: Script, name: Name, machine: Machine = False, project: Project = "default") -> None:
    """Show the values of a set, and which of them the script no longer takes. Passwords are shown as ***."""
    from runyard.cli import lookup
    from runyard.cli.client import Server

    server = Server.current()
    found = _set(server, lookup.script(server, script, project), name)
    if machine:
        as_json(found)
        return
    import json

    for key, value in found["values"].items():
        print(f"{key}={visible(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}")
    for misfit in found["misfits"]:
        note(_told(misfit))


@app.command()
def save(
    script: Script,
    name: Name,
    parameter: Annotated[
        list[str] | None,
        typer.Option("-p", "--param", metavar="KEY=VALUE", help="A value; @FILE reads it, - asks for it."),
    ] = None,
    parameters: Annotated[
        Path | None, typer.Option("-P", "--params", metavar="FILE.json", help="Values as one JSON object.")
    ] = None,
    without: Annotated[
        list[str] | None, typer.Option("--without", metavar="KEY", help="Keep no value of this.")
    ] = None,
    description: About = None,
    rename: Rename = None,
    machine: Machine = False,
    project: Project = "default",
) -> None:
    """Save a set: a new one, or one that is there, of which what is not named stays."""
    from runyard.cli import lookup, values
    from runyard.cli.client import Server

    server = Server.current()
    found = lookup.script(server, script, project)
    given = values.gathered(parameter or [], parameters, found["parameters"])
    old = _named(_sets(server, found), name)
    kept = {**(old["values"] if old else {}), **given}
    body: dict[str, Any] = {"values": {key: value for key, value in kept.items() if key not in (without or ())}}
    body |= {} if description is None else {"description": description}
    body["name"] = rename or (old["name"] if old else name)
    if old is None:
        saved = server.post(_path(found), body)
    else:
        saved = server.ask("PATCH", f"{_path(found)}/{old['id']}", json=body)
    if machine:
        as_json(saved)
        return
    print(f"{saved['name']}: {'created' if old is None else 'updated'}")
    for misfit in saved["misfits"]:
        note(_told(misfit))


@app.command()
def delete(script: Script, name: Name, project: Project = "default") -> None:
    """Delete a set; runs that took it keep their values."""
    from runyard.cli import lookup
    from runyard.cli.client import Server

    server = Server.current()
    found = lookup.script(server, script, project)
    old = _set(server, found, name)
    server.ask("DELETE", f"{_path(found)}/{old['id']}")
    print(f"{old['name']!r} is deleted.")


def _path(script: dict[str, Any]) -> str:
    return f"/scripts/{script['id']}/parameter-sets"


def _sets(server: "Server", script: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = server.get(_path(script))["items"]
    return found


def _named(sets: list[dict[str, Any]], name: str) -> dict[str, Any] | None:
    return next((one for one in sets if name in (one["id"], one["name"])), None)


def _set(server: "Server", script: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the set of this id or name; raise `NothingFound` with the names there are."""
    sets = _sets(server, script)
    found = _named(sets, name)
    if found is None:
        names = ", ".join(repr(one["name"]) for one in sets)
        raise NothingFound(
            f"{script['name']} has no set {name!r}.", hint=f"There are {names}." if names else "It has no sets."
        )
    return found


def _told(misfit: dict[str, Any]) -> str:
    return f"{misfit['field'].partition('.')[2]}: {misfit['message']}"


def _state(kept: dict[str, Any]) -> str:
    return f"{len(kept['misfits'])} not taken" if kept["misfits"] else "fits"
