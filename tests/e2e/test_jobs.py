"""Jobs in the browser: made, paused, and called from outside."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

from .actions import choose, state
from .server import Server
from .watch import Watch

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


def job(server: Server, name: str, **facts: Any) -> dict[str, Any]:
    """Save a job over a script of its own."""
    script = server.script(f"{name}, the script", "true")
    body = {"name": name, "target": {"kind": "script", "id": script["id"]}, **facts}
    made: dict[str, Any] = server.post("/jobs", body)
    return made


async def test_a_job_is_made_with_the_next_ten_times_in_view(server: Server, page: Page, watch: Watch) -> None:
    watch.allow("422 .*/triggers/preview")
    server.script("Made by hand, the script", "true")
    await page.goto("/jobs/new")
    await page.get_by_role("textbox", name="Name", exact=True).fill("Made by hand")
    box = page.get_by_role("combobox", name="Script")
    await box.fill("Made by hand, the")
    await page.get_by_role("option", name="Made by hand, the script").click()
    await page.get_by_role("button", name="Add a trigger").click()
    await page.get_by_role("menuitem", name="At times").click()

    card = page.get_by_role("group", name="At times")
    await expect(card.get_by_role("listitem")).to_have_count(10)
    await card.get_by_role("button", name="Weekly").click()
    await expect(card.get_by_label("Cron expression")).to_have_value("0 9 * * 1-5")
    await card.get_by_label("Cron expression").fill("0 0 30 2 *")
    await expect(card.get_by_role("alert")).to_be_visible()
    await card.get_by_label("Cron expression").fill("30 4 * * *")
    await expect(card.get_by_role("listitem").first).to_contain_text("04:30")
    await expect(card.get_by_role("alert")).to_have_count(0)

    await page.get_by_role("button", name="Save job").click()
    await expect(page.get_by_role("heading", name="Made by hand")).to_be_visible()
    await expect(page.get_by_text("Nothing was due yet")).to_be_visible()
    [made] = server.get("/jobs", q="Made by hand")["items"]
    assert [trigger["cron"] for trigger in made["triggers"]] == ["30 4 * * *"]


async def test_unsaved_work_is_not_left_in_silence(server: Server, page: Page) -> None:
    made = job(server, "Left unsaved")
    await page.goto(f"/jobs/{made['id']}/edit")
    await page.get_by_role("textbox", name="Name", exact=True).fill("Left unsaved, but changed")
    await page.get_by_role("button", name="Cancel").click()
    await page.get_by_role("dialog").get_by_role("button", name="Stay").click()
    await expect(page.get_by_role("textbox", name="Name", exact=True)).to_have_value("Left unsaved, but changed")
    await page.get_by_role("button", name="Save job").click()
    await expect(page.get_by_role("heading", name="Left unsaved, but changed")).to_be_visible()


async def test_a_paused_job_says_by_whom_and_why(server: Server, page: Page) -> None:
    made = job(server, "Paused for a while", triggers=[{"type": "cron", "cron": "0 4 * * *"}])
    await page.goto("/jobs?q=Paused+for+a+while")
    row = page.get_by_role("row").filter(has_text="Paused for a while")
    await row.get_by_role("button", name="Pause: Paused for a while").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Why").fill("the cellar is flooded")
    await dialog.get_by_role("button", name="Pause").click()
    await expect(row.locator('[data-job-state="paused"]')).to_be_visible()

    await page.goto(f"/jobs/{made['id']}")
    await expect(page.get_by_text("the cellar is flooded")).to_be_visible()
    await page.get_by_role("button", name="Resume").click()
    await expect(page.locator('[data-job-state="on"]')).to_be_visible()
    assert server.get(f"/jobs/{made['id']}")["paused"] is None


async def test_the_secret_of_a_webhook_is_shown_once(server: Server, page: Page) -> None:
    made = job(server, "Called from outside")
    await page.goto(f"/jobs/{made['id']}/edit")
    await page.get_by_role("button", name="Add a trigger").click()
    await page.get_by_role("menuitem", name="Webhook").click()
    card = page.get_by_role("group", name="Webhook")
    await choose(page, card.get_by_role("combobox", name="Proves who calls by"), "A token")
    await page.get_by_role("button", name="Save job").click()
    dialog = page.get_by_role("dialog")
    secret = await dialog.locator("[data-secret]").inner_text()
    await expect(dialog.locator("pre")).to_contain_text(secret)
    await dialog.get_by_role("button", name="I have kept it").click()
    await expect(page.get_by_role("heading", name="Called from outside")).to_be_visible()
    assert secret not in await page.content()

    await page.goto(f"/jobs/{made['id']}?tab=triggers")
    await page.get_by_role("button", name="New secret").click()
    await page.get_by_role("dialog").get_by_role("button", name="New secret").click()
    another = page.locator("[data-secret]")
    await expect(another).to_be_visible()
    assert await another.inner_text() != secret


async def test_a_job_is_run_now(server: Server, page: Page) -> None:
    made = job(server, "Run right now")
    await page.goto(f"/jobs/{made['id']}?tab=runs")
    await page.get_by_role("button", name="Run now").click()
    await page.get_by_role("button", name="See it").click()
    await page.wait_for_url("**/runs/run_*")
    await expect(state(page, "succeeded").first).to_be_visible()
    await expect(page.get_by_role("link", name="Run right now", exact=True)).to_be_visible()


async def test_what_was_due_stands_in_the_ledger(server: Server, page: Page) -> None:
    made = job(server, "Due every second", triggers=[{"type": "interval", "every_s": 1}])
    await page.goto(f"/jobs/{made['id']}")
    fired = page.locator('[data-slot="fired"]')
    await expect(fired.first).to_be_visible()
    await expect(fired.first).not_to_contain_text("slots")
    server.api.patch(f"/jobs/{made['id']}", json={"enabled": False}).raise_for_status()
    await fired.first.get_by_role("link").click()
    await page.wait_for_url("**/runs/run_*")
    await expect(page.get_by_role("link", name="Due every second", exact=True)).to_be_visible()
