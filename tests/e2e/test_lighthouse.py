"""What Lighthouse makes of the first page anybody sees, and of the one that is seen most."""

import json
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from statistics import median
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, async_playwright

from .actions import log_in
from .conftest import FLAGS
from .server import Server

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(600),
]
COMMAND = Path(__file__).parent / "lighthouse" / "node_modules" / "lighthouse" / "cli" / "index.js"
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
ENOUGH = 90
# One look may meet a busy moment of the machine, which slows a page down as a slow page does.
LOOKS = 3
# More than a page of the list, with words and tags: what is promised is promised of a yard that is used.
SCRIPTS = 60


@pytest.fixture(scope="module")
def port() -> int:
    """A port that is free now, for the browser to be steered by."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest_asyncio.fixture(loop_scope="session")
async def visitor(server: Server, chromium: str, port: int, tmp_path: Path) -> AsyncIterator[Page]:
    """A browser of its own, which Lighthouse may join: it sees the cookies of whoever has logged in there."""
    flags = [*FLAGS, f"--remote-debugging-port={port}"]
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            tmp_path / "profile", executable_path=chromium, args=flags, base_url=server.url, locale="en-US"
        )
        yield context.pages[0]
        await context.close()


def scores(url: str, port: int, folder: Path) -> dict[str, int]:
    """Return Lighthouse's scores of a page on a phone of the middle range, 0 to 100."""
    node = shutil.which("node")
    if node is None or not COMMAND.is_file():
        pytest.fail("Lighthouse or Node is missing: npm --prefix tests/e2e/lighthouse ci")
    report = folder / "lighthouse.json"
    subprocess.run(
        [
            *(node, COMMAND, url, f"--port={port}", "--disable-storage-reset", "--quiet"),
            *("--output=json", f"--output-path={report}", f"--only-categories={','.join(CATEGORIES)}"),
            "--no-enable-error-reporting",
        ],
        check=True,
        capture_output=True,
        timeout=180,
    )
    found: dict[str, Any] = json.loads(report.read_text())
    assert found["finalDisplayedUrl"] == url
    return {name: round(found["categories"][name]["score"] * 100) for name in CATEGORIES}


def usual_scores(url: str, port: int, folder: Path) -> dict[str, int]:
    """Look a few times; return the median of each score."""
    looks = [scores(url, port, folder) for _ in range(LOOKS)]
    return {name: int(median(look[name] for look in looks)) for name in CATEGORIES}


def expect_light(usual: dict[str, int]) -> None:
    """Fail with the figures where one of them is not good enough."""
    assert min(usual.values()) >= ENOUGH, f"median of {LOOKS} looks: {usual}"


@pytest.fixture
def filled(server: Server) -> None:
    """A yard as people have it after some months."""
    for number in range(SCRIPTS):
        server.script(
            f"Orders of city {number:02}",
            "true",
            description="Counts what came in and writes a table of it.",
            tags=["orders", "nightly"],
            folder="cities" if number % 3 == 0 else "",
        )


async def test_the_login_page_is_light(server: Server, visitor: Page, port: int, tmp_path: Path) -> None:
    expect_light(usual_scores(f"{server.url}/login", port, tmp_path))


async def test_the_list_of_scripts_is_light(
    server: Server, filled: None, visitor: Page, port: int, tmp_path: Path
) -> None:
    await visitor.goto("/login")
    await log_in(visitor)
    await visitor.wait_for_url("**/")
    # Away from the yard, so that no page of it renews the session while another one is looked at.
    await visitor.goto("about:blank")
    expect_light(usual_scores(f"{server.url}/scripts", port, tmp_path))
