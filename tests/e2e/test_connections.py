"""Connections in the browser: filled in, tried against a real server, kept, and a script of SQL run on one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.connections.test_real_servers import PASSWORD, postgres

from .actions import choose, log, state
from .conftest import NewPage
from .server import Server, serving

__all__ = ["postgres"]
pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
CODE = "SELECT day, day * day AS squared, current_user AS who FROM generate_series(1, :DAYS::int) AS day"


@pytest.fixture
def near_server(tmp_path: Path, chromium: str, built_page: None) -> Iterator[Server]:
    """A server that may connect to this machine."""
    with serving(tmp_path, RUNYARD_FETCH_ALLOW="127.0.0.0/8") as server:
        yield server
        assert server.troubles() == []


async def fill_in(page: Page, facts: dict[str, Any], password: str) -> None:
    dialog = page.get_by_role("dialog", name="New connection")
    await dialog.get_by_label("Name", exact=True).fill("WAREHOUSE")
    await dialog.get_by_label("Host *").fill(facts["host"])
    await dialog.get_by_label("Port").fill(str(facts["port"]))
    await dialog.get_by_label("Database").fill("postgres")
    await dialog.get_by_label("User").fill(facts["username"])
    await dialog.get_by_label("Password").fill(password)
    await choose(page, dialog.get_by_label("Encryption"), "off")


@pytest.mark.needs_registry
@pytest.mark.timeout(600)
async def test_sql_runs_on_a_connection_that_was_tried(
    near_server: Server, new_page: NewPage, postgres: dict[str, Any]
) -> None:
    page = await new_page(near_server)
    parameters = [{"key": "DAYS", "label": "Days", "type": "number", "default": 3}]
    script = near_server.script("Squares of days", CODE, language="sql", parameters=parameters)
    await page.goto("/connections")
    await page.get_by_role("button", name="New connection").first.click()
    dialog = page.get_by_role("dialog", name="New connection")
    await fill_in(page, postgres, "not-the-password")
    await dialog.get_by_role("button", name="Test").click()
    answer = dialog.get_by_role("status")
    await expect(answer).to_contain_text("Does not work")
    await expect(answer).to_contain_text("password authentication failed")
    await dialog.get_by_label("Password").fill(PASSWORD)
    # What was seen with another password says nothing about this one.
    await expect(answer).to_have_count(0)
    await dialog.get_by_role("button", name="Test").click()
    await expect(answer).to_contain_text("Works")
    await expect(answer).to_contain_text("PostgreSQL 1")
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog).to_have_count(0)
    row = page.get_by_role("listitem").filter(has=page.get_by_role("heading", name="WAREHOUSE"))
    await expect(row).to_contain_text("Not tested yet")
    await row.get_by_role("button", name="Test").click()
    await expect(row.get_by_role("status")).to_contain_text("Works")

    await page.goto(f"/scripts/{script['id']}?tab=settings")
    await page.locator("summary").filter(has_text="Secrets, variables, connections").click()
    await page.locator(".el-select__wrapper").filter(has=page.get_by_label("Connections", exact=True)).click()
    await page.get_by_role("option", name="WAREHOUSE", exact=True).click()
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Save").first.click()
    await expect(page.get_by_text("Saved as v2")).to_be_visible()
    await page.get_by_role("button", name="Run", exact=False).first.click()
    # The drivers are an environment that is built for the first such script.
    await expect(log(page)).to_contain_text("On WAREHOUSE (postgresql).", timeout=300_000)
    await expect(state(page, "succeeded").first).to_be_visible()

    (run,) = near_server.get("/runs", script_id=script["id"])["items"]
    await page.goto(f"/runs/{run['id']}?tab=outputs")
    table = page.get_by_role("table")
    await expect(table.get_by_role("columnheader")).to_have_text(["day", "squared", "who"])
    await expect(table.get_by_role("row").last.get_by_role("cell")).to_have_text(["3", "9", "guarded"])
    await page.get_by_role("button", name="Chart", exact=True).click()
    await expect(page.locator("canvas")).to_be_visible()
    assert PASSWORD not in near_server.api.get(f"/runs/{run['id']}/logs", headers={"Accept": "text/plain"}).text

    await page.goto("/connections")
    await page.get_by_role("button", name="More about WAREHOUSE, The project").click()
    await page.get_by_role("menuitem", name="Who uses it").click()
    details = page.get_by_role("dialog", name="WAREHOUSE")
    await expect(details.get_by_text("One script lists it")).to_be_visible()
    await expect(details.get_by_role("link", name="Squares of days")).to_have_count(2)


async def test_a_script_s_own_is_found_among_many(near_server: Server, new_page: NewPage) -> None:
    for number in range(210):
        near_server.script(f"Aisle {number:03}", "true")
    last = near_server.script("Zebra crossing", "true")
    page = await new_page(near_server)
    await page.goto("/connections")
    await page.get_by_role("button", name="New connection").first.click()
    dialog = page.get_by_role("dialog", name="New connection")
    await choose(page, dialog.get_by_label("Kind"), "HTTP")
    await dialog.get_by_label("Name", exact=True).fill("CROSSING")
    await dialog.get_by_label("URL *").fill("https://example.com")
    await choose(page, dialog.get_by_label("Belongs to"), "A script")
    await dialog.get_by_label("Script", exact=True).click(force=True)
    await page.keyboard.type("zebra")
    await page.get_by_role("option", name="Zebra crossing").click()
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog).to_have_count(0)
    (kept,) = near_server.get("/connections", q="CROSSING")["items"]
    assert kept["script_id"] == last["id"]
