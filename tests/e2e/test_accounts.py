"""Accounts: a second factor set up and asked for."""

import time
from base64 import b32decode

import pytest
from playwright.async_api import Page, expect

from runyard.access.authenticator import STEP_S, code_at

from .conftest import NewPage
from .server import Server
from .watch import Watch

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
NAME, PASSWORD = "grace", "a password of hers"
REFUSED = r"status of 401 .*/auth/login"


async def say_who(page: Page, name: str, password: str) -> None:
    await page.get_by_label("User name").fill(name)
    await page.get_by_label("Password", exact=True).fill(password)
    await page.keyboard.press("Enter")


async def test_a_second_factor_is_set_up_asked_for_and_turned_off(
    server: Server, new_page: NewPage, watch: Watch
) -> None:
    watch.allow(REFUSED)
    server.allow("code.wrong")
    server.post("/users", {"username": NAME, "password": PASSWORD})
    page = await new_page(server, signed_in=False)
    await page.goto("/profile")
    await say_who(page, NAME, PASSWORD)
    await page.get_by_role("button", name="Set up").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Current password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(dialog.get_by_role("img", name="The secret as a picture")).to_be_visible()
    secret = b32decode((await dialog.locator("code").inner_text()).replace(" ", ""))
    step = int(time.time()) // STEP_S
    await dialog.get_by_label("Code", exact=True).fill(code_at(secret, step))
    await page.keyboard.press("Enter")
    codes = await dialog.get_by_role("list", name="Recovery codes").get_by_role("listitem").all_inner_texts()
    assert len(codes) == 10
    await dialog.get_by_role("button", name="I have kept them").click()
    await expect(page.get_by_text("10 recovery codes left")).to_be_visible()

    elsewhere = await new_page(server, signed_in=False)
    await elsewhere.goto("/profile")
    await say_who(elsewhere, NAME, PASSWORD)
    code = elsewhere.get_by_label("Code", exact=True)
    await code.fill("000 000")
    await elsewhere.keyboard.press("Enter")
    await expect(elsewhere.get_by_role("alert")).to_have_text("The code is wrong, or was used already.")
    # The code that confirmed it is used up; the one of the next half minute is good already.
    await code.fill(code_at(secret, step + 1))
    await elsewhere.keyboard.press("Enter")
    await elsewhere.wait_for_url("**/profile")

    lost = await new_page(server, signed_in=False)
    await lost.goto("/profile")
    await say_who(lost, NAME, PASSWORD)
    await lost.get_by_label("Code", exact=True).fill(codes[0].strip())
    await lost.keyboard.press("Enter")
    await expect(lost.get_by_text("9 recovery codes left")).to_be_visible()
    await lost.get_by_role("button", name="Turn off").click()
    await lost.get_by_role("dialog").get_by_label("Current password").fill(PASSWORD)
    await lost.keyboard.press("Enter")
    await expect(lost.get_by_role("button", name="Set up")).to_be_visible()
