"""Jobs from a terminal: what there is, how each stands, and what is done with it."""

import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any

import typer

from runyard.cli.errors import Misuse, Refused
from runyard.cli.job_wishes import Name, Parameters, Yes
from runyard.cli.options import Machine, Project, group
from runyard.cli.output import as_json, brief, local, note, paint, table, visible

if TYPE_CHECKING:
    from runyard.cli.client import Server

app = group("Make jobs of scripts: when they run, what became of each due time, and why.")
STATES = ("on", "paused", "disabled", "broken", "no_triggers")
_PERCENT = 100
Why = Annotated[str, typer.Option("--reason", "-m", help="Why.")]
Until = Annotated[str, typer.Option("--until", metavar="TIME", help="When it ends by itself.")]
Names = Annotated[list[str] | None, typer.Argument(metavar="[NAME...]", help="Names or ids of jobs.")]
Everything = Annotated[bool, typer.Option("--all", help="All jobs of the project, present and future.")]


@app.command("list")
def list_(
    query: Annotated[str, typer.Argument(metavar="[WORDS]", help="Words in name or description.")] = "",
    state: Annotated[str, typer.Option("--state", help=f"One of {', '.join(STATES)}.")] = "",
    trigger: Annotated[str, typer.Option("--trigger", help="cron, interval, date, webhook, after or file.")] = "",
    label: Annotated[list[str] | None, typer.Option("--label", metavar="KEY=VALUE", help="Repeatable.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000, help="How many at the most.")] = 200,
    machine: Machine = False,
    project: Project = "default",
) -> None:
    """List jobs by name: how they stand, when they are due next, and how their runs end."""
    from runyard.cli.client import Server

    if state and state not in STATES:
        raise Misuse(f"{state!r} is not a state; there are {', '.join(STATES)}.")
    asked: dict[str, Any] = {"project": project, "sort": "name"}
    asked |= {key: value for key, value in (("q", query), ("state", state), ("trigger", trigger)) if value}
    if label:
        asked["label"] = label
    found = list(Server.current().items("/jobs", asked, most=limit))
    if machine:
        as_json(found)
        return
    if not found:
        print("There are no such jobs.", file=sys.stderr)
        return
    rows = [
        (
            job["name"],
            job["state"],
            brief(job["next"]["at"]) if job["next"] else "",
            job["last"][0]["state"] if job["last"] else "",
            _rate(job),
            job["target"]["name"],
        )
        for job in found
    ]
    table(("NAME", "STATE", "NEXT", "LAST", "SUCCESS", "RUNS"), rows, flexible="RUNS", states="LAST")


@app.command()
def show(name: Name, machine: Machine = False, project: Project = "default") -> None:
    """Show a job: what it runs and when, how it stands, and how its newest runs ended."""
    from runyard.cli import lookup
    from runyard.cli.client import Server

    server = Server.current()
    job = lookup.job(server, name, project)
    if machine:
        as_json(job)
        return
    names = sources(server, job)
    print(f"{visible(job['name'])}  {job['state']}  {job['id']}")
    for line in _standing(job):
        print(f"  {visible(line)}")
    for trigger in job["triggers"]:
        print(f"  {trigger['id']}  {visible(told(trigger, names))}")
    for run in job["last"]:
        slot = f"  for {local(run['slot_due_at'])}" if run["slot_due_at"] else ""
        print(f"  {run['run_id']}  {paint(run['state'], run['state'])}  {local(run['at'])}{slot}")


@app.command()
def run(
    name: Name,
    parameter: Parameters = None,
    slot: Annotated[str, typer.Option("--slot", metavar="TIME", help="For this due time that is past.")] = "",
    trigger: Annotated[str, typer.Option("--trigger", metavar="ID", help="Whose due time, if there are several.")] = "",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Show what it prints; exit with its code.")] = False,
    machine: Annotated[bool, typer.Option("--json", help="Print JSON; with --follow one object a line.")] = False,
    project: Project = "default",
) -> None:
    """Run a job now, or for a due time that is past; what the ledger says of that stays."""
    from runyard.cli import lookup, upload, values
    from runyard.cli.client import Server
    from runyard.cli.job_wishes import instant
    from runyard.cli.run import go_on

    server = Server.current()
    job = lookup.job(server, name, project)
    if slot:
        if parameter:
            raise Misuse("--slot runs it as the job says; it takes no -p.")
        body: dict[str, Any] = {"trigger_id": trigger or _only_trigger(job), "due_at": instant(slot)}
        path = f"/jobs/{job['id']}/slots/run"
    else:
        definitions = server.get(f"/scripts/{job['target']['id']}")["parameters"] if parameter else []
        body = {"parameters": values.gathered(parameter or [], None, definitions)}
        path = f"/jobs/{job['id']}/runs"
    go_on(server, upload.submit(server, path, body, []), follow=follow, machine=machine)


@app.command()
def enable(name: Name, project: Project = "default") -> None:
    """Switch a job on."""
    _switch(name, project, enabled=True)


@app.command()
def disable(name: Name, project: Project = "default") -> None:
    """Switch a job off; what is due meanwhile stands in its ledger as paused."""
    _switch(name, project, enabled=False)


@app.command()
def pause(
    names: Names = None,
    everything: Everything = False,
    why: Why = "",
    until: Until = "",
    project: Project = "default",
) -> None:
    """Pause jobs: they start nothing, and what is due meanwhile stands in their ledger as paused."""
    from runyard.cli.job_wishes import instant

    more = {"why": why, **({"until": instant(until)} if until else {})}
    _of_some("pause", names or [], project, more, everything=everything)


@app.command()
def resume(names: Names = None, everything: Everything = False, project: Project = "default") -> None:
    """Let paused jobs go on, also those that their circuit breaker has paused."""
    _of_some("resume", names or [], project, {}, everything=everything)


@app.command()
def delete(name: Name, yes: Yes = False, project: Project = "default") -> None:
    """Delete a job; its runs and its ledger stay, and what runs goes on."""
    from runyard.cli import lookup
    from runyard.cli.client import Server

    server = Server.current()
    job = lookup.job(server, name, project)
    if jobs := lookup.using(server, {"source_id": job["id"]}):
        note(f"Jobs run after {job['name']!r}, and are broken without it: {jobs}.")
    if not yes:
        if not sys.stdin.isatty():
            raise Misuse("There is no terminal to ask on.", hint="Say --yes to delete without being asked.")
        typer.confirm(f"Delete {job['name']!r}?", abort=True)
    server.ask("DELETE", f"/jobs/{job['id']}")
    print(f"Deleted {job['name']!r}.")


def sources(server: "Server", job: dict[str, Any]) -> dict[str, str]:
    """Return the names of the jobs that a job runs after, by their ids; those that were deleted have none."""
    found = {}
    for trigger in job["triggers"]:
        if trigger["type"] == "after":
            with suppress(Refused):
                found[trigger["job_id"]] = server.get(f"/jobs/{trigger['job_id']}")["name"]
    return found


def told(trigger: dict[str, Any], names: Mapping[str, str]) -> str:
    """Return a trigger in words."""
    off = "" if trigger["enabled"] else " (switched off)"
    ahead = f"; next {local(trigger['next_at'])}" if trigger.get("next_at") else ""
    if trigger.get("words"):
        zone = f", {trigger['timezone']}" if "timezone" in trigger else ""
        return f"{trigger['words']['en']}{zone}{ahead}{off}"
    if trigger["type"] == "webhook":
        return f"Webhook ({trigger['auth']}): POST {trigger['url']}{off}"
    if trigger["type"] == "after":
        return f"After {names.get(trigger['job_id'], trigger['job_id'])}: {trigger['on']}{off}"
    trouble = f"; broken: {trigger['trouble']['message']}" if trigger.get("trouble") else ""
    return f"File {trigger['glob']} in {trigger['folder'] or trigger['connection']}{off}{trouble}"


def _standing(job: dict[str, Any]) -> list[str]:
    """Return what is to be said of a job, line by line."""
    target = job["target"]
    found = [f"runs {target['kind']} {target['name']}{' (deleted)' if target['missing'] else ''}"]
    if job["description"]:
        found.append(job["description"])
    if paused := job["paused"]:
        until = f" until {local(paused['until'])}" if paused["until"] else ""
        why = f": {paused['why']}" if paused["why"] else ""
        found.append(f"paused by {paused['by'] or paused['kind']} since {local(paused['since'])}{until}{why}")
    if job["broken"]:
        found.append(f"broken: {job['broken']['message']}")
    if (owner := job["owner"]) and owner["disabled"]:
        found.append(f"its owner {owner['name']} is disabled; it goes on all the same")
    if job["alert"]:
        found.append(job["alert"]["message"])
    if job["next"]:
        found.append(f"next {local(job['next']['at'])}")
    if rate := _rate(job):
        found.append(f"{rate} of the last {job['runs_counted']} runs succeeded")
    return found


def _rate(job: dict[str, Any]) -> str:
    rate = job["success_rate"]
    return "" if rate is None else f"{rate * _PERCENT:.0f} %"


def _only_trigger(job: dict[str, Any]) -> str:
    timed = [one["id"] for one in job["triggers"] if one["type"] in {"cron", "interval", "date"}]
    if len(timed) != 1:
        raise Misuse(f"{job['name']!r} has {len(timed)} triggers that go by time.", hint="Say which: --trigger ID.")
    return str(timed[0])


def _switch(name: str, project: str, *, enabled: bool) -> None:
    from runyard.cli import lookup
    from runyard.cli.client import Server

    server = Server.current()
    job = lookup.job(server, name, project)
    now = server.ask("PATCH", f"/jobs/{job['id']}", json={"enabled": enabled, "revision": job["revision"]})
    note(f"{now['name']} is switched {'on' if now['enabled'] else 'off'}.")


def _of_some(act: str, names: list[str], project: str, more: dict[str, Any], *, everything: bool) -> None:
    from runyard.cli.client import Server

    if bool(names) == everything:
        raise Misuse("Name the jobs, or say --all.")
    server = Server.current()
    which: dict[str, Any] = {"project": project} if everything else {"ids": _ids(server, names, project)}
    done = server.post(f"/jobs/{act}", {**which, **more})
    much = "all jobs" if done["all"] else "1 job" if len(done["changed"]) == 1 else f"{len(done['changed'])} jobs"
    print(f"{act.capitalize()}d {much}." if done["all"] or done["changed"] else "Nothing was to be changed.")


def _ids(server: "Server", names: list[str], project: str) -> list[str]:
    from runyard.cli import lookup

    return [lookup.job(server, name, project)["id"] for name in names]
