"""Scripts that come from elsewhere: a project in an archive, and what was exported."""

import io
import zipfile

import pytest
from playwright.async_api import FilePayload, Page, expect

from .actions import drawer, editor, log, state, tab
from .server import Server
from .watch import Watch

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


def packed(name: str, files: dict[str, str]) -> FilePayload:
    """Return a zip archive as the browser's file chooser gives it."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return {"name": name, "mimeType": "application/zip", "buffer": target.getvalue()}


async def choose(page: Page, *files: FilePayload) -> None:
    """Open the import dialog and choose files there."""
    await page.get_by_role("button", name="Import", exact=True).first.click()
    async with page.expect_file_chooser() as chooser:
        await page.get_by_role("dialog").get_by_role("button", name="Choose files").click()
    await (await chooser.value).set_files(list(files))


async def test_a_project_is_imported_with_the_entry_that_was_chosen(server: Server, page: Page) -> None:
    files = {
        "tools/fetch.py": "from words import GREETING\n\nprint(GREETING, 'from fetch')\n",
        "tools/clean.py": "print('from clean')\n",
        "tools/words.py": "GREETING = 'hello'\n",
    }
    await page.goto("/scripts")
    await choose(page, packed("tools.zip", files))
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_text("words.py")).to_be_visible()
    await dialog.get_by_label("The file that is started").click()
    await page.get_by_role("option", name="fetch.py").click()
    await dialog.get_by_label("Name", exact=True).fill("Fetched tools")
    await dialog.get_by_role("button", name="Import", exact=True).click()
    await page.wait_for_url("**/scripts/scr_*")
    await expect(page.get_by_text("Imported as Fetched tools")).to_be_visible()
    await expect(editor(page)).to_contain_text("GREETING")
    await page.get_by_role("button", name="Run", exact=False).first.click()
    await expect(state(drawer(page), "succeeded")).to_be_visible()
    await expect(log(page)).to_contain_text("hello from fetch")
    assert server.get(f"/scripts/{page.url.rpartition('/')[2]}")["entry"] == "fetch.py"
    await tab(page, "Settings").click()
    await page.get_by_role("button", name="words.py", exact=True).click()
    await expect(page.get_by_role("dialog", name="words.py").get_by_role("textbox")).to_contain_text("GREETING")


async def test_a_single_script_comes_in_at_once_with_its_parameters(server: Server, page: Page) -> None:
    code = "import argparse\np = argparse.ArgumentParser()\np.add_argument('--rows', type=int, default=5)\n"
    await page.goto("/scripts")
    await choose(page, {"name": "count_rows.py", "mimeType": "text/x-python", "buffer": code.encode()})
    await expect(page.get_by_text("Imported as count_rows")).to_be_visible()
    await expect(page.get_by_label("rows", exact=False).first).to_have_value("5")


async def test_what_is_no_archive_is_refused_where_it_was_chosen(page: Page, watch: Watch) -> None:
    watch.allow("422 .*/imports/preview")
    await page.goto("/scripts")
    await choose(page, {"name": "broken.zip", "mimeType": "application/zip", "buffer": b"no zip"})
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("alert")).to_be_visible()
    await expect(dialog.get_by_role("button", name="Choose files")).to_be_visible()


async def test_a_repository_in_a_private_network_is_refused_at_its_address(page: Page, watch: Watch) -> None:
    watch.allow("422 .*/imports/source")
    await page.goto("/scripts")
    await page.get_by_role("button", name="Import", exact=True).first.click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Git repository").click()
    await dialog.get_by_label("Address").fill("https://127.0.0.1/team/tools.git")
    await dialog.get_by_role("button", name="Import", exact=True).click()
    await expect(dialog.get_by_role("alert")).to_be_visible()
