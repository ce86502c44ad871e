"""Two people in two browsers: a draft is reviewed by the other one, and a deletion waits for the other one."""

from http.cookies import SimpleCookie
from typing import Any

import httpx
import pytest
from playwright.async_api import Page, expect

from .actions import tab
from .conftest import NewPage
from .server import PASSWORD, Server

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


def log_in(server: Server, name: str) -> httpx.Response:
    """Begin a session of somebody's."""
    answer = httpx.post(f"{server.url}/api/v1/auth/login", json={"username": name, "password": PASSWORD}, timeout=60)
    return answer.raise_for_status()


def save(server: Server, name: str, script: str, code: str) -> None:
    """Save a script as somebody."""
    headers = {"Authorization": f"Bearer {log_in(server, name).json()['access_token']}"}
    answer = httpx.patch(f"{server.url}/api/v1/scripts/{script}", json={"code": code}, headers=headers, timeout=60)
    answer.raise_for_status()


async def begin(page: Page, server: Server, name: str) -> None:
    """Sign somebody in, as a login does."""
    jar: SimpleCookie = SimpleCookie()
    for header in log_in(server, name).headers.get_list("set-cookie"):
        jar.load(header)
    host = server.url.removeprefix("http://").partition(":")[0]
    # Of the very path that the server gives: another one would be a cookie beside it.
    cookies: list[Any] = [
        {"name": key, "value": cookie.value, "domain": host, "path": cookie["path"], "httpOnly": True}
        for key, cookie in jar.items()
    ]
    await page.context.add_cookies(cookies)
    await page.add_init_script("localStorage.setItem('runyard.session', '1')")


async def test_what_one_asks_another_decides(fresh_server: Server, new_page: NewPage) -> None:
    server = fresh_server
    for name in ("ann", "bob"):
        server.post("/users", {"username": name, "password": PASSWORD})
        server.post("/projects/default/members", {"username": name, "role": "admin"})
    script = server.script("Nightly", "echo one\n")
    ann, bob = await new_page(server, signed_in=False), await new_page(server, signed_in=False)
    await begin(ann, server, "ann")
    await begin(bob, server, "bob")

    # The switches are in the project's settings.
    await ann.goto("/access/projects/default")
    await ann.get_by_text("Publish scripts by four eyes", exact=True).click()
    await ann.get_by_text("Delete script").click()
    await ann.get_by_role("button", name="Save").click()
    await expect(ann.get_by_text("Saved", exact=True)).to_be_visible()

    save(server, "ann", script["id"], "echo two\n")
    await ann.goto(f"/scripts/{script['id']}")
    bar = ann.get_by_role("region", name="Publication")
    await expect(bar).to_contain_text("Published v1")
    await expect(bar).to_contain_text("Draft v2")
    await bar.get_by_role("button", name="Ask for review").click()
    dialog = ann.get_by_role("dialog")
    await dialog.get_by_label("What reviewers should know").fill("Says two now")
    await dialog.get_by_role("button", name="Ask for review").click()
    await expect(bar).to_contain_text("Waiting")

    await bob.goto("/approvals")
    await expect(bob.get_by_role("link", name="Approvals 1")).to_be_visible()
    await bob.get_by_role("link", name="Publish script: Nightly").click()
    await expect(bob.get_by_text("Says two now")).to_be_visible()
    await expect(bob.get_by_text("echo two")).to_be_visible()
    await bob.get_by_label("Your comment").fill("Fine with me?")
    # A comment is on the line whose number is pressed.
    await bob.locator(".cm-merge-b .cm-lineNumbers .cm-gutterElement").get_by_text("1", exact=True).last.click()
    await expect(bob.get_by_label("Line", exact=True)).to_have_value("1")
    await bob.get_by_role("button", name="Comment").click()
    await expect(bob.get_by_text("Line 1 of v2")).to_be_visible()
    await bob.get_by_role("button", name="Resolve").click()
    await expect(bob.get_by_text("Resolved", exact=True)).to_be_visible()
    await bob.get_by_role("button", name="Approve and publish").click()
    await expect(bob.get_by_text("Done", exact=True).first).to_be_visible()
    # It comes to her by itself.
    await expect(bar).to_contain_text("Published v2")
    await tab(ann, "Versions").click()
    await expect(ann.get_by_role("button", name="Publish again")).to_be_visible()

    # Deleting waits, and is done when the other one agrees.
    await ann.goto("/scripts?q=Nightly")
    row = ann.get_by_role("row").filter(has_text="Nightly")
    await row.hover()
    await row.get_by_role("button", name="Delete").click()
    await ann.get_by_role("button", name="See it").click()
    await expect(ann.get_by_text("You have asked for this yourself")).to_be_visible()
    await bob.goto("/approvals")
    await bob.get_by_role("link", name="Delete script: Nightly").click()
    await bob.get_by_role("button", name="Approve", exact=True).click()
    await expect(ann.get_by_text("Done", exact=True).first).to_be_visible()
    assert server.api.get(f"/scripts/{script['id']}").status_code == 404
