"""Runs in the browser: steered, found again, and seen by others while they change."""

import pytest
from playwright.async_api import Page, expect

from .actions import editor, log, state
from .conftest import NewPage
from .gate import Gate
from .server import Server

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_long_run_is_cancelled(server: Server, page: Page, gate: Gate) -> None:
    run = server.run(server.script("A long one", f"echo started\n{gate.shell}\necho never\n"))
    await page.goto(f"/runs/{run}")
    await expect(log(page)).to_contain_text("started")
    await expect(state(page, "running")).to_be_visible()
    await page.get_by_role("button", name="Cancel").click()
    await page.get_by_role("dialog").get_by_role("button", name="Cancel").last.click()
    await expect(state(page, "cancelled")).to_be_visible()
    await expect(page.get_by_role("button", name="Run again")).to_be_enabled()
    await expect(log(page)).not_to_contain_text("never")
    assert server.get(f"/runs/{run}")["state"] == "cancelled"


async def test_a_failure_shows_its_last_words_first(server: Server, page: Page) -> None:
    run = server.run(server.script("A failing one", "echo fine\necho 'no such order: 4711' >&2\nexit 3\n"))
    server.ended(run)
    await page.goto(f"/runs/{run}")
    await expect(state(page, "failed")).to_be_visible()
    await expect(page.get_by_text("It exited with code 3.")).to_be_visible()
    failure = page.locator("section.failure")
    await expect(failure).to_contain_text("no such order: 4711")
    await failure.get_by_role("button", name="See in the log").click()
    await expect(page).to_have_url(f"{server.url}/runs/{run}#L2")


async def test_filters_live_in_the_address(server: Server, page: Page) -> None:
    good = server.script("Filtered good", "true")
    bad = server.script("Filtered bad", "false")
    for script in (good, bad):
        server.ended(server.run(script, labels={"batch": "filters"}))
    rows = page.get_by_role("row").filter(has_text="Filtered")
    await page.goto("/runs?label=batch=filters")
    await expect(rows).to_have_count(2)

    await page.get_by_role("button", name="Add filter: State").click()
    await page.get_by_role("menuitemcheckbox", name="Failed").click()
    await expect(page).to_have_url(f"{server.url}/runs?label=batch=filters&state=failed")
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text("Filtered bad")

    await page.keyboard.press("Escape")
    await page.get_by_role("link", name="Filtered bad").click()
    await page.wait_for_url("**/runs/run_*")
    await page.go_back()
    await expect(page).to_have_url(f"{server.url}/runs?label=batch=filters&state=failed")
    await expect(rows).to_have_count(1)
    await page.go_forward()
    await page.wait_for_url("**/runs/run_*")
    await page.go_back()
    await expect(rows).to_have_count(1)
    await page.reload()
    await expect(rows).to_have_count(1)
    await page.get_by_role("button", name="Remove filter State: Failed").click()
    await expect(rows).to_have_count(2)


async def test_somebody_else_sees_states_change_without_reloading(
    server: Server, new_page: NewPage, gate: Gate
) -> None:
    script = server.script("Watched by two", f"echo in\n{gate.shell}\necho out\n")
    actor, other = await new_page(server), await new_page(server)
    await other.goto("/runs?q=Watched")
    await expect(other.get_by_text("No run fits these filters")).to_be_visible()

    await actor.goto(f"/scripts/{script['id']}")
    await actor.get_by_role("button", name="Run", exact=False).first.click()
    await expect(log(actor)).to_contain_text("in")
    row = other.get_by_role("row").filter(has_text="Watched by two")
    await expect(state(row, "running")).to_be_visible()
    gate.open()
    await expect(state(row, "succeeded")).to_be_visible()
    await expect(log(actor)).to_contain_text("out")
    assert await other.evaluate("performance.getEntriesByType('navigation').length") == 1


async def test_a_link_to_a_line_opens_there(server: Server, page: Page) -> None:
    run = server.run(server.script("Many lines", "seq -f 'line number %g' 1 5000"))
    server.ended(run)
    await page.goto(f"/runs/{run}#L2500")
    await expect(log(page).get_by_text("line number 2500", exact=True)).to_be_in_viewport()
    await page.get_by_role("searchbox", name="Search the log").fill("number 4321")
    await expect(page.get_by_text("1 of 1")).to_be_visible()
    await expect(log(page).get_by_text("4321", exact=False).first).to_be_in_viewport()


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
async def test_a_live_log_is_followed_until_one_scrolls_up(
    server: Server, new_page: NewPage, gate: Gate, motion: str
) -> None:
    script = server.script(f"Followed {motion}", f"seq -f 'first %g' 1 200\n{gate.shell}\nseq -f 'second %g' 1 200\n")
    page = await new_page(server, reduced_motion=motion)
    await page.goto(f"/scripts/{script['id']}")
    await expect(editor(page)).to_contain_text("first")
    await page.keyboard.press("Control+Enter")
    await expect(log(page).get_by_text("first 200", exact=True)).to_be_in_viewport()

    await log(page).hover()
    await page.mouse.wheel(0, -1500)
    to_the_end = page.get_by_role("button", name="Jump to live")
    await expect(to_the_end).to_be_visible()
    await expect(log(page).get_by_text("first 200", exact=True)).not_to_be_in_viewport()
    gate.open()
    await expect(state(page, "succeeded").first).to_be_visible()
    await expect(log(page).get_by_text("second 200", exact=True)).not_to_be_in_viewport()
    await page.get_by_role("button", name="Jump to the end").click()
    await expect(log(page).get_by_text("second 200", exact=True)).to_be_in_viewport()
