"""A real server, a real browser, and pages that are watched for complaints."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from contextlib import AsyncExitStack
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

import runyard.web

from .furniture import Furniture, furnished
from .gate import Gate, standing
from .server import Server, serving
from .watch import Watch

STATIC = Path(runyard.web.__file__).parent / "static"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDE = {"width": 1440, "height": 900}
TASTE: dict[str, Any] = {
    "locale": "en-US",
    "timezone_id": "UTC",
    "color_scheme": "light",
    "reduced_motion": "reduce",
    "viewport": WIDE,
}
PATIENCE_MS = 20_000

NewPage = Callable[..., Awaitable[Page]]
_outcome = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember which tests failed, so that their pages can be kept as pictures."""
    report = yield
    if report.failed:
        item.stash[_outcome] = True
    return report


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the machine's browser."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(f"needs a browser: one of {', '.join(BROWSERS)}")
    return found


@pytest.fixture(scope="session")
def built_page() -> None:
    """The page, as script/setup builds it."""
    if not (STATIC / "index.html").is_file():
        pytest.fail(f"the page is not built: {STATIC} has no index.html. Run script/setup.")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, chromium: str, built_page: None) -> Iterator[Server]:
    """One server for all tests that don't need a fresh one; its log must be clean at the end."""
    with serving(tmp_path_factory.mktemp("server")) as server:
        yield server
        assert server.troubles() == []


@pytest.fixture
def fresh_server(tmp_path: Path, chromium: str, built_page: None) -> Iterator[Server]:
    """A server that was started for the first time just now."""
    with serving(tmp_path) as server:
        yield server
        assert server.troubles() == []


@pytest.fixture(scope="session")
def furniture(server: Server) -> Iterator[Furniture]:
    """Pages with something on them; one run of them is still running."""
    with furnished(server) as furniture:
        yield furniture


@pytest.fixture
def gate() -> Iterator[Gate]:
    """A gate that scripts wait at."""
    with standing() as gate:
        yield gate


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    """One browser for the session; each test has contexts of its own."""
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        await browser.close()


@pytest.fixture
def watch() -> Iterator[Watch]:
    """What the test's pages complain about; nothing, in the end."""
    watch = Watch()
    yield watch
    assert watch.unexpected == []


@pytest_asyncio.fixture(loop_scope="session")
async def new_page(
    browser: Browser, watch: Watch, request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[NewPage]:
    """Return a function that opens a page in a context of its own: `await new_page(server, signed_in=False, …)`."""
    async with AsyncExitStack() as stack:
        pages: list[Page] = []

        async def make(server: Server, *, signed_in: bool = True, **options: Any) -> Page:
            state = _signed_in(server) if signed_in else None
            options = {**TASTE, **options}
            context: BrowserContext = await browser.new_context(base_url=server.url, storage_state=state, **options)
            stack.push_async_callback(context.close)
            context.set_default_timeout(PATIENCE_MS)
            await watch.begin(context)
            page = await context.new_page()
            pages.append(page)
            return page

        yield make
        if request.node.stash.get(_outcome, False):
            for number, page in enumerate(pages):
                await page.screenshot(path=tmp_path / f"failed-{number}.png")


@pytest_asyncio.fixture(loop_scope="session")
async def page(server: Server, new_page: NewPage) -> Page:
    """A page of somebody who is signed in to the shared server."""
    return await new_page(server)


def _signed_in(server: Server) -> Any:
    """Return what a browser remembers after a login: the refresh cookie, and that there is one."""
    jar: SimpleCookie = SimpleCookie()
    for header in server.sign_in().headers.get_list("set-cookie"):
        jar.load(header)
    host = server.url.removeprefix("http://").partition(":")[0]
    cookies = [
        {
            "name": name,
            "value": cookie.value,
            "domain": host,
            "path": cookie["path"],
            "expires": -1,
            "httpOnly": True,
            "secure": False,
            "sameSite": "Strict",
        }
        for name, cookie in jar.items()
    ]
    known = {"origin": server.url, "localStorage": [{"name": "runyard.session", "value": "1"}]}
    return {"cookies": cookies, "origins": [known]}
