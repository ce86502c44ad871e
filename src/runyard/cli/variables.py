"""Variables from a terminal."""

from typing import Annotated

import typer

from runyard.cli import entries
from runyard.cli.entries import Everywhere, NewName, Place, Project, Script, Stage
from runyard.cli.options import About, Machine, group
from runyard.cli.output import as_json, note, table

app = group("Keep variables that scripts find as environment variables.")
KIND = "variables"
_LONGEST = 60

entries.add_list(
    app,
    KIND,
    "List variables by name, with their values and where they belong.",
    {"VALUE": lambda one: str(one["value"])},
    flexible="VALUE",
)


@app.command("set")
def set_(
    name: NewName,
    value: Annotated[str, typer.Argument(metavar="VALUE", help="Its value.")],
    project: Project = "default",
    script: Script = None,
    everywhere: Everywhere = False,
    stage: Stage = None,
    description: About = None,
) -> None:
    """Keep a variable, or give one another value."""
    from runyard.cli.client import Server

    body = {"name": name, "value": value, "description": description}
    entries.keep(Server.current(), KIND, body, Place(project, script, everywhere, stage))


@app.command()
def show(
    script: Annotated[str, typer.Argument(metavar="SCRIPT", help="A script's name or id.")],
    project: Project = "default",
    stage: Stage = None,
    machine: Machine = False,
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


entries.add_delete(app, KIND, "Delete a variable; refused while scripts list it.")
