"""Scripts, between this machine and the server."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from runyard.cli import packages, publishing, script_sources
from runyard.cli.errors import Misuse, Trouble
from runyard.cli.options import Machine, Project, group
from runyard.cli.output import as_json, brief, note, table

if TYPE_CHECKING:
    from runyard.cli.client import Server

app = group("List, show, push, pull, import, export and delete scripts.")
app.command("import")(packages.import_)
app.command()(packages.export)
app.command()(packages.analyse)
app.command()(publishing.review)
app.command()(publishing.publish)
app.command()(publishing.transfer)
app.add_typer(script_sources.app, name="source")
Name = Annotated[str, typer.Argument(metavar="NAME", help="The script's name or id.")]


class LocalChanges(Trouble):
    """Files here differ from what would be written."""

    hint = "Push them first, or add --force to write over them."


@app.command("list")
def list_(
    query: Annotated[str, typer.Argument(metavar="[WORDS]", help="Words in name, description or code.")] = "",
    language: Annotated[str, typer.Option("--language", help="python, javascript, shell or sql.")] = "",
    tag: Annotated[list[str] | None, typer.Option("--tag", help="Repeatable; all are demanded.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000, help="How many at the most.")] = 200,
    machine: Machine = False,
    project: Project = "default",
) -> None:
    """List scripts by name."""
    from runyard.cli.client import Server

    asked: dict[str, Any] = {"project": project, "sort": "name"}
    asked |= {key: value for key, value in (("q", query), ("language", language), ("tag", tag)) if value}
    found = list(Server.current().items("/scripts", asked, most=limit))
    if machine:
        as_json(found)
        return
    if not found:
        print("There are no such scripts.", file=sys.stderr)
        return
    table(
        ("NAME", "LANGUAGE", "VERSION", "TAGS", "CHANGED"),
        [
            (item["name"], item["language"], str(item["version"]), ", ".join(item["tags"]), brief(item["updated_at"]))
            for item in found
        ],
        flexible="TAGS",
    )


@app.command()
def show(name: Name, machine: Machine = False, project: Project = "default") -> None:
    """Show a script: what it takes, and its code."""
    from runyard.cli import lookup, manifest
    from runyard.cli.client import Server

    script = lookup.script(Server.current(), name, project)
    if machine:
        as_json(script)
        return
    for number, content in enumerate(manifest.files(script).values()):
        if number:
            print("-" * 40)
        sys.stdout.write(content.decode())
    sys.stdout.flush()


@app.command()
def push(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Files, folders, or a folder of folders.")],
    name: Annotated[str, typer.Option("--name", help="What to call it, if there is one.")] = "",
    message: Annotated[str, typer.Option("--note", "-m", help="What has changed.")] = "",
    machine: Machine = False,
    project: Project = "default",
) -> None:
    """Save scripts on the server: new ones are made, those of the same name get a new version.

    With a script.toml beside the code everything is taken over; without one only the code is.
    """
    from runyard.cli import manifest
    from runyard.cli.client import Server

    places = []
    for path in paths:
        if not path.exists():
            raise Misuse(f"There is no file or folder {path}.")
        found = manifest.folders(path)
        if not found:
            raise Misuse(f"Neither {path} nor a folder in it holds a {manifest.MANIFEST}.")
        places += found
    if name and len(places) > 1:
        raise Misuse("--name is for one script; there are several.")
    sources = [manifest.read(place) for place in places]
    server = Server.current()
    done = [_push(server, source, name or source.name, project, message, quiet=machine) for source in sources]
    if machine:
        as_json(done)


@app.command()
def pull(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME...]", help="Names or ids.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All scripts of the project.")] = False,
    out: Annotated[Path, typer.Option("--output", "-o", help="Where the scripts' folders go.")] = Path(),
    force: Annotated[bool, typer.Option("--force", help="Write over files that differ.")] = False,
    project: Project = "default",
) -> None:
    """Write scripts into folders: the code, and a script.toml with everything else."""
    from runyard.cli import lookup, manifest
    from runyard.cli.client import Server

    if bool(names) == everything:
        raise Misuse("Name the scripts, or say --all.")
    server = Server.current()
    if everything:
        listed = server.items("/scripts", {"project": project, "sort": "name"})
        found = [server.get(f"/scripts/{item['id']}") for item in listed]
    else:
        found = [lookup.script(server, name, project) for name in names or ()]
    taken: set[str] = set()
    for script in found:
        folder = manifest.folder_name(script["name"])
        if folder in taken:
            folder = f"{folder}-{script['id']}"
        taken.add(folder)
        _write(out / folder, manifest.files(script, _others(server, script)), force=force)
        print(out / folder)


@app.command()
def delete(
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
    project: Project = "default",
) -> None:
    """Delete a script; its runs stay, and it can be brought back."""
    from runyard.cli import lookup
    from runyard.cli.client import Server

    server = Server.current()
    script = lookup.script(server, name, project)
    if jobs := lookup.using(server, {"target_id": script["id"]}):
        note(f"Jobs run {script['name']!r}, and are broken without it: {jobs}.")
    if not yes:
        if not sys.stdin.isatty():
            raise Misuse("There is no terminal to ask on.", hint="Say --yes to delete without being asked.")
        typer.confirm(f"Delete {script['name']!r} (version {script['version']})?", abort=True)
    server.ask("DELETE", f"/scripts/{script['id']}")
    print(f"Deleted {script['name']!r}. To bring it back: `runyard scripts restore {script['id']}`.")


@app.command()
def restore(
    script_id: Annotated[str, typer.Argument(metavar="ID", help="The id that deleting told.")],
) -> None:
    """Bring a deleted script back."""
    from runyard.cli import lookup
    from runyard.cli.client import Server

    script = Server.current().post(f"/scripts/{lookup.run_id(script_id)}/restore")
    print(f"{script['name']!r} is back.")


def _push(server: "Server", source: Any, name: str, project: str, message: str, *, quiet: bool) -> dict[str, Any]:
    from runyard.cli import lookup

    for field in source.unknown:
        note(f"{source.path}: {field!r} in its script.toml means nothing here.")
    body = {**source.body, "name": name, "note": message}
    known = lookup.named(server, name, project, body.get("kind", "script"))
    if known is None:
        body["timeout_s"] = body.get("timeout_s")
        made: dict[str, Any] = server.post("/scripts", {**body, "project": project})
        return _pushed(made, "created", quiet=quiet)
    if "files" in body:
        body["files"] = [*body["files"], *_gone(server, known["id"], body["files"])]
    changed: dict[str, Any] = server.ask(
        "PATCH", f"/scripts/{known['id']}", json={**body, "base_version": known["version"]}
    )
    unchanged = changed["updated_at"] == known["updated_at"]
    return _pushed(changed, "unchanged" if unchanged else "updated", quiet=quiet)


def _others(server: "Server", script: dict[str, Any]) -> dict[str, bytes]:
    """Return the contents of a project's files beside its code, by path."""
    from runyard.cli import manifest

    base = f"/scripts/{script['id']}/versions/{script['version']}/files"
    found = {}
    for file in script.get("files", ()):
        if not manifest.inside(file["path"]):
            raise Trouble(f"The server names a file outside of the script's folder: {file['path']!r}.")
        with server.opened("GET", f"{base}/{quote(file['path'])}") as response:
            found[file["path"]] = response.read()
    return found


def _gone(server: "Server", script_id: str, listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what removes the files that the server has and the folder has not."""
    here = {file["path"] for file in listed}
    there = [file["path"] for file in server.get(f"/scripts/{script_id}")["files"]]
    return [{"path": path, "remove": True} for path in there if path not in here]


def _pushed(script: dict[str, Any], outcome: str, *, quiet: bool) -> dict[str, Any]:
    if not quiet:
        print(f"{script['name']}: {outcome}, version {script['version']}")
    return {"id": script["id"], "name": script["name"], "version": script["version"], "outcome": outcome}


def _write(folder: Path, contents: dict[str, bytes], *, force: bool) -> None:
    """Write a script's files, unless other ones of those names are there."""
    for file, content in contents.items():
        path = folder / file
        if not force and path.exists() and path.read_bytes() != content:
            raise LocalChanges(f"{path} differs from what is on the server.")
    try:
        for file, content in contents.items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            part = (folder / file).with_name(f".{Path(file).name}.part")
            part.write_bytes(content)
            part.replace(folder / file)
    except OSError as error:
        raise Trouble(f"{folder} can't be written: {error.strerror}.") from error
