"""Triggers out of the schedules of other systems: crontabs, cron.d, GitHub Actions and QingLong. Pure.

Nothing is dropped in silence: what can't be carried stands in `left_out`, or in the notes of what was carried.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct, field

from runyard.jobs.recurrence.cron import Cron, parse
from runyard.jobs.recurrence.problems import CronMalformed, ZoneUnknown
from runyard.jobs.recurrence.zones import zone

ZONE_SETTING = "CRON_TZ"
"""The one that crons schedule by; `TZ` is for the command alone."""
UNCARRIED = {
    "MAILTO": "its output is not mailed; make a notification rule",
    "MAILFROM": "its output is not mailed; make a notification rule",
    "RANDOM_DELAY": "its starts are not delayed at random",
    "START_HOURS_RANGE": "its starts are not kept to some hours; make a blackout window",
    "TZ": "it sees the zone of its trigger as TZ, not {value}",
    "SHELL": "it runs in bash, not in {value}",
}
"""Settings that crons themselves read, and what becomes of them here."""
BASH = {"/bin/bash", "/usr/bin/bash", "bash"}

_SETTING = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*")
_ALIAS = re.compile(r"\s*-?(@\S+)(?:\s+(.*))?")
_FIELDS = re.compile(r"\s*-?((?:\S+\s+){4}\S+)(?:\s+(.*))?")
_BLANK = re.compile(r"\s")
_PERCENT = re.compile(r"(?<!\\)%")


class Carried(Struct, frozen=True):
    """One cron trigger, and what it is to run. `at` says where it stood: a line's number, or a place in a document."""

    at: str
    cron: Cron
    timezone: str
    command: str
    name: str = ""
    user: str = ""
    stdin: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    enabled: bool = True
    notes: tuple[str, ...] = ()
    """What of it is not carried, each as a sentence without its capital and full stop."""


class LeftOut(Struct, frozen=True):
    """What can't be carried at all."""

    at: str
    text: str
    why: str


class Imported(Struct, frozen=True):
    """What was found, in its order."""

    carried: tuple[Carried, ...]
    left_out: tuple[LeftOut, ...]


def crontab(text: str, timezone: str, *, with_users: bool = False) -> Imported:
    """Read a crontab; `with_users` one of /etc/cron.d, whose lines name a user. `timezone` is the machine's own."""
    carried: list[Carried] = []
    left_out: list[LeftOut] = []
    settings: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        at, words = f"line {number}", line.strip()
        if not words or words.startswith("#"):
            continue
        if found := _SETTING.fullmatch(line):
            settings[found[1]] = _unquoted(found[2])
            continue
        try:
            carried.append(_entry(at, line, settings, timezone, with_users=with_users))
        except (CronMalformed, ZoneUnknown, EntryIncomplete) as refused:
            left_out.append(LeftOut(at, words, str(refused)))
    return Imported(tuple(carried), tuple(left_out))


class EntryIncomplete(ValueError):  # noqa: N818 - a reason to leave it out, that nobody else sees
    """The entry lacks something."""


def _entry(at: str, line: str, settings: Mapping[str, str], timezone: str, *, with_users: bool) -> Carried:
    found = _ALIAS.fullmatch(line) or _FIELDS.fullmatch(line)
    if not found:
        raise EntryIncomplete("it has neither five fields nor a name such as @daily before its command")
    cron, rest, user = parse(found[1]), (found[2] or "").strip(), ""
    if with_users:
        user, rest = (part.strip() for part in _BLANK.split(f"{rest} ", maxsplit=1))
    if not rest:
        raise EntryIncomplete("it has no command" + (" behind its user" if with_users else ""))
    command, *more = _PERCENT.split(rest)
    return Carried(
        at=at,
        cron=cron,
        timezone=zone(settings.get(ZONE_SETTING) or timezone).name,
        command=command.replace("\\%", "%").strip(),
        user=user,
        # A crontab's first % begins the command's input, and each one after it a line of that.
        stdin="\n".join(more).replace("\\%", "%") if more else None,
        environment={key: settings[key] for key in settings if key not in UNCARRIED and key != ZONE_SETTING},
        notes=tuple(_notes(settings, user, command)),
    )


def _notes(settings: Mapping[str, str], user: str, command: str) -> Iterable[str]:
    if user:
        yield f"it is not run as the user {user}"
    elif command.split(maxsplit=1)[:1] == ["root"]:
        yield "its command begins with root, as lines of cron.d do: read the file as one of those"
    for key, value in settings.items():
        if key in UNCARRIED and value and not (key == "SHELL" and value in BASH):
            yield UNCARRIED[key].format(value=value)


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value


def github_workflow(document: Mapping[Any, Any]) -> Imported:
    """Read the schedule of a GitHub Actions workflow, whose YAML has been loaded; its times are in UTC.

    What it runs is a workflow of another system: it is named, and is not a command.
    """
    carried: list[Carried] = []
    left_out: list[LeftOut] = []
    # YAML 1.1 takes the key `on` for true.
    triggers = document.get("on", document.get(True))
    triggers = triggers if isinstance(triggers, Mapping) else dict.fromkeys(_names(triggers))
    name = str(document.get("name") or "")
    for kind, entries in triggers.items():
        if kind != "schedule":
            left_out.append(LeftOut(f"on.{kind}", str(kind), "it is no schedule"))
            continue
        for place, entry in enumerate(entries if isinstance(entries, list) else [entries]):
            at = f"on.schedule[{place}]"
            text = entry.get("cron") if isinstance(entry, Mapping) else None
            if not isinstance(text, str):
                left_out.append(LeftOut(at, str(entry), "it has no cron expression"))
                continue
            try:
                found = zone(str(entry.get("timezone") or "UTC")).name
                carried.append(Carried(at, parse(text), found, "", name=name, notes=_steps(document)))
            except (CronMalformed, ZoneUnknown) as refused:
                left_out.append(LeftOut(at, text, str(refused)))
    return Imported(tuple(carried), tuple(left_out))


def _names(triggers: object) -> list[str]:
    if isinstance(triggers, list):
        return [str(each) for each in triggers]
    return [str(triggers)] if triggers else []


def _steps(document: Mapping[Any, Any]) -> tuple[str, ...]:
    jobs = document.get("jobs")
    names = ", ".join(str(each) for each in jobs) if isinstance(jobs, Mapping) else ""
    return (f"its jobs are not carried: {names}",) if names else ()


def qinglong(items: Iterable[object], timezone: str) -> Imported:
    """Read the jobs of a QingLong export, each with its schedule, further schedules and command."""
    carried: list[Carried] = []
    left_out: list[LeftOut] = []
    for place, item in enumerate(items):
        if not isinstance(item, Mapping):
            left_out.append(LeftOut(f"[{place}]", str(item)[:200], "it is no job"))
            continue
        command, name = str(item.get("command") or ""), str(item.get("name") or "")
        for at, text in _schedules(place, item):
            try:
                if not command:
                    raise EntryIncomplete("it has no command")
                carried.append(
                    Carried(
                        at,
                        parse(text),
                        zone(timezone).name,
                        command,
                        name=name,
                        enabled=not item.get("isDisabled"),
                        notes=tuple(
                            f"its {each} is not run" for each in ("task_before", "task_after") if item.get(each)
                        ),
                    )
                )
            except (CronMalformed, ZoneUnknown, EntryIncomplete) as refused:
                left_out.append(LeftOut(at, f"{text} {command}".strip(), str(refused)))
    return Imported(tuple(carried), tuple(left_out))


def _schedules(place: int, item: Mapping[Any, Any]) -> list[tuple[str, str]]:
    found = [(f"[{place}].schedule", str(item.get("schedule") or ""))]
    more = item.get("extra_schedules")
    for number, each in enumerate(more if isinstance(more, list) else []):
        text = each.get("schedule") if isinstance(each, Mapping) else each
        found.append((f"[{place}].extra_schedules[{number}]", str(text or "")))
    return found
