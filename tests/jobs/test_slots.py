"""What becomes of due instants: fired, or accounted for with the reason."""

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runyard.jobs.blackouts import Stretch, apart
from runyard.jobs.recurrence.counting import count
from runyard.jobs.recurrence.rules import US, AtIntervals, Due, Once, between
from runyard.jobs.slots import (
    MOST_AT_ONCE,
    CatchUp,
    Decision,
    Outcome,
    Overlap,
    Plan,
    Reason,
    Recurrence,
    Slot,
    decide,
    joined,
)

from .recurrence.clocks import rule, us

MINUTE, HOUR = 60 * US, 3600 * US
NOON = us("2026-06-01T12:00")
HOURLY = rule("0 * * * *", "UTC")
SECONDLY = AtIntervals(1, 0)
Row = tuple[str, str, int, str, str]
"""First and last due, how many, outcome, reason."""


def clock(at: int) -> str:
    hours, rest = divmod((at - NOON) // US + 12 * 3600, 3600)
    text = f"{hours:02}:{rest // 60:02}"
    return text + (f":{rest % 60:02}" if rest % 60 else "")


def rows(decision: Decision) -> list[Row]:
    return [
        (clock(slot.due_from), clock(slot.due_to), slot.count, slot.outcome.value, slot.reason.value)
        for slot in decision.slots
    ]


def fired(text: str, reason: str = "on_time") -> Row:
    return (text, text, 1, "fired", reason)


NONE, LATEST, ALL = (Plan(catch_up=each) for each in CatchUp)


def at(text: str) -> int:
    hour, minute, *second = (int(part) for part in text.split(":"))
    return NOON + ((hour - 12) * 3600 + minute * 60 + sum(second)) * US


def stretch(start: str, end: str, name: str = "why") -> Stretch:
    return Stretch(at(start), at(end), name)


@pytest.mark.parametrize(
    ("after", "now", "plan", "pauses", "blackouts", "room", "expected"),
    [
        ("11:30", "11:45", LATEST, [], [], None, []),
        ("12:00", "12:00", LATEST, [], [], None, []),
        ("12:30", "11:30", LATEST, [], [], None, []),
        ("11:30", "12:00", LATEST, [], [], None, [fired("12:00")]),
        # Whatever is to be caught up, what is decided within its grace time fires.
        ("11:30", "12:01", NONE, [], [], None, [fired("12:00")]),
        ("11:30", "12:01:01", NONE, [], [], None, [("12:00", "12:00", 1, "missed", "too_late")]),
        ("11:30", "12:01:01", LATEST, [], [], None, [fired("12:00", "caught_up")]),
        ("06:30", "12:30", NONE, [], [], None, [("07:00", "12:00", 6, "missed", "too_late")]),
        (
            "06:30",
            "12:30",
            LATEST,
            [],
            [],
            None,
            [("07:00", "11:00", 5, "coalesced", "stood_for"), fired("12:00", "caught_up")],
        ),
        # One that is in time stands for those that are late.
        ("06:30", "12:00", LATEST, [], [], None, [("07:00", "11:00", 5, "coalesced", "stood_for"), fired("12:00")]),
        ("06:30", "12:00", NONE, [], [], None, [("07:00", "11:00", 5, "missed", "too_late"), fired("12:00")]),
        (
            "09:30",
            "12:30",
            ALL,
            [],
            [],
            None,
            [fired("10:00", "caught_up"), fired("11:00", "caught_up"), fired("12:00", "caught_up")],
        ),
        (
            "06:30",
            "12:00",
            Plan(catch_up=CatchUp.all, most=2),
            [],
            [],
            None,
            [
                ("07:00", "09:00", 3, "missed", "too_many"),
                fired("10:00", "caught_up"),
                fired("11:00", "caught_up"),
                fired("12:00"),
            ],
        ),
        # Pauses and blackouts that are over, with what is late on either side of them.
        (
            "06:30",
            "12:00",
            LATEST,
            [stretch("08:30", "10:30")],
            [],
            None,
            [
                ("07:00", "08:00", 2, "coalesced", "stood_for"),
                ("09:00", "10:00", 2, "paused", "paused"),
                ("11:00", "11:00", 1, "coalesced", "stood_for"),
                fired("12:00"),
            ],
        ),
        ("11:30", "12:00", LATEST, [stretch("11:00", "12:00")], [], None, [fired("12:00")]),
        (
            "11:30",
            "12:01",
            LATEST,
            [stretch("12:00", "12:00:01")],
            [],
            None,
            [("12:00", "12:00", 1, "paused", "paused")],
        ),
        (
            "11:30",
            "12:01",
            LATEST,
            [],
            [stretch("11:00", "12:00:30")],
            None,
            [("12:00", "12:00", 1, "blackout", "blackout")],
        ),
        # What is both is paused: a person did that.
        (
            "08:30",
            "12:00",
            LATEST,
            [stretch("10:30", "11:30")],
            [stretch("08:00", "11:00:01")],
            None,
            [("09:00", "10:00", 2, "blackout", "blackout"), ("11:00", "11:00", 1, "paused", "paused"), fired("12:00")],
        ),
        # While either is in force nothing starts, though it was due before.
        (
            "10:30",
            "12:30",
            LATEST,
            [stretch("12:10", "99:00")],
            [],
            None,
            [("11:00", "12:00", 2, "paused", "paused_since")],
        ),
        (
            "10:30",
            "12:30",
            ALL,
            [],
            [stretch("11:30", "13:00")],
            None,
            [("11:00", "11:00", 1, "blackout", "blackout_since"), ("12:00", "12:00", 1, "blackout", "blackout")],
        ),
        # Runs in the way.
        ("11:30", "12:00", Plan(overlap=Overlap.skip), [], [], 0, [("12:00", "12:00", 1, "skipped", "overlap")]),
        ("11:30", "12:00", Plan(overlap=Overlap.skip), [], [], 1, [fired("12:00")]),
        ("11:30", "12:00", Plan(overlap=Overlap.skip), [], [], None, [fired("12:00")]),
        *(
            ("11:30", "12:00", Plan(overlap=overlap), [], [], 0, [fired("12:00")])
            for overlap in (Overlap.allow, Overlap.queue, Overlap.cancel_previous)
        ),
        ("06:30", "12:00", Plan(overlap=Overlap.skip), [], [], 0, [("07:00", "12:00", 6, "skipped", "overlap")]),
        (
            "09:30",
            "12:30",
            Plan(catch_up=CatchUp.all, overlap=Overlap.skip),
            [],
            [],
            1,
            [fired("10:00", "caught_up"), ("11:00", "12:00", 2, "skipped", "overlap")],
        ),
        (
            "09:30",
            "12:30",
            Plan(catch_up=CatchUp.all, most=0),
            [],
            [],
            None,
            [("10:00", "12:00", 3, "missed", "too_late")],
        ),
    ],
)
def test_an_hourly_trigger(
    after: str,
    now: str,
    plan: Plan,
    pauses: Sequence[Stretch],
    blackouts: Sequence[Stretch],
    room: int | None,
    expected: list[Row],
) -> None:
    decision = decide(HOURLY, at(after), at(now), plan, pauses=pauses, blackouts=blackouts, room=room)
    assert rows(decision) == expected
    assert decision.until == max(at(now), at(after))


def test_a_slot_names_the_one_whose_run_stood_for_it_or_was_in_the_way() -> None:
    late = decide(HOURLY, at("06:30"), at("12:30"), LATEST)
    assert [slot.run_of for slot in late.slots] == [at("12:00"), None]
    crowded = decide(HOURLY, at("09:30"), at("12:30"), Plan(catch_up=CatchUp.all, overlap=Overlap.skip), room=1)
    assert [slot.run_of for slot in crowded.slots] == [None, at("10:00")]
    busy = decide(HOURLY, at("11:30"), at("12:00"), Plan(overlap=Overlap.skip), room=0)
    assert [slot.run_of for slot in busy.slots] == [None]
    assert [slot.due_from for slot in late.fired] == [at("12:00")]


def test_what_kept_it_is_named() -> None:
    nights = [stretch("08:00", "09:30", "backup"), stretch("10:30", "11:30", "release")]
    decision = decide(HOURLY, at("08:30"), at("12:00"), LATEST, blackouts=nights)
    assert [slot.name for slot in decision.slots] == ["backup", "", "release", ""]
    paused = decide(HOURLY, at("10:30"), at("12:30"), LATEST, pauses=[stretch("12:10", "99:00", "ada")])
    assert [slot.name for slot in paused.slots] == ["ada"]


def test_a_second_that_comes_twice_is_told_and_the_clock_that_moved_it_too() -> None:
    berlin = rule("30 2 * * *", "Europe/Berlin")
    autumn = decide(berlin, us("2026-10-24T12:00"), us("2026-10-25T12:00"), NONE)
    assert [(slot.outcome, slot.reason) for slot in autumn.slots] == [
        (Outcome.missed, Reason.too_late),
        (Outcome.dst, Reason.clock_set_back),
    ]
    assert autumn.slots[1].due_from == us("2026-10-25T02:30+01:00")
    spring = decide(berlin, us("2026-03-28T12:00"), us("2026-03-29T01:00:05"), LATEST)
    assert [(slot.outcome, slot.reason) for slot in spring.slots] == [(Outcome.fired, Reason.moved)]
    # The second of the two is no late one to be caught up, nor does a pause that holds it name it.
    late = decide(
        berlin, us("2026-10-25T00:30"), us("2026-10-25T03:00"), LATEST, pauses=[Stretch(0, us("2026-10-25T02:00"), "")]
    )
    assert [slot.outcome for slot in late.slots] == [Outcome.dst]


def test_a_job_due_every_second_fires_sixty_times_in_a_minute() -> None:
    total, at_last = 0, NOON
    for tick in (NOON + step * 7 * US // 10 for step in range(1, 87)):
        decision = decide(SECONDLY, at_last, min(tick, NOON + MINUTE), LATEST)
        total, at_last = total + len(decision.fired), decision.until
    assert (total, at_last) == (60, NOON + MINUTE)


def test_a_year_asleep_is_two_rows() -> None:
    everyday = rule("* * * * * *", "Europe/Berlin")
    start = us("2026-01-01T00:00")
    decision = decide(everyday, start, start + 365 * 24 * HOUR, Plan(grace_s=0))
    assert [(slot.outcome.value, slot.count) for slot in decision.slots] == [
        ("coalesced", 365 * 86_400 - 1),
        ("fired", 1),
    ]
    fixed = rule("0-59 0-59 0-23 * * *", "Europe/Berlin")
    decision = decide(fixed, start, start + 365 * 24 * HOUR, Plan(grace_s=0, catch_up=CatchUp.none))
    assert [(slot.outcome.value, slot.count) for slot in decision.slots][1] == ("dst", 3600)
    assert sum(slot.count for slot in decision.slots) == 365 * 86_400


def test_of_very_many_at_once_the_rest_is_decided_next() -> None:
    plan = Plan(grace_s=7200)
    first = decide(SECONDLY, NOON - 1500 * US, NOON, plan, blackouts=[stretch("11:59", "11:59:01")])
    assert len(first.fired) == len(first.slots) == MOST_AT_ONCE
    assert first.until == NOON - 500 * US
    second = decide(SECONDLY, first.until, NOON, plan, blackouts=[stretch("11:59", "11:59:01")])
    assert len(second.fired) == 499
    assert sum(slot.count for slot in second.slots) == 500


def test_a_tick_later_the_same_stretch_goes_on() -> None:
    pause = [stretch("08:00", "99:00", "ada")]
    first = decide(HOURLY, at("08:30"), at("10:30"), LATEST, pauses=pause)
    second = decide(HOURLY, first.until, at("12:30"), LATEST, pauses=pause)
    both = list(joined([*first.slots, *second.slots]))
    assert both == [Slot(at("09:00"), at("12:00"), 4, Outcome.paused, Reason.paused, "ada")]


RULES = st.sampled_from(
    [
        HOURLY,
        AtIntervals(97, NOON - HOUR),
        Once(NOON),
        rule("*/7 * * * *", "Europe/Berlin"),
        rule("0-50/10 1,2,3 * * *", "Europe/Berlin"),
        rule("15,45 * * * *", "Australia/Lord_Howe"),
        rule("5 0-5 * * *", "Australia/Lord_Howe"),
        rule("30 0,23 * * *", "Africa/Casablanca"),
    ]
)
BASES = st.sampled_from(
    [NOON - 3 * HOUR, us("2026-10-24T22:00"), us("2026-03-28T23:00"), us("2026-04-04T12:00"), us("2026-02-14T21:00")]
)


@st.composite
def pieces(draw: st.DrawFn) -> list[Stretch]:
    found, names = [], ("ada", "backup")
    for begin, long, name in draw(
        st.lists(st.tuples(st.integers(-3600, 36_000), st.integers(1, 9000), st.sampled_from(names)), max_size=3)
    ):
        found.append(Stretch(begin * US, (begin + long) * US, name))
    return found


def barred(due: Due, now: int, pauses: Sequence[Stretch], blackouts: Sequence[Stretch]) -> tuple[str, str] | None:
    if not due.fires:
        return "dst", "clock_set_back"
    for moment, since in ((due.at, ""), (now, "_since")):
        for kind, stretches in (("paused", pauses), ("blackout", blackouts)):
            if any(each.holds(moment) for each in stretches):
                return kind, kind + since
    return None


def chosen(late: list[Due], prompt: list[Due], plan: Plan) -> list[Due]:
    if plan.catch_up is CatchUp.latest:
        return late[-1:] if not prompt else []
    return late[max(len(late) - plan.most, 0) :] if plan.catch_up is CatchUp.all else []


def told(
    rule: Recurrence,
    after: int,
    now: int,
    plan: Plan,
    pauses: Sequence[Stretch],
    blackouts: Sequence[Stretch],
    room: int | None,
) -> list[tuple[int, str, str]]:
    """Say the same one instant after another."""
    dues = list(between(rule, after, now))
    verdicts = {due.at: found for due in dues if (found := barred(due, now, pauses, blackouts))}
    free = [due for due in dues if due.at not in verdicts]
    late = [due for due in free if now - due.at > plan.grace_s * US]
    prompt = free[len(late) :]
    caught = chosen(late, prompt, plan)
    started = [*caught, *prompt]
    fits = len(started) if room is None or plan.overlap is not Overlap.skip else min(room, len(started))
    for due in late:
        verdicts[due.at] = ("missed", "too_many" if started and plan.catch_up is CatchUp.all else "too_late")
        if plan.catch_up is CatchUp.latest:
            verdicts[due.at] = ("coalesced", "stood_for") if fits else ("skipped", "overlap")
    for place, due in enumerate(started):
        reason = "moved" if due.dst == "moved" else "caught_up" if due in caught else "on_time"
        verdicts[due.at] = ("fired", reason) if place < fits else ("skipped", "overlap")
    return [(due.at, *verdicts[due.at]) for due in dues]


PLANS = st.builds(
    Plan,
    grace_s=st.integers(0, 7200),
    catch_up=st.sampled_from(CatchUp),
    most=st.integers(0, 4),
    overlap=st.sampled_from([Overlap.skip, Overlap.queue]),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(RULES, BASES, st.integers(0, 50_000), PLANS, pieces(), pieces(), st.one_of(st.none(), st.integers(0, 3)))
def test_everything_is_accounted_for_once(
    rule: Recurrence,
    base: int,
    long: int,
    plan: Plan,
    pauses: list[Stretch],
    blackouts: list[Stretch],
    room: int | None,
) -> None:
    pauses, blackouts = (
        apart(Stretch(base + each.start, base + each.end, each.name) for each in kind) for kind in (pauses, blackouts)
    )
    now = base + long * US
    decision = decide(rule, base, now, plan, pauses=pauses, blackouts=blackouts, room=room)
    assert sum(slot.count for slot in decision.slots) == count(rule, base, decision.until)
    assert decision.until == now
    expected = told(rule, base, now, plan, pauses, blackouts, room)
    spread = [
        (due.at, slot.outcome.value, slot.reason.value)
        for slot in decision.slots
        for due in between(rule, slot.due_from - 1, slot.due_to)
    ]
    assert spread == expected
    for before, behind in zip(decision.slots, decision.slots[1:], strict=False):
        assert before.due_to < behind.due_from
        assert before.outcome is Outcome.fired or list(joined([before, behind])) == [before, behind]
