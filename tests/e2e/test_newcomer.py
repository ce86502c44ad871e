"""The first minutes of somebody new: from the address to a script of one's own, with everything switched on."""

import pytest
from playwright.async_api import Page, expect

from .actions import downloaded, drawer, log, log_in, rewrite, state, tab
from .conftest import NewPage
from .gate import Gate
from .server import Server

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

GREETING = """\
import json, os, pathlib

name = os.environ["WHO"]
words = pathlib.Path("words.txt").read_text().split()
print("hello", name, "with", len(words), "words")
pathlib.Path("greeting.txt").write_text(f"Dear {name}\\n")
json.dump({"name": name, "words": len(words)}, open(os.environ["RUNYARD_OUTPUTS"], "w"))
"""


async def test_from_the_address_to_a_script_of_ones_own(fresh_server: Server, new_page: NewPage, gate: Gate) -> None:
    page = await new_page(fresh_server, signed_in=False)
    await begins_with_an_example(page)
    await writes_and_watches(page, gate)
    await adds_a_parameter_and_a_file(page)
    await looks_at_what_the_run_left(page)


async def begins_with_an_example(page: Page) -> None:
    # The address leads to the login, and the login to three ways to begin.
    await page.goto("/")
    await log_in(page)
    await expect(page.get_by_role("heading", name="Three ways to begin")).to_be_visible()

    # An example runs to green with one click.
    await page.locator(".start button.example").first.click()
    await page.wait_for_url("**/runs/run_*")
    await expect(state(page.locator("header"), "succeeded")).to_be_visible()
    await expect(log(page)).not_to_be_empty()


async def writes_and_watches(page: Page, gate: Gate) -> None:
    # Home has figures now, and a way to write a script of one's own.
    await page.get_by_role("link", name="Home", exact=True).click()
    await expect(page.get_by_role("heading", name="Three ways to begin")).to_be_hidden()
    await page.get_by_role("link", name="Scripts", exact=True).click()
    await page.get_by_role("button", name="New script").click()
    await page.get_by_label("Name", exact=True).first.fill("Greeting")

    # What is in the editor runs with Ctrl Enter, and its log is read while it runs.
    await rewrite(page, f"print('before the gate')\n{gate.python}\nprint('behind the gate')\n")
    await page.keyboard.press("Control+Enter")
    await expect(log(page)).to_contain_text("before the gate")
    await expect(state(drawer(page), "running")).to_be_visible()
    await expect(log(page)).not_to_contain_text("behind the gate")
    gate.open()
    await expect(log(page)).to_contain_text("behind the gate")
    await expect(state(drawer(page), "succeeded")).to_be_visible()

    # Saving gives it an address and a version; the output stays in view.
    await page.keyboard.press("Control+s")
    await page.wait_for_url("**/scripts/scr_*")
    await expect(page.get_by_text("Script saved")).to_be_visible()
    await expect(log(page)).to_contain_text("behind the gate")


async def adds_a_parameter_and_a_file(page: Page) -> None:
    await rewrite(page, GREETING)
    await tab(page, "Parameters").click()
    await page.get_by_role("button", name="Define parameters").click()
    await page.get_by_role("button", name="Add a parameter").click()
    await page.get_by_role("textbox", name="Key The environment variable").fill("WHO")
    await page.locator("label").filter(has_text="Required").click()
    await page.get_by_role("button", name="Values").click()
    await page.get_by_label("WHO").fill("Ada")
    await page.get_by_label("Files for the run").set_input_files(
        {"name": "words.txt", "mimeType": "text/plain", "buffer": b"three small words"}
    )
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Saved as v2")).to_be_visible()
    await page.keyboard.press("Control+Enter")
    await expect(log(page)).to_contain_text("hello Ada with 3 words")
    await expect(state(drawer(page), "succeeded")).to_be_visible()


async def looks_at_what_the_run_left(page: Page) -> None:
    await page.get_by_role("link", name="Open the run").click()
    await page.wait_for_url("**/runs/run_*")
    await expect(page.get_by_role("heading", name="Greeting")).to_be_visible()
    await expect(log(page)).to_contain_text("hello Ada")
    tabs = page.get_by_role("navigation", name="About this run")
    await tabs.get_by_role("link", name="Output").click()
    await expect(page.get_by_role("cell", name="Ada")).to_be_visible()
    await tabs.get_by_role("link", name="Files").click()
    await expect(page.get_by_role("listitem").filter(has_text="words.txt")).to_contain_text("uploaded")
    greeting = page.get_by_role("button", name="Download greeting.txt")
    assert await downloaded(page, greeting) == b"Dear Ada\n"
    await tabs.get_by_role("link", name="Usage").click()
    await expect(page.get_by_text("CPU time")).to_be_visible()
    await tabs.get_by_role("link", name="Attempts and events").click()
    await expect(page.get_by_text("Taken by a worker").first).to_be_visible()
    await tabs.get_by_role("link", name="Environment and isolation").click()
    await expect(page.get_by_role("heading", name="What held this run")).to_be_visible()
