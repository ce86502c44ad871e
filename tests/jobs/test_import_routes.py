"""Imports of other systems' schedules over HTTP: looked at first, and made all at once."""

from typing import Any

import httpx
import pytest

from runyard.access.permissions import Permission

from .yard import Yard, fields, job, script

PERMISSION = Permission.job_write
CRONTAB = """\
PATH=/usr/local/bin:/usr/bin
0 3 * * * /opt/backup --full
@daily cd /srv && ./report.sh 50\\% now
@reboot /opt/start
"""
EXPORT = """[{"name": "sign in", "command": "echo in", "schedule": "0 9 * * *",
  "extra_schedules": [{"schedule": "0 21 * * *"}]},
 {"name": "off", "command": "echo off", "schedule": "0 8 * * *", "isDisabled": 1}]"""


async def imported(api: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
    answer = await api.post("/jobs/import", json={"kind": "crontab", "text": CRONTAB, **more})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def names(api: httpx.AsyncClient, path: str) -> list[str]:
    return [item["name"] for item in (await api.get(path, params={"project": "default"})).json()["items"]]


async def test_what_would_be_made_is_told_and_nothing_is_made(api: httpx.AsyncClient) -> None:
    told = await imported(api, timezone="Europe/Berlin", prefix="db1 ")
    assert [(one["index"], one["at"], one["name"], one["cron"], one["timezone"]) for one in told["items"]] == [
        (0, "line 2", "db1 backup", "0 3 * * *", "Europe/Berlin"),
        (1, "line 3", "db1 report.sh", "@daily", "Europe/Berlin"),
    ]
    assert told["items"][0]["words"]["en"] == "Every day at 03:00"
    assert told["items"][1]["command"] == "cd /srv && ./report.sh 50% now"
    assert told["items"][0]["code"].splitlines()[2:] == [
        "export PATH=/usr/local/bin:/usr/bin",
        "/opt/backup --full",
    ]
    [left] = told["left_out"]
    assert (left["at"], left["text"]) == ("line 4", "@reboot /opt/start")
    assert {one["job_id"] for one in told["items"]} == {None}
    assert await names(api, "/jobs") == await names(api, "/scripts") == []


async def test_jobs_begin_in_shadow(api: httpx.AsyncClient) -> None:
    done = await imported(api, apply=True, folder="imported/db1", tags=["cron"], timezone="Europe/Berlin")
    first = done["items"][0]
    made = (await api.get(f"/jobs/{first['job_id']}")).json()
    assert (made["name"], made["state"], made["paused"]["kind"]) == ("backup", "paused", "shadow")
    assert [(one["cron"], one["timezone"]) for one in made["triggers"]] == [("0 3 * * *", "Europe/Berlin")]
    saved = (await api.get(f"/scripts/{first['script_id']}")).json()
    assert made["target"]["id"] == saved["id"]
    assert (saved["name"], saved["folder"], saved["tags"], saved["code"]) == (
        "backup",
        "imported/db1",
        ["cron"],
        first["code"],
    )
    again = await imported(api, apply=True)
    assert [one["name"] for one in again["items"]] == ["backup 2", "report.sh 2"]


@pytest.mark.parametrize(("begin", "states"), [("enabled", ["on", "disabled"]), ("disabled", ["disabled", "disabled"])])
async def test_how_jobs_begin_and_what_was_switched_off_stays_so(
    api: httpx.AsyncClient, begin: str, states: list[str]
) -> None:
    done = await imported(api, kind="qinglong", text=EXPORT, apply=True, begin=begin)
    assert [one["name"] for one in done["items"]] == ["sign in", "sign in", "off"]
    ids = list(dict.fromkeys(one["job_id"] for one in done["items"]))
    made = [(await api.get(f"/jobs/{job_id}")).json() for job_id in ids]
    assert [one["state"] for one in made] == states
    assert [len(one["triggers"]) for one in made] == [2, 1]


async def test_only_the_chosen_ones_are_made(api: httpx.AsyncClient) -> None:
    done = await imported(api, apply=True, entries=[1])
    assert [(one["index"], one["name"]) for one in done["items"]] == [(1, "report.sh")]
    assert await names(api, "/jobs") == ["report.sh"]


async def test_all_of_it_or_nothing(api: httpx.AsyncClient) -> None:
    await script(api, name="backup")
    await job(api, name="report.sh")
    # Names that are taken are no reason to fail.
    assert [one["name"] for one in (await imported(api))["items"]] == ["backup 2", "report.sh 2"]
    many = "".join(f"0 0 * * * /opt/{'a' * 90}{number}\n" for number in range(3))
    before = await names(api, "/scripts")
    answer = await api.post("/jobs/import", json={"kind": "crontab", "text": many, "apply": True, "folder": "x/" * 30})
    assert answer.status_code == 422
    assert await names(api, "/scripts") == before


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "cron"}, "kind"),
        ({"timezone": "Mars/Base"}, "timezone"),
        ({"kind": "github", "text": "a: ["}, "text"),
        ({"kind": "qinglong", "text": "{}"}, "text"),
        ({"entries": [7]}, "entries"),
        ({"prefix": "a\nb"}, "prefix"),
        ({"begin": "now"}, "begin"),
    ],
)
async def test_what_is_refused(api: httpx.AsyncClient, body: dict[str, Any], field: str) -> None:
    answer = await api.post("/jobs/import", json={"kind": "crontab", "text": CRONTAB, "apply": True, **body})
    assert list(fields(answer)) == [field]
    assert await names(api, "/jobs") == []


async def test_who_may(yard: Yard) -> None:
    body = {"kind": "crontab", "text": CRONTAB, "apply": True}
    async with yard.client("vic") as vic, yard.client("zoe") as zoe:
        assert (await vic.post("/jobs/import", json=body)).status_code == 403
        assert (await zoe.post("/jobs/import", json=body)).status_code == 404
