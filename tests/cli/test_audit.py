"""What was done, from a terminal."""

import sqlite3
from collections.abc import Callable

from .conftest import Commands, MakeYard, Yard


def test_the_audit_is_listed_taken_away_and_verified(make_yard: MakeYard, login: Callable[[Yard], Commands]) -> None:
    yard = make_yard(RUNYARD_SEED_EXAMPLES="false")
    ry = login(yard)
    listed = ry("audit", "list", "--action", "login", "--json").json
    assert {event["actor"]["name"] for event in listed} == {"admin"}
    assert "login" in ry("audit", "list").out
    assert "Nothing was done" in ry("audit", "list", "--actor", "nobody").err
    assert ry("audit", "export", "--kind", "user").out.startswith("seq,id,at,")
    whole = ry("audit", "verify", "--data", yard.data)
    assert (whole.code, "are whole and in order" in whole.out) == (0, True)
    with sqlite3.connect(yard.data / "runyard.db") as database:
        database.execute("UPDATE audit_events SET actor_name = 'eve' WHERE seq = 2")
    broken = ry("audit", "verify", "--data", yard.data)
    assert (broken.code, "Event 2 is not what it was" in broken.err) == (1, True)
    assert ry("audit", "verify", "--json", "--data", yard.data).json["seq"] == 2
