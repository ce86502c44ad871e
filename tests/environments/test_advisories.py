"""Advisories: taken in, shown with packages, refreshed."""

import io
import json
import zipfile
from collections.abc import AsyncIterator
from typing import Any

import pytest

from .conftest import PROJECT, Yard, node, python
from .registry import Registry
from .site import DEVELOPER, Site, opened
from .test_osv import events, record


@pytest.fixture
async def site(yard: Yard) -> AsyncIterator[Site]:
    async with opened(yard) as site:
        yield site


def zipped(*records: Any) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, one in enumerate(records):
            archive.writestr(f"{number}.json", one if isinstance(one, bytes) else json.dumps(one))
        archive.writestr("README", "no record")
    return packed.getvalue()


async def take_in(site: Site, data: bytes, status: int = 200) -> Any:
    return await site.ask("POST", "/advisories/import", status, files={"file": ("all.zip", data)})


LEAK = record(ranges=events("introduced 0", "fixed 1.5"))


async def test_a_vulnerable_package_is_told_of(site: Site, registry: Registry) -> None:
    registry.wheel("upper", "2.0", needs=("tiny>=1",))
    ready = await site.environments.ensure(python("upper"), None, PROJECT)
    assert (await site.get(f"/{ready.id}"))["vulnerability_count"] == 0
    other = {**record("lodash", "npm", ranges=events("introduced 0")), "id": "GHSA-2"}
    answer = await take_in(site, zipped(LEAK, other, record(ecosystem="Go")))
    assert answer == {"advisories": 2, "withdrawn": 0, "skipped": 1, "total": 2}
    body = await site.get(f"/{ready.id}")
    assert body["vulnerability_count"] == 1
    [found] = body["packages"][0]["vulnerabilities"]
    assert found == {
        "id": "GHSA-1",
        "aliases": ["CVE-2026-1"],
        "summary": "It leaks.",
        "severity": "medium",
        "fixed_in": ["1.5"],
        "url": "https://b",
    }
    assert body["packages"][1]["vulnerabilities"] == []
    assert [item["vulnerability_count"] for item in (await site.get(""))["items"]] == [1]
    status = await site.ask("GET", "/advisories")
    assert (status["total"], status["by_ecosystem"], status["refresh_urls"]) == (2, {"PyPI": 1, "npm": 1}, [])
    assert [(i["source"], i["by"], i["advisories"]) for i in status["imports"]] == [("all.zip", "ann", 2)]


async def test_npm_packages_too(site: Site, registry: Registry) -> None:
    registry.npm("@scope/deep", "1.0.1", {"index.js": ""})
    ready = await site.environments.ensure(node("@scope/deep"), None, PROJECT)
    await take_in(site, json.dumps([record("@scope/deep", "npm", ranges=events("introduced 1.0.0"))]).encode())
    assert (await site.get(f"/{ready.id}"))["vulnerability_count"] == 1


async def test_one_vulnerability_under_two_names_is_told_once(site: Site) -> None:
    ready = await site.environments.ensure(python("tiny"), None, PROJECT)
    same = {**LEAK, "id": "PYSEC-1", "aliases": ["CVE-2026-1"], "database_specific": {}}
    await take_in(site, zipped(LEAK, same))
    [found] = (await site.get(f"/{ready.id}"))["packages"][0]["vulnerabilities"]
    assert found["id"] == "GHSA-1"


async def test_newer_records_replace_and_withdrawn_ones_go(site: Site) -> None:
    ready = await site.environments.ensure(python("tiny"), None, PROJECT)
    assert (await take_in(site, zipped(LEAK)))["advisories"] == 1
    assert (await take_in(site, zipped(LEAK)))["advisories"] == 0
    newer = {**LEAK, "modified": "2026-03-01T00:00:00Z", "summary": "Worse."}
    assert (await take_in(site, zipped(newer)))["advisories"] == 1
    assert (await take_in(site, zipped(LEAK)))["advisories"] == 0
    [found] = (await site.get(f"/{ready.id}"))["packages"][0]["vulnerabilities"]
    assert found["summary"] == "Worse."
    gone = await take_in(site, zipped({**newer, "withdrawn": "2026-04-01T00:00:00Z"}))
    assert (gone["withdrawn"], gone["total"]) == (1, 0)


async def test_more_records_than_one_transaction_takes(site: Site) -> None:
    many = [{**LEAK, "id": f"X-{n}"} for n in range(1203)]
    assert (await take_in(site, zipped(*many)))["total"] == 1203


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not json",
        b'"a text"',
        b"[1]",
        b'{"no": "id"}',
        b"PK\x03\x04 not a zip",
        zipped(),
        zipped(b"{"),
        zipped(b"[]"),
        b"[" * 100_000,
    ],
)
async def test_what_is_no_file_of_advisories(site: Site, data: bytes) -> None:
    answer = await take_in(site, data, 422)
    assert answer["code"] == "advisories_malformed"
    assert (await site.ask("GET", "/advisories"))["imports"] == []


async def test_a_member_that_unpacks_to_too_much(site: Site) -> None:
    answer = await take_in(site, zipped(b" " * (4 * 1024 * 1024 + 1)), 422)
    assert "too large" in answer["detail"]


async def test_refreshing_from_an_address(yard: Yard, registry: Registry) -> None:
    registry.files["/osv/all.zip"] = zipped(LEAK)
    address = registry.url.replace("http://", "http://me:hush@") + "/osv/all.zip"
    async with opened(yard, settings=yard.settings(advisory_urls=(address,))) as site:
        assert (await site.ask("POST", "/advisories/refresh"))["total"] == 1
        status = await site.ask("GET", "/advisories")
        masked = address.replace("me:hush", "***")
        assert (status["refresh_urls"], status["imports"][0]["source"]) == ([masked], masked)
        del registry.files["/osv/all.zip"]
        answer = await site.ask("POST", "/advisories/refresh", 503)
        assert (answer["code"], "404" in answer["detail"]) == ("advisories_unreachable", True)
        # What the daily chore can't get is no trouble.
        await site.environments.advisories.sweep()
    assert list((yard.data / "tmp").iterdir()) == []


async def test_without_an_address_nothing_is_fetched(site: Site) -> None:
    assert (await site.ask("POST", "/advisories/refresh", 409))["code"] == "no_advisory_source"
    await site.environments.advisories.sweep()


async def test_taking_advisories_in_takes_the_right(site: Site) -> None:
    site.gatekeeper.actor = DEVELOPER
    await take_in(site, zipped(LEAK), 403)
    await site.ask("POST", "/advisories/refresh", 403)
    await site.ask("GET", "/advisories")


async def test_packages_over_all_environments(site: Site, registry: Registry) -> None:
    registry.wheel("tiny", "1.10")
    registry.wheel("upper", "2.0", needs=("tiny",))
    for want in (python("tiny==1.0"), python("upper"), python("tiny<2", "upper")):
        await site.environments.ensure(want, None, PROJECT)
    await take_in(site, zipped(LEAK))
    page = await site.ask("GET", "/packages", params={"limit": 1})
    assert page["items"] == [
        {
            "name": "tiny",
            "kind": "python",
            "versions": ["1.10", "1.0"],
            "environment_count": 3,
            "vulnerability_count": 1,
        }
    ]
    rest = await site.ask("GET", "/packages", params={"cursor": page["next_cursor"]})
    assert [(i["name"], i["environment_count"]) for i in rest["items"]] == [("upper", 2)]
    assert (await site.ask("GET", "/packages", params={"q": "PP"}))["items"][0]["name"] == "upper"
    assert (await site.ask("GET", "/packages/users", params={"name": "tiny"}))["items"] == []
