"""Secrets from a terminal: their values come from standard input or a question, never from the command line."""

import sys
from typing import Annotated, Any

import typer

from runyard.cli import entries
from runyard.cli.entries import Everywhere, Name, NewName, Place, Project, Script, Stage
from runyard.cli.errors import Misuse
from runyard.cli.options import About, group
from runyard.cli.output import brief, table

app = group("Keep secrets that scripts find as environment variables. Values are never shown again.")
KIND = "secrets"


def _used(one: dict[str, Any]) -> str:
    last = one["last_used"]
    return f"{brief(last['at'])} by {last['script_name']}" if last else "never"


entries.add_list(
    app,
    KIND,
    "List secrets by name, with where they belong and who was given them last.",
    {
        "VERSION": lambda one: f"v{one['version']}",
        "LAST USED": _used,
        "DESCRIPTION": lambda one: str(one["description"]),
    },
    flexible="DESCRIPTION",
)


@app.command("set")
def set_(
    name: NewName,
    project: Project = "default",
    script: Script = None,
    everywhere: Everywhere = False,
    stage: Stage = None,
    description: About = None,
) -> None:
    """Keep a secret, or give one another value: asked for, or read from standard input as it is piped."""
    from runyard.cli.client import Server

    body = {"name": name, "value": _asked(name), "description": description}
    entries.keep(Server.current(), KIND, body, Place(project, script, everywhere, stage))


@app.command()
def uses(
    name: Name,
    project: Project = "default",
    script: Script = None,
    everywhere: Everywhere = False,
    stage: Stage = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000, help="How many at the most.")] = 50,
) -> None:
    """List the runs that were given a secret, newest first."""
    from runyard.cli.client import Server

    server = Server.current()
    one = entries.find(server, KIND, name, Place(project, script, everywhere, stage))
    rows = [
        (brief(use["at"]), use["run_id"], str(use["attempt"]), use["script_name"], f"v{use['version']}")
        for use in server.items(f"/secrets/{one['id']}/uses", most=limit)
    ]
    table(("AT", "RUN", "ATTEMPT", "SCRIPT", "VERSION"), rows, flexible="SCRIPT")


entries.add_scrub(
    app, KIND, "Mask a secret's present value in logs, outputs, parameters and errors that are stored already."
)
entries.add_delete(app, KIND, "Delete a secret for good; refused while scripts list it.")


def _asked(name: str) -> str:
    if sys.stdin.isatty():
        return str(typer.prompt(f"Value of {name}", hide_input=True, confirmation_prompt=True))
    # One line feed at the end is the pipe's, as of `echo`; others belong to the value.
    value = sys.stdin.read().removesuffix("\n")
    if not value:
        raise Misuse("There is no value.", hint=f'Pipe it in: printf %s "$VALUE" | runyard secrets set {name}')
    return value
