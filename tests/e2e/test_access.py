"""Who may do what, in the browser: members, teams, roles of one's own, users, and tokens for programs."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from playwright.async_api import Locator, Page, expect

from .actions import choose, log_in
from .conftest import NewPage
from .server import PASSWORD, Server
from .watch import Watch

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@contextmanager
def project(server: Server, name: str) -> Iterator[str]:
    """Make a project that is put away again: others expect to be in one project only."""
    server.post("/projects", {"name": name})
    try:
        yield name
    finally:
        server.api.delete(f"/projects/{name}").raise_for_status()


def add_user(server: Server, username: str) -> None:
    server.post("/users", {"username": username, "password": PASSWORD})


def row(page: Page, place: str, name: str) -> Locator:
    """Return what is said of somebody or something in a list."""
    return page.get_by_role("list", name=place).get_by_role("listitem").filter(has_text=name)


async def signed_in(new_page: NewPage, server: Server, username: str, path: str) -> Page:
    page = await new_page(server, signed_in=False)
    await page.goto(path)
    await log_in(page, username)
    await page.wait_for_url(f"**{path}")
    return page


async def test_a_member_sees_the_project_as_long_as_they_are_one(
    server: Server, page: Page, new_page: NewPage, watch: Watch
) -> None:
    watch.allow("404 .*/members")
    add_user(server, "mia-the-member")
    with project(server, "Harbour"):
        await page.goto("/access/projects")
        await page.get_by_role("link", name="Harbour").click()
        await page.get_by_role("button", name="Add a person").click()
        dialog = page.get_by_role("dialog", name="Add a person")
        await dialog.get_by_label("User name").fill("nobody-of-that-name")
        await dialog.get_by_role("button", name="Add").click()
        await expect(dialog.get_by_role("alert")).to_have_text("There is no user of that name or id.")
        await dialog.get_by_label("User name").fill("mia-the-member")
        await dialog.get_by_role("button", name="Add").click()
        member = row(page, "People", "mia-the-member")
        await choose(page, member.get_by_role("combobox"), "viewer")
        await expect(member).to_contain_text("viewer")
        roles = {one["username"]: one["role"] for one in server.get("/projects/Harbour/members")["items"]}
        assert roles == {"admin": "admin", "mia-the-member": "viewer"}

        theirs = await signed_in(new_page, server, "mia-the-member", "/access/projects")
        await expect(theirs.get_by_role("link", name="Harbour")).to_be_visible()
        await expect(theirs.get_by_role("link", name="default")).to_have_count(0)
        await theirs.get_by_role("link", name="Harbour").click()
        await expect(row(theirs, "People", "admin")).to_be_visible()
        await expect(theirs.get_by_role("button", name="Add a person")).to_have_count(0)

        await member.get_by_role("button", name="Take out").click()
        asked = page.get_by_role("dialog", name="Take mia-the-member out of Harbour?")
        await asked.get_by_role("button", name="Take out").click()
        await expect(member).to_have_count(0)
        await theirs.goto("/access/projects")
        await expect(theirs.get_by_text("You belong to no project yet")).to_be_visible()


async def test_the_last_admin_stays_and_so_does_the_page(
    server: Server, page: Page, new_page: NewPage, watch: Watch
) -> None:
    watch.allow("409 .*/members/")
    add_user(server, "lena-the-last")
    with project(server, "Lighthouse yard"):
        server.post("/projects/Lighthouse yard/members", {"username": "lena-the-last", "role": "admin"})
        server.api.delete("/projects/Lighthouse yard/members/admin").raise_for_status()
        theirs = await signed_in(new_page, server, "lena-the-last", "/access/projects")
        await theirs.get_by_role("link", name="Lighthouse yard").click()
        await row(theirs, "People", "lena-the-last").get_by_role("button", name="Leave").click()
        asked = theirs.get_by_role("dialog", name="Leave Lighthouse yard?")
        await asked.get_by_role("button", name="Leave").click()
        await expect(theirs.get_by_text("Nobody would be left who looks after this project")).to_be_visible()
        await expect(row(theirs, "People", "lena-the-last")).to_be_visible()
        assert theirs.url.endswith("/access/projects/Lighthouse%20yard")


async def test_a_team_holds_a_role_of_ones_own(server: Server, page: Page, new_page: NewPage, watch: Watch) -> None:
    watch.allow("409 .*/roles/")
    add_user(server, "otto-the-operator")
    with project(server, "Shipyard"):
        await page.goto("/access/roles")
        await page.get_by_role("button", name="New role").click()
        dialog = page.get_by_role("dialog", name="New role")
        await dialog.get_by_label("Name", exact=True).fill("Crane operator")
        await dialog.get_by_text("Run scripts", exact=True).click()
        await dialog.get_by_role("button", name="Save").click()
        await expect(page.get_by_role("columnheader", name="Crane operator")).to_be_visible()

        await page.goto("/access/teams")
        await page.get_by_role("button", name="New team").click()
        await page.get_by_role("dialog").get_by_label("Name", exact=True).fill("Crane crew")
        await page.get_by_role("dialog").get_by_role("button", name="Save").click()
        await page.get_by_role("link", name="Crane crew").click()
        await page.get_by_label("User name").fill("otto-the-operator")
        await page.get_by_role("button", name="Add", exact=True).click()
        await expect(row(page, "People", "otto-the-operator")).to_be_visible()

        await page.goto("/access/projects/Shipyard")
        await page.get_by_role("button", name="Add a team").click()
        dialog = page.get_by_role("dialog", name="Add a team")
        await choose(page, dialog.get_by_role("combobox", name="Teams"), "Crane crew")
        await choose(page, dialog.get_by_role("combobox", name="Role"), "Crane operator")
        await dialog.get_by_role("button", name="Add").click()
        await expect(row(page, "Teams", "Crane crew")).to_contain_text("1 person")

        theirs = await signed_in(new_page, server, "otto-the-operator", "/access/teams")
        await theirs.get_by_role("link", name="Crane crew").click()
        held = row(theirs, "Roles in projects", "Shipyard")
        await expect(held).to_contain_text("Crane operator")
        await expect(theirs.get_by_role("button", name="Delete")).to_have_count(0)

        await page.goto("/access/roles")
        await page.get_by_role("button", name="Delete: Crane operator").click()
        asked = page.get_by_role("dialog", name="Delete the role Crane operator?")
        await asked.get_by_role("button", name="Delete").click()
        await expect(page.get_by_text("Somebody holds this role")).to_be_visible()
        server.api.delete("/teams/Crane crew").raise_for_status()
        await asked.get_by_role("button", name="Delete").click()
        await expect(page.get_by_role("columnheader", name="Crane operator")).to_have_count(0)


async def test_a_token_is_shown_once_and_may_no_more_than_it_says(server: Server, page: Page) -> None:
    await page.goto("/access/tokens")
    await page.get_by_role("button", name="New token").first.click()
    dialog = page.get_by_role("dialog", name="New token")
    await dialog.get_by_label("Name", exact=True).fill("For the dashboard")
    await dialog.get_by_text("See runs, their logs and files", exact=True).click()
    await dialog.get_by_role("button", name="Save").click()
    shown = page.get_by_role("dialog").filter(has_text="It is shown this once")
    text = await shown.get_by_role("code").inner_text()
    await shown.get_by_role("button", name="Done").click()
    bearer = {"Authorization": f"Bearer {text}"}
    async with httpx.AsyncClient(base_url=f"{server.url}/api/v1", headers=bearer) as program:
        assert (await program.get("/runs")).status_code == 200
        body = {"name": "By a program", "language": "shell", "code": "true"}
        assert (await program.post("/scripts", json=body)).status_code == 403
        token = row(page, "Tokens", "For the dashboard")
        await expect(token).to_contain_text("See runs, their logs and files")
        assert text not in await page.content()
        await token.get_by_role("button", name="Revoke").click()
        await page.get_by_role("dialog", name="Revoke For the dashboard?").get_by_role("button", name="Revoke").click()
        await expect(token).to_have_count(0)
        assert (await program.get("/runs")).status_code == 401


async def test_a_user_is_added_given_a_password_and_disabled(
    server: Server, page: Page, new_page: NewPage, watch: Watch
) -> None:
    watch.allow("401 ")
    server.allow("user.disabled")
    await page.goto("/access/users")
    await page.get_by_role("button", name="New user").click()
    dialog = page.get_by_role("dialog", name="New user")
    await dialog.get_by_label("User name").fill("nora-the-new")
    await dialog.get_by_label("Shown as").fill("Nora")
    await dialog.get_by_role("button", name="Save").click()
    told = page.get_by_role("dialog").filter(has_text="The password of nora-the-new")
    password = await told.get_by_role("code").inner_text()
    await told.get_by_role("button", name="Done").click()

    theirs = await new_page(server, signed_in=False)
    await theirs.goto("/access/projects")
    await log_in(theirs, "nora-the-new", password)
    await expect(theirs.get_by_text("You belong to no project yet")).to_be_visible()

    await page.get_by_label("Find a user").fill("nora")
    user = row(page, "Users", "nora-the-new")
    await user.get_by_role("button", name="Actions for nora-the-new").click()
    await page.get_by_role("menuitem", name="Disable").click()
    asked = page.get_by_role("dialog", name="Disable nora-the-new?")
    await asked.get_by_role("button", name="Disable").click()
    await expect(user).to_contain_text("disabled")
    await theirs.reload()
    await theirs.wait_for_url("**/login**")
