"""Teams, from a terminal."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import typer

from runyard.cli.errors import Misuse
from runyard.cli.options import About, Machine, Rename, group
from runyard.cli.output import as_json, brief, note, table

if TYPE_CHECKING:
    from runyard.cli.client import Server

app = group("Make teams: people who belong to projects together, with one role.")
Name = Annotated[str, typer.Argument(metavar="TEAM", help="The team's name or id.")]
Who = Annotated[list[str], typer.Argument(metavar="USER...", help="User names.")]


@app.command("list")
def list_(machine: Machine = False) -> None:
    """List teams: yours, and for administrators all."""
    from runyard.cli.client import Server

    found = list(Server.current().items("/teams"))
    if machine:
        as_json(found)
        return
    if not found:
        note("There is no team.")
        return
    rows = [(one["name"], str(one["members"]), brief(one["created_at"]), one["description"]) for one in found]
    table(("TEAM", "PEOPLE", "MADE", "DESCRIPTION"), rows, flexible="DESCRIPTION")


@app.command()
def show(team: Name, machine: Machine = False) -> None:
    """Show who is in a team, and its roles in projects that you see."""
    from runyard.cli.client import Server

    server = Server.current()
    found = server.get(_path(team))
    people = list(server.items(f"{_path(team)}/members"))
    if machine:
        as_json({**found, "people": people})
        return
    rows = [("project", one["name"], one["role"]) for one in found["projects"]]
    rows += [("person", one["username"], "disabled" if one["disabled"] else "") for one in people]
    table(("", "NAME", "ROLE"), rows, flexible="NAME")


@app.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is called.")],
    who: Annotated[list[str] | None, typer.Argument(metavar="[USER...]", help="Who is in it.")] = None,
    description: About = "",
) -> None:
    """Make a team, with people in it if you name some."""
    from runyard.cli.client import Server

    server = Server.current()
    made = server.post("/teams", {"name": name, "description": description})
    note(f"{made['name']} is there; `runyard projects admit --team --role ROLE --project PROJECT` lets it into one.")
    _add(server, made["id"], made["name"], who or ())


@app.command()
def change(team: Name, rename: Rename = None, description: About = None) -> None:
    """Rename or describe a team."""
    from runyard.cli.client import Server

    told = {"name": rename, "description": description}
    body = {field: value for field, value in told.items() if value is not None}
    if not body:
        raise Misuse("Say what is to change: --rename or --description.")
    changed = Server.current().ask("PATCH", _path(team), json=body)
    note(f"{changed['name']} is changed.")


@app.command()
def add(team: Name, who: Who) -> None:
    """Put people into a team."""
    from runyard.cli.client import Server

    _add(Server.current(), team, team, who)


@app.command()
def remove(team: Name, who: Who) -> None:
    """Take people out of a team; what they held through it ends at once."""
    from runyard.cli.client import Server
    from runyard.cli.each import each

    server = Server.current()

    def removed(user: str) -> str:
        server.ask("DELETE", f"{_path(team)}/members/{quote(user, safe='')}")
        return f"{user} is in {team} no more."

    each(who, removed)


@app.command()
def delete(team: Name) -> None:
    """Delete a team; what its people held through it ends at once."""
    from runyard.cli.client import Server

    Server.current().ask("DELETE", _path(team))
    note(f"{team} is deleted.")


def _add(server: "Server", team: str, shown: str, who: Iterable[str]) -> None:
    from runyard.cli.each import each

    def added(user: str) -> str:
        server.post(f"{_path(team)}/members", {"username": user})
        return f"{user} is in {shown}."

    each(who, added)


def _path(team: str) -> str:
    return f"/teams/{quote(team, safe='')}"
