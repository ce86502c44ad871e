"""Scripts in the browser: found by keys, versioned, deleted and brought back."""

import pytest
from playwright.async_api import Page, expect

from .actions import drawer, editor, rewrite, state, tab
from .server import Server

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_delete_offers_the_way_back(server: Server, page: Page) -> None:
    server.script("Going and coming", "true")
    await page.goto("/scripts?q=Going")
    row = page.get_by_role("row").filter(has_text="Going and coming")
    await row.hover()
    await row.get_by_role("button", name="Delete").click()
    await expect(row).to_have_count(0)
    await page.get_by_role("button", name="Undo").click()
    await expect(row).to_be_visible()


async def test_versions_are_compared_and_rolled_back(server: Server, page: Page) -> None:
    script = server.script("Versioned", "echo first\n")
    server.api.patch(f"/scripts/{script['id']}", json={"code": "echo second\n", "note": "Say second"})
    await page.goto(f"/scripts/{script['id']}")
    await expect(editor(page)).to_contain_text("echo second")
    await tab(page, "Versions").click()
    await expect(page.get_by_text("Say second")).to_be_visible()
    await page.get_by_role("button", name="What this version changed").click()
    diff = page.get_by_role("dialog")
    await expect(diff).to_contain_text("echo first")
    await expect(diff).to_contain_text("echo second")
    await page.keyboard.press("Escape")
    await expect(diff).to_have_count(0)
    await page.get_by_role("button", name="Roll back to v1").click()
    await expect(editor(page)).to_contain_text("echo first")
    await expect(page.get_by_text("v1 is current again, saved as v3")).to_be_visible()
    assert server.get(f"/scripts/{script['id']}")["code"] == "echo first\n"


async def test_leaving_unsaved_work_asks(server: Server, page: Page) -> None:
    script = server.script("Half done", "echo one\n")
    await page.goto(f"/scripts/{script['id']}")
    await rewrite(page, "echo two\n")
    await expect(page.get_by_text("Unsaved changes")).to_be_visible()
    await page.get_by_role("link", name="Runs", exact=True).click()
    await page.get_by_role("button", name="Stay").click()
    await expect(editor(page)).to_contain_text("echo two")
    await page.get_by_role("link", name="Runs", exact=True).click()
    await page.get_by_role("button", name="Leave", exact=True).click()
    await page.wait_for_url("**/runs")
    assert server.get(f"/scripts/{script['id']}")["version"] == 1


async def test_a_refused_value_is_said_at_its_field(server: Server, page: Page) -> None:
    size = {"key": "SIZE", "label": "Size", "type": "number", "required": True, "min": 1, "max": 9, "default": 5}
    script = server.script("Bounded", "echo $SIZE", parameters=[size])
    await page.goto(f"/scripts/{script['id']}")
    await page.get_by_label("Size").fill("12")
    await page.keyboard.press("Control+Enter")
    await page.get_by_role("button", name="Run", exact=False).first.click()
    await expect(page.get_by_role("alert")).to_contain_text("at most 9")
    await page.get_by_label("Size").fill("7")
    await page.get_by_role("button", name="Run", exact=False).first.click()
    await expect(state(drawer(page), "succeeded")).to_be_visible()


async def test_the_editor_is_styled_under_the_content_policy(server: Server, page: Page) -> None:
    script = server.script("Styled", "import os\n\ndef half(x):\n    return x / 2\n", language="python")
    await page.goto(f"/scripts/{script['id']}")
    await expect(editor(page)).to_contain_text("def half")
    gutter = page.locator(".cm-host .cm-lineNumbers")
    await expect(gutter).to_be_visible()
    assert await page.locator(".cm-host .cm-scroller").evaluate("e => getComputedStyle(e).display") == "flex"
    font = await editor(page).evaluate("e => getComputedStyle(e).fontFamily")
    assert "mono" in font.lower()
    text = await editor(page).evaluate("e => getComputedStyle(e).color")
    keyword = page.locator(".cm-host .cm-line span").filter(has_text="import").first
    await expect(keyword).not_to_have_css("color", text)


async def test_lists_are_walked_with_keys(server: Server, page: Page) -> None:
    for name in ("Walked a", "Walked b", "Walked c"):
        server.script(name, "true")
    await page.goto("/scripts?q=Walked&sort=name")
    rows = page.locator("[data-row]")
    await expect(rows).to_have_count(3)
    for _ in range(3):
        await page.keyboard.press("j")
    await page.keyboard.press("k")
    await page.keyboard.press("x")
    await expect(page.get_by_role("checkbox", name="Select Walked b")).to_be_checked()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("checkbox", name="Select Walked b")).not_to_be_checked()
    await page.keyboard.press("/")
    await expect(page.get_by_role("searchbox", name="Search scripts")).to_be_focused()
    await page.keyboard.press("Escape")
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Name", exact=True).first).to_have_value("Walked b")


async def test_keys_are_listed_and_lead_anywhere(server: Server, page: Page) -> None:
    script = server.script("Jumped to", "true")
    await page.goto("/")
    await expect(page.get_by_role("link", name="Home", exact=True)).to_be_visible()
    await page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keyboard")
    await expect(keys).to_contain_text("Jump to anything")
    await page.keyboard.press("Escape")
    await expect(keys).to_be_hidden()
    await page.keyboard.press("g")
    await page.keyboard.press("r")
    await page.wait_for_url("**/runs")
    await page.keyboard.press("Control+k")
    await page.get_by_role("combobox", name="Jump to anything").fill("Jumped")
    await expect(page.get_by_role("option", name="Jumped to").first).to_be_visible()
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/scripts/{script['id']}")
