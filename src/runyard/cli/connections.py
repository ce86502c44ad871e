"""Connections from a terminal: secrets come from a question, a pipe or a file, never from the command line."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from runyard.cli import entries
from runyard.cli.entries import Everywhere, Name, NewName, Place, Project, Script, Stage
from runyard.cli.errors import Misuse, NothingFound
from runyard.cli.options import About, group
from runyard.cli.output import brief, note

app = group("Keep connections that scripts find as environment variables, and try whether they work.")
KIND = "connections"


@app.command("set")
def set_(
    name: NewName,
    kind: Annotated[str, typer.Argument(metavar="KIND", help="postgresql, mysql, redis, s3, ssh, http and so on.")],
    fields: Annotated[list[str] | None, typer.Argument(metavar="[FIELD=VALUE]...", help="What it consists of.")] = None,
    file: Annotated[
        list[str] | None, typer.Option("--file", metavar="FIELD=PATH", help="Read a field from a file, such as a key.")
    ] = None,
    project: Project = "default",
    script: Script = None,
    everywhere: Everywhere = False,
    stage: Stage = None,
    description: About = None,
) -> None:
    """Keep a connection, or change one: fields that are not named stay. Secrets are asked for, or piped in as JSON."""
    from runyard.cli.client import Server

    server = Server.current()
    shape = _shape(server, kind)
    place = Place(project, script, everywhere, stage)
    try:
        known = entries.find(server, KIND, name, place)
    except NothingFound:
        known = None
    settings = {"kind": kind, **((known or {}).get("settings") or {})}
    for pair in fields or ():
        field, value = _pair(pair)
        if shape.get(field, {}).get("writeOnly"):
            raise Misuse(f"{field} is secret: others can read a command line.", hint=f"Leave {field} out to be asked.")
        settings[field] = _typed(shape.get(field, {}), value)
    from_files = dict(map(_pair, file or ()))
    settings |= {field: _read(path) for field, path in from_files.items()}
    secret = [field for field, rules in shape.items() if rules.get("writeOnly") and field not in from_files]
    settings |= _secrets(name, secret, known)
    entries.keep(server, KIND, {"name": name, "settings": settings, "description": description}, place)


@app.command("test")
def try_(
    name: Name,
    project: Project = "default",
    script: Script = None,
    everywhere: Everywhere = False,
    stage: Stage = None,
) -> None:
    """Connect for once from the server, and tell what was seen; the exit code is 1 if it does not work."""
    from runyard.cli.client import Server

    server = Server.current()
    one = entries.find(server, KIND, name, Place(project, script, everywhere, stage))
    seen = server.post(f"/{KIND}/{one['id']}/test")
    if seen["ok"]:
        print(f"{seen['server'] or 'It'} answered within {seen['took_ms']:g} ms.")
        for field, value in seen["details"].items():
            print(f"{field.replace('_', ' ')}: {value}")
        return
    note(seen["said"] or f"It does not work ({seen['code']}).")
    raise typer.Exit(1)


def _shape(server: Any, kind: str) -> dict[str, Any]:
    kinds = {one["kind"]: one for one in server.get(f"/{KIND}/kinds")["items"]}
    if kind not in kinds:
        raise Misuse(f"There is no kind {kind}.", hint=f"There are {', '.join(sorted(kinds))}.")
    return dict(kinds[kind]["schema"]["properties"])


def _pair(text: str) -> tuple[str, str]:
    field, found, value = text.partition("=")
    if not found or not field:
        raise Misuse(f"{text} is not written as FIELD=VALUE.")
    return field, value


def _typed(rules: dict[str, Any], value: str) -> Any:
    """Return a value as its field's type wants it; what does not fit, the server says."""
    if rules.get("type") == "integer" and value.lstrip("-").isdigit():
        return int(value)
    if rules.get("type") == "boolean" and value in {"true", "false"}:
        return value == "true"
    return value


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except (OSError, ValueError) as error:
        raise Misuse(f"{path} can't be read: {error}.") from error


def _secrets(name: str, fields: list[str], known: dict[str, Any] | None) -> dict[str, str]:
    """Return secrets from whoever sits there, or from a pipe; what is left empty stays as it is."""
    if sys.stdin.isatty():
        keeps = " (empty keeps it)" if known else ""
        asked = {
            field: str(typer.prompt(f"{field} of {name}{keeps}", default="", hide_input=True, show_default=False))
            for field in fields
        }
        return {field: value for field, value in asked.items() if value}
    text = sys.stdin.read().strip()
    if not text:
        return {}
    try:
        given = json.loads(text)
    except ValueError as error:
        raise Misuse("Secrets are piped in as a JSON object.", hint='{"password": "…"}') from error
    if not isinstance(given, dict) or not given.keys() <= set(fields):
        raise Misuse(f"Only secrets are piped in: {', '.join(fields)}.")
    return {field: str(value) for field, value in given.items()}


def _leads(one: dict[str, Any]) -> str:
    settings = one["settings"] or {}
    if "host" in settings:
        return f"{settings['host']}:{settings['port']}"
    return str(settings.get("url") or settings.get("endpoint") or "")


def _checked(one: dict[str, Any]) -> str:
    check = one["check"]
    if check is None:
        return "never"
    return f"{'works' if check['ok'] else 'fails'}, {brief(check['at'])}"


entries.add_list(
    app,
    KIND,
    "List connections by name, with where they lead and how they answered last.",
    {"KIND": lambda one: str(one["kind"]), "LEADS TO": _leads, "LAST TEST": _checked},
    flexible="LEADS TO",
)
entries.add_scrub(
    app, KIND, "Mask a connection's present secrets in logs, outputs, parameters and errors that are stored already."
)
entries.add_delete(app, KIND, "Delete a connection for good; refused while scripts list it.")
