"""Secrets from a terminal: their values come from standard input or a question, never from the command line."""

import sys
from typing import Annotated, Any

import typer

from runyard.cli import entries
from runyard.cli.entries import Everywhere, Project, Script, Stage
from runyard.cli.errors import Misuse
from runyard.cli.output import as_json, brief, note, table

app = typer.Typer(
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Keep secrets that scripts find as environment variables. Values are never shown again.",
)
KIND = "secrets"
POLL_S = 0.5
Name = Annotated[str, typer.Argument(metavar="NAME", help="The name, or the secret's id.")]


@app.command("list")
def list_(
    project: Project = "default",
    stage: Stage = None,
    machine: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List secrets by name, with where they belong and who was given them last."""
    from runyard.cli.client import Server

    found = entries.listed(Server.current(), KIND, project, stage)
    if machine:
        as_json(found)
        return
    rows = [
        (one["name"], entries.place(one), one["stage"] or "every", f"v{one['version']}", _used(one), one["description"])
        for one in found
    ]
    table(("NAME", "BELONGS TO", "STAGE", "VERSION", "LAST USED", "DESCRIPTION"), rows, flexible="DESCRIPTION")


@app.command("set")
def set_(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The environment variable that it becomes.")],
    project: Project = "default",
    script: Script = None,
    everywhere: Everywhere = False,
    stage: Stage = None,
    description: Annotated[str | None, typer.Option("--description", help="What it is for.")] = None,
) -> None:
    """Keep a secret, or give one another value: asked for, or read from standard input as it is piped."""
    from runyard.cli.client import Server

    made = entries.put(
        Server.current(),
        KIND,
        {"name": name, "value": _asked(name), "description": description},
        project=project,
        script=script,
        everywhere=everywhere,
        stage=stage,
    )
    note(f"{made['name']} ({entries.place(made)}, {made['stage'] or 'every stage'}) is at version {made['version']}.")


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
    one = entries.find(server, KIND, name, project=project, script=script, everywhere=everywhere, stage=stage)
    rows = [
        (brief(use["at"]), use["run_id"], str(use["attempt"]), use["script_name"], f"v{use['version']}")
        for use in server.items(f"/secrets/{one['id']}/uses", most=limit)
    ]
    table(("AT", "RUN", "ATTEMPT", "SCRIPT", "VERSION"), rows, flexible="SCRIPT")


@app.command()
def scrub(
    name: Name,
    project: Project = "default",
    script: Script = None,
    everywhere: Everywhere = False,
    stage: Stage = None,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until it is done.")] = True,
) -> None:
    """Mask a secret's present value in logs, outputs, parameters and errors that are stored already."""
    import time

    from runyard.cli.client import Server

    server = Server.current()
    one = entries.find(server, KIND, name, project=project, script=script, everywhere=everywhere, stage=stage)
    now = server.post(f"/secrets/{one['id']}/scrub")
    while wait and now["state"] == "running":
        time.sleep(POLL_S)
        now = server.get(f"/secrets/{one['id']}/scrubs")["items"][0]
    if not wait:
        note("It goes on in the background.")
        return
    note(f"Looked into {now['done']} runs; the value was in {now['changed']}. {now['note'] or ''}".rstrip())
    if now["state"] == "failed":
        raise typer.Exit(1)


@app.command()
def delete(
    name: Name,
    project: Project = "default",
    script: Script = None,
    everywhere: Everywhere = False,
    stage: Stage = None,
    force: Annotated[bool, typer.Option("--force", help="Even though scripts list it.")] = False,
) -> None:
    """Delete a secret for good; refused while scripts list it."""
    from runyard.cli.client import Server

    server = Server.current()
    one = entries.find(server, KIND, name, project=project, script=script, everywhere=everywhere, stage=stage)
    entries.remove(server, KIND, one, force=force)


def _asked(name: str) -> str:
    if sys.stdin.isatty():
        return str(typer.prompt(f"Value of {name}", hide_input=True, confirmation_prompt=True))
    # One line feed at the end is the pipe's, as of `echo`; others belong to the value.
    value = sys.stdin.read().removesuffix("\n")
    if not value:
        raise Misuse("There is no value.", hint=f'Pipe it in: printf %s "$VALUE" | runyard secrets set {name}')
    return value


def _used(one: dict[str, Any]) -> str:
    last = one["last_used"]
    return f"{brief(last['at'])} by {last['script_name']}" if last else "never"
