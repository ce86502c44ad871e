"""What is out of the ordinary: rules over what was done lately. Pure."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct, field

WARNING, CRITICAL = "warning", "critical"
WRONG = "login.failed"


class Seen(Struct, frozen=True):
    """An event as the rules look at it."""

    at: datetime
    action: str
    outcome: str = "ok"
    actor_id: str = ""
    actor_name: str = ""
    address: str = ""
    object_kind: str = ""
    object_id: str = ""
    object_name: str = ""
    project_id: str | None = None
    changes: Mapping[str, Sequence[Any]] = field(default_factory=dict)


class Alert(Struct, frozen=True):
    """Something that somebody should look at, and the events that it is about: `actor` and `about` are names."""

    rule: str
    severity: str
    message: str
    events: tuple[Seen, ...]
    actor: str = ""
    address: str = ""
    about: str = ""

    @property
    def last_at(self) -> datetime:
        """When it was last seen."""
        return self.events[-1].at


class Burst(Struct, frozen=True):
    """At least `least` such events of one `key` within a time make an alert."""

    rule: str
    severity: str
    chosen: Callable[[Seen], bool]
    key: Callable[[Seen], str]
    within: timedelta
    least: int
    sentence: str


def _is_delete(event: Seen) -> bool:
    return event.outcome == "ok" and (event.action.endswith(".delete") or event.action == "environment.cleanup")


BURSTS: tuple[Burst, ...] = (
    Burst(
        "failed_logins_from_address",
        WARNING,
        lambda e: e.action == WRONG,
        lambda e: e.address,
        timedelta(minutes=15),
        10,
        "{count} failed sign-ins from {address} within {minutes} minutes.",
    ),
    Burst(
        "failed_logins_of_user",
        WARNING,
        lambda e: e.action == WRONG and bool(e.object_id),
        lambda e: e.object_id,
        timedelta(hours=1),
        10,
        "{count} failed sign-ins as {object} within {minutes} minutes.",
    ),
    Burst(
        "mass_delete",
        CRITICAL,
        _is_delete,
        lambda e: e.actor_id,
        timedelta(minutes=5),
        10,
        "{actor} deleted {count} things within {minutes} minutes.",
    ),
    Burst(
        "secret_reads",
        CRITICAL,
        lambda e: e.outcome == "ok" and e.action in {"secret.read", "secret.reveal"},
        lambda e: e.actor_id,
        timedelta(minutes=10),
        10,
        "{actor} read {count} secrets within {minutes} minutes.",
    ),
    Burst(
        "secret_uses",
        WARNING,
        lambda e: e.outcome == "ok" and e.action == "secret.use",
        lambda e: e.actor_id,
        timedelta(minutes=10),
        500,
        "Secrets were used {count} times by {actor} within {minutes} minutes.",
    ),
    Burst(
        "refusals",
        WARNING,
        lambda e: e.outcome == "refused" and bool(e.actor_id),
        lambda e: e.actor_id,
        timedelta(minutes=10),
        20,
        "{actor} was refused {count} times within {minutes} minutes.",
    ),
    Burst(
        "replayed_session",
        CRITICAL,
        lambda e: e.action == "session.replay",
        lambda e: e.object_id,
        timedelta(minutes=1),
        1,
        "An old refresh token of {actor} was used again: it may have been stolen. The session has ended.",
    ),
    Burst(
        "new_admin",
        WARNING,
        lambda e: e.outcome == "ok" and _comes_to(e, "is_admin", value=True),
        lambda e: e.object_id,
        timedelta(minutes=1),
        1,
        "{actor} made {object} an administrator.",
    ),
    Burst(
        "invited_admin",
        WARNING,
        lambda e: e.action == "invitation.accept" and _becomes(e, "is_admin", value=True),
        lambda e: e.object_id,
        timedelta(minutes=1),
        1,
        "{actor} has come in as an administrator, by an invitation.",
    ),
    Burst(
        "new_project_admin",
        WARNING,
        lambda e: _comes_to_project(e) and not _by_themselves(e),
        lambda e: f"{e.object_id} {e.project_id}",
        timedelta(minutes=1),
        1,
        "{actor} made {object} an administrator of a project.",
    ),
    Burst(
        "joined_project_admin",
        WARNING,
        lambda e: _comes_to_project(e) and _by_themselves(e),
        lambda e: f"{e.object_id} {e.project_id}",
        timedelta(minutes=1),
        1,
        "{actor} has come in as an administrator of a project.",
    ),
)
GUESSED_AFTER = 5
GUESSED_WITHIN = timedelta(minutes=30)


def alerts(events: Sequence[Seen]) -> list[Alert]:
    """Return what is out of the ordinary in events, which are in the order of time; the latest alert first."""
    found = [alert for rule in BURSTS for alert in _bursts(rule, events)]
    found += _guessed(events)
    return sorted(found, key=lambda alert: alert.last_at, reverse=True)


def _bursts(rule: Burst, events: Sequence[Seen]) -> Iterator[Alert]:
    """Give one alert for each key and each stretch in which there were enough events within the time."""
    groups: dict[str, list[Seen]] = defaultdict(list)
    for event in events:
        if rule.chosen(event) and (key := rule.key(event)):
            groups[key].append(event)
    for group in groups.values():
        stretch: list[Seen] = []
        for number, event in enumerate(group):
            first = group[number - rule.least + 1] if number + 1 >= rule.least else None
            if first is None or event.at - first.at > rule.within:
                continue
            start = number - rule.least + 1
            if stretch and stretch[-1].at >= first.at:
                stretch.append(event)
            else:
                if stretch:
                    yield _alert(rule, stretch)
                stretch = list(group[start : number + 1])
        if stretch:
            yield _alert(rule, stretch)


def _alert(rule: Burst, events: Sequence[Seen]) -> Alert:
    last = events[-1]
    minutes = max(1, round((last.at - events[0].at) / timedelta(minutes=1)))
    message = rule.sentence.format(
        count=len(events),
        minutes=minutes,
        actor=last.actor_name or "somebody",
        address=last.address or "an unknown address",
        object=last.object_name or last.object_id,
    )
    by = last.actor_name or (last.object_name if rule.rule == "failed_logins_of_user" else "")
    about = last.object_name or last.object_id
    return Alert(rule.rule, rule.severity, message, tuple(events), by, last.address, about)


def _guessed(events: Sequence[Seen]) -> Iterator[Alert]:
    """Give an alert for a sign-in that came soon after several failures from the same address."""
    wrong: dict[tuple[str, str], list[Seen]] = defaultdict(list)
    for event in events:
        if event.action == WRONG and event.object_id:
            wrong[event.object_id, event.address].append(event)
        elif event.action == "login" and event.outcome == "ok":
            before = wrong.pop((event.actor_id, event.address), [])
            recent = [one for one in before if event.at - one.at <= GUESSED_WITHIN]
            if len(recent) >= GUESSED_AFTER:
                message = f"{event.actor_name} signed in from {event.address} after {len(recent)} failed tries there."
                yield Alert(
                    "login_after_failures", CRITICAL, message, (*recent, event), event.actor_name, event.address
                )


def _comes_to(event: Seen, field_name: str, *, value: object) -> bool:
    of_people = event.action.partition(".")[0] in {"user", "member", "project_member", "membership"}
    return of_people and _becomes(event, field_name, value=value)


def _comes_to_project(event: Seen) -> bool:
    """Whether somebody comes to look after a project, by the built-in role or by another that may."""
    return event.outcome == "ok" and _comes_to(event, "administers", value=True)


def _by_themselves(event: Seen) -> bool:
    """Whether somebody acts upon themselves, as those do who come in by an invitation or register."""
    return event.actor_id != "" and event.actor_id == event.object_id


def _becomes(event: Seen, field_name: str, *, value: object) -> bool:
    pair = event.changes.get(field_name, ())
    return len(pair) > 1 and pair[1] == value and pair[0] != value
