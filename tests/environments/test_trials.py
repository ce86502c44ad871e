"""Trial upgrades."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from runyard.environments.failures import NoSuchEnvironment
from runyard.environments.trials import Change, EnvironmentUnfit, changes, demand

from .conftest import PROJECT, Yard, python
from .registry import Registry
from .site import DEVELOPER, Site, opened


@pytest.fixture
async def site(yard: Yard) -> AsyncIterator[Site]:
    async with opened(yard) as site:
        yield site


def packages(**versions: str) -> list[dict[str, Any]]:
    return [{"name": name, "version": version} for name, version in versions.items()]


def test_how_two_sets_of_packages_differ() -> None:
    found = changes(packages(a="1.0", b="2.0", c="1", d="https://x"), packages(a="1.10", b="1.9", d="https://y", e="1"))
    assert [(c.name, c.kind) for c in found] == [
        ("a", "upgraded"),
        ("b", "downgraded"),
        ("c", "removed"),
        ("d", "changed"),
        ("e", "added"),
    ]
    assert changes(packages(a="1"), packages(a="1")) == []


def test_copies_of_one_package_stand_together() -> None:
    twice = [*packages(a="1.0"), *packages(a="2.0")]
    assert changes(twice, packages(a="2.0")) == [Change("a", "1.0, 2.0", "2.0")]


async def _begun(site: Site, registry: Registry) -> tuple[str, str]:
    """An environment and a trial of it that is ready."""
    ready = await site.environments.ensure(python("tiny"), None, PROJECT)
    registry.wheel("tiny", "2.0", needs=("extra",))
    registry.wheel("extra")
    answer = await site.post(f"/{ready.id}/trial", 202)
    trial = answer["environment"]
    assert (trial["state"], trial["trial_of"], answer["changes"]) == ("pending", ready.id, None)
    await site.environments.ensure(python("tiny"), trial["id"], PROJECT)
    return ready.id, str(trial["id"])


async def test_a_trial_stands_beside_and_is_kept(site: Site, registry: Registry) -> None:
    old, trial = await _begun(site, registry)
    answer = await site.get(f"/{old}/trial")
    assert answer["changes"] == [
        {"name": "extra", "from_version": None, "to_version": "1.0", "change": "added"},
        {"name": "tiny", "from_version": "1.0", "to_version": "2.0", "change": "upgraded"},
    ]
    assert (await site.get(f"/{old}"))["trial_id"] == trial
    assert (await site.environments.ensure(python("tiny"), None, PROJECT)).id == old
    kept = await site.post(f"/{old}/trial/keep", 200)
    assert (kept["id"], kept["trial_of"]) == (trial, None)
    await site.environments.reload()
    assert (await site.environments.ensure(python("tiny"), None, PROJECT)).id == trial
    # A run that is pinned to the old lock keeps it.
    assert (await site.environments.ensure(python("tiny"), old, PROJECT)).id == old
    assert (await site.get(f"/{old}/trial", 404))["code"] == "no_trial"
    assert (await site.post(f"/{old}/trial", 409))["code"] == "wrong_moment"


async def test_a_trial_is_dropped(site: Site, registry: Registry) -> None:
    old, trial = await _begun(site, registry)
    assert (await site.post(f"/{old}/trial", 409))["code"] == "trial_under_way"
    await site.ask("DELETE", f"/environments/{old}/trial", 204)
    await site.get(f"/{trial}", 404)
    await site.ask("DELETE", f"/environments/{old}/trial", 404)
    assert (await site.environments.ensure(python("tiny"), None, PROJECT)).id == old
    await site.environments.close()
    assert len(site.yard.names()) == 1


async def test_a_trial_that_fails_can_not_be_kept(site: Site, registry: Registry) -> None:
    ready = await site.environments.ensure(python("tiny"), None, PROJECT)
    registry.withdraw("tiny")
    trial = (await site.post(f"/{ready.id}/trial", 202))["environment"]["id"]
    with pytest.raises(Exception, match="tiny"):
        await site.environments.ensure(python("tiny"), trial, PROJECT)
    answer = await site.get(f"/{ready.id}/trial")
    assert (answer["environment"]["state"], answer["changes"]) == ("failed", None)
    assert (await site.post(f"/{ready.id}/trial/keep", 409))["code"] == "wrong_moment"


async def test_trials_take_the_right(site: Site) -> None:
    ready = await site.environments.ensure(python(), None, PROJECT)
    await site.get("/env_none/trial", 404)
    site.gatekeeper.actor = DEVELOPER
    await site.post(f"/{ready.id}/trial", 403)
    await site.post(f"/{ready.id}/trial/keep", 403)
    await site.ask("DELETE", f"/environments/{ready.id}/trial", 403)


async def test_which_environments_a_run_may_name(site: Site) -> None:
    ready = await site.environments.ensure(python(), None, PROJECT)
    async with site.yard.database.write() as session:
        await demand(session, DEVELOPER, ready.id, PROJECT, "python", "uv")
        for language, manager in (("javascript", "uv"), ("shell", "uv"), ("python", "conda")):
            with pytest.raises(EnvironmentUnfit):
                await demand(session, DEVELOPER, ready.id, PROJECT, language, manager)
        row = await site.environments.get(session, ready.id)
        row.project_id = "prj_other"
        await session.flush()
        with pytest.raises(NoSuchEnvironment):
            await demand(session, DEVELOPER, ready.id, PROJECT, "python", "uv")
        with pytest.raises(NoSuchEnvironment):
            await demand(session, DEVELOPER, "env_none", PROJECT, "python", "uv")
