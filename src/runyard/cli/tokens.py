"""Tokens of the API, from a terminal: for programs that sign in as you and may do some of what you may."""

from datetime import timedelta
from typing import Annotated

import typer

from runyard import clock
from runyard.cli.errors import Trouble
from runyard.cli.options import Machine, group
from runyard.cli.output import as_json, brief, note, table

app = group("Make and revoke tokens, by which programs get in as you.")

EVER = "ever"
SHOWN = 3


@app.command("list")
def list_(
    everybody: Annotated[bool, typer.Option("--all", help="Everybody's; for administrators.")] = False,
    machine: Machine = False,
) -> None:
    """List your tokens, newest first. What they are is never told again."""
    from runyard.cli.client import Server

    found = list(Server.current().items("/tokens", {"all": everybody}))
    if machine:
        as_json(found)
        return
    if not found:
        note("There is no token.")
        return
    rows = [
        (
            one["id"],
            one["name"],
            *((one["username"],) if everybody else ()),
            _some(one["permissions"]),
            "all" if one["projects"] is None else _some(one["projects"]),
            brief(one["expires_at"]) if one["expires_at"] else "never",
            brief(one["last_used_at"]) if one["last_used_at"] else "never",
        )
        for one in found
    ]
    heads = ("ID", "NAME", *(("USER",) if everybody else ()), "MAY", "PROJECTS", "EXPIRES", "USED")
    table(heads, rows, flexible="MAY")


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What it is for.")],
    may: Annotated[
        list[str], typer.Option("--may", help="A permission, such as run:submit, or all of a role's; repeatable.")
    ],
    project: Annotated[list[str] | None, typer.Option("--project", help="Only there; repeatable.")] = None,
    life: Annotated[str, typer.Option("--for", help="How long it is good, such as 30d, or `ever`.")] = "90d",
    machine: Machine = False,
) -> None:
    """Make a token that may do some of what you may; it is printed, this once."""
    from runyard.cli.client import Server
    from runyard.cli.roles import permissions_of
    from runyard.cli.values import seconds

    until = None if life == EVER else clock.rfc3339(clock.now() + timedelta(seconds=seconds(life)))
    server = Server.current()
    body = {"name": name, "permissions": permissions_of(server, may), "expires_at": until}
    made = server.post("/tokens", body | ({"projects": project} if project else {}))
    if machine:
        as_json(made)
        return
    print(made["token"])
    note("It is shown this once. RUNYARD_TOKEN or `runyard login --token -` takes it.")


@app.command()
def revoke(
    tokens: Annotated[list[str], typer.Argument(help="Ids or names of tokens.")],
    everybody: Annotated[bool, typer.Option("--all", help="Look among everybody's; for administrators.")] = False,
) -> None:
    """Revoke tokens: they are worth nothing from now on."""
    from runyard.cli.client import Server

    server = Server.current()
    there = list(server.items("/tokens", {"all": everybody}))
    # All are found before the first one goes.
    for one in [_found(there, token) for token in dict.fromkeys(tokens)]:
        server.ask("DELETE", f"/tokens/{one['id']}")
        note(f"{one['name']} ({one['hint']}) is worth nothing from now on.")


def _found(there: list[dict[str, str]], token: str) -> dict[str, str]:
    named = [one for one in there if token == one["id"]] or [one for one in there if token == one["name"]]
    if not named:
        raise Trouble(f"There is no token {token!r}.", hint="`runyard tokens list` shows yours.")
    if len(named) > 1:
        raise Trouble(f"{len(named)} tokens are called {token!r}.", hint="Name it by its id.")
    return named[0]


def _some(names: list[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")
