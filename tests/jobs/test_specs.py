"""Triggers and windows as they are read, and what is said of those that can't be."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from runyard.clock import from_us
from runyard.jobs.blackouts import stretches
from runyard.jobs.plans import JobSettings
from runyard.jobs.slots import CatchUp, Overlap, Plan
from runyard.jobs.specs import WindowEmpty, WindowSpec, spec_of
from runyard.jobs.trigger_schemas import TriggerIn

from .recurrence.clocks import us

TRIGGER: TypeAdapter[Any] = TypeAdapter(TriggerIn)
WINDOW: TypeAdapter[Any] = TypeAdapter(WindowSpec)
BEGIN = from_us(us("2026-03-01T00:00"))


@pytest.mark.parametrize(
    ("given", "place", "said"),
    [
        ({}, ("type",), "The type is missing."),
        ({"type": "tea"}, ("type",), "The type is none of cron, interval, date, webhook, after, file."),
        ("cron", (), "Input should be a valid dictionary or object to extract fields from"),
        (
            {"type": "interval", "every_s": 60, "timezone": "UTC"},
            ("timezone",),
            "What is of the type interval has no such field.",
        ),
        ({"type": "interval", "every_s": 60, "url": "/x"}, ("url",), "What is of the type interval has no such field."),
        ({"type": "interval", "every_s": 60, "note": "a\0b"}, ("note",), "NUL characters can't be kept."),
        ({"type": "date"}, ("at",), "Field required"),
        (
            {"type": "cron", "cron": "0 0 30 2 *"},
            ("cron",),
            'day of month: "30" never comes in FEB, which never has more than 29 days',
        ),
        (
            {"type": "cron", "cron": "0 3 * * *", "timezone": "Mars/X"},
            ("timezone",),
            'No time zone is called "Mars/X"; they have names such as Europe/Berlin or UTC.',
        ),
    ],
)
def test_what_is_wrong_is_said_of_its_field(given: Any, place: tuple[str, ...], said: str) -> None:
    with pytest.raises(ValidationError) as told:
        TRIGGER.validate_python(given)
    [error] = told.value.errors()
    assert (error["loc"], error["msg"]) == (place, said)


def test_what_answers_say_may_come_back_where_it_says_nothing() -> None:
    answered = {"words": None, "next_at": None, "url": None, "has_secret": False, "trouble": None}
    for given in (
        {"type": "cron", "cron": "0 3 * * *", "words": {"en": "x", "zh": "x"}, "next_at": "2026-01-01T00:00:00Z"},
        {"type": "webhook", "url": "/api/v1/hooks/x", "has_secret": True, "note": "from the shop"},
        {"type": "file", "folder": "/srv", "trouble": {"code": "folder_missing", "message": "x"}},
    ):
        read = TRIGGER.validate_python({**answered, **given})
        assert not answered.keys() & read.model_fields_set


def test_rules_of_what_is_kept() -> None:
    first = {
        "cron": spec_of({"type": "cron", "cron": "0 3 * * *", "timezone": "Asia/Shanghai"}),
        "interval": spec_of({"type": "interval", "every_s": 3600}),
        "anchored": spec_of({"type": "interval", "every_s": 3600, "anchor": "2026-01-01T00:10:00Z"}),
        "date": spec_of({"type": "date", "at": "2026-03-02T00:00:00Z"}),
    }
    found = {kind: spec.rule(BEGIN).next(us("2026-03-01T00:00")) for kind, spec in first.items()}  # type: ignore[union-attr]
    assert {kind: due and due.at for kind, due in found.items()} == {
        "cron": us("2026-03-01T19:00"),
        "interval": us("2026-03-01T01:00"),
        "anchored": us("2026-03-01T00:10"),
        "date": us("2026-03-02T00:00"),
    }


@pytest.mark.parametrize(
    ("given", "inside", "outside"),
    [
        ({"type": "dates", "first": "2026-03-02", "last": "2026-03-02"}, "2026-03-01T23:30", "2026-03-02T23:30"),
        (
            {"type": "hours", "weekdays": [1], "start": "22:00", "end": "06:00"},
            "2026-03-03T04:30",
            "2026-03-03T05:30",
        ),
        (
            {"type": "between", "start": "2026-03-01T00:00:00Z", "end": "2026-03-02T00:00:00Z"},
            "2026-03-01T00:00",
            "2026-03-02T00:00",
        ),
    ],
)
def test_windows_on_the_clock_of_a_zone(given: dict[str, Any], inside: str, outside: str) -> None:
    window = WINDOW.validate_python({"name": "shut", **given}).window("Europe/Berlin")
    found = stretches([window], us("2026-02-20T00:00"), us("2026-03-10T00:00"))
    assert any(each.holds(us(inside)) for each in found)
    assert not any(each.holds(us(outside)) for each in found)


def test_a_window_that_ends_before_it_begins_is_none() -> None:
    given = {"type": "between", "name": "x", "start": "2026-03-02T00:00:00Z", "end": "2026-03-02T00:00:00Z"}
    with pytest.raises(WindowEmpty):
        WINDOW.validate_python(given).window("UTC")


def test_settings_say_how_slots_are_decided() -> None:
    settings = JobSettings.model_validate({"grace_s": 5, "catch_up": "all", "catch_up_most": 3, "overlap": "skip"})
    assert settings.plan == Plan(5, CatchUp.all, 3, Overlap.skip)
