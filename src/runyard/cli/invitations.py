"""Invitations, from a terminal."""

from typing import Annotated, Any
from urllib.parse import quote

import typer

from runyard.cli.errors import Misuse
from runyard.cli.options import Machine, group
from runyard.cli.output import as_json, brief, note, table

app = group("Invite people: by a link that makes them users, once.")


@app.command("list")
def list_(machine: Machine = False) -> None:
    """List the invitations that are open, newest first. Their links are never told again."""
    from runyard.cli.client import Server

    found = list(Server.current().items("/invitations"))
    if machine:
        as_json(found)
        return
    if not found:
        note("No invitation is open.")
        return
    rows = [(one["id"], one["email"] or "", _places(one), one["invited_by"], brief(one["expires_at"])) for one in found]
    table(("ID", "FOR", "AS", "BY", "EXPIRES"), rows, flexible="AS")


@app.command()
def create(
    email: Annotated[
        str | None, typer.Argument(metavar="[EMAIL]", help="Mail the link there, if mail is set up.")
    ] = None,
    places: Annotated[
        list[str] | None,
        typer.Option("--project", metavar="PROJECT=ROLE", help="What they will be there; repeatable."),
    ] = None,
    admin: Annotated[bool, typer.Option("--admin", help="An administrator of the installation.")] = False,
    days: Annotated[float | None, typer.Option("--days", help="How long the link is good; 7 by default.")] = None,
    machine: Machine = False,
) -> None:
    """Invite somebody; the link is printed, this once."""
    from runyard.cli.client import Server

    body: dict[str, Any] = {"projects": [_place(text) for text in places or ()], "is_admin": admin}
    body |= {} if email is None else {"email": email}
    body |= {} if days is None else {"days": days}
    made = Server.current().post("/invitations", body)
    if machine:
        as_json(made)
        return
    print(made["link"])
    note(
        f"It was mailed to {made['email']}." if made["mailed"] else "Hand it on: it is shown this once, and works once."
    )


@app.command()
def revoke(invitations: Annotated[list[str], typer.Argument(metavar="ID...", help="Ids of invitations.")]) -> None:
    """Have links of invitations open nothing any more."""
    from runyard.cli.client import Server

    server = Server.current()
    for one in dict.fromkeys(invitations):
        server.ask("DELETE", f"/invitations/{quote(one, safe='')}")
        note(f"{one} opens nothing any more.")


def _place(text: str) -> dict[str, str]:
    project, found, role = text.rpartition("=")
    if not found or not project or not role:
        raise Misuse(f"--project {text}: write PROJECT=ROLE, such as default=developer.")
    return {"project": project, "role": role}


def _places(one: dict[str, Any]) -> str:
    every = [f"{place['role']} of {place['project']}" for place in one["projects"]]
    return ", ".join([*(["administrator"] if one["is_admin"] else []), *every])
