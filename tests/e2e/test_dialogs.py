"""Dialogs by keyboard: where the focus is, what Escape and Enter do, what can be saved; and a server that is away."""

import pytest
from playwright.async_api import Page, expect

from .actions import is_settled
from .conftest import NewPage
from .furniture import Furniture
from .server import Server
from .test_accessibility import barriers
from .watch import Watch

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_form_is_filled_in_and_sent_by_keyboard_alone(page: Page, watch: Watch) -> None:
    watch.allow("422 .*/secrets")
    await page.goto("/secrets")
    await is_settled(page)
    opener = page.get_by_role("button", name="New secret").first
    await opener.focus()
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="New secret")
    name, save = dialog.get_by_label("Name"), dialog.get_by_role("button", name="Save")
    await expect(name).to_be_focused()
    await expect(save).to_be_disabled()
    await page.keyboard.type("not a name")
    await dialog.get_by_label("Value").fill("s3cret of the keyboard")
    await save.press("Enter")
    # What was refused says so at the field, and has the focus.
    await expect(name).to_be_focused()
    await expect(name).to_have_attribute("aria-invalid", "true")
    said = await name.get_attribute("aria-describedby")
    await expect(dialog.locator(f"[id='{said}']")).not_to_be_empty()
    await name.fill("KEYED_BY_HAND")
    await name.press("Enter")
    await expect(dialog).to_have_count(0)
    await expect(page.get_by_role("heading", name="KEYED_BY_HAND")).to_be_visible()

    await opener.focus()
    await page.keyboard.press("Enter")
    await expect(name).to_be_focused()
    # A list of choices that is closed doesn't keep Escape to itself.
    await dialog.get_by_role("combobox").first.focus()
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await expect(opener).to_be_focused()


async def test_what_has_not_changed_is_not_saved(page: Page, furniture: Furniture) -> None:
    await page.goto(f"/access/teams/{furniture.team}")
    await page.get_by_role("button", name="Change", exact=True).click()
    dialog = page.get_by_role("dialog")
    save, about = dialog.get_by_role("button", name="Save"), dialog.get_by_label("Description")
    before = await about.input_value()
    await expect(save).to_be_disabled()
    await about.fill(f"{before} Often.")
    await expect(save).to_be_enabled()
    await about.fill(before)
    await expect(save).to_be_disabled()
    await page.keyboard.press("Escape")

    await page.goto("/stages")
    stages, keep = page.get_by_label("Stages"), page.get_by_role("button", name="Save")
    await expect(stages).not_to_have_value("")
    await expect(keep).to_be_disabled()
    await stages.fill(f"{await stages.input_value()}, canary")
    await expect(keep).to_be_enabled()


@pytest.mark.usefixtures("furniture")
async def test_a_calendar_with_weekdays_is_changed(page: Page) -> None:
    await page.goto("/jobs/blackouts")
    await page.get_by_role("button", name="Change Quiet nights").click()
    dialog = page.get_by_role("dialog", name="Change Quiet nights")
    await dialog.get_by_label("What it is called").fill("Dead of night")
    await dialog.get_by_role("button", name="Save").click()
    await expect(page.locator('[data-blackout="Quiet nights"]')).to_contain_text("Dead of night")


async def test_deleting_begins_where_enter_does_no_harm(server: Server, page: Page) -> None:
    token = server.post("/tokens", {"name": "Not to be revoked", "permissions": ["run:read"]})
    await page.goto("/access/tokens")
    row = page.get_by_role("listitem").filter(has_text="Not to be revoked")
    await row.get_by_role("button", name="Revoke").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(dialog).to_be_hidden()
    assert any(one["id"] == token["id"] for one in server.get("/tokens")["items"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_open_dialogs_have_no_serious_barriers(
    server: Server, new_page: NewPage, furniture: Furniture, scheme: str
) -> None:
    page = await new_page(server, color_scheme=scheme)
    trouble: list[str] = []
    for path, button in (
        ("/secrets", "New secret"),
        ("/connections", "New connection"),
        ("/access/tokens", "New token"),
        ("/jobs/blackouts", "New calendar"),
        ("/environments/interpreters", "Register one"),
        (f"/jobs/{furniture.job}", "Backfill"),
    ):
        await page.goto(path)
        await is_settled(page)
        await page.get_by_role("button", name=button).first.click()
        await page.get_by_role("dialog").wait_for()
        trouble += [f"{path}: {barrier}" for barrier in await barriers(page)]
    await page.goto(f"/runs/compare?a={furniture.succeeded}&b={furniture.failed}")
    await is_settled(page)
    await page.locator(".cm-changedText").first.wait_for()
    trouble += [f"compare: {barrier}" for barrier in await barriers(page)]
    assert not trouble, "\n".join(trouble)


async def test_a_page_that_does_not_come_is_told_of(page: Page, watch: Watch) -> None:
    watch.allow("INTERNET_DISCONNECTED|Failed to fetch|[Pp]reload|WebSocket")
    await page.goto("/profile")
    await is_settled(page)
    await page.context.set_offline(True)
    await page.get_by_role("link", name="Workers", exact=True).click()
    away = page.get_by_text("The server cannot be reached", exact=False)
    await expect(away).to_be_visible()
    await page.context.set_offline(False)
    await page.get_by_role("button", name="Try again").click()
    await expect(page.get_by_role("heading", name="Workers")).to_be_visible()
