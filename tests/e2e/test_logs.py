"""Logs that are too much, or mean harm: what the page makes of them."""

import pytest
from playwright.async_api import Page, expect

from .actions import log, state
from .gate import Gate
from .server import Server

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
COUNT = 200_000


async def test_a_flood_is_followed_by_its_end_and_whole_when_looked_at(server: Server, page: Page, gate: Gate) -> None:
    code = f"echo begin\n{gate.shell}\nseq -f 'line number %.0f.' 2 {COUNT}\n"
    run = server.run(server.script("A flood", code))
    await page.goto(f"/runs/{run}")
    await expect(log(page)).to_contain_text("begin")
    search = page.get_by_role("searchbox", name="Search the log")
    await search.fill("number 123456.")
    await expect(page.get_by_text("No match")).to_be_visible()
    gate.open()
    await expect(state(page, "succeeded").first).to_be_visible()
    # what was left out on its way here is searched all the same
    await expect(page.get_by_text("1 of 1")).to_be_visible()
    await page.get_by_role("button", name="Go to line").click()
    await page.get_by_role("textbox", name="Line number").fill("77777")
    await page.keyboard.press("Enter")
    await expect(log(page).get_by_text("line number 77777.", exact=True)).to_be_in_viewport()
    await search.fill("LINE NUMBER")
    await expect(page.get_by_text("of 10,000+")).to_be_visible()
    await expect(page.get_by_text(f"of {COUNT:,} lines", exact=False).first).to_be_visible()


async def test_a_line_is_text_whatever_it_says(server: Server, page: Page) -> None:
    words = [
        "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>",
        "\x1b]0;taken\x07\x1b[2J\x1b[1;1Hstill \x1b[31mhere\x1b[0m",
        "before\0after",
        "[link](javascript:alert(1)) javascript:alert(1)",
    ]
    code = (
        "import sys\n" + "".join(f"print({word!r})\n" for word in words) + "sys.stdout.buffer.write(b'caf\\xe9\\n')\n"
    )
    run = server.run(server.script("Hostile", code, language="python"))
    server.ended(run)
    await page.goto(f"/runs/{run}")
    await expect(log(page)).to_contain_text(words[0])
    await expect(log(page)).to_contain_text("still here")
    await expect(log(page)).to_contain_text("caf\ufffd")
    assert await log(page).locator("img, script, iframe, a[href^='javascript']").count() == 0
    assert "taken" not in await page.title()


async def test_a_line_without_an_end_is_cut_and_shown_a_part_at_a_time(server: Server, page: Page) -> None:
    run = server.run(server.script("One line", "head -c 3000000 /dev/zero | tr '\\0' x; echo; echo the end"))
    server.ended(run)
    await page.goto(f"/runs/{run}")
    await expect(log(page)).to_contain_text("the end")
    await expect(log(page).get_by_role("button", name="more characters").first).to_be_visible()
