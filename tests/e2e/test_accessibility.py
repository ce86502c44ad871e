"""Every main page as axe-core sees it, light and dark."""

from functools import cache
from pathlib import Path

import pytest
from playwright.async_api import Page

from .actions import AT_ONCE, is_settled, on_each
from .conftest import NewPage
from .furniture import Furniture
from .server import Server

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
AXE = Path(__file__).parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
# Evaluated by the debugger, which no content policy stops: the page is looked at as it is served.
_LOOK = """async () => {
  const { violations } = await axe.run(document, { resultTypes: ['violations'] })
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.target} ${node.failureSummary}`))
}"""


@cache
def axe() -> str:
    """Return axe-core's code, which script/setup installs."""
    if not AXE.is_file():
        pytest.fail(f"{AXE} is missing. Run script/setup.")
    return AXE.read_text(encoding="utf-8")


async def barriers(page: Page) -> list[str]:
    """Return what is a serious or critical barrier on the page."""
    await page.evaluate(axe())
    found: list[str] = await page.evaluate(_LOOK)
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_pages_have_no_serious_barriers(
    server: Server, new_page: NewPage, furniture: Furniture, scheme: str
) -> None:
    stranger = await new_page(server, signed_in=False, color_scheme=scheme)
    await stranger.goto("/login")
    await stranger.get_by_label("User name").wait_for()
    trouble = {"login": await barriers(stranger)}
    pages = [await new_page(server, color_scheme=scheme) for _ in range(AT_ONCE)]
    trouble |= await on_each(pages, furniture.pages, barriers)
    lines = [f"{name}: {barrier}" for name, found in trouble.items() for barrier in found]
    assert not lines, "\n".join(lines)


async def test_menus_and_dialogs_have_no_serious_barriers(
    server: Server, new_page: NewPage, furniture: Furniture
) -> None:
    page = await new_page(server)
    await page.goto(f"/runs/{furniture.running}")
    await is_settled(page)
    await page.get_by_role("button", name="Cancel").click()
    await page.get_by_role("dialog").wait_for()
    assert await barriers(page) == []
    await page.goto("/runs")
    await is_settled(page)
    await page.get_by_role("button", name="Add filter: State").click()
    await page.get_by_role("menu").wait_for()
    assert await barriers(page) == []
    await page.keyboard.press("Escape")
    await page.keyboard.press("Control+k")
    await page.get_by_role("combobox").wait_for()
    assert await barriers(page) == []
