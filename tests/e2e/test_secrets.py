"""Secrets and variables in the browser: kept, listed by a script, given to its runs, masked, changed, deleted."""

import pytest
from playwright.async_api import Page, expect

from .actions import choose, log, state
from .server import Server

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
FIRST, SECOND = "swordfish-of-the-first-day", "swordfish-2"


async def keep(page: Page, kind: str, name: str, value: str) -> None:
    await page.get_by_role("button", name=f"New {kind}").click()
    dialog = page.get_by_role("dialog", name=f"New {kind}")
    await dialog.get_by_label("Name", exact=True).fill(name)
    await dialog.get_by_label("Value", exact=True).fill(value)
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog).to_have_count(0)


async def test_a_secret_is_kept_given_masked_and_changed(server: Server, page: Page) -> None:
    code = 'echo "it is $REGISTRY_KEY, ${#REGISTRY_KEY} long"'
    script = server.script("Speaks of the registry", code, secrets=["REGISTRY_KEY"])
    await page.goto("/secrets")
    await keep(page, "secret", "REGISTRY_KEY", FIRST)
    entry = page.get_by_role("listitem").filter(has_text="REGISTRY_KEY").last
    await expect(entry).to_contain_text("Never used")
    run = server.run(script)
    server.ended(run)
    await page.goto(f"/runs/{run}")
    await expect(log(page)).to_contain_text(f"it is ***, {len(FIRST)} long")
    assert FIRST not in server.api.get(f"/runs/{run}/logs", headers={"Accept": "text/plain"}).text

    await page.goto("/secrets")
    await expect(entry).to_contain_text("last used by Speaks of the registry")
    more = page.get_by_role("button", name="More about REGISTRY_KEY, The project")
    await more.click()
    await page.get_by_role("menuitem", name="Change").click()
    dialog = page.get_by_role("dialog", name="Change REGISTRY_KEY")
    await expect(dialog.get_by_label("Value", exact=True)).to_have_value("")
    await dialog.get_by_label("Value", exact=True).fill(SECOND)
    await dialog.get_by_role("button", name="Save").click()
    await expect(entry).to_contain_text("version 2")

    # What is sealed with a key that has been changed since is given like before.
    server.post("/keys/rotate", {"what": "data"})
    await page.goto(f"/scripts/{script['id']}")
    await page.get_by_role("button", name="Run", exact=False).first.click()
    await expect(log(page)).to_contain_text(f"it is ***, {len(SECOND)} long")

    await page.goto("/secrets")
    await more.click()
    await page.get_by_role("menuitem", name="Who uses it").click()
    details = page.get_by_role("dialog", name="REGISTRY_KEY")
    await expect(details.get_by_text("One script lists it")).to_be_visible()
    await expect(details.get_by_role("link", name="Speaks of the registry")).to_have_count(3)
    await page.keyboard.press("Escape")
    await more.click()
    await page.get_by_role("menuitem", name="Delete").click()
    asked = page.get_by_role("dialog", name="Delete REGISTRY_KEY?")
    await expect(asked).to_contain_text("Speaks of the registry")
    await asked.get_by_role("textbox").fill("REGISTRY_KEY")
    await asked.get_by_role("button", name="Delete").click()
    await expect(page.get_by_role("heading", name="REGISTRY_KEY")).to_have_count(0)
    failed = server.ended(server.run(script))
    assert (failed["state"], failed["error"]["code"]) == ("failed", "secret_missing")


async def test_a_script_lists_a_variable_and_the_stage_decides(server: Server, page: Page) -> None:
    script = server.script("Knows its region", 'echo "in $SHIPPING_REGION"')
    await page.goto("/variables")
    await keep(page, "variable", "SHIPPING_REGION", "north")
    entry = page.get_by_role("listitem").filter(has_text="SHIPPING_REGION")
    await expect(entry.first).to_contain_text("north")
    body = {"name": "SHIPPING_REGION", "value": "south", "stage": "prod"}
    server.post("/variables", body)

    await page.goto(f"/scripts/{script['id']}?tab=settings")
    await page.locator("summary").filter(has_text="Secrets, variables, connections").click()
    # The box itself is as narrow as what is typed into it.
    await page.locator(".el-select__wrapper").filter(has=page.get_by_label("Variables", exact=True)).click()
    await page.keyboard.type("SHIPPING_REGION")
    await page.get_by_role("option", name="SHIPPING_REGION", exact=True).click()
    await page.keyboard.press("Escape")
    await choose(page, page.get_by_label("Stage", exact=True), "prod")
    await page.get_by_role("button", name="Save").first.click()
    await expect(page.get_by_text("Saved as v2")).to_be_visible()
    resolved = page.locator("section").filter(has=page.get_by_role("heading", name="What runs are given"))
    await expect(resolved.locator(".wins")).to_contain_text("south")
    await page.get_by_role("button", name="Run", exact=False).first.click()
    await expect(log(page)).to_contain_text("in south")
    await expect(state(page, "succeeded").first).to_be_visible()
