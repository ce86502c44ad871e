"""Blackout calendars and previews over HTTP."""

from typing import Any

import httpx
import pytest

from runyard.db.session import Database

from .yard import Yard, fields, furnished, job

NIGHTS = {"type": "hours", "name": "nights", "weekdays": [0, 1, 2, 3, 4, 5, 6], "start": "22:00", "end": "06:00"}
YEARS_END = {"type": "dates", "name": "the year's end", "first": "2090-12-24", "last": "2091-01-01"}


@pytest.fixture
async def yard(database: Database) -> Yard:
    return await furnished(database)


async def add(api: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
    answer = await api.post("/blackouts", json={"name": "quiet", "timezone": "Europe/Berlin", **more})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def test_a_calendar_says_when_nothing_starts(api: httpx.AsyncClient) -> None:
    made = await add(api, windows=[NIGHTS, YEARS_END])
    assert (made["used_by"], made["revision"], made["whole_project"]) == (0, 1, False)
    assert [each["name"] for each in made["next"]] == ["nights"] * 3
    path = f"/blackouts/{made['id']}"
    assert (await api.get(path)).json() == made
    [listed] = (await api.get("/blackouts")).json()["items"]
    assert listed == made
    used = await job(api, settings={"calendars": [made["id"]]})
    assert (await api.get(path)).json()["used_by"] == 1
    assert (await api.delete(path)).json()["detail"] == f"These jobs use it: {used['name']}."
    await api.patch(f"/jobs/{used['id']}", json={"settings": {}})
    assert (await api.delete(path)).status_code == 204
    assert (await api.get(path)).status_code == 404


async def test_a_calendar_over_a_whole_project_concerns_all_its_jobs(api: httpx.AsyncClient) -> None:
    made = await add(api, whole_project=True, windows=[YEARS_END])
    assert made["next"] == []
    for _ in range(2):
        await job(api)
    assert (await api.get(f"/blackouts/{made['id']}")).json()["used_by"] == 2


async def test_changes_of_a_calendar(api: httpx.AsyncClient) -> None:
    made = await add(api, windows=[NIGHTS])
    other = await add(api, name="another")
    path = f"/blackouts/{made['id']}"
    changed = (await api.patch(path, json={"timezone": "UTC", "revision": 1})).json()
    assert (changed["revision"], changed["timezone"], changed["windows"]) == (2, "UTC", made["windows"])
    assert (await api.patch(path, json={"timezone": "UTC"})).json()["revision"] == 2
    assert (await api.patch(path, json={"name": "x", "revision": 1})).json()["code"] == "calendar_changed"
    taken = await api.patch(path, json={"name": other["name"]})
    assert (taken.status_code, taken.json()["code"]) == (409, "calendar_taken")


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"timezone": "Mars"}, {"timezone": "timezone"}),
        ({"windows": [{**YEARS_END, "last": "2090-12-01"}]}, {"windows.0": "blackout_malformed"}),
        ({"windows": [NIGHTS, {**NIGHTS, "start": "25:00"}]}, {"windows.1.start": "string_pattern_mismatch"}),
        ({"windows": [{**NIGHTS, "weekdays": []}]}, {"windows.0.weekdays": "too_short"}),
        ({"windows": [{"type": "moon"}]}, {"windows.0.type": "union_tag_invalid"}),
        (
            {"windows": [{"type": "between", "name": "x", "start": "2090-01-02T00:00Z", "end": "2090-01-01T00:00Z"}]},
            {"windows.0": "window_empty"},
        ),
        ({"windows": [YEARS_END] * 501}, {"windows": "too_long"}),
    ],
)
async def test_what_is_wrong_with_a_calendar(
    api: httpx.AsyncClient, wrong: dict[str, Any], told: dict[str, str]
) -> None:
    assert fields(await api.post("/blackouts", json={"name": "x", **wrong})) == told


async def test_a_job_names_calendars_of_its_project(api: httpx.AsyncClient) -> None:
    elsewhere = await add(api, project="side")
    made = await job(api)
    answer = await api.patch(f"/jobs/{made['id']}", json={"settings": {"calendars": [elsewhere["id"]]}})
    assert fields(answer) == {"settings.calendars.0": "unknown"}


async def test_foreign_calendars_are_missing(yard: Yard, api: httpx.AsyncClient) -> None:
    made = await add(api)
    async with yard.client("zoe") as zoe, yard.client("vic") as vic:
        assert (await zoe.get(f"/blackouts/{made['id']}")).status_code == 404
        assert (await zoe.get("/blackouts")).json()["items"] == []
        assert (await vic.patch(f"/blackouts/{made['id']}", json={"name": "y"})).status_code == 403


async def test_a_preview_tells_what_clocks_do(api: httpx.AsyncClient) -> None:
    trigger = {"type": "cron", "cron": "30 2 * * *", "timezone": "Europe/Berlin"}
    asked = {"trigger": trigger, "after": "2027-03-26T12:00:00Z", "count": 3}
    answer = (await api.post("/triggers/preview", json=asked)).json()
    assert answer["words"] == {"en": "Every day at 02:30", "zh": "每天 02:30"}
    assert answer["reading"]["times"] == [9000]
    assert [each["at"] for each in answer["times"]] == [
        "2027-03-27T01:30:00Z",
        "2027-03-28T01:00:00Z",
        "2027-03-29T00:30:00Z",
    ]
    gap = answer["times"][1]
    assert (gap["local"], gap["dst"], gap["fires"]) == ("2027-03-28T03:00:00+02:00", "moved", True)
    assert gap["note"]["en"].startswith("02:30 does not exist on that day")
    assert gap["note"]["zh"]


async def test_previews_of_what_is_no_cron(api: httpx.AsyncClient) -> None:
    every = {"trigger": {"type": "interval", "every_s": 7200, "anchor": "2027-01-01T00:00:00Z"}}
    answer = (await api.post("/triggers/preview", json={**every, "after": "2027-01-01T00:00:00Z", "count": 1})).json()
    assert (answer["words"]["en"], answer["reading"]) == ("Every 2 hours", None)
    assert [each["at"] for each in answer["times"]] == ["2027-01-01T02:00:00Z"]
    once = {"trigger": {"type": "date", "at": "2027-05-01T10:00:00+02:00"}, "after": "2027-05-02T00:00:00Z"}
    assert (await api.post("/triggers/preview", json=once)).json()["times"] == []


async def test_what_can_not_be_previewed(api: httpx.AsyncClient) -> None:
    for trigger, told in (
        ({"type": "cron", "cron": "0 0 30 2 *"}, {"trigger.cron": "cron"}),
        ({"type": "webhook"}, {"trigger.type": "union_tag_invalid"}),
    ):
        assert fields(await api.post("/triggers/preview", json={"trigger": trigger})) == told
    many = {"trigger": {"type": "cron", "cron": "@daily"}, "count": 51}
    assert fields(await api.post("/triggers/preview", json=many)) == {"count": "less_than_equal"}
