"""What the list of scripts makes a phone fetch and draw before it stands: figures that no busy machine changes."""

import pytest
from playwright.async_api import Page, Response, expect

from .conftest import NewPage
from .server import Server
from .test_phone import PHONE

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
# On HTTP/1.1 a browser fetches six files at a time: each further handful is another trip to the server.
FILES = 16
# Words come with the pages that are drawn with them: all rooms' would be seventy thousand more.
BYTES = 417_000
HEAVY = ("element-", "codemirror-", "chart-", "WorkbenchPage-", "dist-")
TURNS = """() => {
  window.grown = []
  const count = (from) => from.reduce((sum, { addedNodes }) => sum + [...addedNodes].reduce(
    (all, node) => all + (node.querySelectorAll ? 1 + node.querySelectorAll('*').length : 0), 0), 0)
  new MutationObserver((records) => window.grown.push(count(records)))
    .observe(document, { childList: true, subtree: true })
}"""
# The largest turn is a card, the head of the page or its bar; the whole list would be a thousand.
ELEMENTS_A_TURN = 150


@pytest.fixture(scope="module")
def many(server: Server) -> None:
    """More scripts than fit on the first screen."""
    for number in range(30):
        server.script(f"Weighed {number:02}", "true", tags=["weighed"])


async def test_the_list_waits_for_little(server: Server, many: None, new_page: NewPage) -> None:
    page = await new_page(server, **PHONE)
    files: dict[str, int] = {}

    async def weigh(response: Response) -> None:
        if "/assets/" in response.url and response.url.endswith((".js", ".css")):
            files[response.url.rpartition("/")[2]] = len(await response.body())

    page.on("response", weigh)
    await page.goto("/scripts?tag=weighed")
    await expect(page.locator("[data-row]")).to_have_count(30)
    await page.wait_for_load_state("networkidle")
    assert [name for name in files if name.startswith(HEAVY)] == []
    assert len(files) <= FILES, " ".join(sorted(files))
    assert sum(files.values()) <= BYTES, files


async def test_the_list_is_drawn_in_small_turns(server: Server, many: None, new_page: NewPage) -> None:
    page = await new_page(server, **PHONE)
    await page.add_init_script(f"({TURNS})()")
    await page.goto("/scripts?tag=weighed")
    await expect(page.locator("[data-row]")).to_have_count(30)
    grown = await _grown(page)
    assert sum(grown) > ELEMENTS_A_TURN
    assert max(grown) <= ELEMENTS_A_TURN, grown


async def _grown(page: Page) -> list[int]:
    """Return how many elements each turn of the page has added."""
    found: list[int] = await page.evaluate("window.grown")
    return found
