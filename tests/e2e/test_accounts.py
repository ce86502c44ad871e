"""Accounts: a second factor, an invitation, a forgotten password, and registration."""

import time
from base64 import b32decode
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from runyard.access.authenticator import STEP_S, code_at
from tests.mail.sink import Sink, link_in, standing

from .conftest import NewPage
from .server import PASSWORD as SERVER_PASSWORD
from .server import Server, serving
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
    shown = dialog.get_by_role("list", name="Recovery codes").get_by_role("listitem")
    await expect(shown).to_have_count(10)
    codes = await shown.all_inner_texts()
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


@pytest.fixture
def strict_server(tmp_path: Path, chromium: str, built_page: None) -> Iterator[Server]:
    """A server where a second factor is compulsory for everybody."""
    with serving(tmp_path, RUNYARD_ACCESS__SECOND_FACTOR="everybody") as server:
        yield server


async def test_whoever_needs_a_second_factor_sets_one_up_and_goes_where_they_wanted(
    strict_server: Server, new_page: NewPage, watch: Watch
) -> None:
    watch.allow(REFUSED)
    watch.allow(r"status of 422 .*/me/second-factor")
    page = await new_page(strict_server, signed_in=False)
    await page.goto("/jobs?q=nightly")
    await expect(page.get_by_text("A second factor is compulsory here. If you have none yet")).to_be_visible()
    await say_who(page, "admin", SERVER_PASSWORD)
    await page.wait_for_url("**/second-factor?next=**")
    # Nothing else is to be had before, whatever is asked for.
    await page.goto("/scripts")
    await page.wait_for_url("**/second-factor?next=**scripts")
    await expect(page.get_by_role("link", name="Scripts", exact=True)).to_have_count(0)
    await page.goto("/second-factor?next=/jobs?q=nightly")

    password = page.get_by_label("Password", exact=True)
    await password.fill("not the password")
    await page.get_by_role("button", name="Next").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await password.fill(SERVER_PASSWORD)
    await page.get_by_role("button", name="Next").click()
    await expect(page.get_by_role("img", name="The secret as a picture")).to_be_visible()
    secret = b32decode((await page.locator("code").inner_text()).replace(" ", ""))
    step = int(time.time()) // STEP_S
    await page.get_by_label("Code", exact=True).fill("000 000")
    await page.get_by_role("button", name="Turn on").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await page.get_by_label("Code", exact=True).fill(code_at(secret, step))
    await page.get_by_role("button", name="Turn on").click()
    codes = page.get_by_role("list", name="Recovery codes").get_by_role("listitem")
    await expect(codes).to_have_count(10)
    recovery = (await codes.first.inner_text()).strip()
    await page.get_by_role("button", name="I have kept them").click()
    await page.wait_for_url("**/jobs?q=nightly")
    await expect(page.get_by_role("link", name="Scripts", exact=True)).to_be_visible()

    again = await new_page(strict_server, signed_in=False)
    await again.goto("/jobs")
    await say_who(again, "admin", SERVER_PASSWORD)
    await again.get_by_label("Code", exact=True).fill(recovery)
    await again.keyboard.press("Enter")
    await again.wait_for_url("**/jobs")


@pytest.fixture
def sink() -> Iterator[Sink]:
    with standing() as sink:
        yield sink


@pytest.fixture
def writing_server(tmp_path: Path, chromium: str, built_page: None, sink: Sink) -> Iterator[Server]:
    """A server that hands its letters to the sink, and lets people register."""
    mail = {
        "RUNYARD_MAIL__HOST": "127.0.0.1",
        "RUNYARD_MAIL__PORT": str(sink.port),
        "RUNYARD_MAIL__SECURITY": "none",
        "RUNYARD_MAIL__SENDER": "Runyard <yard@example.org>",
        "RUNYARD_ACCESS__REGISTRATION": "true",
    }
    with serving(tmp_path, **mail) as server:
        yield server
        assert server.troubles() == []


async def test_somebody_is_invited_forgets_the_password_and_is_let_in_again(
    writing_server: Server, new_page: NewPage, watch: Watch, sink: Sink
) -> None:
    # A new password ends the session of the page that is still open.
    watch.allow(r"status of 401 .*/api/v1/")
    root = await new_page(writing_server)
    await root.goto("/access/users")
    await root.get_by_role("button", name="Invite").click()
    dialog = root.get_by_role("dialog")
    await dialog.get_by_label("Mail address").fill("grace@example.org")
    await dialog.get_by_role("button", name="Add a project").click()
    await dialog.get_by_role("button", name="Invite", exact=True).click()
    await expect(root.get_by_text("The link was sent to grace@example.org")).to_be_visible()
    await root.get_by_role("button", name="Done").click()
    await expect(root.get_by_role("list", name="Open invitations").get_by_role("listitem")).to_have_count(1)

    page = await new_page(writing_server, signed_in=False)
    await page.goto(link_in(await sink.letter_to("grace@example.org")))
    await expect(page.get_by_text("admin invites you")).to_be_visible()
    await say_who(page, NAME, PASSWORD)
    await expect(page.get_by_role("link", name="Scripts", exact=True)).to_be_visible()
    await page.goto("/profile")
    await expect(page.get_by_label("Mail address")).to_have_value("grace@example.org")

    forgetful = await new_page(writing_server, signed_in=False)
    await forgetful.goto("/login")
    await forgetful.get_by_role("link", name="Forgotten your password?").click()
    await forgetful.get_by_label("User name or mail address").fill("grace@example.org")
    await forgetful.keyboard.press("Enter")
    await expect(forgetful.get_by_text("is on its way")).to_be_visible()
    await forgetful.goto(link_in(await sink.letter_to("grace@example.org", 2)))
    await forgetful.get_by_label("New password", exact=True).fill(PASSWORD[::-1])
    await forgetful.get_by_label("New password again").fill(PASSWORD[::-1])
    await forgetful.keyboard.press("Enter")
    await expect(forgetful.get_by_text("The password is set")).to_be_visible()
    await forgetful.get_by_role("link", name="To the login").click()
    await say_who(forgetful, NAME, PASSWORD[::-1])
    await expect(forgetful.get_by_role("link", name="Scripts", exact=True)).to_be_visible()
    await root.reload()
    await expect(root.get_by_text("grace@example.org")).to_be_visible()


async def test_somebody_registers_where_that_is_switched_on(
    writing_server: Server, new_page: NewPage, watch: Watch
) -> None:
    # Home asks for the default project before it knows that they are in none.
    watch.allow(r"status of 404 .*/api/v1/home")
    page = await new_page(writing_server, signed_in=False)
    await page.goto("/login")
    await page.get_by_role("link", name="Register").click()
    # Until it is loaded, the login's own form stands there.
    await expect(page.get_by_role("button", name="Register")).to_be_visible()
    await say_who(page, "edsger", PASSWORD)
    await expect(page.get_by_text("You belong to no project yet")).to_be_visible()
