"""What is known of one run: how it stands and why, what it was given, used and returned, and what came to pass."""

import json
import sys
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from runyard.cli.errors import Misuse
from runyard.cli.output import as_json, lasting, local, paint, size, table, visible

_MB = 1_000_000
_LONGEST = 400


def show(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="The run's id.")],
    outputs: Annotated[bool, typer.Option("--outputs", help="Only what it returned, as JSON.")] = False,
    events: Annotated[
        bool, typer.Option("--events", help="Only what came to pass, one attempt after another.")
    ] = False,
    usage: Annotated[bool, typer.Option("--usage", help="Only what it used, moment by moment.")] = False,
    attempt: Annotated[int | None, typer.Option("--attempt", min=1, help="With --usage: an earlier attempt.")] = None,
    machine: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show a run: its state and why, what it was given, what was in force, what it used and returned."""
    from runyard.cli import lookup
    from runyard.cli.client import Server

    if outputs + events + usage > 1:
        raise Misuse("Choose one of --outputs, --events and --usage.")
    if attempt is not None and not usage:
        raise Misuse("--attempt goes with --usage.")
    server = Server.current()
    path = f"/runs/{lookup.run_id(run_id)}"
    if events:
        found = list(server.items(f"{path}/events"))
        as_json(found) if machine else _show_events(found)
    elif usage:
        series = server.get(f"{path}/usage", {"attempt": attempt} if attempt is not None else None)
        as_json(series) if machine else _show_usage(series)
    else:
        run = server.get(path)
        if outputs or machine:
            as_json(run["outputs"] if outputs else run)
        else:
            _show(run)


def _show(run: dict[str, Any]) -> None:
    said = [(name, text) for name, text in _facts(run) if text]
    wide = max(len(name) for name, _text in said)
    for name, text in said:
        told = visible(text)
        print(f"{paint(f'{name:<{wide}}', 'dim')}  {paint(told, text) if name == 'state' else told}")


def _facts(run: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield names and texts, top to bottom as the page has them; empty texts are left out."""
    version = f"@{run['version']}" if run["version"] else ""
    yield "run", run["id"]
    yield "script", run["script_name"] + version + (" (draft)" if run["draft"] else "")
    yield "state", run["state"]
    yield "waits for", (run["waiting_for"] or {}).get("message", "")
    yield "error", (run["error"] or {}).get("message", "")
    yield "exit code", "" if run["exit_code"] is None else str(run["exit_code"])
    yield "progress", _progress(run["progress"])
    yield "by", " ".join(filter(None, (run["trigger"]["by"], f"({run['trigger']['kind']})")))
    yield "attempt", f"{run['attempt']} of {run['retries'] + 1}" if run["retries"] else str(run["attempt"])
    yield "queued", local(run["queued_at"])
    yield "started", local(run["started_at"])
    yield "finished", local(run["finished_at"])
    yield "queue", f"{run['queue']}, priority {run['priority']}"
    yield "labels", ", ".join(f"{name}={value}" for name, value in run["labels"].items())
    yield "parameters", _json(run["parameters"])
    yield "uploads", ", ".join(_name(upload) for upload in run["uploads"])
    yield "limits", _json({name: value for name, value in (run["limits"] or {}).items() if value is not None})
    yield "environment", run["environment_id"] or ""
    yield "used", ", ".join(_used(run["usage"] or {}))
    yield from _in_force(run["isolation"] or {})
    yield "kept", (run["kept"].get("note") or "yes") if run["kept"] else ""
    yield "returned", "" if run["outputs"] is None else _json(run["outputs"], even_empty=True)


def _name(upload: Any) -> str:
    return str(upload["name"] if isinstance(upload, dict) else upload)


def _json(value: Any, *, even_empty: bool = False) -> str:
    """Return JSON as a line of a terminal, cut where it is long."""
    if not value and not even_empty:
        return ""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _progress(found: dict[str, Any] | None) -> str:
    if not found:
        return ""
    return f"{found['percent']:g} % {found['message'] or ''}".rstrip()


def _used(usage: dict[str, Any]) -> Iterator[str]:
    if usage.get("wall_s") is not None:
        yield lasting(usage["wall_s"])
    if usage.get("cpu_s") is not None:
        yield f"{usage['cpu_s']:.2f} s of a processor"
    for name, words in (
        ("memory_peak_mb", "of memory at most"),
        ("read_mb", "read"),
        ("written_mb", "written"),
    ):
        if usage.get(name) is not None:
            yield f"{size(usage[name] * _MB)} {words}"
    if usage.get("output_bytes") is not None:
        yield f"{size(usage['output_bytes'])} of output"
    if usage.get("output_dropped_bytes"):
        yield f"{size(usage['output_dropped_bytes'])} of output not kept"


def _in_force(isolation: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what held the run in, and for every limit whether it was enforced, and else why not."""
    for name in ("level", "user", "network", "filesystem"):
        yield ("isolation" if name == "level" else name), str(isolation.get(name) or "")
    for name in ("memory", "pids", "cpu", "disk"):
        held = isolation.get(name)
        if not held:
            continue
        limit = " ".join(_limit(unit, value) for unit, value in held.items() if unit.startswith("limit"))
        how = f"enforced by {held['by']}" if held.get("enforced") else f"not enforced, {held.get('why', 'nothing can')}"
        yield f"{name} limit", f"{limit} ({how})"
    yield "missing", "; ".join(map(str, isolation.get("missing") or ()))


def _limit(unit: str, value: Any) -> str:
    """Return a limit with its unit, which its key ends with: ``limit_mb`` is in MB."""
    return f"{value:g} {unit.removeprefix('limit').lstrip('_').upper()}".rstrip()


def _show_events(found: list[dict[str, Any]]) -> None:
    rows = [
        (local(one["at"], precise=True), str(one["attempt"]), one["kind"].removeprefix("run."), _json(one["data"]))
        for one in found
    ]
    table(("AT", "ATTEMPT", "WHAT", "MORE"), rows, flexible="MORE")


def _show_usage(series: dict[str, Any]) -> None:
    if not series["points"]:
        print(
            "It was too short to be measured while it ran." if series["complete"] else "Nothing yet.", file=sys.stderr
        )
        return
    rows = [
        (
            f"{point['at_s']:.1f} s",
            "" if point["cpu"] is None else f"{point['cpu']:.2f}",
            size(point["memory_bytes"]),
            size(point["read_bytes"]),
            size(point["written_bytes"]),
            "" if point["processes"] is None else str(point["processes"]),
        )
        for point in series["points"]
    ]
    table(("AFTER", "PROCESSORS", "MEMORY", "READ", "WRITTEN", "PROCESSES"), rows, flexible="AFTER")
