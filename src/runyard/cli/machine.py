"""Interpreters and package sources, from a terminal."""

import sys
from typing import Annotated, Any

import typer

from runyard.cli.errors import Misuse
from runyard.cli.options import group
from runyard.cli.output import as_json, table

interpreters = group("Choose what environments are built on.")
sources = group("Choose where packages come from.")
Id = Annotated[str, typer.Argument(metavar="INTERPRETER", help="The interpreter's id.")]
Project = Annotated[str | None, typer.Option("--project", help="For this project; otherwise for the installation.")]
Machine = Annotated[bool, typer.Option("--json", help="Print it as JSON.")]
NO = "none"


@interpreters.command("list")
def list_(machine: Machine = False) -> None:
    """List the interpreters that environments can be built on."""
    from runyard.cli.client import Server

    _show(Server.current().get("/interpreters")["items"], machine=machine)


@interpreters.command()
def scan(machine: Machine = False) -> None:
    """Search the server's machine again."""
    from runyard.cli.client import Server

    _show(Server.current().post("/interpreters/scan")["items"], machine=machine)


@interpreters.command()
def add(
    path: Annotated[str, typer.Argument(help="Where it lies on the server.")],
    kind: Annotated[str, typer.Option("--kind", help="python or node.")] = "python",
) -> None:
    """Register the interpreter at a path of the server."""
    from runyard.cli.client import Server

    _show([Server.current().post("/interpreters", {"path": path, "kind": kind})], machine=False)


@interpreters.command()
def default(
    interpreter: Id, off: Annotated[bool, typer.Option("--off", help="Have it be the default no more.")] = False
) -> None:
    """Build environments on an interpreter by default."""
    from runyard.cli.client import Server

    Server.current().ask("PATCH", _path(interpreter), json={"is_default": not off})


@interpreters.command()
def forget(interpreter: Id) -> None:
    """Forget an interpreter; environments that were built on it go on."""
    from runyard.cli.client import Server

    Server.current().ask("DELETE", _path(interpreter))


@sources.command()
def show(project: Project = None, machine: Machine = False) -> None:
    """Show where packages come from."""
    from runyard.cli.client import Server

    found = Server.current().get("/package-sources", {"project": project} if project else {})
    if machine:
        as_json(found)
        return
    for name, value in found["effective"].items():
        told = ", ".join(value) if isinstance(value, list) else value
        print(f"{name.replace('_', ' ')}: {told or 'by default'}")


@sources.command("set")
def set_(
    project: Project = None,
    python: Annotated[str | None, typer.Option(help="A mirror's name, or an index's address.")] = None,
    node: Annotated[str | None, typer.Option(help="A mirror's name, or a registry's address.")] = None,
    conda: Annotated[str | None, typer.Option(help="A mirror's name, or a channel's address.")] = None,
    proxy: Annotated[str | None, typer.Option(help="A proxy's address, or `off`.")] = None,
    https_proxy: Annotated[str | None, typer.Option(help="Another proxy for https, or `none`.")] = None,
    no_proxy: Annotated[str | None, typer.Option(help="Hosts asked without the proxy, by commas, or `none`.")] = None,
) -> None:
    """Choose where packages come from; what is not named stays."""
    from runyard.cli.client import Server

    server = Server.current()
    asked = {"project": project} if project else {}
    choice: dict[str, Any] = server.get("/package-sources", asked)["choice"]
    if python is not None:
        choice["python"] = {"mirror": "custom", "index_url": python} if "://" in python else {"mirror": python}
    if node is not None:
        choice["node"] = {"mirror": "custom", "registry_url": node} if "://" in node else {"mirror": node}
    if conda is not None:
        choice["conda"] = {"mirror": "custom", "channels": [conda]} if "://" in conda else {"mirror": conda}
    choice["proxy"] = _proxied(choice["proxy"], proxy, https_proxy, no_proxy)
    server.ask("PUT", "/package-sources", params=asked, json=choice)


@sources.command()
def reset(project: Project = None) -> None:
    """Follow what is above again: the installation, or its settings."""
    from runyard.cli.client import Server

    Server.current().ask("DELETE", "/package-sources", params={"project": project} if project else {})


def _path(interpreter: str) -> str:
    from runyard.cli import lookup

    return f"/interpreters/{lookup.run_id(interpreter)}"


def _proxied(before: dict[str, str], http: str | None, https: str | None, without: str | None) -> dict[str, str]:
    """Return the proxy that is chosen; `none` empties a part of it. Raises Misuse."""
    if http is not None and "://" not in http:
        if https or without:
            raise Misuse("--https-proxy and --no-proxy go with the address of a proxy.")
        return {"mode": http}
    named = {"http": http, "https": https, "no_proxy": without}
    given = {name: "" if said == NO else said for name, said in named.items() if said is not None}
    if not given:
        return before
    chosen = {**before, **given, "mode": "custom"}
    if not (chosen["http"] or chosen["https"]):
        raise Misuse("There is no proxy: name one with --proxy.")
    return chosen


def _show(items: list[dict[str, Any]], *, machine: bool) -> None:
    if machine:
        as_json(items)
        return
    if not items:
        print("There is no interpreter.", file=sys.stderr)
        return
    rows = [
        (
            item["id"],
            item["kind"],
            item["version"],
            "default" if item["is_default"] else "",
            item["trouble"] or item["unreachable_reason"] or "",
            item["path"],
        )
        for item in items
    ]
    table(("INTERPRETER", "KIND", "VERSION", "USE", "TROUBLE", "PATH"), rows, flexible="TROUBLE")
