"""The audit in the browser: found by what was done, before and after, taken away, verified."""

import csv
import io
import json

import pytest
from playwright.async_api import Page, expect

from .actions import downloaded
from .server import Server

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_what_was_done_is_found_and_says_what_changed(server: Server, page: Page) -> None:
    script = server.script("Looked after", "true", timeout_s=30)
    server.change(script, timeout_s=90, description="Now with a minute more")
    server.api.delete(f"/scripts/{script['id']}").raise_for_status()
    rows = page.locator("li[data-row]")
    await page.goto("/audit")
    await page.get_by_label("Object", exact=True).fill(script["id"])
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(f"{server.url}/audit?object={script['id']}")
    await expect(rows).to_have_count(3)

    await page.get_by_role("button", name="Add filter: Action").click()
    await page.get_by_role("menuitemcheckbox", name="Script: change", exact=True).click()
    await page.keyboard.press("Escape")
    await expect(rows).to_have_count(1)
    await rows.get_by_role("button").click()
    changes = rows.get_by_role("table")
    time_limit = changes.get_by_role("row").filter(has_text="timeout_s").get_by_role("cell")
    await expect(time_limit).to_have_text(["30", "90"])
    await page.reload()
    await expect(rows).to_have_count(1)
    await page.get_by_label("User", exact=True).fill("nobody at all")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Nothing was done that fits.")).to_be_visible()
    await page.locator("#main").get_by_role("button", name="Clear filters").last.click()
    await expect(rows.first).to_be_visible()
    await expect(page).to_have_url(f"{server.url}/audit")


async def test_events_are_taken_away_and_the_chain_is_whole(server: Server, page: Page) -> None:
    script = server.script("Taken away", "true")
    await page.goto(f"/audit?object={script['id']}")
    await expect(page.locator("li[data-row]")).to_have_count(1)
    found = {}
    for form in ("CSV", "JSON"):
        # A click so soon after the last pick would only close what is closed.
        await page.get_by_role("button", name="Export").press("ArrowDown")
        found[form] = (await downloaded(page, page.get_by_role("menuitem", name=f"As {form}"))).decode()
    (row,) = csv.DictReader(io.StringIO(found["CSV"]))
    (event,) = json.loads(found["JSON"])
    assert (row["action"], row["object_id"]) == ("script.create", script["id"])
    assert (event["hash"], event["object_name"]) == (row["hash"], "Taken away")

    await page.get_by_role("button", name="Verify").click()
    await expect(page.get_by_role("status").filter(has_text="Whole: ")).to_be_visible()
    exported = server.get("/audit", action="audit.export", limit=2)["items"]
    assert [one["changes"]["object"][1] for one in exported] == [script["id"]] * 2
