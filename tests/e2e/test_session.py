"""Sessions and taste: in and out, silently renewed, and a language and a theme that stay."""

import pytest
from playwright.async_api import Page, Route, expect

from .actions import log_in
from .conftest import NewPage
from .server import Server
from .watch import Watch

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
REFUSED = r"status of 401 .*"


async def test_a_wrong_password_is_said_and_the_address_is_kept(
    server: Server, new_page: NewPage, watch: Watch
) -> None:
    watch.allow(REFUSED + "/auth/login")
    server.allow("password.wrong")
    page = await new_page(server, signed_in=False)
    await page.goto("/runs?state=failed")
    await page.get_by_label("User name").fill("admin")
    await page.get_by_label("Password", exact=True).fill("not the password")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_have_text("The user name or the password is wrong.")
    await log_in(page)
    await page.wait_for_url("**/runs?state=failed")


async def test_logging_out_ends_the_session(server: Server, page: Page, watch: Watch) -> None:
    # What was being asked for at that moment is answered to nobody.
    watch.allow(r"status of 401 .*/api/v1/(runs|scripts|approvals)")
    await page.goto("/scripts")
    await page.get_by_role("button", name="Your menu").click()
    await page.get_by_role("menuitem", name="Log out").click()
    await page.wait_for_url("**/login**")
    await page.go_back()
    await page.wait_for_url("**/login**")
    assert "runyard_refresh" not in {cookie["name"] for cookie in await page.context.cookies()}
    await log_in(page)
    await expect(
        page.get_by_role("navigation", name="Main").get_by_role("link", name="Scripts", exact=True)
    ).to_be_visible()


async def test_an_access_token_that_has_run_out_is_renewed_silently(server: Server, page: Page, watch: Watch) -> None:
    watch.allow(REFUSED + "/api/v1/")
    await page.goto("/scripts")
    await expect(page.locator("[data-row]").first).to_be_visible()
    refused: list[str] = []

    async def spoil(route: Route) -> None:
        # The server itself refuses what is no token of its own any more.
        if refused:
            await route.fallback()
            return
        refused.append(route.request.url)
        await route.continue_(headers={**route.request.headers, "authorization": "Bearer run-out"})

    await page.route("**/api/v1/runs?*", spoil)
    async with page.expect_response("**/api/v1/auth/refresh") as renewed:
        await page.get_by_role("link", name="Runs", exact=True).click()
    assert (await renewed.value).ok
    await expect(page.get_by_role("heading", name="Runs")).to_be_visible()
    await expect(page.get_by_text("could not be loaded")).to_have_count(0)
    assert refused
    assert "/login" not in page.url


async def test_a_reload_keeps_the_session(server: Server, page: Page) -> None:
    await page.goto("/environments")
    await page.reload()
    await expect(page.get_by_role("heading", name="Environments", exact=True)).to_be_visible()


async def test_language_and_theme_stay(server: Server, new_page: NewPage) -> None:
    try:
        page = await new_page(server)
        await page.goto("/")
        await page.get_by_role("button", name="Language", exact=True).click()
        await page.get_by_role("menuitemcheckbox", name="中文").click()
        await expect(page.get_by_role("link", name="脚本", exact=True)).to_be_visible()
        await expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
        await page.get_by_role("button", name="外观").click()
        await page.get_by_role("menuitemcheckbox", name="深色").click()
        await expect(page.locator("html")).to_have_class("dark")
        await page.reload()
        await expect(page.get_by_role("link", name="脚本", exact=True)).to_be_visible()
        await expect(page.locator("html")).to_have_class("dark")

        # The profile remembers both for the next browser.
        elsewhere = await new_page(server)
        await elsewhere.goto("/runs")
        await expect(elsewhere.get_by_role("link", name="脚本", exact=True)).to_be_visible()
        await expect(elsewhere.locator("html")).to_have_class("dark")
    finally:
        server.api.patch("/me", json={"language": None, "theme": None}).raise_for_status()
