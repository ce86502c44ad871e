"""Roles and the permissions they are made of, from a terminal."""

from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from runyard.cli.errors import Misuse
from runyard.cli.options import About, Machine, Rename, group
from runyard.cli.output import as_json, note, table

if TYPE_CHECKING:
    from runyard.cli.client import Server

app = group("Make roles of permissions; admin, developer and viewer are built in.")
Name = Annotated[str, typer.Argument(metavar="ROLE", help="The role's name or id.")]
MAY = "A permission, such as run:submit, or all of a role's; repeatable."


@app.command("list")
def list_(machine: Machine = False) -> None:
    """List the roles there are."""
    from runyard.cli.client import Server

    found = list(Server.current().items("/roles"))
    if machine:
        as_json(found)
        return
    rows = [
        (one["name"], str(len(one["permissions"])), "built in" if one["built_in"] else "", one["description"])
        for one in found
    ]
    table(("ROLE", "PERMISSIONS", "", "DESCRIPTION"), rows, flexible="DESCRIPTION")


@app.command()
def show(role: Name, machine: Machine = False) -> None:
    """Show what a role allows, a permission a line."""
    from runyard.cli.client import Server

    found = Server.current().get(_path(role))
    if machine:
        as_json(found)
    else:
        print("\n".join(found["permissions"]))


@app.command()
def permissions(machine: Machine = False) -> None:
    """List the permissions there are, and which of them roles are made of."""
    from runyard.cli.client import Server

    found = Server.current().get("/permissions")["items"]
    if machine:
        as_json(found)
        return
    rows = [(one["name"], "roles and tokens" if one["grantable"] else "administrators only") for one in found]
    table(("PERMISSION", "FOR"), rows, flexible="PERMISSION")


@app.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is called.")],
    may: Annotated[list[str], typer.Option("--may", help=MAY)],
    description: About = "",
    machine: Machine = False,
) -> None:
    """Make a role. Who may change a thing sees it, too."""
    from runyard.cli.client import Server

    server = Server.current()
    body = {"name": name, "permissions": permissions_of(server, may), "description": description}
    _told(server.post("/roles", body), machine=machine)


@app.command()
def change(
    role: Name,
    may: Annotated[list[str] | None, typer.Option("--may", help=f"Allows this, and nothing else. {MAY}")] = None,
    rename: Rename = None,
    description: About = None,
    machine: Machine = False,
) -> None:
    """Change a role; it holds at once for all who have it."""
    from runyard.cli.client import Server

    server = Server.current()
    told: dict[str, Any] = {"name": rename, "description": description}
    told["permissions"] = permissions_of(server, may) if may else None
    body = {field: value for field, value in told.items() if value is not None}
    if not body:
        raise Misuse("Say what is to change: --may, --rename or --description.")
    _told(server.ask("PATCH", _path(role), json=body), machine=machine)


@app.command()
def delete(role: Name) -> None:
    """Delete a role that nobody has."""
    from runyard.cli.client import Server

    Server.current().ask("DELETE", _path(role))
    note(f"{role} is deleted.")


def permissions_of(server: "Server", may: list[str]) -> list[str]:
    """Return the permissions that are named, by themselves or by a role. Raises Misuse."""
    roles: dict[str, list[str]] = {}
    found: list[str] = []
    for name in may:
        if ":" in name:
            found.append(name)
            continue
        roles = roles or {one["name"]: one["permissions"] for one in server.items("/roles")}
        if name not in roles:
            raise Misuse(f"{name!r} is no permission such as run:submit and no role: {', '.join(roles)}.")
        found += roles[name]
    return list(dict.fromkeys(found))


def _told(role: dict[str, Any], *, machine: bool) -> None:
    if machine:
        as_json(role)
    else:
        note(
            f"{role['name']} allows {len(role['permissions'])} things; `runyard roles show {role['name']}` lists them."
        )


def _path(role: str) -> str:
    return f"/roles/{quote(role, safe='')}"
