"""Submitting runs from the command line."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from runyard.cli.errors import Misuse
from runyard.cli.options import Project
from runyard.cli.output import as_json, note

if TYPE_CHECKING:
    from runyard.cli.client import Server
    from runyard.cli.manifest import Source

Machine = Annotated[bool, typer.Option("--json", help="Print JSON; with --follow one object a line.")]
LIMITS = ("cpu", "memory_mb", "pids", "disk_mb", "output_mb", "open_files")
Follow = Annotated[bool, typer.Option("--follow", "-f", help="Show what it prints and exit with its code.")]


def run(
    what: Annotated[str, typer.Argument(metavar="FILE|NAME", help="A file or folder here, or a saved script.")],
    parameter: Annotated[
        list[str] | None,
        typer.Option("-p", "--param", metavar="KEY=VALUE", help="A parameter; @FILE reads the value, - asks for it."),
    ] = None,
    parameters: Annotated[
        Path | None, typer.Option("-P", "--params", metavar="FILE.json", help="Parameters as one JSON object.")
    ] = None,
    file: Annotated[
        list[Path] | None, typer.Option("--file", "-F", metavar="FILE", help="Send a file into the workspace.")
    ] = None,
    label: Annotated[list[str] | None, typer.Option("--label", metavar="KEY=VALUE", help="Label the run.")] = None,
    values_of: Annotated[
        str, typer.Option("--set", metavar="NAME", help="A saved parameter set; -p goes over its values.")
    ] = "",
    timeout: Annotated[str, typer.Option("--timeout", metavar="DURATION", help="Such as 90, 10m or 2h.")] = "",
    priority: Annotated[int | None, typer.Option("--priority", help="Higher ones go first.")] = None,
    queue: Annotated[str, typer.Option("--queue", help="The queue whose workers take it.")] = "",
    limit: Annotated[
        list[str] | None,
        typer.Option("--limit", metavar="NAME=VALUE", help=f"One of {', '.join(LIMITS)}."),
    ] = None,
    package: Annotated[
        list[str] | None, typer.Option("--with", metavar="PACKAGE", help="A package that the file needs.")
    ] = None,
    follow: Follow = False,
    machine: Machine = False,
    project: Project = "default",
) -> None:
    """Run a file of yours as it is, or a saved script by name or id.

    With --follow the exit code is the script's own: 124 after a timeout, 130 when cancelled or left by Ctrl-C, 125 when
    it could not be started or was lost. Ctrl-C leaves the run going; twice within two seconds cancels it.
    """
    from runyard.cli import upload, values
    from runyard.cli.client import Server

    uploads = upload.checked(file or ())
    body: dict[str, Any] = {"labels": values.pairs(label or (), "label")}
    if timeout:
        body["timeout_s"] = values.seconds(timeout)
    body |= _wishes(priority, queue, limit or ())
    source = _source(what)
    if source is not None and values_of:
        raise Misuse("--set is for saved scripts.")
    given = parameter or []
    if source is not None:
        draft, definitions = _draft(source, given, parameters, package or [])
        body |= {"draft": draft, "project": project}
        path = "/runs"
        body["parameters"] = values.gathered(given, parameters, definitions)
        server = Server.current()
    else:
        if package:
            raise Misuse("--with is for files; a saved script knows its packages.")
        from runyard.cli import lookup

        server = Server.current()
        script = lookup.script(server, what, project)
        body |= {"parameter_set": values_of} if values_of else {}
        path = f"/scripts/{script['id']}/runs"
        body["parameters"] = values.gathered(given, parameters, script["parameters"])
    accepted = upload.submit(server, path, body, uploads)
    go_on(server, accepted, follow=follow, machine=machine)


def rerun(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="The run's id.")],
    follow: Follow = False,
    machine: Machine = False,
) -> None:
    """Run again as it was: same code, same packages, same parameters, same files."""
    from runyard.cli import lookup
    from runyard.cli.client import Server

    server = Server.current()
    accepted = server.post(f"/runs/{lookup.run_id(run_id)}/rerun")
    go_on(server, accepted, follow=follow, machine=machine)


def _wishes(priority: int | None, queue: str, limits: Iterable[str]) -> dict[str, Any]:
    """Return what is asked for beyond what the script says."""
    from runyard.cli import values

    wishes: dict[str, Any] = {}
    if priority is not None:
        wishes["priority"] = priority
    if queue:
        wishes["queue"] = queue
    named = {}
    for name, said in values.pairs(limits, "limit").items():
        if name not in LIMITS:
            raise Misuse(f"{name!r} can't be limited; there are {', '.join(LIMITS)}.")
        try:
            named[name] = float(said) if name == "cpu" else int(said)
        except ValueError:
            raise Misuse(f"--limit {name}={said}: a number is needed.") from None
    if named:
        wishes["limits"] = named
    return wishes


def go_on(server: "Server", accepted: dict[str, Any], *, follow: bool, machine: bool) -> None:
    """Say what was accepted, or follow it and exit with its code."""
    run_id = accepted["id"]
    if not follow:
        if machine:
            as_json(accepted)
            return
        print(run_id, flush=True)
        if sys.stderr.isatty():
            note(f"Queued. Follow it: `runyard logs -f {run_id}`.")
        return
    from runyard.cli import follow as following
    from runyard.cli.show import Ndjson, Terminal

    if not machine:
        note(f"Run {run_id} is queued.")
    ended = following.follow(server, run_id, Ndjson() if machine else Terminal())
    raise typer.Exit(following.exit_code(ended))


def _source(what: str) -> "Source | None":
    """Return the script on disk that is meant; None if a saved one is."""
    from runyard.cli import manifest

    path = Path(what).expanduser()
    if path.is_file() or (path / manifest.MANIFEST).is_file():
        return manifest.read(path)
    if path.is_dir() and "/" in what:
        raise Misuse(f"{path} holds no {manifest.MANIFEST}.")
    if path.suffix.lower() in manifest.LANGUAGES and "/" in what:
        raise Misuse(f"There is no file {path}.")
    if path.suffix.lower() in manifest.LANGUAGES:
        note(f"There is no file {path} here; looking for a saved script of that name.")
    return None


def _draft(
    source: "Source", given: list[str], parameters: Path | None, packages: list[str]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the draft that a source makes, and the definitions of its parameters."""
    from runyard.cli import values
    from runyard.scripts.manifest import MORE, PLACE

    facts = source.manifest or {}
    # A file that declares nothing takes whatever it is given.
    definitions = facts["parameters"] if "parameters" in facts else values.declared(given, parameters)
    draft = {
        "name": source.name,
        "language": source.language,
        "code": source.code,
        "parameters": definitions,
        "requirements": [*facts.get("requirements", ()), *packages],
        "timeout_s": facts.get("timeout_s"),
        "network": facts.get("network", True),
        **{name: facts[name] for name in (*MORE, "entry", "files") if name in facts and name not in PLACE},
    }
    return draft, definitions
