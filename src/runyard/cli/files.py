"""Fetching what a run left in its workspace."""

import os
import sys
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from runyard.cli.errors import Misuse, NothingFound, Trouble
from runyard.cli.output import as_json, brief, note, on_one_line, size, table

if TYPE_CHECKING:
    from runyard.cli.client import Server


class InTheWay(Trouble):
    """A file of that name is there already."""

    hint = "Add --force to write over it, or choose another place with -o."


def files(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="The run's id.")],
    get: Annotated[str, typer.Option("--get", metavar="PATH", help="Fetch one file.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Fetch all files.")] = False,
    out: Annotated[
        str, typer.Option("--output", "-o", metavar="PLACE", help="A folder; with --get also a file, or - for stdout.")
    ] = "",
    force: Annotated[bool, typer.Option("--force", help="Write over files that are there.")] = False,
    machine: Annotated[bool, typer.Option("--json", help="Print a JSON list.")] = False,
) -> None:
    """List the files of a run, or fetch them."""
    from runyard.cli import lookup
    from runyard.cli.client import Server

    if get and everything:
        raise Misuse("Choose one of --get and --all.")
    server = Server.current()
    run = lookup.run_id(run_id)
    if get:
        _get(server, run, get, out, force=force)
        return
    found = server.get(f"/runs/{run}/files")["items"]
    if everything:
        _get_all(server, run, found, Path(out or run_id), force=force)
        return
    if machine:
        as_json(found)
        return
    if not found:
        print("The run has left no files.", file=sys.stderr)
        return
    table(
        ("PATH", "SIZE", "CHANGED"),
        [
            (item["path"] + ("/" if item["kind"] == "dir" else ""), _size(item), brief(item["modified_at"]))
            for item in found
        ],
        flexible="PATH",
    )


def _size(item: dict[str, Any]) -> str:
    return size(item["size"]) if item["kind"] == "file" else ""


def _get(server: "Server", run: str, path: str, out: str, *, force: bool) -> None:
    if out == "-":
        with server.opened("GET", _address(run, path)) as response:
            for chunk in response.iter_bytes():
                sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()
        return
    target = Path(out or ".")
    if target.is_dir() or out.endswith("/"):
        target /= PurePosixPath(path).name
    _fetch(server, run, path, target, force=force)
    note(f"{on_one_line(str(target))} ({size(target.stat().st_size)})")


def _get_all(server: "Server", run: str, found: list[dict[str, Any]], folder: Path, *, force: bool) -> None:
    wanted = [item["path"] for item in found if item["kind"] == "file"]
    if not wanted:
        raise NothingFound("The run has left no files.")
    for path in wanted:
        _fetch(server, run, path, folder / _inside(path), force=force)
    print(f"{len(wanted)} {'file' if len(wanted) == 1 else 'files'} in {folder}", file=sys.stderr)


def _inside(path: str) -> PurePosixPath:
    """Return a path of a workspace, which must not lead out of the folder that it is fetched into."""
    found = PurePosixPath(path)
    if found.is_absolute() or ".." in found.parts or not found.parts:
        raise Trouble(f"The server names a file outside of the workspace: {path!r}.")
    return found


def _address(run: str, path: str) -> str:
    return f"/runs/{run}/files/{quote(path, safe='/')}"


def _fetch(server: "Server", run: str, path: str, target: Path, *, force: bool) -> None:
    """Fetch one file, whole or not at all."""
    if target.exists() and not force:
        raise InTheWay(f"{on_one_line(str(target))} is there already.")
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with server.opened("GET", _address(run, path)) as response, part.open("wb") as file:
            for chunk in response.iter_bytes():
                file.write(chunk)
        part.replace(target)
    except OSError as error:
        raise Trouble(f"{on_one_line(str(target))} can't be written: {error.strerror}.") from error
    finally:
        part.unlink(missing_ok=True)
