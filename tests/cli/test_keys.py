"""The keys of secrets from a terminal."""

import time
from collections.abc import Callable
from typing import Any

from .conftest import PATIENCE_S, Commands, MakeYard, Yard


def test_keys_are_listed_and_changed_without_a_secret_being_lost(
    make_yard: MakeYard, login: Callable[[Yard], Commands]
) -> None:
    yard = make_yard(RUNYARD_SEED_EXAMPLES="false")
    ry = login(yard)
    ry("secrets", "set", "KEPT", stdin="swordfish")
    assert "is at version 1" in ry("secrets", "set", "SHARED", "--global", stdin="of everybody").err
    before = ry("keys", "list", "--json").json
    assert {(one["project"], one["version"], one["secrets"]) for one in before["items"]} == {
        (None, 1, 1),
        ("default", 1, 1),
    }
    told = ry("keys", "list")
    assert ("(installation)" in told.out, "Data keys are wrapped by: " in told.err) == (True, True)
    for wrong in ([], ["--data-keys", "--master"]):
        assert ry("keys", "rotate", *wrong).code == 2

    assert ry("keys", "rotate", "--data-keys").code == 0
    after = _settled(ry)
    assert {(one["version"], one["secrets"], one["behind"]) for one in after["items"]} == {(2, 1, 0)}
    assert ry("keys", "rotate", "--master").code == 0
    rewrapped = _settled(ry)
    wrapped = {one["project"]: one["wrapped_by"] for one in rewrapped["items"]}
    assert wrapped != {one["project"]: one["wrapped_by"] for one in after["items"]}

    # What was sealed before is still the same value: setting it again makes no version.
    assert "is at version 1" in ry("secrets", "set", "KEPT", stdin="swordfish").err
    said = [event["changes"]["what"][1] for event in ry("audit", "list", "--action", "keys.rotate", "--json").json]
    assert said == ["master", "data"]


def _settled(ry: Commands) -> Any:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        found = ry("keys", "list", "--json").json
        if not found["busy"]:
            return found
    raise AssertionError("the keys are still being changed")
