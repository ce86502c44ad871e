"""Scripts that come from Git repositories and Gists, from a terminal."""

import sys
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from runyard.cli.errors import Misuse, Trouble
from runyard.cli.options import Machine, Project, group
from runyard.cli.output import as_json, instant, local, note

if TYPE_CHECKING:
    from runyard.cli.client import Server

app = group("Import scripts from Git repositories and Gists, and keep them in step with these.")
Name = Annotated[str, typer.Argument(metavar="NAME", help="The script's name or id.")]
Url = Annotated[str, typer.Argument(metavar="URL", help="A repository's address, or a Gist's.")]
Ref = Annotated[str, typer.Option("--ref", help="A branch, tag or commit; the default branch without.")]
Path = Annotated[str, typer.Option("--path", help="A folder or file of the repository.")]
Entry = Annotated[str, typer.Option("--entry", metavar="FILE", help="The file of several that is started.")]
Every = Annotated[str, typer.Option("--every", help="How often it is looked at, such as 10m or 1d, or `never`.")]
Username = Annotated[str, typer.Option("--username", help="Who the token is of, if the server there asks.")]
Token = Annotated[bool, typer.Option("--token", help="Ask for a token of the repository, or read it from a pipe.")]
NEVER = "never"
PATIENCE_S = 180
LEASE_S, SLACK_S = 600, 30
"""For how long a scheduler holds a source that it looks at, and how much later it may have taken it."""


@app.command("import")
def import_(
    url: Url,
    name: Annotated[str, typer.Option("--name", help="What to call the script.")] = "",
    folder: Annotated[str, typer.Option("--folder", help="The folder that it goes into.")] = "",
    ref: Ref = "",
    path: Path = "",
    entry: Entry = "",
    every: Every = "1h",
    username: Username = "",
    token: Token = False,
    once: Annotated[bool, typer.Option("--once", help="Don't keep it in step.")] = False,
    machine: Machine = False,
    project: Project = "default",
) -> None:
    """Make a script of a path of a Git repository, or of a Gist."""
    from runyard.cli.client import Server

    server = Server.current()
    body = _address(url, ref, path, entry, every, username, token=token)
    body |= {"project": project, "keep": not once}
    body |= {key: value for key, value in (("name", name), ("folder", folder)) if value}
    _told(server, server.post("/imports/source", body), machine=machine)


@app.command()
def attach(
    name: Name,
    url: Url,
    ref: Ref = "",
    path: Path = "",
    entry: Entry = "",
    every: Every = "1h",
    username: Username = "",
    token: Token = False,
    machine: Machine = False,
    project: Project = "default",
) -> None:
    """Keep a script in step with a source: what that holds becomes the next version; settings stay."""
    from runyard.cli import lookup
    from runyard.cli.client import Server

    server = Server.current()
    script = lookup.script(server, name, project)
    body = _address(url, ref, path, entry, every, username, token=token)
    _told(server, server.ask("PUT", _path(script), json=body), machine=machine)


@app.command()
def show(name: Name, machine: Machine = False, project: Project = "default") -> None:
    """Show what a script is kept in step with, and how that goes."""
    from runyard.cli import lookup
    from runyard.cli.client import Server

    server = Server.current()
    script = lookup.script(server, name, project)
    found = server.get(_path(script))
    if machine:
        as_json(found)
    elif found is None:
        print(f"{script['name']} is kept in step with nothing.", file=sys.stderr)
    else:
        _show(server, found)


@app.command()
def sync(name: Name, machine: Machine = False, project: Project = "default") -> None:
    """Bring a script up to date now, and wait until it is."""
    from runyard.cli import lookup
    from runyard.cli.client import Server

    server = Server.current()
    script = lookup.script(server, name, project)
    asked = server.post(f"{_path(script)}/sync")
    until = time.monotonic() + PATIENCE_S
    while not settled(asked, found := server.get(_path(script))):
        if time.monotonic() > until:
            raise Trouble("The source has not been looked at yet.", hint=f"`runyard scripts source show {name}`")
        time.sleep(0.3)
    if machine:
        as_json(found)
    else:
        _show(server, found)
    if found["error"]:
        raise Trouble(found["error"], hint="The script stays as it is.")


@app.command()
def detach(name: Name, project: Project = "default") -> None:
    """Leave a script as it is from now on."""
    from runyard.cli import lookup
    from runyard.cli.client import Server

    server = Server.current()
    script = lookup.script(server, name, project)
    server.ask("DELETE", _path(script))
    print(f"{script['name']} stays as it is.")


def settled(asked: dict[str, Any], now: dict[str, Any]) -> bool:
    """Whether the look that was asked for is over.

    `asked` is the answer to that request, whose ``next_at`` is when it was made. It stays until a scheduler takes the
    source; then it is a lease, and in the end the next look, or none.
    """
    if any(now[name] != asked[name] for name in ("synced_at", "error")):
        return True
    first, then = instant(asked["next_at"]), instant(now["next_at"])
    if first is None or then is None:
        return first != then
    wait = (then - first).total_seconds()
    return wait > 0 and not LEASE_S <= wait <= LEASE_S + SLACK_S


def _path(script: dict[str, Any]) -> str:
    return f"/scripts/{script['id']}/source"


def _address(url: str, ref: str, path: str, entry: str, every: str, username: str, *, token: bool) -> dict[str, Any]:
    """Return a source as the server takes it. Raises Misuse."""
    from runyard.cli.values import seconds

    gist = "://" not in url or "://gist." in url
    if gist and (ref or path):
        raise Misuse("--ref and --path are for repositories; a Gist is taken whole.")
    body: dict[str, Any] = {"kind": "gist" if gist else "git", "url": url}
    body["every_s"] = None if every == NEVER else round(seconds(every))
    texts = (("ref", ref), ("path", path), ("entry", entry), ("username", username))
    body |= {key: value for key, value in texts if value}
    if token:
        body["token"] = _secret("Token: ")
    return body


def _secret(question: str) -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    import getpass

    return getpass.getpass(question)


def _told(server: "Server", taken: dict[str, Any], *, machine: bool) -> None:
    if machine:
        as_json(taken)
        return
    for item in taken["items"]:
        print(f"{item['name']}: {item['outcome']}, version {item['version']}")
    if taken["webhook_key"]:
        note(f"Its push webhook: {server.url}{taken['webhook']}, content type JSON.")
        note(f"The webhook's secret, shown this once: {taken['webhook_key']}")


def _show(server: "Server", found: dict[str, Any]) -> None:
    place = f" {found['path']}" if found["path"] else ""
    print(f"source: {found['kind']} {found['url']}{place}")
    if found["kind"] == "git":
        print(f"branch: {found['ref'] or 'the default one'}")
    print(f"revision: {found['revision']}")
    print(f"in step since: {local(found['synced_at']) or 'never'}")
    print(f"looked at next: {local(found['next_at']) or 'when asked, or called'}")
    print(f"webhook: {server.url}{found['webhook']}")
    if found["error"]:
        print(f"error: {found['error']}")
