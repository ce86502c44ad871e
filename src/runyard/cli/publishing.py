"""Commands of `runyard scripts` about who publishes a script, and whose it is."""

from typing import Annotated

import typer

from runyard.cli.errors import Misuse
from runyard.cli.output import note

Name = Annotated[str, typer.Argument(metavar="NAME", help="The script's name or id.")]
Project = Annotated[str, typer.Option("--project", help="The script's project.")]


def review(
    name: Name,
    project: Project = "default",
    message: Annotated[str, typer.Option("--message", "-m", help="What reviewers should know.")] = "",
) -> None:
    """Ask for a review of a script's newest version."""
    from runyard.cli import lookup
    from runyard.cli.client import Server

    server = Server.current()
    script = lookup.script(server, name, project)
    one = server.post(f"/scripts/{script['id']}/reviews", {"note": message})
    print(one["id"])
    note(f"Version {one['revision']} of {script['name']} waits for a review.")


def publish(
    name: Name,
    version: Annotated[
        int | None, typer.Option("--version", min=1, help="An approved version, or one that was published before.")
    ] = None,
    project: Project = "default",
) -> None:
    """Publish the approved version of a script, or go back to one that was published before."""
    from runyard.cli import lookup
    from runyard.cli.client import Server

    server = Server.current()
    script = lookup.script(server, name, project)
    done = server.post(f"/scripts/{script['id']}/publish", {"version": version or script["version"]})
    note(f"Version {done['published']} of {script['name']} is published.")


def transfer(
    name: Name,
    to: Annotated[str | None, typer.Option("--to", help="The user whose it shall be.")] = None,
    to_project: Annotated[str | None, typer.Option("--to-project", help="The project where it shall be.")] = None,
    project: Project = "default",
) -> None:
    """Give a script to another member, or move it to another project."""
    from runyard.cli import lookup
    from runyard.cli.client import Server

    if (to is None) == (to_project is None):
        raise Misuse("Say to whom (--to) or to which project (--to-project).")
    server = Server.current()
    script = lookup.script(server, name, project)
    if to is not None:
        given = server.ask("PUT", f"/scripts/{script['id']}/owner", json={"username": to})
        note(f"{given['name']} is {given['owner']}'s now.")
        return
    moved = server.post(f"/scripts/{script['id']}/move", {"project": to_project})
    print(moved["id"])
    note(f"{moved['name']} is in project {moved['project']} now.")
