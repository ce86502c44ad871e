"""Jobs over HTTP."""

from typing import Any

import httpx
import pytest

from runyard.access.permissions import Permission
from runyard.db.session import Database
from runyard.jobs.watching import NOWHERE

from .yard import Yard, fields, furnished, job, script

PERMISSION = Permission.job_read
NIGHTLY = {"type": "cron", "cron": "0 3 * * *", "timezone": "Europe/Berlin"}
DEFINITIONS = [
    {"key": "SIZE", "label": "Size", "type": "number", "required": True},
    {"key": "WORD", "label": "Word", "type": "password"},
]


@pytest.fixture
async def yard(database: Database) -> Yard:
    return await furnished(database)


async def test_a_job_is_answered_whole(api: httpx.AsyncClient) -> None:
    made = await job(
        api,
        name="Nightly",
        labels={"team": "ops"},
        triggers=[NIGHTLY, {"type": "interval", "every_s": 90, "enabled": False}, {"type": "webhook"}],
        settings={"overlap": "skip", "timeout_s": 60},
    )
    secrets = made.pop("secrets")
    assert (await api.get(f"/jobs/{made['id']}")).json() == made
    assert (made["state"], made["enabled"], made["revision"], made["success_rate"]) == ("on", True, 1, None)
    assert made["owner"] == {"id": "usr_ada", "name": "ada", "disabled": False}
    assert made["target"]["missing"] is False
    assert made["settings"]["overlap"] == "skip"
    cron, interval, webhook = made["triggers"]
    assert cron["words"] == {"en": "Every day at 03:00", "zh": "每天 03:00"}
    assert made["next"] == {"at": cron["next_at"], "trigger_id": cron["id"]}
    assert (interval["next_at"], interval["words"]["en"]) == (None, "Every 90 seconds")
    assert webhook["url"] == f"/api/v1/hooks/{webhook['id']}"
    assert webhook["has_secret"]
    assert list(secrets) == [webhook["id"]]


async def test_triggers_that_stay_the_same_keep_their_ids(api: httpx.AsyncClient) -> None:
    made = await job(api, triggers=[NIGHTLY, {"type": "webhook"}])
    path, (cron, webhook) = f"/jobs/{made['id']}", made["triggers"]
    again = (await api.patch(path, json={"triggers": [{"type": "webhook"}, NIGHTLY]})).json()
    assert [row["id"] for row in again["triggers"]] == [webhook["id"], cron["id"]]
    assert (again["secrets"], again["revision"]) == ({}, 2)
    # What was answered may come back.
    moved = {**cron, "cron": "0 4 * * *", "note": "later"}
    changed = (await api.patch(path, json={"triggers": [moved, webhook]})).json()
    assert [row["id"] for row in changed["triggers"]] == [cron["id"], webhook["id"]]
    assert changed["triggers"][0]["next_at"] != cron["next_at"]
    token = (await api.patch(path, json={"triggers": [{**webhook, "auth": "token"}]})).json()
    assert list(token["secrets"]) == [webhook["id"]]
    other = (await api.patch(path, json={"triggers": [{"type": "date", "at": "2090-01-01T00:00:00Z"}]})).json()
    assert other["triggers"][0]["id"] not in {cron["id"], webhook["id"]}
    assert (await api.patch(path, json={"triggers": [webhook]})).status_code == 422


BAD: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({"triggers": [{"type": "cron", "cron": "0 0 30 2 *"}]}, {"triggers.0.cron": "cron"}),
    ({"triggers": [{"type": "cron", "cron": "* * *"}]}, {"triggers.0.cron": "cron"}),
    ({"triggers": [NIGHTLY, {**NIGHTLY, "timezone": "Mars/Base"}]}, {"triggers.1.timezone": "timezone"}),
    ({"triggers": [{"type": "interval", "every_s": 0}]}, {"triggers.0.every_s": "greater_than_equal"}),
    ({"triggers": [{"type": "date", "at": "2027-01-01T00:00:00"}]}, {"triggers.0.at": "timezone_aware"}),
    ({"triggers": [{"type": "tea"}]}, {"triggers.0.type": "union_tag_invalid"}),
    ({"triggers": [{"cron": "* * * * *"}]}, {"triggers.0.type": "union_tag_not_found"}),
    (
        {"triggers": [{"type": "interval", "every_s": 60, "timezone": "UTC"}]},
        {"triggers.0.timezone": "extra_forbidden"},
    ),
    ({"triggers": [NIGHTLY, {**NIGHTLY, "glob": "*"}]}, {"triggers.1.glob": "extra_forbidden"}),
    (
        {"triggers": [{"type": "cron", "expression": "* * * * *"}]},
        {"triggers.0.cron": "missing", "triggers.0.expression": "extra_forbidden"},
    ),
    # What answers say of a webhook is nothing that they say of an interval.
    ({"triggers": [{"type": "interval", "every_s": 60, "url": "/x"}]}, {"triggers.0.url": "extra_forbidden"}),
    ({"triggers": [{"type": "webhook", "next_at": "2030-01-01T00:00:00Z"}]}, {"triggers.0.next_at": "extra_forbidden"}),
    ({"triggers": [NIGHTLY, {"type": "file", "folder": "/etc"}]}, {"triggers.1.folder": "folder_refused"}),
    ({"triggers": [{"type": "file", "folder": "/srv/../etc"}]}, {"triggers.0.folder": "folder_refused"}),
    ({"triggers": [{"type": "file", "folder": "/srv/runyard/spool"}]}, {"triggers.0.folder": "folder_refused"}),
    ({"triggers": [{"type": "cron"}]}, {"triggers.0.cron": "missing"}),
    ({"triggers": [NIGHTLY] * 51}, {"triggers": "too_long"}),
    ({"triggers": [{**NIGHTLY, "id": "trg_none"}]}, {"triggers.0.id": "unknown"}),
    ({"triggers": [{"type": "after", "job_id": "job_none"}]}, {"triggers.0.job_id": "unknown"}),
    ({"triggers": [{"type": "file"}]}, {"triggers.0.folder": "one_of"}),
    (
        {"triggers": [{"type": "webhook", "mapping": {"NONE": "body.x"}}]},
        {"triggers.0.mapping.NONE": "unknown"},
    ),
    (
        {"triggers": [NIGHTLY, {"type": "webhook", "mapping": {"A": "body."}, "condition": "1 +"}]},
        {"triggers.1.mapping.A": "expression", "triggers.1.condition": "expression"},
    ),
    ({"parameters": {"NONE": 1}}, {"parameters.NONE": "unknown"}),
    ({"parameter_set": "none"}, {"parameter_set": "unknown"}),
    ({"settings": {"stage": "nowhere"}}, {"settings.stage": "stage"}),
    ({"settings": {"grace_s": 0}}, {"settings.grace_s": "greater_than_equal"}),
    ({"labels": {"a b": "c"}}, {"labels.a b.[key]": "string_pattern_mismatch"}),
    ({"target": {"kind": "workflow", "id": "x"}}, {"target.kind": "literal_error"}),
    ({"name": " "}, {"name": "string_too_short"}),
    ({"nonsense": 1}, {"nonsense": "extra_forbidden"}),
]


@pytest.mark.parametrize(("wrong", "told"), BAD, ids=range(len(BAD)))
async def test_what_is_wrong_is_named(api: httpx.AsyncClient, wrong: dict[str, Any], told: dict[str, str]) -> None:
    target = {"kind": "script", "id": await script(api)}
    assert fields(await api.post("/jobs", json={"name": "x", "target": target, **wrong})) == told
    assert (await api.get("/jobs")).json()["items"] == []


async def test_a_folder_is_looked_at_where_it_is_new(yard: Yard, api: httpx.AsyncClient) -> None:
    """Whoever changes something else of a job is not kept from it by a folder that was withdrawn meanwhile."""
    old = {"type": "file", "folder": "/srv/in"}
    made = await job(api, triggers=[old, {**old, "folder": "/srv/off", "enabled": False}])
    yard.jobs.triggers._folders = NOWHERE
    path = f"/jobs/{made['id']}"
    kept = made["triggers"]
    assert (await api.patch(path, json={"triggers": [kept[0], NIGHTLY]})).status_code == 200
    assert (await api.patch(path, json={"triggers": [kept[0], kept[1] | {"id": None}]})).status_code == 200
    for changed in ([{**kept[0], "folder": "/srv/other"}], [{**old, "folder": "/srv/off"}]):
        assert fields(await api.patch(path, json={"triggers": changed})) == {"triggers.0.folder": "folder_refused"}
    await api.patch(path, json={"triggers": [{**kept[0], "enabled": False}]})
    assert fields(await api.patch(path, json={"triggers": [kept[0]]})) == {"triggers.0.folder": "folder_refused"}


async def test_why_a_day_never_comes_is_told(api: httpx.AsyncClient) -> None:
    body = {"name": "x", "target": {"id": await script(api)}, "triggers": [{"type": "cron", "cron": "0 0 30 2 *"}]}
    [error] = (await api.post("/jobs", json=body)).json()["errors"]
    assert "never has more than 29 days" in error["message"]


async def test_unknown_and_foreign_scripts_are_missing(yard: Yard, api: httpx.AsyncClient) -> None:
    other = await script(api, project="side")
    async with yard.client("zoe") as zoe:
        foreign = await script(zoe, project="other")
    for id_, status in (("scr_none", 404), (foreign, 404), (other, 422)):
        answer = await api.post("/jobs", json={"name": "x", "target": {"id": id_}})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (status, "target.id")


async def test_passwords_are_kept_and_never_answered(yard: Yard, api: httpx.AsyncClient) -> None:
    id_ = await script(api, parameters=DEFINITIONS)
    answer = await api.post("/jobs", json={"name": "x", "target": {"id": id_}})
    assert fields(answer) == {"parameters.SIZE": "required"}
    made = await job(api, script=id_, parameters={"SIZE": 1, "WORD": "a secret word"})
    path = f"/jobs/{made['id']}"
    assert made["parameters"] == {"SIZE": 1, "WORD": "***"}
    kept = await api.patch(path, json={"parameters": {"SIZE": 2, "WORD": "***"}})
    assert kept.json()["parameters"] == {"SIZE": 2, "WORD": "***"}
    async with yard.database.read() as session:
        row = await yard.jobs.find(session, yard.actors["ada"], made["id"], PERMISSION)
        assert yard.jobs.values.opened(row) == {"WORD": "a secret word"}
    told = [(await api.get(where)).text for where in (path, "/jobs", f"{path}/changes")]
    assert all("a secret word" not in text for text in told)
    # To another script it is not carried.
    elsewhere = await api.patch(path, json={"target": {"id": await script(api, parameters=DEFINITIONS)}})
    assert elsewhere.json()["parameters"] == {"SIZE": 2}


async def test_what_a_trigger_brings_along_need_not_be_given(api: httpx.AsyncClient) -> None:
    id_ = await script(api, parameters=DEFINITIONS)
    webhook = {"type": "webhook", "mapping": {"SIZE": "body.size"}}
    for trigger in (webhook, {"type": "webhook"}):
        await job(api, script=id_, triggers=[trigger])
    answer = await api.post("/jobs", json={"name": "x", "target": {"id": id_}, "triggers": [webhook, NIGHTLY]})
    assert fields(answer) == {"parameters.SIZE": "required"}


async def test_a_saved_set_gives_what_the_job_leaves_open(api: httpx.AsyncClient) -> None:
    id_ = await script(api, parameters=DEFINITIONS)
    kept = (await api.post(f"/scripts/{id_}/parameter-sets", json={"name": "usual", "values": {"SIZE": 3}})).json()
    made = await job(api, script=id_, parameter_set="usual")
    assert (made["parameter_set"], made["parameters"]) == (kept["id"], {})
    answer = await api.patch(f"/jobs/{made['id']}", json={"parameter_set": None})
    assert fields(answer) == {"parameters.SIZE": "required"}


async def test_a_stale_revision_is_refused(api: httpx.AsyncClient) -> None:
    made = await job(api)
    path = f"/jobs/{made['id']}"
    assert (await api.patch(path, json={"description": "a", "revision": 1})).json()["revision"] == 2
    stale = await api.patch(path, json={"description": "b", "revision": 1})
    assert (stale.status_code, stale.json()["code"]) == (409, "job_changed")
    same = await api.patch(path, json={"description": "a", "revision": 2})
    assert same.json()["revision"] == 2


async def test_names_are_unique_among_the_living(api: httpx.AsyncClient) -> None:
    made = await job(api, name="Nightly")
    assert (await job(api, 409, name="Nightly"))["code"] == "job_taken"
    assert (await api.delete(f"/jobs/{made['id']}")).status_code == 204
    assert (await api.get(f"/jobs/{made['id']}")).status_code == 404
    await job(api, name="Nightly")


async def test_a_job_without_its_script_is_broken_until_it_is_back(api: httpx.AsyncClient) -> None:
    id_ = await script(api, name="Report")
    made = await job(api, script=id_, triggers=[NIGHTLY])
    await api.delete(f"/scripts/{id_}")
    found = (await api.get(f"/jobs/{made['id']}")).json()
    assert (found["state"], found["target"]["missing"], found["next"]) == ("broken", True, None)
    assert found["broken"] == {"code": "target_missing", "message": "The script Report was deleted."}
    # It can still be renamed and switched off.
    changed = await api.patch(f"/jobs/{made['id']}", json={"name": "Old", "enabled": False})
    assert changed.json()["state"] == "disabled"
    assert (await api.patch(f"/jobs/{made['id']}", json={"enabled": True})).status_code == 404
    await api.post(f"/scripts/{id_}/restore")
    assert (await api.patch(f"/jobs/{made['id']}", json={"enabled": True})).json()["state"] == "on"


async def test_a_circle_of_jobs_is_refused_with_the_way(api: httpx.AsyncClient) -> None:
    first = await job(api, name="first")
    second = await job(api, name="second", triggers=[{"type": "after", "job_id": first["id"]}])
    third = await job(api, name="third", triggers=[{"type": "after", "job_id": second["id"], "on": "any"}])
    answer = await api.patch(
        f"/jobs/{first['id']}", json={"triggers": [NIGHTLY, {"type": "after", "job_id": third["id"]}]}
    )
    assert fields(answer) == {"triggers.1.job_id": "cycle"}
    assert "first → second → third → first" in answer.json()["detail"]
    itself = await api.patch(f"/jobs/{first['id']}", json={"triggers": [{"type": "after", "job_id": first["id"]}]})
    assert fields(itself) == {"triggers.0.job_id": "cycle"}


async def test_a_copy_begins_switched_off_with_secrets_of_its_own(yard: Yard, api: httpx.AsyncClient) -> None:
    id_ = await script(api, parameters=DEFINITIONS)
    made = await job(
        api, script=id_, name="A", parameters={"SIZE": 1, "WORD": "a secret word"}, triggers=[{"type": "webhook"}]
    )
    copied = (await api.post(f"/jobs/{made['id']}/copy", json={})).json()
    assert (copied["name"], copied["state"], copied["parameters"]) == ("A copy", "disabled", made["parameters"])
    assert list(copied["secrets"]) == [copied["triggers"][0]["id"]]
    assert copied["secrets"].values() != made["secrets"].values()
    async with yard.database.read() as session:
        row = await yard.jobs.find(session, yard.actors["ada"], copied["id"], PERMISSION)
        assert yard.jobs.values.opened(row) == {"WORD": "a secret word"}


async def test_a_secret_can_be_made_anew(api: httpx.AsyncClient) -> None:
    made = await job(api, triggers=[{"type": "webhook"}, NIGHTLY])
    webhook, cron = made["triggers"]
    again = (await api.post(f"/triggers/secret/{webhook['id']}/rotate")).json()["secret"]
    assert again not in made["secrets"].values()
    assert (await api.post(f"/triggers/secret/{cron['id']}/rotate")).status_code == 404
    [change, *_] = (await api.get(f"/jobs/{made['id']}/changes")).json()["items"]
    assert (change["act"], change["by"]) == ("rotate_secret", "ada")


async def test_changes_tell_before_and_after(api: httpx.AsyncClient) -> None:
    made = await job(api)
    path = f"/jobs/{made['id']}"
    await api.patch(path, json={"settings": {"overlap": "skip"}})
    [second, first] = (await api.get(f"{path}/changes")).json()["items"]
    assert (first["act"], second["act"], second["revision"]) == ("create", "update", 2)
    assert second["changes"] == {"settings": {"before": {}, "after": {"overlap": "skip"}}}


async def test_who_may_do_what(yard: Yard, api: httpx.AsyncClient) -> None:
    made = await job(api)
    path = f"/jobs/{made['id']}"
    async with yard.client("vic") as vic, yard.client("zoe") as zoe:
        assert (await vic.get(path)).status_code == 200
        assert (await vic.patch(path, json={"description": "x"})).status_code == 403
        assert (await zoe.get(path)).status_code == 404
        assert (await zoe.get("/jobs")).json()["items"] == []


async def test_lists_are_narrowed_and_ordered(api: httpx.AsyncClient) -> None:
    id_ = await script(api, name="Backup of the shop")
    late = await job(api, name="b", script=id_, triggers=[{"type": "date", "at": "2090-01-01T00:00:00Z"}])
    soon = await job(api, name="a", triggers=[NIGHTLY], labels={"team": "ops", "x": "1"})
    off = await job(api, name="c", triggers=[NIGHTLY], enabled=False)
    bare = await job(api, name="d", labels={"team": "web"})

    async def found(**query: Any) -> list[str]:
        answer = await api.get("/jobs", params=query)
        assert answer.status_code == 200, answer.text
        return [row["name"] for row in answer.json()["items"]]

    assert await found() == ["a", "b", "c", "d"]
    assert await found(sort="updated") == ["d", "c", "a", "b"]
    assert await found(sort="next") == ["a", "b", *sorted("cd", key=lambda name: {"c": off, "d": bare}[name]["id"])]
    assert await found(q="SHOP") == ["b"]
    assert await found(target_id=id_) == ["b"]
    assert await found(source_id=soon["id"]) == []
    assert await found(trigger="cron") == ["a", "c"]
    assert await found(label="team") == ["a", "d"]
    assert await found(label=["team=ops", "x"]) == ["a"]
    assert await found(project="side") == []
    states = {"on": ["a", "b"], "disabled": ["c"], "no_triggers": ["d"], "paused": [], "broken": []}
    for state, names in states.items():
        assert await found(state=state) == names
    for sort in ("name", "next", "updated"):
        names, cursor = [], None
        while True:
            page = await api.get("/jobs", params={"sort": sort, "limit": 1, **({"cursor": cursor} if cursor else {})})
            names += [row["name"] for row in page.json()["items"]]
            if (cursor := page.json()["next_cursor"]) is None:
                break
        assert names == await found(sort=sort)
    assert (await api.get("/jobs", params={"cursor": "x"})).status_code == 422
    assert (late["next"]["at"], soon["state"]) == ("2090-01-01T00:00:00Z", "on")


async def test_what_would_be_broken_is_found_before_anything_is_deleted(api: httpx.AsyncClient) -> None:
    id_ = await script(api)
    first = await job(api, name="first", script=id_)
    await job(api, name="second", script=id_, triggers=[{"type": "after", "job_id": first["id"], "on": "success"}])
    for query, names in (({"target_id": id_}, ["first", "second"]), ({"source_id": first["id"]}, ["second"])):
        answer = await api.get("/jobs", params=query)
        assert [row["name"] for row in answer.json()["items"]] == names
