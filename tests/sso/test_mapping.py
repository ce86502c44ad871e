"""What groups elsewhere mean here, and where a sign-in may lead."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from runyard import clock
from runyard.access.people_schemas import Username
from runyard.secrets.keys import MasterKey
from runyard.secrets.sealing import Sealer
from runyard.sso import journeys
from runyard.sso.journeys import JourneyLost, safe_next
from runyard.sso.mapping import Step, admin_after, claim, meaning, steps, still_given, text, texts, username_of
from runyard.sso_settings import Mapping

RULES = Mapping.model_validate(
    {
        "allowed_groups": ["staff", "guests"],
        "admin_groups": ["root"],
        "roles": [
            {"group": "leads", "project": "a", "role": "admin"},
            {"group": "staff", "project": "a", "role": "viewer"},
            {"group": "staff", "project": "b", "role": "developer"},
        ],
    }
)


@pytest.mark.parametrize(
    ("groups", "allowed", "is_admin", "roles"),
    [
        ([], False, False, {}),
        (["others"], False, False, {}),
        (["guests"], True, False, {}),
        (["staff"], True, False, {"a": "viewer", "b": "developer"}),
        (["staff", "leads"], True, False, {"a": "admin", "b": "developer"}),
        (["leads"], False, False, {"a": "admin"}),
        (["root", "guests"], True, True, {}),
        (["STAFF"], False, False, {}),
    ],
)
def test_meaning(groups: list[str], allowed: bool, is_admin: bool, roles: dict[str, str]) -> None:  # noqa: FBT001
    found = meaning(RULES, groups)
    assert (found.allowed, found.is_admin, found.roles) == (allowed, is_admin, roles)


def test_a_directorys_names_are_the_same_however_spelt() -> None:
    assert meaning(RULES, ["STAFF"], str.casefold).roles == {"a": "viewer", "b": "developer"}


def test_without_rules_everybody_is_let_in_with_nothing() -> None:
    found = meaning(Mapping(), ["any"])
    assert (found.allowed, found.is_admin, found.roles) == (True, False, {})


@pytest.mark.parametrize(
    ("wanted", "given_", "held", "done", "kept"),
    [
        ({"a": "viewer"}, {}, {}, [Step("a", None, "viewer")], {"a": "viewer"}),
        ({"a": "admin"}, {"a": "viewer"}, {"a": "viewer"}, [Step("a", "viewer", "admin")], {"a": "admin"}),
        ({}, {"a": "viewer"}, {"a": "viewer"}, [Step("a", "viewer", None)], {}),
        ({"a": "viewer"}, {"a": "viewer"}, {"a": "viewer"}, [], {"a": "viewer"}),
        # By hand: given, raised, or taken away.
        ({"a": "viewer"}, {}, {"a": "admin"}, [], {}),
        ({"a": "viewer"}, {}, {"a": "viewer"}, [], {}),
        ({"a": "viewer"}, {"a": "viewer"}, {"a": "admin"}, [], {}),
        ({}, {"a": "viewer"}, {"a": "admin"}, [], {}),
        ({}, {"a": "viewer"}, {}, [], {}),
        ({"a": "viewer"}, {"a": "viewer"}, {}, [Step("a", None, "viewer")], {"a": "viewer"}),
    ],
)
def test_steps(
    wanted: dict[str, str], given_: dict[str, str], held: dict[str, str], done: list[Step], kept: dict[str, str]
) -> None:
    assert steps(wanted, given_, held) == done
    assert still_given(wanted, given_, held) == kept


@pytest.mark.parametrize(
    ("is_admin", "given_", "wanted", "after"),
    [
        (False, False, True, (True, True)),
        (True, True, True, (True, True)),
        (True, True, False, (False, False)),
        (True, False, False, (True, False)),
        (True, False, True, (True, False)),
        (False, False, False, (False, False)),
        # Taken away by hand, and given anew by their groups.
        (False, True, True, (True, True)),
        (False, True, False, (False, False)),
    ],
)
def test_admins(is_admin: bool, given_: bool, wanted: bool, after: tuple[bool, bool]) -> None:  # noqa: FBT001
    assert admin_after(is_admin=is_admin, given=given_, wanted=wanted) == after


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("groups", ["a"]),
        ("realm_access.roles", ["b"]),
        ("https://x.example/groups", ["c"]),
        ("groups.x", None),
        ("realm_access.nothing", None),
        ("", None),
    ],
)
def test_claims(path: str, found: Any) -> None:
    claims = {"groups": ["a"], "realm_access": {"roles": ["b"]}, "https://x.example/groups": ["c"]}
    assert claim(claims, path) == found


@pytest.mark.parametrize(
    ("value", "found"), [("a", {"a"}), (["a", 1, "", None, "b"], {"a", "b"}), (None, set()), ({"a": 1}, set())]
)
def test_lists_of_texts(value: Any, found: set[str]) -> None:
    assert texts(value) == found


def test_a_text_is_one_line() -> None:
    assert text(" a\n\tb\0c ", 10) == "a b c"
    assert text("abc", 2) == "ab"
    assert text(5, 2) == ""


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("mei", "mei"),
        ("Mei Chen", "Mei-Chen"),
        ("mei@example.com", "mei@example.com"),
        ("梅", "梅"),
        ("", "user"),
        ("../x", "-x"),
        ("usr_01", "u.usr_01"),
        ("-", "user"),
    ],
)
def test_usernames(wanted: str, name: str) -> None:
    assert username_of(wanted) == name.lstrip("-")


@given(st.text())
def test_every_name_is_one_that_a_user_may_have(wanted: str) -> None:
    made = username_of(wanted)
    assert TypeAdapter(Username).validate_python(made) == made
    assert len(made) <= 60


@pytest.mark.parametrize(
    "path",
    [
        *("//evil.example", "/\\evil.example", "https://evil.example", "javascript:1", "", None, "/\n/evil"),
        *("/api/docs", "/login?next=/x", "/" + "x" * 3000, "x", "/\x7f", "/a b"),
    ],
)
def test_nobody_is_led_elsewhere(path: str | None) -> None:
    assert safe_next(path) == "/"


@pytest.mark.parametrize("path", ["/", "/runs?state=failed&q=%20x", "/scripts/scr_1#code", "/a/%2F%2Fevil.example"])
def test_paths_of_the_page_are_kept(path: str) -> None:
    assert safe_next(path) == path


def test_a_journey_comes_back_to_whom_it_began_with() -> None:
    sealer, now = Sealer(MasterKey(b"k" * 32)), clock.now()
    journey = journeys.begin("/runs", "https://yard.example/cb", now)
    packed = journeys.pack(journey, sealer)
    assert journeys.unpack(packed, journey.state, sealer, now + timedelta(minutes=9)) == journey
    other = journeys.begin("/", "https://yard.example/cb", now)
    for wrong, state, at in (
        (packed, other.state, now),
        (packed, None, now),
        (packed, "", now),
        (packed, journey.state, now + timedelta(minutes=11)),
        (packed, journey.state, now - timedelta(minutes=1)),
        (None, journey.state, now),
        ("x", journey.state, now),
        (packed[:-4] + "AAAA", journey.state, now),
        (Sealer(MasterKey(b"o" * 32)).seal(b"{}", "sso:journey"), journey.state, now),
    ):
        with pytest.raises(JourneyLost):
            journeys.unpack(wrong, state, sealer, at)
