"""Where packages come from."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from runyard.access.permissions import ROLES, Membership, Role
from runyard.environments.failures import BuildFailed
from runyard.environments.mirrors import (
    NODE_MIRRORS,
    PYTHON_MIRRORS,
    SourceChoice,
    Sources,
    masked,
    sources_of,
    unmasked,
)
from runyard.environments.models import PackageSource
from runyard.ids import ProjectId
from runyard.settings import EnvironmentSettings

from .conftest import PROJECT, Yard, node, python
from .registry import Registry, serving
from .site import ADMIN, DEVELOPER, STRANGER, Site, opened

FILE = EnvironmentSettings(index_url="https://file/simple", npm_registry="https://file/npm")


@pytest.fixture
async def site(yard: Yard) -> AsyncIterator[Site]:
    async with opened(yard) as site:
        yield site


def choice(**parts: Any) -> SourceChoice:
    return SourceChoice.model_validate(parts)


@pytest.mark.parametrize(
    ("choices", "expected"),
    [
        ((), {"index_url": "https://file/simple", "npm_registry": "https://file/npm"}),
        (({"python": {"mirror": "tsinghua"}},), {"index_url": PYTHON_MIRRORS["tsinghua"]}),
        (({"python": {"mirror": "official"}},), {"index_url": "", "official_index": True}),
        (({"node": {"mirror": "aliyun"}},), {"npm_registry": NODE_MIRRORS["aliyun"], "index_url": FILE.index_url}),
        (
            ({"python": {"mirror": "custom", "index_url": "https://a", "extra_index_urls": ["https://b"]}},),
            {"index_url": "https://a", "extra_index_urls": ("https://b",)},
        ),
        (
            ({"python": {"mirror": "aliyun"}}, {"python": {"mirror": "tencent"}}),
            {"index_url": PYTHON_MIRRORS["tencent"]},
        ),
        (({"python": {"mirror": "aliyun"}}, {}), {"index_url": PYTHON_MIRRORS["aliyun"]}),
        (({"proxy": {"mode": "custom", "http": "http://p:1"}}, {}), {"proxy": ("http://p:1", "", "")}),
        (({"proxy": {"mode": "custom", "http": "http://p:1"}}, {"proxy": {"mode": "off"}}), {"proxy": ("", "", "")}),
        (({"conda": {"mirror": "custom", "channels": ["file:///c"]}},), {"channels": ("file:///c",)}),
    ],
)
def test_what_holds_in_the_end(choices: tuple[dict[str, Any], ...], expected: dict[str, Any]) -> None:
    found = sources_of(FILE, *(choice(**parts) for parts in choices))
    assert {name: getattr(found, name) for name in expected} == expected


def test_a_proxy_is_told_to_every_tool() -> None:
    assert Sources().proxy_variables() is None
    assert Sources(proxy=("", "", "")).proxy_variables() == {}
    found = Sources(proxy=("http://p:1", "", "localhost")).proxy_variables()
    assert found == {
        **dict.fromkeys(("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"), "http://p:1"),
        **dict.fromkeys(("no_proxy", "NO_PROXY"), "localhost"),
    }


def test_passwords_are_hidden_and_come_back() -> None:
    secret = choice(
        python={"mirror": "custom", "index_url": "https://me:hush@a/x", "extra_index_urls": ["https://t:k@b"]},
        proxy={"mode": "custom", "http": "http://u:p@proxy:3"},
    )
    shown = masked(secret)
    assert "hush" not in shown.model_dump_json()
    assert shown.python.index_url == "https://***@a/x"
    assert unmasked(shown, secret) == secret


async def test_choosing_for_the_installation(site: Site) -> None:
    body = {"python": {"mirror": "custom", "index_url": "https://me:hush@packages.example/simple"}}
    answer = await site.ask("PUT", "/package-sources", json=body)
    assert answer["choice"]["python"]["index_url"] == "https://***@packages.example/simple"
    assert answer["effective"]["index_url"] == "https://***@packages.example/simple"
    assert answer["updated_by"] == "ann"
    async with site.yard.database.read() as session:
        [row] = (await session.scalars(select(PackageSource))).all()
    assert "hush" not in row.sealed
    # What was shown is sent back, with something else changed.
    again = {**answer["choice"], "node": {"mirror": "tencent"}}
    await site.ask("PUT", "/package-sources", json=again)
    await site.environments.reload()
    assert site.environments.sources.of("").index_url == "https://me:hush@packages.example/simple"
    assert site.environments.sources.of("").npm_registry == NODE_MIRRORS["tencent"]
    await site.ask("DELETE", "/package-sources", 204)
    assert (await site.ask("GET", "/package-sources"))["effective"]["index_url"] == site.yard.registry.index


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"python": {"mirror": "custom"}}, "python.index_url"),
        ({"python": {"mirror": "custom", "index_url": "file:///etc"}}, "python.index_url"),
        ({"python": {"mirror": "custom", "index_url": "https://a b/"}}, "python.index_url"),
        ({"python": {"mirror": "moon"}}, "python.mirror"),
        ({"node": {"mirror": "custom"}}, "node.registry_url"),
        ({"conda": {"mirror": "custom"}}, "conda.channels"),
        ({"proxy": {"mode": "custom"}}, "proxy.http"),
        ({"proxy": {"mode": "custom", "http": "ftp://x"}}, "proxy.http"),
        ({"python": {"mirror": "custom", "index_url": "https://***@elsewhere/simple"}}, ""),
        ({"odd": 1}, "odd"),
    ],
)
async def test_what_can_not_be_chosen(site: Site, body: dict[str, Any], field: str) -> None:
    answer = await site.ask("PUT", "/package-sources", 422, json=body)
    assert [error["field"] for error in answer["errors"]] == [field]


async def test_who_may_choose(site: Site) -> None:
    boss = replace(ADMIN, is_admin=False)
    site.gatekeeper.actor = boss
    body = {"python": {"mirror": "aliyun"}}
    await site.ask("PUT", "/package-sources", 403, json=body)
    await site.ask("PUT", "/package-sources?project=default", json=body)
    await site.ask("PUT", "/package-sources?project=other", 404, json=body)
    site.gatekeeper.actor = replace(DEVELOPER, is_admin=False)
    await site.ask("PUT", "/package-sources?project=default", 403, json=body)
    assert (await site.ask("GET", "/package-sources?project=default"))["choice"]["python"]["mirror"] == "aliyun"
    site.gatekeeper.actor = STRANGER
    await site.ask("GET", "/package-sources?project=default", 404)
    assert "tsinghua" in (await site.ask("GET", "/package-sources/mirrors"))["python"]


async def test_a_project_has_packages_of_its_own(site: Site, registry: Registry) -> None:
    with serving() as private:
        private.wheel("tiny", "7.0")
        body = {"python": {"mirror": "custom", "index_url": private.index}}
        await site.ask("PUT", "/package-sources?project=default", json=body)
        await site.environments.reload()
        common = await site.environments.ensure(python("tiny"), None, ProjectId("prj_other"))
        own = await site.environments.ensure(python("tiny"), None, PROJECT)
        assert site.environments.cached(python("tiny"), None, PROJECT) is own
        assert site.environments.cached(python("tiny")) is common
        body = await site.get(f"/{own.id}")
        assert (body["packages"][0]["version"], body["project"]) == ("7.0", "default")
        assert [item["id"] for item in (await site.get(""))["items"]] == [own.id, common.id]
        # Another project's people see the common one only.
        site.gatekeeper.actor = replace(
            ADMIN, memberships=(Membership(ProjectId("prj_other"), "other", ROLES[Role.admin]),)
        )
        assert [item["id"] for item in (await site.get(""))["items"]] == [common.id]
        await site.get(f"/{own.id}", 404)
        await site.get(f"/{own.id}/log", 404)
        await site.post(f"/{own.id}/rebuild", 404)
        await site.ask("DELETE", f"/environments/{own.id}", 404)
        versions = (await site.ask("GET", "/packages"))["items"][0]["versions"]
        assert versions == ["1.0"]


async def test_builds_go_through_the_proxy(site: Site, registry: Registry) -> None:
    registry.npm("greet", "1.0.0", {"index.js": ""})
    proxy = {"mode": "custom", "http": registry.url}
    sources = {
        "python": {"mirror": "custom", "index_url": "http://packages.example/simple"},
        "node": {"mirror": "custom", "registry_url": "http://npm.example/"},
    }
    await site.ask("PUT", "/package-sources", json={**sources, "proxy": proxy})
    await site.environments.reload()
    await site.environments.ensure(node("greet"), None, PROJECT)
    with pytest.raises(BuildFailed):
        # Its answer names files elsewhere, for which no proxy is needed: what counts is who was asked.
        await site.environments.ensure(python("absent"), None, PROJECT)
    assert "http://packages.example/simple/absent/" in registry.requests
    assert "http://npm.example/greet" in registry.requests
    await site.ask(
        "PUT", "/package-sources", json={**sources, "proxy": {"mode": "custom", "http": "http://127.0.0.1:9"}}
    )
    await site.environments.reload()
    with pytest.raises(BuildFailed) as failed:
        await site.environments.ensure(python("another"), None, PROJECT)
    assert failed.value.code == "index_unreachable"
