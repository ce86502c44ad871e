"""Schedules in the browser: taken over from elsewhere, compared, kept out of blackouts, and tried with a call."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Page, expect

from .actions import choose
from .server import Server
from .test_jobs import job

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
CRONTAB = """\
# what the old machine did
0 3 * * * /opt/taken/backup --all
@reboot /opt/taken/hello
*/5 * * * * /opt/taken/probe
"""


async def test_a_crontab_becomes_jobs_in_shadow(server: Server, page: Page) -> None:
    await page.goto("/jobs/import")
    await page.get_by_label("Schedules").fill(CRONTAB)
    await page.get_by_role("button", name="See what would be made").click()
    await expect(page.get_by_role("heading", name="2 of 2 schedules chosen")).to_be_visible()
    await expect(page.get_by_text("Every 5 minutes")).to_be_visible()
    await expect(page.get_by_role("heading", name="1 entry can")).to_be_visible()
    await page.get_by_role("checkbox", name="Choose probe").locator("xpath=ancestor::label").click()
    await page.get_by_label("Names begin with").fill("taken ")
    await page.get_by_role("button", name="Import 1 schedule", exact=True).click()
    await expect(page.get_by_text("1 job was made")).to_be_visible()
    [made] = server.get("/jobs", q="taken")["items"]
    assert (made["name"], made["paused"]["kind"]) == ("taken backup", "shadow")
    await page.get_by_role("link", name="taken backup").click()
    await expect(page.get_by_role("heading", name="Shadow")).to_be_visible()


async def test_a_job_in_shadow_is_compared_and_cut_over(server: Server, page: Page) -> None:
    wish = {"kind": "crontab", "text": "0 * * * * /opt/hourly", "timezone": "UTC", "apply": True, "begin": "shadow"}
    [made] = server.post("/jobs/import", {**wish, "prefix": "compared "})["items"]
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    log = f"{hour - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ} (root) CMD (/opt/hourly)\n"
    stray = f"{hour - timedelta(minutes=90):%Y-%m-%dT%H:%M:%SZ} (root) CMD (/opt/hourly)\n"
    await page.goto(f"/jobs/{made['job_id']}")
    panel = page.get_by_role("region", name="Shadow")
    await panel.get_by_label("Log of the old system").fill(log + stray)
    await panel.get_by_label("From").fill(f"{hour - timedelta(hours=2, minutes=30):%Y-%m-%dT%H:%M}")
    await panel.get_by_label("Until").fill(f"{hour - timedelta(minutes=30):%Y-%m-%dT%H:%M}")
    await panel.get_by_role("button", name="Compare").click()
    for kind, count in (("both", "1"), ("here", "1"), ("there", "1")):
        await expect(panel.locator(f'dl [data-kind="{kind}"] dd')).to_have_text(count)
    await panel.get_by_role("button", name="Cut over").click()
    await page.get_by_role("dialog").get_by_role("button", name="Cut over").click()
    await expect(panel).to_have_count(0)
    assert server.get(f"/jobs/{made['job_id']}")["state"] == "on"


async def test_a_blackout_made_on_the_page_stands_in_the_slots(server: Server, page: Page) -> None:
    made = job(server, "Kept quiet", triggers=[{"type": "interval", "every_s": 1}], enabled=False)
    await page.goto("/jobs/blackouts")
    await page.get_by_role("button", name="New calendar").first.click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Name", exact=True).first.fill("Stocktaking")
    today = datetime.now(UTC).date()
    window = dialog.get_by_role("group", name="Window 1")
    await window.get_by_label("What it is called").fill("The count")
    await window.get_by_label("First day").fill(f"{today - timedelta(days=1)}")
    await window.get_by_label("Last day").fill(f"{today + timedelta(days=2)}")
    await dialog.get_by_role("button", name="Save").click()
    await expect(page.locator('[data-blackout="Stocktaking"]')).to_contain_text("The count")

    await page.goto(f"/jobs/{made['id']}/edit")
    await page.get_by_text("When nothing may start").click()
    await choose(page, page.get_by_role("combobox", name="Blackout calendars"), "Stocktaking")
    await page.get_by_role("button", name="Save job").click()
    await page.get_by_role("button", name="More").click()
    await page.get_by_role("menuitem", name="Switch on").click()
    slot = page.locator('[data-slot="blackout"]')
    await expect(slot.first).to_contain_text("The count")
    await page.goto(f"/jobs/calendar?view=day&job={made['id']}")
    await expect(page.get_by_role("link", name="Kept quiet").first).to_be_visible()
    server.api.patch(f"/jobs/{made['id']}", json={"enabled": False}).raise_for_status()
    assert server.get("/runs", job_id=made["id"])["items"] == []


async def test_a_call_is_tried_and_what_came_in_is_listed(server: Server, page: Page) -> None:
    city = {"key": "CITY", "label": "City", "type": "text", "required": True}
    script = server.script("Tried with a call, the script", "echo $CITY", parameters=[city])
    hook = {"type": "webhook", "auth": "token", "mapping": {"CITY": "body.city"}, "condition": "body.city != 'none'"}
    body = {"name": "Tried with a call", "target": {"kind": "script", "id": script["id"]}, "triggers": [hook]}
    made = server.post("/jobs", {**body, "parameters": {"CITY": "Rome"}})
    [trigger] = made["triggers"]
    server.api.post(f"/hooks/{trigger['id']}", json={"city": "Oslo"}, headers={"X-Runyard-Token": "wrong"})

    await page.goto(f"/jobs/{made['id']}?tab=triggers")
    await page.get_by_role("button", name="What came in").click()
    await expect(page.locator('[data-outcome="refused"]').first).to_contain_text("401")
    await page.get_by_role("button", name="Test call").click()
    dialog = page.get_by_role("dialog")
    code = dialog.get_by_role("textbox", name="Payload")
    for city_name, verdict in (("none", "ignored"), ("Oslo", "starts")):
        await code.click()
        await page.keyboard.press("Control+a")
        await page.keyboard.insert_text(f'{{"city": "{city_name}"}}')
        await dialog.get_by_role("button", name="See what comes of it").click()
        await expect(dialog.locator(f'[data-verdict="{verdict}"]')).to_be_visible()
    await expect(dialog.get_by_text("Oslo", exact=True)).to_be_visible()
    await dialog.get_by_role("button", name="Run it").click()
    await expect(dialog.get_by_role("link", name="its run")).to_be_visible()


async def test_notes_and_limits_of_a_job_are_kept_by_the_page(server: Server, page: Page) -> None:
    note = {"type": "cron", "cron": "0 4 * * *", "note": "asked for by Ann"}
    made = job(server, "Limited and noted", triggers=[note])
    await page.goto(f"/jobs/{made['id']}/edit")
    await expect(page.get_by_role("group", name="At times").get_by_label("Note")).to_have_value("asked for by Ann")
    await page.get_by_text("What it may use").click()
    await page.get_by_label("Memory, MiB").fill("128")
    # It counts as it is typed: the box is not left.
    await page.keyboard.press("Control+s")
    await page.get_by_role("tab", name="Settings").or_(page.get_by_role("link", name="Settings")).first.click()
    await expect(page.get_by_text("128 MiB memory")).to_be_visible()
    kept = server.get(f"/jobs/{made['id']}")
    assert (kept["triggers"][0]["note"], kept["settings"]["limits"]["memory_mb"]) == ("asked for by Ann", 128)


async def test_deleting_a_script_names_the_jobs_that_need_it(server: Server, page: Page) -> None:
    made = job(server, "Needs its script")
    await page.goto(f"/scripts/{made['target']['id']}")
    await page.get_by_role("button", name="More").first.click()
    await page.get_by_role("menuitem", name="Delete").click()
    await expect(page.get_by_text("Jobs that ran it are broken now: Needs its script")).to_be_visible()
    await page.get_by_role("button", name="Undo").click()
    # Whoever undoes it is led back, once that is done.
    await page.wait_for_url(f"**/scripts/{made['target']['id']}")
    assert server.get(f"/jobs/{made['id']}")["state"] != "broken"
