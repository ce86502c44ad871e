"""Upgrading environments on trial, and carrying them from machine to machine."""

from pathlib import Path
from typing import Annotated

import typer

from runyard.cli.environments import Id, app, path_of
from runyard.cli.errors import Misuse
from runyard.cli.output import size, table


@app.command()
def upgrade(environment: Id) -> None:
    """Resolve newer versions and build them beside an environment, on trial."""
    from runyard.cli.client import Server

    trial = Server.current().post(f"{path_of(environment)}/trial")["environment"]
    print(f"{trial['id']}  {trial['state']}")


@app.command()
def trial(environment: Id) -> None:
    """Show the trial upgrade of an environment, and how its packages differ."""
    from runyard.cli.client import Server

    found = Server.current().get(f"{path_of(environment)}/trial")
    print(f"{found['environment']['id']}  {found['environment']['state']}")
    if found["changes"] is None:
        return
    if not found["changes"]:
        print("There is nothing newer.")
        return
    rows = [(c["name"], c["from_version"] or "", c["to_version"] or "", c["change"]) for c in found["changes"]]
    table(("PACKAGE", "FROM", "TO", "CHANGE"), rows, flexible="PACKAGE")


@app.command()
def keep(environment: Id) -> None:
    """Put the trial upgrade in the environment's place, for every script that uses it."""
    from runyard.cli.client import Server

    print(Server.current().post(f"{path_of(environment)}/trial/keep")["id"])


@app.command()
def drop(environment: Id) -> None:
    """Drop the trial upgrade of an environment."""
    from runyard.cli.client import Server

    Server.current().ask("DELETE", f"{path_of(environment)}/trial")


@app.command("export")
def export_(
    environment: Id,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The file to write.")] = None,
) -> None:
    """Write a Python environment as a zip of its lock and packages."""
    from runyard.cli.client import Server

    target = output or Path(f"{environment}.runyard-env.zip")
    if target.exists():
        raise Misuse(f"{target} is there already.")
    written = 0
    with Server.current().opened("GET", f"{path_of(environment)}/export") as answer, target.open("xb") as file:
        for chunk in answer.iter_bytes():
            written += file.write(chunk)
    print(f"{target} ({size(written)})")


@app.command("import")
def import_(file: Annotated[Path, typer.Argument(help="What `runyard env export` has written.")]) -> None:
    """Take in an exported environment; no index is needed."""
    from runyard.cli.client import Server

    if not file.is_file():
        raise Misuse(f"There is no file {file}.")
    with file.open("rb") as opened:
        found = Server.current().post("/environments/import", files={"file": (file.name, opened)})
    print(f"{found['id']}  {found['state']}")
