"""The table of cases, run by the platform: seeded, submitted with files over the API, confined, and read back."""

import json
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from runyard.api.app import make_app
from runyard.settings import Settings
from runyard.wiring import Yard

from .case import Case
from .cases import as_parameters
from .manifests import load
from .site import Site, open_site

EXAMPLES = load()
PASSWORD = "a password for tests"

# One yard for all cases, and all of them in one test process: what an example needs is built once.
pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("examples-platform")]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with open_site(tmp_path_factory.mktemp("platform-site")) as site:
        yield site


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[httpx.AsyncClient]:
    """A yard with its seeds, and a client that is signed in to it."""
    data = tmp_path_factory.mktemp("platform") / "data"
    scratch = tempfile.tempdir
    yard = Yard(Settings(data=data, slots=2, admin_password=PASSWORD))
    try:
        await yard.start()
        transport = httpx.ASGITransport(make_app(yard))
        async with httpx.AsyncClient(transport=transport, base_url="http://yard.test/api/v1") as client:
            answer = await client.post("/auth/login", json={"username": "admin", "password": PASSWORD})
            client.headers["Authorization"] = f"Bearer {got(answer)['access_token']}"
            yield client
    finally:
        await yard.stop()
        tempfile.tempdir = scratch


def got(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


def content(path: str) -> bytes:
    return Path(path).read_bytes()


async def seeds(api: httpx.AsyncClient) -> dict[str, dict[str, Any]]:
    """Return the seeded scripts by the folders of their examples."""
    page = got(await api.get("/scripts", params={"tag": "example", "limit": 100}))
    names = {script["name"]: script for script in page["items"]}
    return {key: names[example.manifest["name"]] for key, example in EXAMPLES.items()}


async def run(api: httpx.AsyncClient, script: str, case: Case) -> dict[str, Any]:
    """Submit the case and wait for the run's end."""
    body: dict[str, Any] = {"parameters": dict(case.parameters)}
    url = f"/scripts/{script}/runs"
    if case.uploads:
        files = [("files", (Path(path).name, content(path))) for path in case.upload_paths]
        answer = await api.post(url, data={"payload": json.dumps(body)}, files=files)
    else:
        answer = await api.post(url, json=body)
    id_ = got(answer, 202)["id"]
    # The stream of a log ends with its run; this transport answers when it has ended.
    stream = await api.get(f"/runs/{id_}/logs/stream")
    assert "event: end" in stream.text
    ended: dict[str, Any] = got(await api.get(f"/runs/{id_}"))
    return ended


async def workspace(api: httpx.AsyncClient, run: str) -> dict[str, bytes]:
    """Fetch every file that the run has in its workspace."""
    listed = got(await api.get(f"/runs/{run}/files"))["items"]
    files = {}
    for entry in listed:
        if entry["kind"] == "file":
            answer = await api.get(f"/runs/{run}/files/{entry['path']}")
            assert answer.status_code == 200, answer.text
            assert len(answer.content) == entry["size"]
            files[entry["path"]] = answer.content
    return files


async def test_the_first_start_seeds_every_example(api: httpx.AsyncClient) -> None:
    for key, seed in (await seeds(api)).items():
        example = EXAMPLES[key]
        script = got(await api.get(f"/scripts/{seed['id']}"))
        assert (script["code"], script["version"]) == (example.code, 1)
        assert [parameter["key"] for parameter in script["parameters"]] == [p["key"] for p in example.parameters]
        assert set(example.manifest["tags"]) <= set(script["tags"])


@pytest.mark.parametrize("case", as_parameters())
async def test_an_example_keeps_its_promise_on_the_platform(api: httpx.AsyncClient, case: Case, site: Site) -> None:
    case = case.for_site(site)
    site.paths.clear()
    # A copy for each case: what one keeps in its state directory is not another's business.
    seed = (await seeds(api))[case.example]["id"]
    script = got(await api.post(f"/scripts/{seed}/copy", json={"name": case.id}), 201)["id"]
    for _ in range(case.times):
        ended = await run(api, script, case)
        log = (await api.get(f"/runs/{ended['id']}/logs", headers={"Accept": "text/plain"})).text
        assert ended["state"] == ("failed" if case.exit_code else "succeeded"), f"{ended}\n{log}"
        assert ended["exit_code"] == case.exit_code
        files = await workspace(api, ended["id"])
        assert set(case.files) <= set(files)
    case.check(ended["outputs"], files, log)
    assert ended["attempt"] == 1
    assert {Path(path).name for path in case.upload_paths} == set(ended["uploads"])
    assert ended["environment_id"] or not EXAMPLES[case.example].packages
    if case.exit_code == 0:
        assert ended["outputs"] is not None
        assert ended["progress"] is None or ended["progress"]["percent"] == 100
    assert not [path for path in site.paths if "/private/" in path], "robots.txt forbids it"
