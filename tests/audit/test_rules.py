from datetime import UTC, datetime, timedelta

import pytest

from runyard.audit.rules import Seen, alerts

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def series(count: int, every_s: float, action: str, **facts: object) -> list[Seen]:
    return [Seen(START + timedelta(seconds=every_s * n), action, **facts) for n in range(count)]  # type: ignore[arg-type]


WRONG = {"outcome": "refused", "address": "10.0.0.9"}
ADA = {"actor_id": "usr_ada", "actor_name": "ada", "address": "10.0.0.1"}
CASES: list[tuple[str, list[Seen], list[str]]] = [
    ("nothing", [], []),
    ("a few wrong passwords", series(9, 1, "login.failed", **WRONG), []),
    ("many wrong passwords", series(10, 1, "login.failed", **WRONG), ["failed_logins_from_address"]),
    ("many, but slowly", series(30, 400, "login.failed", **WRONG), []),
    (
        "many addresses, one account",
        [
            Seen(START + timedelta(seconds=n), "login.failed", "refused", address=f"10.0.0.{n}", object_id="usr_ada")
            for n in range(10)
        ],
        ["failed_logins_of_user"],
    ),
    (
        "guessed",
        [
            *series(5, 1, "login.failed", object_id="usr_ada", outcome="refused", address="10.0.0.1"),
            Seen(START + timedelta(seconds=9), "login", **ADA),  # type: ignore[arg-type]
        ],
        ["login_after_failures"],
    ),
    (
        "mistyped",
        [
            *series(4, 1, "login.failed", object_id="usr_ada", outcome="refused", address="10.0.0.1"),
            Seen(START + timedelta(seconds=9), "login", **ADA),  # type: ignore[arg-type]
        ],
        [],
    ),
    ("mass delete", series(10, 10, "script.delete", **ADA), ["mass_delete"]),
    ("a clean-up of a day", series(10, 3600, "script.delete", **ADA), []),
    ("refused deletes", series(10, 1, "script.delete", outcome="refused", **ADA), []),
    ("secrets read", series(10, 10, "secret.read", **ADA), ["secret_reads"]),
    ("replay", series(1, 1, "session.replay", outcome="refused", object_id="ses_1", **ADA), ["replayed_session"]),
    (
        "new admin",
        series(1, 1, "user.update", object_id="usr_b", changes={"is_admin": [False, True]}, **ADA),
        ["new_admin"],
    ),
    (
        "new admin of a project",
        series(1, 1, "member.update", object_id="usr_b", changes={"administers": [False, True]}, **ADA),
        ["new_project_admin"],
    ),
    (
        "an admin of a project who was invited",
        series(1, 1, "member.add", object_id="usr_ada", changes={"administers": [False, True]}, **ADA),
        ["joined_project_admin"],
    ),
    (
        "no admin of a project any more",
        series(1, 1, "member.update", object_id="usr_b", changes={"administers": [True, False]}, **ADA),
        [],
    ),
    (
        "an admin who was invited",
        series(1, 1, "invitation.accept", object_id="inv_b", changes={"is_admin": [None, True]}, **ADA),
        ["invited_admin"],
    ),
    (
        "somebody who was invited",
        series(1, 1, "invitation.accept", object_id="inv_b", changes={"is_admin": [None, False]}, **ADA),
        [],
    ),
    (
        "an admin made anew",
        series(1, 1, "user.create", object_id="usr_b", changes={"is_admin": [None, True]}, **ADA),
        ["new_admin"],
    ),
    (
        "no admin any more",
        series(1, 1, "user.update", object_id="usr_b", changes={"is_admin": [True, False]}, **ADA),
        [],
    ),
    ("many refusals", series(20, 1, "script.update", outcome="refused", **ADA), ["refusals"]),
]


@pytest.mark.parametrize(("events", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_rules(events: list[Seen], expected: list[str]) -> None:
    assert [alert.rule for alert in alerts(events)] == expected


def test_a_long_stretch_is_one_alert_and_two_are_two() -> None:
    first = series(50, 2, "script.delete", **ADA)
    later = [Seen(event.at + timedelta(hours=3), "script.delete", **ADA) for event in first[:10]]  # type: ignore[arg-type]
    found = alerts([*first, *later])
    assert [len(alert.events) for alert in found] == [10, 50]
    assert "50 things" in found[1].message
    assert found[0].actor == "ada"


def test_whom_somebody_made_an_administrator_is_named() -> None:
    facts = {"object_id": "usr_b", "object_name": "bob", "changes": {"is_admin": [False, True]}}
    [alert] = alerts(series(1, 1, "user.update", **facts, **ADA))
    assert (alert.actor, alert.about) == ("ada", "bob")
    assert alert.message == "ada made bob an administrator."
