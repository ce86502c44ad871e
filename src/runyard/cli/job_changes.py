"""Making and changing jobs from a terminal."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from runyard.cli import job_wishes as wishes
from runyard.cli.errors import Misuse
from runyard.cli.job_wishes import Name
from runyard.cli.jobs import app, sources, told
from runyard.cli.options import Machine, Project
from runyard.cli.output import as_json, note, visible

if TYPE_CHECKING:
    from runyard.cli.client import Server

__all__ = ["app"]


@app.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the job is called.")],
    script: Annotated[str, typer.Option("--script", help="The script that it runs (name or id).")],
    parameter: wishes.Parameters = None,
    values_of: wishes.SetOf = None,
    cron: wishes.Cron = None,
    timezone: wishes.Zone = "",
    every: wishes.Every = "",
    at: wishes.At = None,
    after: wishes.After = None,
    webhook: wishes.Webhook = "",
    trigger: wishes.Trigger = None,
    description: wishes.Description = None,
    label: wishes.Label = None,
    queue: wishes.Queue = None,
    priority: wishes.Priority = None,
    timeout: wishes.Timeout = "",
    retries: wishes.Retries = None,
    overlap: wishes.Overlap = None,
    max_active: wishes.MaxActive = None,
    catch_up: wishes.CatchUp = None,
    grace: wishes.Grace = "",
    breaker: wishes.BreakAfter = None,
    alert_after: wishes.AlertAfter = "",
    settings: wishes.Settings = "",
    disabled: Annotated[bool, typer.Option("--disabled", help="Switched off to begin with.")] = False,
    machine: Machine = False,
    project: Project = "default",
) -> None:
    """Make a job: a saved script, with its parameters, and when it runs.

    Example: runyard jobs create nightly --script report --cron "0 3 * * *" --timezone Europe/Berlin -p region=eu
    """
    from runyard.cli import lookup, values
    from runyard.cli.client import Server

    labels = values.pairs(label or (), "label")
    how = wishes.settings(
        settings,
        queue=queue,
        priority=priority,
        timeout=timeout,
        retries=retries,
        overlap=overlap,
        max_active=max_active,
        catch_up=catch_up,
        grace=grace,
        breaker=breaker,
        alert_after=alert_after,
    )
    server = Server.current()
    target = lookup.script(server, script, project)
    body: dict[str, Any] = {
        "name": name,
        "project": project,
        "target": {"kind": "script", "id": target["id"]},
        "parameters": values.gathered(parameter or (), None, target["parameters"]),
        "triggers": wishes.triggers(
            server,
            project,
            cron=cron or (),
            timezone=timezone,
            every=every,
            at=at or (),
            after=after or (),
            webhook=webhook,
            others=trigger or (),
        ),
        "labels": labels,
        "settings": how,
        "enabled": not disabled,
    }
    if values_of:
        body["parameter_set"] = values_of
    if description is not None:
        body["description"] = description
    _tell(server, server.post("/jobs", body), machine=machine)


@app.command()
def edit(
    name: Name,
    rename: Annotated[str | None, typer.Option("--name", help="What it is to be called.")] = None,
    script: Annotated[str | None, typer.Option("--script", help="Another script to run (name or id).")] = None,
    parameter: wishes.Parameters = None,
    values_of: wishes.SetOf = None,
    cron: wishes.Cron = None,
    timezone: wishes.Zone = "",
    every: wishes.Every = "",
    at: wishes.At = None,
    after: wishes.After = None,
    webhook: wishes.Webhook = "",
    trigger: wishes.Trigger = None,
    without: Annotated[
        list[str] | None, typer.Option("--remove-trigger", metavar="ID", help="Take a trigger away; all: every one.")
    ] = None,
    description: wishes.Description = None,
    label: wishes.Label = None,
    queue: wishes.Queue = None,
    priority: wishes.Priority = None,
    timeout: wishes.Timeout = "",
    retries: wishes.Retries = None,
    overlap: wishes.Overlap = None,
    max_active: wishes.MaxActive = None,
    catch_up: wishes.CatchUp = None,
    grace: wishes.Grace = "",
    breaker: wishes.BreakAfter = None,
    alert_after: wishes.AlertAfter = "",
    settings: wishes.Settings = "",
    machine: Machine = False,
    project: Project = "default",
) -> None:
    """Change a job: what is not named stays. Triggers are added to those that there are; -p goes over parameters."""
    from runyard.cli import lookup, values
    from runyard.cli.client import Server

    labels = values.pairs(label or (), "label")
    how = wishes.settings(
        settings,
        queue=queue,
        priority=priority,
        timeout=timeout,
        retries=retries,
        overlap=overlap,
        max_active=max_active,
        catch_up=catch_up,
        grace=grace,
        breaker=breaker,
        alert_after=alert_after,
    )
    server = Server.current()
    job = lookup.job(server, name, project)
    added = wishes.triggers(
        server,
        project,
        cron=cron or (),
        timezone=timezone,
        every=every,
        at=at or (),
        after=after or (),
        webhook=webhook,
        others=trigger or (),
    )
    body: dict[str, Any] = {"revision": job["revision"]}
    if script is not None:
        body["target"] = {"kind": "script", "id": lookup.script(server, script, project)["id"]}
    if parameter:
        definitions = server.get(f"/scripts/{body.get('target', job['target'])['id']}")["parameters"]
        body["parameters"] = job["parameters"] | values.gathered(parameter, None, definitions)
    if added or without:
        body["triggers"] = _left(job, without or []) + added
    if labels:
        body["labels"] = job["labels"] | labels
    if how:
        body["settings"] = job["settings"] | how
    plain = {"name": rename, "description": description, "parameter_set": values_of}
    body |= {field: value for field, value in plain.items() if value is not None}
    if body.keys() == {"revision"}:
        raise Misuse("There is nothing to change.", hint="`runyard jobs edit --help` tells what can be.")
    _tell(server, server.ask("PATCH", f"/jobs/{job['id']}", json=body), machine=machine)


def _left(job: dict[str, Any], without: list[str]) -> list[dict[str, Any]]:
    """Return the triggers that stay; raise `Misuse` for one that there isn't."""
    there = {one["id"] for one in job["triggers"]}
    if "all" in without:
        return []
    for missing in set(without) - there:
        raise Misuse(f"{job['name']!r} has no trigger {missing}.", hint=f"It has {', '.join(sorted(there)) or 'none'}.")
    return [one for one in job["triggers"] if one["id"] not in without]


def _tell(server: "Server", job: dict[str, Any], *, machine: bool) -> None:
    """Say what was saved, with the secrets that are shown this once."""
    if machine:
        as_json(job)
        return
    names = sources(server, job)
    print(f"{job['id']}  {visible(job['name'])}  {job['state']}")
    for trigger in job["triggers"]:
        print(f"  {trigger['id']}  {visible(told(trigger, names))}")
    for trigger in job["triggers"]:
        if secret := (job.get("secrets") or {}).get(trigger["id"]):
            note(f"The secret of {server.url}{trigger['url']}, shown this once:")
            print(secret)
