# small files: nothing here is worth a thread
# ruff: noqa: ASYNC240
"""Python environments, built for real from an index on loopback."""

import asyncio
import os
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from runyard import clock
from runyard.environments.failures import BuildFailed
from runyard.environments.service import EnvironmentService

from .conftest import PROJECT, Yard, execute, pins, python
from .registry import Registry


async def test_a_script_without_requirements_gets_an_empty_environment(
    yard: Yard, environments: EnvironmentService, tmp_path: Path
) -> None:
    assert environments.cached(python()) is None
    ready = await environments.ensure(python(), None, PROJECT)
    assert environments.cached(python()) is ready
    assert environments.cached(python(), ready.id) is ready
    code = "import sys; print(sys.prefix, sys.stdout.write_through)"
    assert await execute(ready, tmp_path, "main.py", code) == (0, f"{ready.read_only[0]} True\n", "")
    row = await yard.row(ready.id)
    assert (row.state, row.packages, row.requirements, row.lock_text) == ("ready", [], [], "")
    assert row.interpreter.startswith("CPython 3.")
    assert not yard.registry.requests


async def test_requirements_are_resolved_installed_and_importable(
    yard: Yard, environments: EnvironmentService, registry: Registry, tmp_path: Path
) -> None:
    registry.wheel("upper", "2.0", needs=("tiny>=1",))
    ready = await environments.ensure(python("Upper"), None, PROJECT)
    code = "import subprocess, tiny, upper; print(tiny.VERSION, upper.VERSION, flush=True); subprocess.run(['tiny'])"
    assert await execute(ready, tmp_path, "main.py", code) == (0, "1.0 2.0\nhello from tiny\n", "")
    row = await yard.row(ready.id)
    assert pins(row) == [("tiny", "1.0"), ("upper", "2.0")]
    assert "--hash=sha256:" in (row.lock_text or "")
    assert row.size_bytes is not None
    assert row.size_bytes > 1000
    assert row.build_s
    assert row.last_used_at == row.ready_at


async def test_the_environment_is_read_only_and_carries_bytecode(
    environments: EnvironmentService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    ready = await environments.ensure(python("tiny"), None, PROJECT)
    root = ready.read_only[0]
    found = [path for path in (root, *root.rglob("*")) if not path.is_symlink()]
    assert any(path.name.endswith(".pyc") and path.parent.parent.name == "tiny" for path in found)
    for path in found:
        mode = path.stat().st_mode
        assert not mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH), path
        # Users of their own run scripts.
        assert mode & stat.S_IROTH, path
        assert mode & stat.S_IXOTH or not path.is_dir(), path


async def test_bytecode_is_kept_for_as_long_as_environments_are_built_with_it(
    yard: Yard, environments: EnvironmentService, registry: Registry
) -> None:
    registry.wheel("other")
    ready = await environments.ensure(python("tiny"), None, PROJECT)
    await environments.ensure(python("other"), None, PROJECT)
    cache = yard.data / "cache" / "bytecode"
    [old] = {path.parents[2] for path in cache.rglob("*.pyc") if path.parent.parent.name == "tiny"}
    long_ago = (clock.now() - timedelta(days=91)).timestamp()
    os.utime(old, (long_ago, long_ago))
    kept = {path for path in cache.glob("*/*") if path != old}
    assert kept
    await environments.sweep()
    assert set(cache.glob("*/*")) == kept
    assert any(path.stat().st_nlink == 1 for path in ready.read_only[0].rglob("tiny/**/*.pyc"))
    await environments.sweep()
    assert set(cache.glob("*/*")) == kept
    await environments.ensure(python("tiny", "other"), None, PROJECT)
    assert old.exists()


async def test_packages_are_hardlinked_from_the_cache(yard: Yard, environments: EnvironmentService) -> None:
    ready = await environments.ensure(python("tiny"), None, PROJECT)
    module = next(ready.read_only[0].rglob("tiny/__init__.py"))
    assert module.stat().st_nlink == 2
    assert any(path.samefile(module) for path in (yard.data / "cache" / "uv").rglob("__init__.py"))


async def test_a_header_and_requirements_merge(
    yard: Yard, environments: EnvironmentService, registry: Registry, tmp_path: Path
) -> None:
    registry.wheel("tiny", "2.0")
    registry.wheel("other")
    code = '# /// script\n# dependencies = ["tiny<2"]\n# ///\nimport tiny, other; print(tiny.VERSION)\n'
    ready = await environments.ensure(python("other", code=code), None, PROJECT)
    assert (await execute(ready, tmp_path, "main.py", code))[:2] == (0, "1.0\n")
    assert (await yard.row(ready.id)).requirements == ["other", "tiny<2"]


async def test_a_conflict_fails_in_the_resolvers_words(
    yard: Yard, environments: EnvironmentService, registry: Registry
) -> None:
    registry.wheel("tiny", "2.0")
    code = '# /// script\n# dependencies = ["tiny<2"]\n# ///\n'
    with pytest.raises(BuildFailed) as failed:
        await environments.ensure(python("tiny>=2", code=code), None, PROJECT)
    assert failed.value.code == "resolution_failed"
    assert "tiny<2" in failed.value.message
    assert "tiny>=2" in failed.value.message
    assert "unsatisfiable" in failed.value.message
    [row] = await yard.rows()
    assert (row.state, row.error_code, row.error_message) == ("failed", "resolution_failed", failed.value.message)
    lines = await environments.watching.log(row.id, 0, 100)
    assert any("No solution found" in line.text for line in lines)
    assert [line.n for line in lines] == list(range(1, len(lines) + 1))
    assert yard.names() == []


async def test_a_package_that_does_not_exist_is_named(environments: EnvironmentService) -> None:
    with pytest.raises(BuildFailed, match="no-such-thing was not found in the package registry") as failed:
        await environments.ensure(python("no-such-thing"), None, PROJECT)
    assert failed.value.code == "resolution_failed"


async def test_a_python_that_is_not_here_is_named(environments: EnvironmentService) -> None:
    code = '# /// script\n# requires-python = ">=3.99"\n# ///\n'
    with pytest.raises(BuildFailed, match=r"needs Python >=3.99; here is 3\.") as failed:
        await environments.ensure(python(code=code), None, PROJECT)
    assert failed.value.code == "python_missing"


async def test_an_index_that_is_down_gives_its_sentence(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    service = await yard.open(settings=yard.settings(index_url="http://user:secret@127.0.0.1:9/simple"))
    with pytest.raises(BuildFailed, match=r"The package index at http://.*127.0.0.1:9 can't be reached") as failed:
        await service.ensure(python("tiny"), None, PROJECT)
    assert failed.value.code == "index_unreachable"
    [row] = await yard.rows()
    told = f"{row.error_message}{await service.watching.log(row.id, 0, 100)}"
    assert "secret" not in told


async def test_a_failure_is_tried_again_with_the_next_request(
    yard: Yard, environments: EnvironmentService, registry: Registry
) -> None:
    with pytest.raises(BuildFailed):
        await environments.ensure(python("late"), None, PROJECT)
    [failed] = await yard.rows()
    registry.wheel("late")
    ready = await environments.ensure(python("late"), None, PROJECT)
    row = await yard.row(ready.id)
    assert (row.id, row.state, row.error_code, row.build) == (failed.id, "ready", None, 2)


async def test_a_source_distribution_is_built_with_a_scrubbed_environment(
    environments: EnvironmentService, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNYARD_ADMIN_PASSWORD", "hunter2")
    registry.sdist(
        "noisy",
        'import os, sys\nsys.exit("seen: " + " ".join(sorted(os.environ)))\n',
    )
    with pytest.raises(BuildFailed, match="seen: ") as failed:
        await environments.ensure(python("noisy"), None, PROJECT)
    assert "PATH" in failed.value.message
    assert "RUNYARD" not in failed.value.message
    assert failed.value.code == "resolution_failed"


async def test_a_build_that_takes_too_long_is_stopped(yard: Yard, registry: Registry) -> None:
    registry.delay_s = 30
    service = await yard.open(settings=yard.settings(build_timeout_s=0.3))
    with pytest.raises(BuildFailed, match=r"longer than 0\.3 s") as failed:
        await service.ensure(python("tiny"), None, PROJECT)
    assert failed.value.code == "build_timed_out"
    registry.delay_s = 0


async def test_fifty_requests_build_once(yard: Yard, environments: EnvironmentService) -> None:
    answers = await asyncio.gather(*(environments.ensure(python("tiny"), None, PROJECT) for _ in range(50)))
    assert len({id(answer) for answer in answers}) == 1
    [row] = await yard.rows()
    assert row.build == 1
    assert [line.text for line in await environments.watching.log(row.id, 0, 100)].count("Resolving tiny") == 1


async def test_two_services_on_one_database_build_once(yard: Yard, registry: Registry) -> None:
    registry.delay_s = 0.1
    services = [await yard.open(), await yard.open()]
    answers = await asyncio.gather(
        *(service.ensure(python("tiny"), None, PROJECT) for service in services for _ in range(10))
    )
    assert len({answer.id for answer in answers}) == 1
    [row] = await yard.rows()
    assert row.build == 1
    assert [line.text for line in await services[0].watching.log(row.id, 0, 100)].count("Resolving tiny") == 1


async def test_requests_resolved_alike_share_one_directory(yard: Yard, environments: EnvironmentService) -> None:
    first, second = await asyncio.gather(
        environments.ensure(python("tiny"), None, PROJECT), environments.ensure(python("tiny==1.*"), None, PROJECT)
    )
    assert first.id != second.id
    assert first.argv == second.argv
    assert len(yard.names()) == 1


async def test_a_resolution_stays_pinned(yard: Yard, registry: Registry) -> None:
    service = await yard.open()
    ready = await service.ensure(python("tiny"), None, PROJECT)
    registry.wheel("tiny", "2.0")
    # Another process, later: nothing in memory.
    again = await (await yard.open()).ensure(python("tiny"), None, PROJECT)
    assert again == ready


async def test_another_index_is_another_environment(yard: Yard, registry: Registry) -> None:
    first = await (await yard.open()).ensure(python("tiny"), None, PROJECT)
    moved = yard.settings(index_url=f"{registry.index}/")
    second = await (await yard.open(settings=moved)).ensure(python("tiny"), None, PROJECT)
    assert first.id != second.id


async def test_a_pinned_environment_is_rebuilt_from_its_lock(
    yard: Yard, environments: EnvironmentService, registry: Registry, tmp_path: Path
) -> None:
    ready = await environments.ensure(python("tiny"), None, PROJECT)
    async with yard.database.write() as session:
        await environments.delete(session, ready.id)
    await environments.close()
    assert yard.names() == []
    registry.wheel("tiny", "2.0")
    later = await yard.open()
    fresh = await later.ensure(python("tiny"), None, PROJECT)
    pinned = await later.ensure(python("tiny"), ready.id, PROJECT)
    assert pinned == ready
    assert fresh.id != ready.id
    code = "import tiny; print(tiny.VERSION)"
    assert (await execute(pinned, tmp_path, "main.py", code))[1] == "1.0\n"
    assert (await execute(fresh, tmp_path, "main.py", code))[1] == "2.0\n"
    assert later.cached(python("tiny")) is fresh


async def test_a_pin_that_nobody_remembers_is_resolved_afresh(environments: EnvironmentService) -> None:
    ready = await environments.ensure(python("tiny"), "env_unknown", PROJECT)
    assert ready.id != "env_unknown"


async def test_a_directory_that_was_taken_away_is_built_again(
    yard: Yard, environments: EnvironmentService, registry: Registry
) -> None:
    ready = await environments.ensure(python("tiny"), None, PROJECT)
    registry.wheel("tiny", "2.0")
    ready.read_only[0].chmod(0o755)
    ready.read_only[0].rename(yard.data / "gone")
    assert environments.cached(python("tiny")) is None
    again = await environments.ensure(python("tiny"), None, PROJECT)
    assert again == ready
    assert pins(await yard.row(ready.id)) == [("tiny", "1.0")]


async def test_an_interpreter_that_went_away_is_noticed(yard: Yard, environments: EnvironmentService) -> None:
    ready = await environments.ensure(python("tiny"), None, PROJECT)
    program = Path(ready.argv[0])
    program.parent.chmod(0o755)
    program.unlink()
    program.symlink_to(yard.data / "upgraded away")
    assert environments.cached(python("tiny")) is None
    assert await environments.ensure(python("tiny"), None, PROJECT) == ready
    assert program.exists()
    assert (await yard.row(ready.id)).build == 2


async def test_files_lost_in_a_power_cut_are_noticed(yard: Yard, environments: EnvironmentService) -> None:
    ready = await environments.ensure(python("tiny"), None, PROJECT)
    root = ready.read_only[0]
    mark = root / ".runyard-environment.json"
    mark.chmod(0o644)
    text = mark.read_text()
    boot = text.split('"boot": "')[1].split('"')[0]
    mark.write_text(text.replace(boot, "an earlier start"))
    assert await (await yard.open()).ensure(python("tiny"), None, PROJECT) == ready
    assert (await yard.row(ready.id)).build == 1
    module = next(root.rglob("tiny/__init__.py"))
    module.parent.chmod(0o755)
    module.unlink()
    assert await (await yard.open()).ensure(python("tiny"), None, PROJECT) == ready
    assert (await yard.row(ready.id)).build == 2


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs scripts under other users")
@pytest.mark.needs_root
async def test_another_user_can_run_scripts_in_it(environments: EnvironmentService, tmp_path: Path) -> None:
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.geteuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o011)
    ready = await environments.ensure(python("tiny"), None, PROJECT)
    process = await asyncio.create_subprocess_exec(
        *ready.argv, "-c", "import tiny; print(tiny.VERSION)", user=64_999, group=64_999, extra_groups=[], stdout=-1
    )
    assert (await process.communicate())[0] == b"1.0\n"


@pytest.mark.needs_registry
async def test_a_real_package_from_a_real_index(yard: Yard, tmp_path: Path) -> None:
    service = await yard.open(settings=yard.settings(index_url=""))
    ready = await service.ensure(python("six==1.17.0"), None, PROJECT)
    code = "import six; print(six.__version__)"
    assert (await execute(ready, tmp_path, "main.py", code))[:2] == (0, "1.17.0\n")
