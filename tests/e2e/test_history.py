"""What runs tell together, in the browser: the same failure again, what changed before it, many at once."""

import pytest
from playwright.async_api import Page, expect

from .server import Server
from .watch import Watch

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_a_failure_leads_to_what_changed_since_the_last_good_run(server: Server, page: Page) -> None:
    script = server.script("Breaks after a change", "echo fine\n")
    server.ended(server.run(script))
    server.change(script, code="echo 'no such column: price' >&2\nexit 3\n")
    failed = server.run(script)
    server.ended(failed)
    await page.goto(f"/runs/{failed}")
    await page.get_by_role("link", name="what had changed").click()
    await page.wait_for_url("**/runs/compare?a=run_*&b=run_*")
    await expect(page.get_by_text("version 1 → 2")).to_be_visible()

    await page.goto(f"/runs/failures?q={script['name']}")
    await page.get_by_role("link", name="Breaks after a change").click()
    await page.wait_for_url("**/runs/failures/fail_*")
    await expect(page.get_by_role("table", name="Runs").get_by_text("Failed")).to_have_count(1)


async def test_selected_runs_are_deleted_together(server: Server, page: Page) -> None:
    script = server.script("Deleted together", "true")
    for _ in range(2):
        server.ended(server.run(script, labels={"batch": "delete"}))
    await page.goto("/runs?label=batch=delete")
    rows = page.get_by_role("row").filter(has_text="Deleted together")
    await expect(rows).to_have_count(2)
    await page.get_by_role("checkbox", name="Select all").check()
    await page.get_by_role("button", name="Delete", exact=True).click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    await expect(page.get_by_text("2 runs are deleted.")).to_be_visible()
    await expect(rows).to_have_count(0)
    assert server.get("/runs", label="batch=delete")["items"] == []


async def test_parameters_are_read_off_the_code_and_values_kept(server: Server, page: Page) -> None:
    code = (
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('--rows', type=int, default=5)\n"
        "p.add_argument('--city', required=True)\nprint(p.parse_args())\n"
    )
    script = server.script("Reads its arguments", code, language="python")
    await page.goto(f"/scripts/{script['id']}")
    await page.get_by_role("button", name="Definitions").click()
    await page.get_by_role("button", name="Read them off the code").click()
    await page.locator("label").filter(has_text="rows").click()
    await page.get_by_role("button", name="Take 1 over").click()
    await page.get_by_role("button", name="Save").first.click()
    await expect(page.get_by_text("Saved as v2")).to_be_visible()
    assert [one["key"] for one in server.get(f"/scripts/{script['id']}")["parameters"]] == ["city"]

    await page.get_by_role("button", name="Values", exact=True).click()
    await page.locator(".form input").first.fill("Bergen")
    await page.get_by_role("button", name="Keep these values").click()
    await page.get_by_label("A name for these values").fill("North")
    await page.get_by_role("button", name="Save").last.click()
    await expect(page.get_by_text("Kept as “North”")).to_be_visible()
    (kept,) = server.get(f"/scripts/{script['id']}/parameter-sets")["items"]
    assert (kept["name"], kept["values"]) == ("North", {"city": "Bergen"})


async def test_a_project_bounds_what_submits_ask_for(server: Server, page: Page, watch: Watch) -> None:
    watch.allow("422 .*/run-policy")
    server.post("/projects", {"name": "bounded"})
    await page.add_init_script("localStorage.setItem('runyard.project', 'bounded')")
    await page.goto("/runs/rules")
    rules = page.get_by_role("form", name="Project bounded")
    for label, value in (("Processes", "2"), ("Disk, MiB", "500"), ("Output, MiB", "20"), ("Open files", "256")):
        await rules.get_by_label(label, exact=True).fill(value)
    queues = rules.get_by_label("Queues a submit may name")
    await queues.fill("default, gpu!")
    await rules.get_by_role("button", name="Save").click()
    # What is refused stands beside its field.
    await expect(queues).to_have_attribute("aria-invalid", "true")
    await expect(rules.get_by_label("Processes", exact=True)).to_have_attribute("aria-invalid", "true")
    await queues.fill("default, gpu")
    await rules.get_by_label("Processes", exact=True).fill("64")
    await rules.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    bounds = server.get("/projects/bounded/run-policy")["bounds"]
    assert bounds["queues"] == ["default", "gpu"]
    figures = {name: value for name, value in bounds["limits"].items() if value is not None}
    assert figures == {"pids": 64, "disk_mb": 500, "output_mb": 20, "open_files": 256}
