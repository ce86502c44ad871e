"""A journey to a real provider and back: in by its page, around, and out in both places."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Route, expect

from tests.sso.provider import OidcProvider, providing

from .conftest import NewPage
from .server import Server, serving
from .watch import Watch

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest.fixture(scope="module")
def provider() -> Iterator[OidcProvider]:
    with providing() as provider:
        yield provider


@pytest.fixture
def yard(provider: OidcProvider, tmp_path: Path, chromium: str, built_page: None) -> Iterator[Server]:
    roles = '[{"group": "makers", "project": "default", "role": "developer"}]'
    with serving(tmp_path, **provider.settings(ROLES=roles)) as server:
        provider.know_client(server.url)
        yield server


async def no_fonts(route: Route) -> None:
    await route.fulfill(content_type="text/css", body="")


async def test_in_by_the_provider_and_out_in_both_places(
    yard: Server, provider: OidcProvider, new_page: NewPage, watch: Watch
) -> None:
    # What was being asked for at the moment of logging out is answered to nobody.
    watch.allow(r"status of 401 .*/api/v1/(runs|scripts|approvals)")
    provider.know(mei={"name": "Mei Chen", "groups": ["makers"]})
    page = await new_page(yard, signed_in=False)
    # Its pages ask for a typeface from far away.
    await page.context.route("https://fonts.googleapis.com/**", no_fonts)
    await page.goto("/scripts?q=report")
    await page.get_by_role("link", name="Continue with Example Inc.").click()

    # The provider's own pages.
    await page.get_by_placeholder("Enter any login").fill("mei")
    await page.get_by_placeholder("and password").fill("any")
    await page.get_by_role("button", name="Sign-in").click()
    await page.get_by_role("button", name="Continue").click()

    await page.wait_for_url("**/scripts?q=report")
    await page.goto("/profile")
    await expect(page.get_by_text("You log in by SSO.")).to_be_visible()
    await expect(page.get_by_label("New password")).to_have_count(0)
    await page.reload()
    await expect(page.get_by_text("You log in by SSO.")).to_be_visible()

    await page.get_by_role("button", name="Your menu").click()
    await page.get_by_role("menuitem", name="Log out").click()
    await page.get_by_role("button", name="Yes, sign me out").click()
    await page.wait_for_url(f"{yard.url}/login")
    # Nobody is signed in there any more either.
    await page.get_by_role("link", name="Continue with Example Inc.").click()
    await expect(page.get_by_placeholder("Enter any login")).to_be_visible()


async def test_what_went_wrong_is_said(yard: Server, new_page: NewPage) -> None:
    page = await new_page(yard, signed_in=False)
    await page.goto("/login?sso=sso_not_allowed&next=%2Fruns")
    await expect(page.get_by_role("alert")).to_have_text(
        "You are known there, but in none of the groups that may log in here."
    )
    await page.goto("/login?sso=%3Cb%3Ewin%20a%20prize%3C%2Fb%3E")
    await expect(page.get_by_role("alert")).to_have_text("The provider did not log you in.")
