"""What people do on the page, in the words of the page."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from playwright.async_api import Locator, Page, expect

from .server import PASSWORD

AT_ONCE = 2
"""How many pages are looked at side by side: as many as the least machine has cores."""
T = TypeVar("T")


async def log_in(page: Page, username: str = "admin", password: str = PASSWORD) -> None:
    """Fill the login form in and send it."""
    await page.get_by_label("User name").fill(username)
    await page.get_by_label("Password", exact=True).fill(password)
    await page.get_by_role("button", name="Log in").click()


def editor(page: Page) -> Locator:
    """Return the text of the code editor."""
    return page.get_by_role("textbox", name="Code of the script")


def drawer(page: Page) -> Locator:
    """Return the output below the editor."""
    return page.get_by_role("region", name="Output of the last run")


def log(page: Page) -> Locator:
    """Return the lines of the log that is in view."""
    return page.get_by_role("log")


def state(place: Page | Locator, name: str) -> Locator:
    """Return the badges that show a state."""
    return place.locator(f'[data-state="{name}"]')


def tab(page: Page, name: str) -> Locator:
    """Return a tab beside the editor."""
    return page.get_by_role("tab", name=name)


async def rewrite(page: Page, code: str) -> None:
    """Replace what is in the editor."""
    await editor(page).click()
    await page.keyboard.press("Control+a")
    await page.keyboard.insert_text(code)


async def choose(page: Page, box: Locator, option: str) -> None:
    """Pick an option of a list that opens below its box."""
    await box.click(force=True)
    await page.get_by_role("option", name=option, exact=True).click()


async def downloaded(page: Page, button: Locator) -> bytes:
    """Press a button that saves a file; return what was saved."""
    async with page.expect_download() as began:
        await button.click()
    return _content(await (await began.value).path())


def _content(path: Path) -> bytes:
    return path.read_bytes()


async def is_settled(page: Page) -> None:
    """Wait until the page has shown what it was loading."""
    await expect(page.locator("#main")).to_be_visible()
    await expect(page.locator(".skeleton, [aria-busy=true]")).to_have_count(0)


async def on_each(
    pages: Sequence[Page], paths: Mapping[str, str], look: Callable[[Page], Awaitable[T]]
) -> dict[str, T]:
    """Look at every path once it is settled, with several pages side by side; return what was seen, by name."""
    left = iter(paths.items())
    seen: dict[str, T] = {}

    async def walk(page: Page) -> None:
        for name, path in left:
            await page.goto(path)
            await is_settled(page)
            seen[name] = await look(page)

    await asyncio.gather(*map(walk, pages))
    return seen
