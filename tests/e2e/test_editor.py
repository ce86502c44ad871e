"""Help in the editor: a real language server, linters and formatters, snippets, and comparisons."""

import pytest
from playwright.async_api import Page, expect

from .actions import editor, rewrite, tab
from .conftest import NewPage
from .server import Server
from .test_accessibility import barriers
from .watch import Watch

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
CODE = """\
import os
import textwrap


def double(x: int) -> int:
    \"\"\"Twice as much.\"\"\"
    return x * 2


print( double(2) )
"""


async def completion_is_ready(page: Page) -> None:
    """Wait for the language server."""
    await expect(page.locator('[data-server="ready"]')).to_be_visible()


async def test_a_language_server_completes_explains_and_finds(server: Server, page: Page) -> None:
    await page.goto("/scripts/new")
    await rewrite(page, CODE)
    await completion_is_ready(page)
    await page.keyboard.type("textwrap.")
    options = page.get_by_role("option")
    await expect(options.filter(has_text="dedent")).to_be_visible()
    await page.keyboard.type("ded")
    await expect(options).to_have_count(1)
    await page.keyboard.press("Enter")
    await expect(editor(page)).to_contain_text("textwrap.dedent")
    await page.keyboard.type("(")
    await expect(page.locator(".cm-lsp-signature-tooltip")).to_contain_text("text: str")
    await page.keyboard.press("Escape")
    call = page.locator(".cm-line", has_text="print( double(2) )")
    await call.get_by_text("double").hover()
    await expect(page.locator(".cm-lsp-hover-tooltip")).to_contain_text("Twice as much.")
    await call.get_by_text("double").click(modifiers=["Control"])
    await expect(page.locator(".cm-activeLine")).to_contain_text("def double")


async def test_javascript_is_completed_and_explained_too(server: Server, page: Page) -> None:
    code = (
        "import fs from 'node:fs'\n/** Twice as much. */\nfunction twice(n) { return n * 2 }\nconsole.log(twice(2))\n"
    )
    script = server.script("Helped in JavaScript", code, language="javascript")
    await page.goto(f"/scripts/{script['id']}")
    await completion_is_ready(page)
    await page.locator(".cm-line").last.click()
    await page.keyboard.type("fs.readdirS")
    options = page.get_by_role("option")
    await options.filter(has_text="readdirSync").first.click()
    await expect(editor(page)).to_contain_text("fs.readdirSync")
    await page.locator(".cm-line", has_text="console.log").get_by_text("twice").hover()
    await expect(page.locator(".cm-lsp-hover-tooltip")).to_contain_text("Twice as much.")


async def test_faults_are_shown_mended_and_code_is_formatted(server: Server, page: Page, watch: Watch) -> None:
    watch.allow("422 .*/editor/format")
    await page.goto("/scripts/new")
    await rewrite(page, CODE)
    await page.get_by_role("button", name="2 warnings").click()
    finding = page.get_by_text("`os` imported but unused")
    await expect(finding).to_be_visible()
    await page.get_by_role("button", name="Mend it").first.click()
    await expect(editor(page)).not_to_contain_text("import os")
    await page.get_by_role("button", name="Format").click()
    await expect(editor(page)).to_contain_text("print(double(2))")
    await rewrite(page, "def f(:\n")
    await page.get_by_role("button", name="Format").click()
    await expect(page.get_by_text("Line 1: ")).to_be_visible()


async def test_find_and_replace_count_and_speak_chinese(server: Server, new_page: NewPage) -> None:
    page = await new_page(server, locale="zh-CN")
    await page.goto("/scripts/new")
    await page.get_by_role("textbox", name="脚本代码").click()
    await page.keyboard.press("Control+a")
    await page.keyboard.insert_text("one two one\n")
    await page.keyboard.press("Control+f")
    panel = page.get_by_role("search")
    await panel.get_by_label("查找", exact=True).fill("one")
    await expect(panel.get_by_role("status")).to_have_text("2")
    await page.keyboard.press("Enter")
    await expect(panel.get_by_role("status")).to_have_text("1 / 2")
    await panel.get_by_label("替换为").fill("1")
    await panel.get_by_role("button", name="全部替换").click()
    await expect(page.locator(".cm-line").first).to_have_text("1 two 1")
    await expect(panel.get_by_role("status")).to_have_text("没有匹配")
    await page.keyboard.press("Escape")
    await expect(panel).to_have_count(0)


async def test_a_snippet_is_written_inserted_and_deleted(server: Server, page: Page) -> None:
    await page.goto("/snippets")
    await page.get_by_role("button", name="New snippet").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Prefix").fill("guard")
    await dialog.get_by_label("What it is").fill("Main guard")
    await dialog.get_by_role("textbox", name="Code").click()
    await page.keyboard.insert_text("if __name__ == '${name}':\n    ${}")
    assert await barriers(page) == []
    await dialog.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Main guard")).to_be_visible()
    assert await barriers(page) == []
    await page.goto("/scripts/new")
    await rewrite(page, "")
    await completion_is_ready(page)
    await page.keyboard.type("gua")
    # Not by Enter: a list takes none in its first moment.
    await page.get_by_role("option").filter(has_text="Main guard").click()
    await page.keyboard.type("__main__")
    await expect(editor(page)).to_contain_text("if __name__ == '__main__':")
    await page.goto("/snippets")
    await page.get_by_role("button", name="Delete guard").click()
    await expect(page.get_by_text("No snippets yet")).to_be_visible()
    assert server.get("/snippets")["items"] == []


async def test_versions_are_compared_in_one_column_and_rolled_back_to(server: Server, page: Page) -> None:
    script = server.script("Compared", "echo first\necho same\n")
    server.api.patch(f"/scripts/{script['id']}", json={"code": "echo second\necho same\n"})
    await page.goto(f"/scripts/{script['id']}?tab=versions")
    await expect(tab(page, "Versions")).to_be_visible()
    await page.get_by_role("button", name="What this version changed").click()
    diff = page.get_by_role("dialog")
    await expect(diff.get_by_text("1 change", exact=True)).to_be_visible()
    await expect(diff.locator(".cm-editor")).to_have_count(2)
    await diff.get_by_role("button", name="One column").click()
    await expect(diff.locator(".cm-editor")).to_have_count(1)
    await expect(diff.locator(".cm-deletedChunk")).to_contain_text("echo first")
    await diff.get_by_role("button", name="Roll back to v1").click()
    await expect(page.get_by_text("v1 is current again, saved as v3")).to_be_visible()
    await expect(editor(page)).to_contain_text("echo first")


async def test_the_editors_keys_stand_on_the_sheet(server: Server, page: Page) -> None:
    await page.goto("/scripts/new")
    await editor(page).wait_for()
    await page.get_by_role("button", name="Keyboard shortcuts").last.click()
    sheet = page.get_by_role("dialog")
    for words in ("Go to the definition", "One more cursor", "Find and replace", "Run what is in the editor"):
        await expect(sheet.get_by_text(words)).to_be_visible()
