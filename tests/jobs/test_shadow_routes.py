"""Shadow mode over HTTP: compared, and cut over."""

from datetime import datetime, timedelta
from typing import Any

import httpx

from runyard import clock
from runyard.access.permissions import Permission

from .yard import Yard, fields, job

PERMISSION = Permission.job_read
HOURLY = {"type": "cron", "cron": "0 * * * *"}
DAY = {"from": "2026-03-02T00:00:00Z", "to": "2026-03-02T06:00:00Z"}
LOG = """\
Mar  2 00:00:01 db1 CRON[1]: (root) CMD (/opt/backup)
Mar  2 01:00:04 db1 CRON[1]: (root) CMD (/opt/backup)
Mar  2 02:30:00 db1 CRON[1]: (root) CMD (/opt/backup)
Mar  2 03:00:01 db1 CRON[1]: (root) CMD (/opt/other)
Mar  2 04:00:01 db1 CRON[1]: (root) CMD (/opt/backup)
and a line without a time, of /opt/backup
"""


async def compared(api: httpx.AsyncClient, made: dict[str, Any], **more: Any) -> dict[str, Any]:
    answer = await api.post(f"/jobs/{made['id']}/shadow", json={"log": LOG, **DAY, **more})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_log_is_set_beside_what_a_job_would_have_done(api: httpx.AsyncClient) -> None:
    made = await job(api, triggers=[HOURLY, {"type": "webhook"}, {**HOURLY, "cron": "* * * * *", "enabled": False}])
    seen = await compared(api, made, contains="/opt/backup")
    assert [(one["due_at"][11:16], one["late_ms"]) for one in seen["matched"]] == [
        ("00:00", 1000),
        ("01:00", 4000),
        ("04:00", 1000),
    ]
    assert [at[11:16] for at in seen["only_here"]] == ["02:00", "03:00", "05:00"]
    assert [at[11:16] for at in seen["only_there"]] == ["02:30"]
    assert (seen["late_ms"], seen["latest_ms"], seen["unread"]) == (1000, 4000, 1)
    # What was given is kept, for another look and with another patience.
    again = (await api.get(f"/jobs/{made['id']}/shadow", params={**DAY, "tolerance_s": 3})).json()
    assert (again["matched_count"], again["only_here_count"], again["only_there_count"]) == (2, 4, 2)
    zone = await compared(api, made, contains="/opt/backup", timezone="Europe/Berlin")
    assert zone["matched"][0]["seen_at"].startswith("2026-03-02T00:00:04")


async def test_instants_may_be_given_themselves(api: httpx.AsyncClient) -> None:
    made = await job(api, triggers=[HOURLY])
    seen = await compared(api, made, log=[f"2026-03-02T0{hour}:00:00Z" for hour in range(6)])
    assert (seen["matched_count"], seen["only_here"], seen["only_there"]) == (6, [], [])


async def test_what_can_not_be_compared(api: httpx.AsyncClient, yard: Yard) -> None:
    made = await job(api, triggers=[{"type": "interval", "every_s": 1, "anchor": "2026-01-01T00:00:00Z"}])
    path = f"/jobs/{made['id']}/shadow"
    assert (await api.get(path, params=DAY)).json()["code"] == "no_shadow_log"
    year = {"log": [], "from": "2026-02-01T00:00:00Z", "to": "2026-12-01T00:00:00Z"}
    assert fields(await api.post(path, json=year)) == {"to": "shadow_too_long"}
    backwards = {"log": [], "from": DAY["to"], "to": DAY["from"]}
    assert fields(await api.post(path, json=backwards)) == {"to": "bad_stretch"}
    assert fields(await api.post(path, json={"log": LOG, **DAY, "timezone": "Mars/Base"})) == {"timezone": "timezone"}
    async with yard.client("vic") as vic, yard.client("zoe") as zoe:
        assert (await vic.post(path, json={"log": LOG, **DAY})).status_code == 403
        assert (await zoe.post(path, json={"log": LOG, **DAY})).status_code == 404
        assert (await zoe.post(f"{path}/begin")).status_code == 404
        assert (await vic.post(f"/jobs/{made['id']}/cut-over")).status_code == 403


async def test_a_job_in_shadow_starts_nothing_until_it_is_cut_over(api: httpx.AsyncClient) -> None:
    made = await job(api, triggers=[HOURLY])
    path = f"/jobs/{made['id']}"
    assert (await api.post(f"{path}/cut-over")).json()["code"] == "not_in_shadow"
    shadowed = (await api.post(f"{path}/shadow/begin")).json()
    assert (shadowed["state"], shadowed["paused"]["kind"], shadowed["next"]) == ("paused", "shadow", None)
    again = (await api.post(f"{path}/shadow/begin")).json()
    assert (again["paused"]["since"], again["revision"]) == (shadowed["paused"]["since"], shadowed["revision"])
    await compared(api, made)
    over = (await api.post(f"{path}/cut-over")).json()
    assert (over["state"], over["paused"]) == ("on", None)
    assert datetime.fromisoformat(over["next"]["at"]) < clock.now() + timedelta(hours=2)
    assert (await api.get(f"{path}/shadow", params=DAY)).status_code == 404
    acts = [one["act"] for one in (await api.get(f"{path}/changes")).json()["items"]]
    assert acts == ["cut_over", "shadow", "create"]
