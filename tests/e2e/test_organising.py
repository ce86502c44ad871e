"""How scripts are kept together: categories, their own order, the library, what versions changed, and archives."""

import gzip
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.environments import registry as packages

from .actions import downloaded, drawer, log, rewrite, state, tab
from .conftest import NewPage
from .server import Server, serving
from .watch import Watch

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_categories_are_made_named_ordered_and_taken_away(server: Server, page: Page, watch: Watch) -> None:
    watch.allow("409 .*/categories")
    script = server.script("Sorted into a category", "true")
    await page.goto("/scripts")
    await page.get_by_role("button", name="Categories").click()
    dialog = page.get_by_role("dialog", name="Categories")
    for name in ("Nightly", "Crawling"):
        await dialog.get_by_label("New category").fill(name)
        await page.keyboard.press("Enter")
        await expect(dialog.get_by_label(f"Name of {name}")).to_have_value(name)
    await dialog.get_by_label("New category").fill("Nightly")
    await dialog.get_by_role("button", name="Add").click()
    await expect(page.get_by_text("Another category of this project has that name.")).to_be_visible()
    await dialog.get_by_role("button", name="Move Crawling up").click()
    await expect(dialog.get_by_role("button", name="Move Crawling up")).to_be_disabled()
    await dialog.get_by_label("Name of Nightly").fill("Every night")
    await page.keyboard.press("Tab")
    await expect(dialog.get_by_label("Name of Every night")).to_be_visible()
    assert [one["name"] for one in server.get("/categories")["items"]] == ["Crawling", "Every night"]

    await page.goto(f"/scripts/{script['id']}?tab=settings")
    await page.get_by_role("combobox", name="Category").click(force=True)
    await page.get_by_role("option", name="Every night").click()
    await page.get_by_role("combobox", name="Folder").fill("ops/nightly")
    await page.get_by_role("option", name="ops/nightly").click()
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Saved as v1")).to_be_visible()
    saved = server.get(f"/scripts/{script['id']}")
    assert (saved["category"], saved["folder"], saved["version"]) == ("Every night", "ops/nightly", 1)

    await page.goto("/scripts")
    await page.get_by_role("button", name="Categories").click()
    await dialog.get_by_role("button", name="Delete Every night").click()
    asked = page.get_by_role("dialog", name="Delete Every night")
    await expect(asked).to_contain_text("Its script stays")
    await asked.get_by_role("button", name="Delete").click()
    await expect(dialog.get_by_label("Name of Every night")).to_have_count(0)
    await dialog.get_by_role("button", name="Delete Crawling").click()
    await expect(dialog.get_by_text("There are no categories yet.")).to_be_visible()
    assert server.get(f"/scripts/{script['id']}")["category"] is None


async def test_scripts_are_put_in_order_by_keys_and_by_dragging(server: Server, page: Page) -> None:
    for name in ("first", "second", "third"):
        server.script(f"Ordered {name}", "true", folder="ordered")
    names = page.locator("tbody tr .title")
    await page.goto("/scripts?sort=position&folder=ordered")
    await expect(names).to_have_count(3)
    before = [text.split("/")[-1].strip() for text in await names.all_inner_texts()]
    grip = page.get_by_role("button", name=f"Move {before[0]}")
    await grip.focus()
    await page.keyboard.press("ArrowDown")
    await expect(names.nth(1)).to_contain_text(before[0])
    await expect(grip).to_be_focused()
    last = page.get_by_role("row").filter(has_text=before[2])
    await grip.drag_to(last, target_position={"x": 200, "y": 45})
    await expect(names.nth(2)).to_contain_text(before[0])
    await page.reload()
    await expect(names).to_have_count(3)
    after = [text.split("/")[-1].strip() for text in await names.all_inner_texts()]
    assert after == [before[1], before[2], before[0]]


async def test_a_module_of_the_library_is_written_and_imported(server: Server, page: Page) -> None:
    await page.goto("/library")
    await page.get_by_role("button", name="New module").first.click()
    await expect(page.get_by_role("button", name="Run", exact=False)).to_have_count(0)
    await page.get_by_placeholder("Name of the module").fill("greetings")
    await rewrite(page, "def hello():\n    return 'hello from the library'\n")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Module saved")).to_be_visible()
    await expect(page.get_by_text("from library import greetings")).to_be_visible()
    await expect(tab(page, "Parameters")).to_have_count(0)
    await page.goto("/library")
    await expect(page.get_by_role("link", name="greetings")).to_be_visible()
    await page.goto("/scripts/new")
    await rewrite(page, "from library import greetings\nprint(greetings.hello())\n")
    await page.keyboard.press("Control+Enter")
    await expect(state(drawer(page), "succeeded")).to_be_visible()
    await expect(log(page)).to_contain_text("hello from the library")


async def test_versions_tell_of_settings_too(server: Server, page: Page) -> None:
    script = server.script("Limited later", "true")
    server.change(script, timeout_s=90, limits={"memory_mb": 256})
    await page.goto(f"/scripts/{script['id']}?tab=versions")
    await page.get_by_role("button", name="What this version changed").click()
    table = page.get_by_role("dialog").get_by_role("table")
    await expect(table.get_by_role("row").filter(has_text="time limit")).to_contain_text("1 m 30 s")
    await expect(table.get_by_role("row").filter(has_text="limits")).to_contain_text("256 MiB memory")


async def test_archives_of_removed_runs_are_downloaded(server: Server, page: Page) -> None:
    await page.goto("/runs/rules")
    archives = page.get_by_role("region", name="Archives")
    await expect(archives.get_by_text("Nothing is archived yet.", exact=False)).to_be_visible()
    project = server.get("/projects/default")
    folder = server.log.parent / "data" / "archive" / project["id"]
    _archive(folder / "2026-01.ndjson.gz")
    await page.reload()
    button = archives.get_by_role("button", name="Download 2026-01.ndjson.gz")
    assert gzip.decompress(await downloaded(page, button)) == b'{"id": "run_1"}\n'


def _archive(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(b'{"id": "run_1"}\n'))


async def test_a_script_is_not_attached_to_a_private_address(server: Server, page: Page, watch: Watch) -> None:
    watch.allow("422 .*/source")
    script = server.script("Only here", "true")
    await page.goto(f"/scripts/{script['id']}?tab=settings")
    await page.get_by_role("button", name="Attach to Git or a Gist").click()
    dialog = page.get_by_role("dialog", name="Keep the script in step")
    await expect(dialog.get_by_label("Name", exact=True)).to_have_count(0)
    await dialog.get_by_label("Address").fill("https://127.0.0.1/team/tools.git")
    await dialog.get_by_role("button", name="Attach").click()
    await expect(dialog.get_by_role("alert")).to_be_visible()
    assert server.get(f"/scripts/{script['id']}")["version"] == 1


async def test_a_script_is_tried_with_newer_versions(tmp_path: Path, chromium: str, new_page: NewPage) -> None:
    with packages.serving() as registry:
        registry.wheel("tiny", "1.0")
        with serving(tmp_path, RUNYARD_ENVIRONMENTS__INDEX_URL=registry.index) as server:
            code = "import os, tiny; print(tiny.VERSION, os.environ['WHO'])"
            who = {"key": "WHO", "label": "Who", "type": "text", "required": True}
            script = server.script("Needs tiny", code, language="python", requirements=["tiny"], parameters=[who])
            done = server.ended(server.run(script, parameters={"WHO": "first"}))
            assert done["state"] == "succeeded", done["error"]
            registry.wheel("tiny", "2.0")
            page = await new_page(server)
            await page.goto(f"/environments/{done['environment_id']}")
            await page.get_by_role("button", name="Try newer versions").click()
            panel = page.get_by_role("region", name="Newer versions")
            await expect(panel.get_by_text("2.0", exact=True)).to_be_visible()
            run = panel.get_by_role("button", name="Run in the trial")
            await run.click()
            await expect(panel.get_by_text("A value is needed", exact=False)).to_be_visible()
            await panel.get_by_label("Who").fill("second")
            await run.click()
            await expect(state(panel, "succeeded")).to_be_visible()
            await panel.get_by_role("link", name="Open the run").click()
            await expect(log(page)).to_contain_text("2.0 second")
            # A page that outlives its server complains.
            await page.close()
            assert server.troubles() == []
