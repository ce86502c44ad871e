"""Scripts in and out of archives, and what can be read off code."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from runyard.cli.errors import Misuse, Trouble
from runyard.cli.options import Machine, Project
from runyard.cli.output import as_json, table


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A script, an export, or a .zip or .tar.gz.")],
    name: Annotated[str, typer.Option("--name", help="What to call it, if it is one.")] = "",
    entry: Annotated[str, typer.Option("--entry", help="The file of a project that is started.")] = "",
    folder: Annotated[str, typer.Option("--folder", help="The folder that it goes into.")] = "",
    on_conflict: Annotated[
        str, typer.Option("--on-conflict", help="refuse, rename, update or skip what has a name that is taken.")
    ] = "refuse",
    machine: Machine = False,
    project: Project = "default",
) -> None:
    """Import a script, a project with several files, or an export: all of it or nothing."""
    import json

    from runyard.cli.client import Server

    if not file.is_file():
        raise Misuse(f"There is no file {file}.")
    wishes = {"name": name, "entry": entry, "folder": folder}
    options = {key: value for key, value in wishes.items() if value} | {"on_conflict": on_conflict, "project": project}
    with file.open("rb") as source:
        taken = Server.current().ask(
            "POST", "/imports", files={"file": (file.name, source)}, data={"payload": json.dumps(options)}
        )
    if machine:
        as_json(taken["items"])
        return
    for item in taken["items"]:
        print(f"{item['name']}: {item['outcome']}, version {item['version']}")


def export(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME...]", help="Names or ids.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All scripts of the project.")] = False,
    out: Annotated[Path, typer.Option("--output", "-o", help="A .zip or .json file.")] = Path("scripts.zip"),
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    project: Project = "default",
) -> None:
    """Export scripts with all their files, as folders in a .zip or as one .json document. No password goes out."""
    from runyard.cli import lookup
    from runyard.cli.client import Server

    if bool(names) == everything:
        raise Misuse("Name the scripts, or say --all.")
    shape = out.suffix.lower().removeprefix(".")
    if shape not in {"zip", "json"}:
        raise Misuse(f"{out} must end in .zip or .json.")
    if out.exists() and not force:
        raise Trouble(f"{out} is there already.", hint="Add --force to write over it.")
    server = Server.current()
    asked: dict[str, Any] = {"project": project, "format": shape}
    if names:
        asked["script_id"] = [lookup.script(server, name, project)["id"] for name in names]
    try:
        with server.opened("GET", "/scripts/export", params=asked) as response, out.open("wb") as target:
            for chunk in response.iter_bytes():
                target.write(chunk)
    except OSError as error:
        raise Trouble(f"{out} can't be written: {error.strerror}.") from error
    print(out)


def analyse(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A script of yours.")],
    machine: Machine = False,
) -> None:
    """Propose parameters for code as it is, with the line that each was found in. Nothing is run."""
    from runyard.cli import manifest
    from runyard.cli.client import Server

    source = manifest.read(file)
    found = Server.current().post("/scripts/analyse", {"language": source.language, "code": source.code})
    if machine:
        as_json(found)
        return
    for note in [*found["notes"], *(one["note"] for one in found["frameworks"] if one["note"])]:
        print(note, file=sys.stderr)
    if not found["parameters"]:
        print("No parameters were found.", file=sys.stderr)
        return
    table(
        ("KEY", "TYPE", "DEFAULT", "LINE", "READ BY", "REACHES IT AS"),
        [
            (
                item["definition"]["key"],
                item["definition"]["type"],
                "" if item["definition"]["default"] is None else str(item["definition"]["default"]),
                str(item["line"]),
                item["parser"],
                item["reaches"],
            )
            for item in found["parameters"]
        ],
        flexible="DEFAULT",
    )
