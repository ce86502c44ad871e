"""The page on a phone: nothing sticks out to the right, and everything is in reach."""

import pytest
from playwright.async_api import Page, expect

from .actions import AT_ONCE, on_each
from .conftest import NewPage
from .furniture import Furniture
from .server import Server

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "device_scale_factor": 1}

_STICKING_OUT = """() => {
  const page = document.scrollingElement
  if (page.scrollWidth <= window.innerWidth) return []
  const wide = [...document.querySelectorAll('body *')].filter(
    (element) => element.getBoundingClientRect().right > window.innerWidth + 0.5,
  )
  return wide.map((element) => `${element.tagName}.${element.className}`).slice(0, 5).concat(`${page.scrollWidth} px`)
}"""


async def sticking_out(page: Page) -> list[str]:
    """Return what makes the page scroll sideways."""
    found: list[str] = await page.evaluate(_STICKING_OUT)
    return found


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_no_page_scrolls_sideways(server: Server, new_page: NewPage, furniture: Furniture, language: str) -> None:
    pages = [await new_page(server, locale=language, **PHONE) for _ in range(AT_ONCE)]
    trouble = await on_each(pages, furniture.pages, sticking_out)
    assert {name: found for name, found in trouble.items() if found} == {}


async def test_a_newcomer_logs_in_and_gets_around(server: Server, new_page: NewPage, furniture: Furniture) -> None:
    page = await new_page(server, signed_in=False, **PHONE)
    await page.goto("/login")
    await expect(page.get_by_role("button", name="Log in")).to_be_visible()
    assert await sticking_out(page) == []
    await page.get_by_label("User name").fill("admin")
    await page.get_by_label("Password", exact=True).fill("a password for tests")
    await page.get_by_role("button", name="Log in").tap()
    bar = page.get_by_role("navigation", name="Main").last
    await bar.get_by_role("link", name="Runs").tap()
    await page.get_by_role("link", name="Sum of prices").first.tap()
    await page.wait_for_url("**/runs/run_*")
    await expect(page.locator("section.failure")).to_contain_text("KeyError")
    await bar.get_by_role("button", name="More").tap()
    await page.get_by_role("link", name="Workers").tap()
    await page.wait_for_url("**/workers")


async def test_the_workbench_shows_one_part_at_a_time(server: Server, new_page: NewPage, furniture: Furniture) -> None:
    page = await new_page(server, **PHONE)
    await page.goto(f"/scripts/{furniture.script}")
    parts = page.get_by_role("group", name="Parts of the script")
    await parts.get_by_role("button", name="Parameters").tap()
    await page.get_by_label("Rows").fill("3")
    await page.get_by_role("button", name="Run", exact=False).first.tap()
    await expect(page.get_by_role("log")).to_contain_text("row  39")
    assert await sticking_out(page) == []
