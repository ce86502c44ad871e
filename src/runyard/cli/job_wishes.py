"""What options say of a job, made into what the API takes."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from runyard.cli.errors import Misuse

if TYPE_CHECKING:
    from runyard.cli.client import Server

OVERLAPS = ("allow", "queue", "skip", "cancel_previous")
CATCH_UPS = ("none", "latest", "all")
ON = ("success", "failure", "any")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The job's name or id.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")]
Parameters = Annotated[
    list[str] | None,
    typer.Option("-p", "--param", metavar="KEY=VALUE", help="A parameter; @FILE reads the value, - asks for it."),
]
Cron = Annotated[
    list[str] | None,
    typer.Option("--cron", metavar="EXPRESSION", help='Such as "0 3 * * *" or @daily; six fields begin with seconds.'),
]
Zone = Annotated[
    str, typer.Option("--timezone", help="The zone of --cron and of --at without an offset.", show_default="UTC")
]
Every = Annotated[str, typer.Option("--every", metavar="DURATION", help="Such as 90, 15m or 6h, from now on.")]
At = Annotated[list[str] | None, typer.Option("--at", metavar="TIME", help="Once: 2026-12-31T23:00, or with +01:00.")]
After = Annotated[
    list[str] | None,
    typer.Option("--after", metavar="JOB[:OUTCOME]", help=f"After another job's {', '.join(ON)}; success by default."),
]
Webhook = Annotated[str, typer.Option("--webhook", metavar="hmac|token", help="When it is called over HTTP.")]
Trigger = Annotated[
    list[str] | None, typer.Option("--trigger", metavar="JSON", help="Any trigger, as the API takes it.")
]
Description = Annotated[str | None, typer.Option("--description", help="What it is for.")]
Label = Annotated[list[str] | None, typer.Option("--label", metavar="KEY=VALUE", help="Label its runs.")]
SetOf = Annotated[str | None, typer.Option("--set", metavar="NAME", help="A saved parameter set.")]
Queue = Annotated[str | None, typer.Option("--queue", help="The queue whose workers take its runs.")]
Priority = Annotated[int | None, typer.Option("--priority", help="Higher ones go first.")]
Timeout = Annotated[str, typer.Option("--timeout", metavar="DURATION", help="Such as 90, 10m or 2h.")]
Retries = Annotated[int | None, typer.Option("--retries", min=0, help="How often it is tried again.")]
Overlap = Annotated[str | None, typer.Option("--overlap", help=f"One of {', '.join(OVERLAPS)}.")]
MaxActive = Annotated[int | None, typer.Option("--max-active", min=1, help="So many of its runs at once.")]
CatchUp = Annotated[str | None, typer.Option("--catch-up", help=f"One of {', '.join(CATCH_UPS)}.")]
Grace = Annotated[str, typer.Option("--grace", metavar="DURATION", help="How late is still in time.")]
BreakAfter = Annotated[int | None, typer.Option("--breaker", min=0, help="Pause it after so many failures; 0: never.")]
AlertAfter = Annotated[str, typer.Option("--alert-after", metavar="DURATION", help="Mark it without a success for so.")]
Settings = Annotated[
    str, typer.Option("--settings", metavar="JSON", help="Any settings, as the API takes them; options go over them.")
]


def triggers(
    server: "Server",
    project: str,
    *,
    cron: Sequence[str],
    timezone: str,
    every: str,
    at: Sequence[str],
    after: Sequence[str],
    webhook: str,
    others: Sequence[str],
) -> list[dict[str, Any]]:
    """Return the triggers that are asked for; raise `Misuse`, `NothingFound`."""
    from runyard.cli import lookup, values

    if timezone and not cron and not at:
        raise Misuse("--timezone goes with --cron or --at; nothing else here is on the clock of a zone.")
    timezone = timezone or "UTC"
    found: list[dict[str, Any]] = [{"type": "cron", "cron": text, "timezone": timezone} for text in cron]
    if every:
        found.append({"type": "interval", "every_s": int(values.seconds(every))})
    found += [{"type": "date", "at": instant(text, timezone)} for text in at]
    for text in after:
        name, mark, on = text.rpartition(":")
        name, on = (name, on) if mark and on in ON else (text, "success")
        found.append({"type": "after", "job_id": lookup.job(server, name, project)["id"], "on": on})
    if webhook:
        if webhook not in {"hmac", "token"}:
            raise Misuse(f"{webhook!r} is no way to check a call; there are hmac, token.")
        found.append({"type": "webhook", "auth": webhook})
    return found + [_object(text, "--trigger") for text in others]


def settings(
    whole: str,
    *,
    queue: str | None,
    priority: int | None,
    timeout: str,
    retries: int | None,
    overlap: str | None,
    max_active: int | None,
    catch_up: str | None,
    grace: str,
    breaker: int | None,
    alert_after: str,
) -> dict[str, Any]:
    """Return the settings that are asked for, and no others; raise `Misuse`."""
    from runyard.cli import values

    found = _object(whole, "--settings") if whole else {}
    found |= {
        name: value
        for name, value in (
            ("queue", queue),
            ("priority", priority),
            ("overlap", _one_of(overlap, OVERLAPS, "--overlap")),
            ("max_active", max_active),
            ("catch_up", _one_of(catch_up, CATCH_UPS, "--catch-up")),
            ("retry", None if retries is None else {"retries": retries}),
        )
        if value is not None
    }
    for name, text in (("timeout_s", timeout), ("grace_s", grace), ("alert_after_s", alert_after)):
        if text:
            seconds = values.seconds(text)
            found[name] = seconds if name == "timeout_s" else int(seconds)
    if breaker is not None:
        found["breaker"] = {"failures": breaker} if breaker else None
    return found


def instant(text: str, timezone: str = "") -> str:
    """Return a time with its offset: that of a zone, or of this machine, where it has none; raise `Misuse`."""
    from zoneinfo import ZoneInfo

    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise Misuse(f"{text!r} is not a time; write it like 2026-12-31, or 2026-12-31T23:00+01:00.") from error
    if at.tzinfo is None:
        try:
            at = at.replace(tzinfo=ZoneInfo(timezone)) if timezone else at.astimezone()
        except (ValueError, OSError, LookupError) as error:
            raise Misuse(f"{timezone!r} is not a time zone; they have names such as Europe/Berlin.") from error
    return at.isoformat()


def here() -> str:
    """Return the name of this machine's time zone, UTC where it can't be told."""
    import os
    from pathlib import Path
    from zoneinfo import ZoneInfo

    places = [os.environ.get("TZ", "").removeprefix(":"), str(Path("/etc/localtime").resolve())]
    for place in places:
        name = place.rpartition("zoneinfo/")[2]
        try:
            return ZoneInfo(name).key
        except (ValueError, OSError, LookupError):
            continue
    return "UTC"


def _one_of(text: str | None, there: Sequence[str], option: str) -> str | None:
    if text is not None and text not in there:
        raise Misuse(f"{option} {text!r}: there are {', '.join(there)}.")
    return text


def _object(text: str, option: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise Misuse(f"{option} takes a JSON object: {error}.") from error
    if not isinstance(found, dict):
        raise Misuse(f"{option} takes a JSON object.")
    return found
