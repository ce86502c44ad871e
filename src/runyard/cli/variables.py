"""Variables from a terminal."""

from typing import Annotated

import typer

from runyard.cli import entries
from runyard.cli.entries import Everywhere, Project, Script, Stage
from runyard.cli.output import as_json, note, table

app = typer.Typer(
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Keep variables that scripts find as environment variables.",
)
KIND = "variables"
_LONGEST = 60


@app.command("list")
def list_(
    project: Project = "default",
    stage: Stage = None,
    machine: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List variables by name, with their values and where they belong."""
    from runyard.cli.client import Server

    found = entries.listed(Server.current(), KIND, project, stage)
    if machine:
        as_json(found)
        return
    rows = [(one["name"], entries.place(one), one["stage"] or "every", one["value"]) for one in found]
    table(("NAME", "BELONGS TO", "STAGE", "VALUE"), rows, flexible="VALUE")


@app.command("set")
def set_(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The environment variable that it becomes.")],
    value: Annotated[str, typer.Argument(metavar="VALUE", help="Its value.")],
    project: Project = "default",
    script: Script = None,
    everywhere: Everywhere = False,
    stage: Stage = None,
    description: Annotated[str | None, typer.Option("--description", help="What it is for.")] = None,
) -> None:
    """Keep a variable, or give one another value."""
    from runyard.cli.client import Server

    body = {"name": name, "value": value, "description": description}
    made = entries.put(Server.current(), KIND, body, project=project, script=script, everywhere=everywhere, stage=stage)
    note(f"{made['name']} ({entries.place(made)}, {made['stage'] or 'every stage'}) is at version {made['version']}.")


@app.command()
def show(
    script: Annotated[str, typer.Argument(metavar="SCRIPT", help="A script's name or id.")],
    project: Project = "default",
    stage: Stage = None,
    machine: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Tell which secrets and variables a script is given, which value of each wins, and why."""
    from runyard.cli import lookup
    from runyard.cli.client import Server

    server = Server.current()
    script_id = lookup.script(server, script, project)["id"]
    found = server.get(f"/scripts/{script_id}/variables", {"stage": stage} if stage else None)
    if machine:
        as_json(found)
        return
    rows = []
    for item in found["items"]:
        for one in item["candidates"] or [None]:
            if one is None:
                rows.append((item["name"], item["kind"], "", "", "", "missing: runs will fail"))
                continue
            shown = "***" if one["value"] is None else one["value"][:_LONGEST]
            why = one["why"].replace("_", " ") if item["listed"] else "not listed by the script"
            rows.append((item["name"], item["kind"], one["level"], one["stage"] or "every", shown, why))
    note(f"Stage: {found['stage'] or 'none'}, said by {found['decided_by']}.")
    table(("NAME", "KIND", "LEVEL", "STAGE", "VALUE", "WHY"), rows, flexible="VALUE")


@app.command()
def delete(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name, or the variable's id.")],
    project: Project = "default",
    script: Script = None,
    everywhere: Everywhere = False,
    stage: Stage = None,
    force: Annotated[bool, typer.Option("--force", help="Even though scripts list it.")] = False,
) -> None:
    """Delete a variable; refused while scripts list it."""
    from runyard.cli.client import Server

    server = Server.current()
    one = entries.find(server, KIND, name, project=project, script=script, everywhere=everywhere, stage=stage)
    entries.remove(server, KIND, one, force=force)
