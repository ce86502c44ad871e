"""What environments are built on and from, in the browser: interpreters, mirrors, and what a script may reach."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from .actions import tab
from .server import Server
from .watch import Watch

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest.fixture
def no_interpreter_stays(server: Server) -> Iterator[None]:
    """Whatever happens, other tests' scripts run on what was found here."""
    yield
    for one in server.get("/interpreters")["items"]:
        if one["source"] == "registered":
            server.api.delete(f"/interpreters/{one['id']}").raise_for_status()


@pytest.mark.usefixtures("no_interpreter_stays")
async def test_an_interpreter_is_registered_chosen_and_forgotten(
    server: Server, page: Page, watch: Watch, tmp_path: Path
) -> None:
    watch.allow("422 .*/interpreters")
    link = tmp_path / "python-elsewhere"
    link.symlink_to(sys.executable)
    await page.goto("/environments/interpreters")
    rows = page.get_by_role("list", name="Interpreters").get_by_role("listitem")
    await expect(rows.first).to_be_visible()
    await page.get_by_role("button", name="Search the machine again").click()
    await expect(page.get_by_text(re.compile(r"\d+ interpreters? (is|are) known"))).to_be_visible()

    await page.get_by_role("button", name="Register one").click()
    dialog = page.get_by_role("dialog", name="Register an interpreter")
    await dialog.get_by_label("Path on the server").fill("/nowhere/python3")
    await dialog.get_by_role("button", name="Register one").click()
    await expect(dialog.get_by_text("There is no file /nowhere/python3.")).to_be_visible()
    await dialog.get_by_label("Path on the server").fill(str(link))
    await dialog.get_by_role("button", name="Register one").click()
    await expect(page.get_by_text("is registered", exact=False)).to_be_visible()

    row = rows.filter(has_text=str(link))
    await expect(row.get_by_text("registered")).to_be_visible()
    for action, said in (
        ("Look at it again", "was looked at"),
        ("Build on it by default", "New environments are built"),
    ):
        await expect(page.get_by_role("menuitem")).to_have_count(0)
        await row.get_by_role("button", name="Actions for").click()
        await page.get_by_role("menuitem", name=action).click()
        await expect(page.get_by_text(said)).to_be_visible()
    await expect(row.get_by_text("default", exact=True)).to_be_visible()
    (chosen,) = [one for one in server.get("/interpreters")["items"] if one["is_default"] and one["kind"] == "python"]
    assert (chosen["path"], chosen["source"]) == (str(link), "registered")
    await expect(page.get_by_role("menuitem")).to_have_count(0)
    await row.get_by_role("button", name="Actions for").click()
    await page.get_by_role("menuitem", name="Forget it").click()
    await expect(row).to_have_count(0)


async def test_a_mirror_and_a_proxy_are_chosen_and_the_choice_forgotten(
    server: Server, page: Page, watch: Watch
) -> None:
    watch.allow("422 .*/package-sources")
    await page.goto("/environments/sources")
    form = page.get_by_role("form", name="Project default")
    await form.get_by_label("Python packages").click(force=True)
    await page.get_by_role("option", name="Tsinghua").click()
    await form.get_by_label("Proxy", exact=True).click(force=True)
    await page.get_by_role("option", name="a proxy of your own").click()
    save = form.get_by_role("button", name="Save")
    await save.click()
    await expect(form.get_by_role("alert").filter(has_text="A proxy needs its address.")).to_be_visible()
    await form.get_by_label("For http://", exact=True).fill("http://user:secret@proxy.example:3128")
    await save.click()
    await expect(form.get_by_text("stands for a name and password that are kept")).to_be_visible()
    await expect(form.get_by_label("For http://", exact=True)).to_have_value("http://***@proxy.example:3128")
    sources = server.get("/package-sources", project="default")
    assert sources["choice"]["python"]["mirror"] == "tsinghua"
    await expect(form.get_by_text(sources["effective"]["index_url"], exact=True)).to_be_visible()
    assert server.get("/package-sources")["choice"]["python"]["mirror"] == ""

    await form.get_by_role("button", name="Forget the choice").click()
    await expect(form.get_by_role("button", name="Forget the choice")).to_have_count(0)
    assert server.get("/package-sources", project="default")["updated_at"] is None


async def test_the_places_that_a_script_may_reach_are_listed(server: Server, page: Page, watch: Watch) -> None:
    watch.allow("422 .*/scripts/")
    script = server.script("Reaches one place", "print('here')\n", language="python")
    await page.goto(f"/scripts/{script['id']}")
    await tab(page, "Settings").click()
    await page.locator("label").filter(has_text="Only to these places").click()
    places = page.get_by_label("Places that the script may reach")
    await places.fill("http://not-a-place")
    await page.get_by_role("button", name="Save").first.click()
    await expect(page.get_by_role("alert").filter(has_text="is no place like host")).to_be_visible()
    await places.fill("API.example.com\n*.example.org:*")
    await page.locator("summary").filter(has_text="Python").click()
    await page.get_by_label("Version", exact=True).fill(">=3.11")
    await page.get_by_role("button", name="Save").first.click()
    await expect(page.get_by_text("Saved as v2")).to_be_visible()
    kept = server.get(f"/scripts/{script['id']}")
    assert (kept["egress"], kept["python_version"]) == (["api.example.com", "*.example.org:*"], ">=3.11")
