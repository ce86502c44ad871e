"""Projects, and who belongs to them, from a terminal."""

from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from runyard.cli.errors import Misuse, Refused
from runyard.cli.options import About, Machine, Project, Rename, group
from runyard.cli.output import as_json, brief, note, table

if TYPE_CHECKING:
    from runyard.cli.client import Server

app = group("Make projects, and say who belongs to them and may do what.")
Name = Annotated[str, typer.Argument(metavar="PROJECT", help="The project's name or id.")]
Who = Annotated[list[str], typer.Argument(metavar="USER...", help="User names; with --team names of teams.")]
OfTeams = Annotated[bool, typer.Option("--team", help="Teams, with everybody in them.")]
CONFLICT = 409


@app.command("list")
def list_(
    archived: Annotated[bool, typer.Option("--archived", help="Those that were put away; for administrators.")] = False,
    machine: Machine = False,
) -> None:
    """List the projects that you see."""
    from runyard.cli.client import Server

    found = list(Server.current().items("/projects", {"archived": archived}))
    if machine:
        as_json(found)
        return
    if not found:
        note("There is no project.")
        return
    rows = [(one["name"], brief(one["created_at"]), brief(one["archived_at"]), one["description"]) for one in found]
    table(("PROJECT", "MADE", "ARCHIVED", "DESCRIPTION"), rows, flexible="DESCRIPTION")


@app.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is called.")],
    description: About = "",
    machine: Machine = False,
) -> None:
    """Make a project; you are its first administrator."""
    from runyard.cli.client import Server

    made = Server.current().post("/projects", {"name": name, "description": description})
    if machine:
        as_json(made)
    else:
        note(f"{made['name']} is there; `--project {made['name']}` or RUNYARD_PROJECT names it.")


@app.command()
def change(project: Name, rename: Rename = None, description: About = None, machine: Machine = False) -> None:
    """Rename or describe a project."""
    from runyard.cli.client import Server

    told = {"name": rename, "description": description}
    body = {field: value for field, value in told.items() if value is not None}
    if not body:
        raise Misuse("Say what is to change: --rename or --description.")
    changed = Server.current().ask("PATCH", _path(project), json=body)
    if machine:
        as_json(changed)
    else:
        note(f"{changed['name']} is changed.")


@app.command()
def archive(project: Name) -> None:
    """Put a project away: it is hidden with everything in it, and can be brought back."""
    from runyard.cli.client import Server

    Server.current().ask("DELETE", _path(project))
    note(f"{project} is archived; `runyard projects restore {project}` brings it back.")


@app.command()
def restore(project: Name) -> None:
    """Bring back a project that was archived."""
    from runyard.cli.client import Server

    back = Server.current().ask("PATCH", _path(project), json={"archived": False})
    note(f"{back['name']} is back.")


@app.command()
def members(project: Project = "default", machine: Machine = False) -> None:
    """List who belongs to a project: people, then teams."""
    from runyard.cli.client import Server

    server = Server.current()
    people = list(server.items(f"{_path(project)}/members"))
    teams = list(server.items(f"{_path(project)}/teams"))
    if machine:
        as_json({"members": people, "teams": teams})
        return
    rows = [
        (one["username"], one["role"], "disabled" if one["disabled"] else "", brief(one["added_at"])) for one in people
    ]
    rows += [
        (f"team {one['name']}", one["role"], _people(int(one["members"])), brief(one["added_at"])) for one in teams
    ]
    table(("WHO", "ROLE", "", "SINCE"), rows, flexible="WHO")


@app.command()
def admit(
    who: Who,
    role: Annotated[str, typer.Option("--role", help="What they may do: `runyard roles list` shows the roles.")],
    teams: OfTeams = False,
    project: Project = "default",
) -> None:
    """Let people or teams into a project with a role, or give those who are in it that role. It holds at once."""
    from runyard.cli.client import Server
    from runyard.cli.each import each

    server = Server.current()

    def admitted(name: str) -> str:
        _admit(server, project, name, role, teams=teams)
        return f"{name} is {_article(role)} {role} of {project} now."

    each(who, admitted)


@app.command()
def dismiss(who: Who, teams: OfTeams = False, project: Project = "default") -> None:
    """End the membership of people or teams, at once."""
    from runyard.cli.client import Server
    from runyard.cli.each import each

    server = Server.current()
    kind = "teams" if teams else "members"

    def dismissed(name: str) -> str:
        server.ask("DELETE", f"{_path(project)}/{kind}/{quote(name, safe='')}")
        return f"{name} is in {project} no more."

    each(who, dismissed)


def _admit(server: "Server", project: str, name: str, role: str, *, teams: bool) -> None:
    """Let somebody in, or change the role of who is in already."""
    kind, field = ("teams", "team") if teams else ("members", "username")
    body: dict[str, Any] = {field: name, "role": role}
    try:
        server.post(f"{_path(project)}/{kind}", body)
    except Refused as refused:
        if refused.status != CONFLICT:
            raise
        server.ask("PATCH", f"{_path(project)}/{kind}/{quote(name, safe='')}", json={"role": role})


def _path(project: str) -> str:
    return f"/projects/{quote(project, safe='')}"


def _article(role: str) -> str:
    return "an" if role[0].lower() in "aeiou" else "a"


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count} people"
