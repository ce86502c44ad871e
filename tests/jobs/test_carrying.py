"""Jobs out of one project and into another: the same afterwards, and without what is secret."""

import json
from typing import Any

import httpx
import pytest
import yaml

from runyard.access.permissions import Permission

from .yard import Yard, job, script

PERMISSION = Permission.job_read
PASSWORD = {"key": "TOKEN", "label": "Token", "type": "password"}
REGION = {"key": "REGION", "label": "Region", "type": "text"}
NIGHTS = [{"type": "hours", "name": "night", "weekdays": [1, 2], "start": "22:00", "end": "06:00"}]
SETTINGS = {
    "overlap": "skip",
    "catch_up": "all",
    "catch_up_most": 3,
    "breaker": {"failures": 2, "reset_s": None},
    "retry": {"retries": 2, "backoff": "exponential"},
    "alert_after_s": 7200,
}


async def exported(api: httpx.AsyncClient, shape: str = "yaml", project: str = "default", *ids: str) -> str:
    answer = await api.get("/jobs/export", params={"project": project, "format": shape, "job_id": list(ids)})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith(f"application/{shape}")
    assert answer.headers["content-disposition"] == f'attachment; filename="jobs.{shape}"'
    return answer.text


async def imported(api: httpx.AsyncClient, text: str, status: int = 200, **more: Any) -> dict[str, Any]:
    body = {"kind": "runyard", "text": text, "project": "side", "begin": "enabled", **more}
    answer = await api.post("/jobs/import", json=body)
    assert answer.status_code == status, answer.text
    return dict(answer.json())


async def furnished(api: httpx.AsyncClient) -> str:
    """Save a job of every kind in both projects' scripts, and return the id of one."""
    for project in ("default", "side"):
        made = await script(api, name="report", project=project, parameters=[PASSWORD, REGION])
        kept = await api.post(f"/scripts/{made}/parameter-sets", json={"name": "east", "values": {"REGION": "e"}})
        assert kept.status_code == 201, kept.text
        if project == "default":
            report = made
    nights = (await api.post("/blackouts", json={"name": "夜", "timezone": "Asia/Shanghai", "windows": NIGHTS})).json()
    await api.post("/blackouts", json={"name": "of nobody", "windows": NIGHTS})
    last = await job(
        api,
        name="z first",
        script=report,
        description='Two\nlines: "quoted" # not a comment',
        parameters={"TOKEN": "hunter2", "REGION": "yes"},
        labels={"team": "data"},
        settings={**SETTINGS, "calendars": [nights["id"]]},
        triggers=[
            {"type": "cron", "cron": "*/5 3 * * MON#1", "timezone": "Europe/Berlin", "note": "no: yes"},
            {"type": "interval", "every_s": 900, "anchor": "2026-01-01T00:00:00Z", "enabled": False},
            {"type": "date", "at": "2030-01-01T00:00:00Z"},
            {
                "type": "webhook",
                "auth": "token",
                "mapping": {"REGION": "body.region"},
                "condition": "true",
                "wait_s": 5,
            },
            {"type": "file", "folder": "/srv/in", "glob": "*.csv", "mapping": {"REGION": "file.name"}},
        ],
    )
    # It comes before the one that it runs after by its name, and so in the file.
    after = [{"type": "after", "job_id": last["id"], "on": "any", "mapping": {"REGION": "string(run.id)"}}]
    await job(api, name="a second", script=report, parameter_set="east", triggers=after, enabled=False)
    return str(last["id"])


@pytest.mark.parametrize("shape", ["yaml", "json"])
async def test_what_goes_out_comes_in_as_it_was(api: httpx.AsyncClient, shape: str) -> None:
    await furnished(api)
    text = await exported(api, shape)
    assert "hunter2" not in text
    assert "of nobody" not in text
    assert not [word for word in ("job_0", "scr_", "trg_", "cal_", "set_0", "&id") if word in text]
    done = await imported(api, text, apply=True)
    assert (done["left_out"], [one["name"] for one in done["items"]]) == ([], ["a second", "z first"])
    read = yaml.safe_load if shape == "yaml" else json.loads
    before, after = read(text), read(await exported(api, shape, "side"))
    [first] = [one for one in before["jobs"] if one["name"] == "z first"]
    assert first.pop("omitted") == ["TOKEN"]
    assert after == {**before, "project": "side"}
    # The webhook is another one.
    made = {one["name"]: one for one in done["items"]}
    body = (await api.get(f"/jobs/{made['z first']['job_id']}")).json()
    [hook] = [one["id"] for one in body["triggers"] if one["type"] == "webhook"]
    assert list(made["z first"]["secrets"]) == [hook]
    assert len(made["z first"]["secrets"][hook]) > 20
    assert (body["state"], body["project"]) == ("on", "side")


async def test_what_would_come_in_is_told_first(api: httpx.AsyncClient) -> None:
    await furnished(api)
    text = await exported(api)
    told = await imported(api, text, prefix="old ")
    assert [(one["index"], one["at"], one["name"], one["command"], one["enabled"]) for one in told["items"]] == [
        (0, "jobs.0", "old a second", "report", False),
        (1, "jobs.1", "old z first", "report", True),
    ]
    assert told["items"][0]["words"] == {"en": "After z first", "zh": "在 z first 之后"}
    assert told["items"][1]["words"]["en"].endswith(
        "Every 15 minutes; Once, on 2030-01-01 00:00 UTC; When it is called; When a file arrives"
    )
    assert told["items"][1]["cron"] == "*/5 3 * * MON#1"
    assert [note.split(" ")[:3] for note in told["items"][1]["notes"]] == [
        ["The", "password", "TOKEN"],
        ["Its", "webhooks", "get"],
    ]
    assert (await api.get("/jobs", params={"project": "side"})).json()["items"] == []
    assert (await api.get("/blackouts", params={"project": "side"})).json()["items"] == []


async def test_how_they_begin_and_names_that_are_taken(api: httpx.AsyncClient) -> None:
    job_id = await furnished(api)
    text = await exported(api, "yaml", "default", job_id)
    again = await imported(api, text, project="default", apply=True, begin="shadow")
    assert [one["name"] for one in again["items"]] == ["z first 2"]
    made = (await api.get(f"/jobs/{again['items'][0]['job_id']}")).json()
    assert (made["state"], made["paused"]["kind"], made["next"]) == ("paused", "shadow", None)
    # The project's own calendar is taken, and no other made.
    assert len((await api.get("/blackouts", params={"project": "default"})).json()["items"]) == 2
    off = await imported(api, text, apply=True, begin="disabled")
    assert (await api.get(f"/jobs/{off['items'][0]['job_id']}")).json()["state"] == "disabled"


async def test_a_password_can_be_written_into_the_file(api: httpx.AsyncClient) -> None:
    required = [{**PASSWORD, "required": True}]
    there = await script(api, name="login", parameters=required)
    await script(api, name="login", parameters=required, project="side")
    await job(api, name="sign in", script=there, parameters={"TOKEN": "hunter2"})
    document = json.loads(await exported(api, "json"))
    refused = await imported(api, json.dumps(document), 422, apply=True)
    assert refused["code"] == "invalid_import"
    assert refused["detail"].startswith("jobs.0 (sign in): parameters.TOKEN: ")
    document["jobs"][0]["parameters"] = {"TOKEN": "another"}
    done = await imported(api, json.dumps(document), apply=True)
    assert done["items"][0]["notes"] == []
    body = (await api.get(f"/jobs/{done['items'][0]['job_id']}")).json()
    assert body["parameters"] == {"TOKEN": "***"}


def file(*jobs: dict[str, Any], **more: Any) -> str:
    whole = [{"target": {"name": "there"}, **one} for one in jobs]
    return json.dumps({"format": "runyard-jobs", "version": 1, "jobs": whole, **more})


async def test_what_can_not_come_in_is_listed_with_why(api: httpx.AsyncClient) -> None:
    await script(api, name="there", project="side")
    after = {"triggers": [{"type": "after", "job": "no script"}]}
    text = file(
        {"name": "whole"},
        {"name": "no script", "target": {"name": "gone"}},
        {"name": "no calendar", "settings": {"calendars": ["gone"]}},
        {"name": "no set", "parameter_set": "gone"},
        {"name": "no folder", "triggers": [{"type": "file", "folder": "/etc"}]},
        {"name": "after what is left out", **after},
        {"name": "round", "triggers": [{"type": "after", "job": "about"}]},
        {"name": "about", "triggers": [{"type": "after", "job": "round"}]},
    )
    done = await imported(api, text, apply=True)
    assert [one["name"] for one in done["items"]] == ["whole"]
    assert [(one["at"], one["text"], one["why"]) for one in done["left_out"]] == [
        ("jobs.1", "no script", "The project has no script called gone; import that first."),
        ("jobs.2", "no calendar", "Neither the file nor the project has a blackout calendar called gone."),
        ("jobs.3", "no set", "The script has no saved set of parameters called gone."),
        (
            "jobs.4",
            "no folder",
            "/etc is in none of the folders that an administrator allows (jobs.watched).",
        ),
        (
            "jobs.5",
            "after what is left out",
            "It runs after no script, which the project does not have and this import does not make.",
        ),
        ("jobs.6", "round", "It would run after itself, or after one that does."),
        ("jobs.7", "about", "It would run after itself, or after one that does."),
    ]
    chosen = await imported(api, text, entries=[0, 3])
    assert ([one["name"] for one in chosen["items"]], len(chosen["left_out"])) == (["whole 2"], 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "It is not JSON"),
        ("a: [", "It is not YAML"),
        ("- a", "It is no file: a YAML mapping is needed."),
        ("a: &x [1]\nb: *x", "The file uses YAML aliases"),
        (file().replace("runyard-jobs", "other"), "format: "),
        (file(version=2), "version: "),
        (file({"name": "x", "more": 1}), "jobs.0.more: "),
        (file({"name": "x"}, {"name": "x"}), "Two of its jobs are called x."),
        (file(blackouts=[{"name": "n"}, {"name": "n"}]), "Two of its blackouts are called n."),
        (file({"name": "x", "triggers": [{"type": "cron", "cron": "0 0 30 2 *"}]}), "jobs.0 (x): triggers.0.cron: "),
        (file({"name": "x", "triggers": [{"type": "after"}]}), "jobs.0 (x): triggers.0.job_id: "),
        (file({"name": "x", "triggers": [{"kind": "cron"}]}), "jobs.0 (x): triggers.0"),
        (
            file({"name": "x", "triggers": [{"type": "webhook", "mapping": {"A": "nope.b"}}]}),
            "jobs.0 (x): triggers.0.mapping.A: Nothing is called nope",
        ),
    ],
)
async def test_what_is_no_such_file(api: httpx.AsyncClient, text: str, said: str) -> None:
    refused = await imported(api, text, 422)
    assert refused["code"] == "invalid_import"
    assert refused["detail"].startswith(said), refused["detail"]
    assert refused["errors"][0]["field"] == "text"


async def test_only_of_projects_that_one_may_see(yard: Yard, api: httpx.AsyncClient) -> None:
    job_id = await furnished(api)
    for params in ({"project": "other"}, {"project": "side", "job_id": job_id}, {"job_id": "job_none"}):
        answer = await api.get("/jobs/export", params=params)
        assert answer.status_code == 404, params
    async with yard.client("vic") as viewer:
        assert (await viewer.get("/jobs/export")).status_code == 200
        refused = await viewer.post("/jobs/import", json={"kind": "runyard", "text": file()})
        assert refused.status_code == 403
