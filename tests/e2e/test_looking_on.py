"""Somebody who may only look: what a viewer finds on the pages of jobs."""

import pytest
from playwright.async_api import expect

from .actions import downloaded, is_settled
from .conftest import NewPage
from .server import PASSWORD, Server
from .test_second_person import begin

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_viewer_keeps_jobs_as_a_file_and_changes_none(server: Server, new_page: NewPage) -> None:
    script = server.script("Looked at, the script", "echo one\n")
    job = server.post("/jobs", {"name": "Looked at", "target": {"kind": "script", "id": script["id"]}})
    server.post("/users", {"username": "looker-on", "password": PASSWORD})
    server.post("/projects/default/members", {"username": "looker-on", "role": "viewer"})
    page = await new_page(server, signed_in=False)
    await begin(page, server, "looker-on")

    await page.goto("/jobs")
    await is_settled(page)
    assert b"Looked at" in await downloaded(page, page.get_by_role("button", name="Export"))
    for name in ("New job", "Import", "Pause all"):
        await expect(page.get_by_role("button", name=name)).to_have_count(0)
    await page.get_by_role("row").filter(has_text="Looked at").get_by_role("checkbox").check()
    chosen = page.get_by_role("region", name="1 job selected")
    assert b"Looked at" in await downloaded(page, chosen.get_by_role("button", name="Export"))
    await expect(chosen.get_by_role("button", name="Delete")).to_have_count(0)

    await page.goto(f"/jobs/{job['id']}")
    await page.get_by_role("button", name="More").click()
    await expect(page.get_by_role("menuitem")).to_have_count(1)
    assert b"Looked at" in await downloaded(page, page.get_by_role("menuitem", name="Export"))
