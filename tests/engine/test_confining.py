"""What a script, a submit and the installation say reaches the sandbox."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from runyard.engine.confining import level_of, limits_of, output_cap
from runyard.engine.naming import attempt_id, parse_attempt_id
from runyard.runs.repository import Token
from runyard.sandbox import Level, Limits
from runyard.scripts.policy import Policy, ResourceLimits
from runyard.settings import RunSettings, SandboxSettings

from .yard import Running, opened, options, place

RUNS = RunSettings(memory_mb=100, pids=None, open_files=64, cpu=None, disk_mb=9)


def test_the_submit_goes_before_the_script_and_that_before_the_installation() -> None:
    assert limits_of(RUNS, Policy(), None) == Limits(memory_mb=100, open_files=64, disk_mb=9)
    policy = Policy(limits=ResourceLimits(memory_mb=50, pids=20, cpu=0.5))
    assert limits_of(RUNS, policy, None) == Limits(memory_mb=50, pids=20, cpu=0.5, open_files=64, disk_mb=9)
    wished = {"memory_mb": 30, "pids": None, "disk_mb": 1}
    assert limits_of(RUNS, policy, wished) == Limits(memory_mb=30, pids=20, cpu=0.5, open_files=64, disk_mb=1)


def test_how_much_output_is_kept() -> None:
    assert output_cap(RUNS, Policy(), None) == int(RUNS.output_cap)
    assert output_cap(RUNS, Policy(limits=ResourceLimits(output_mb=2)), None) == 2 * 1024 * 1024
    assert output_cap(RUNS, Policy(limits=ResourceLimits(output_mb=2)), {"output_mb": 1}) == 1024 * 1024


def test_a_demanded_level() -> None:
    assert level_of(Policy()) is None
    assert level_of(Policy(isolation="process")) is Level.process


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def yard() -> AsyncIterator[Running]:
    """A yard whose administrator has allowed a directory."""
    async with place() as data:
        shared = data.parent / "shared"
        shared.mkdir()
        shared.chmod(0o755)
        (shared / "in").write_text("seen\n")
        (shared / "in").chmod(0o644)
        sandbox = SandboxSettings(mounts=(f"{shared}:rw",))
        async with opened(options(data, sandbox=sandbox)) as running:
            yield running


async def _ran(yard: Running, code: str, **fields: Any) -> tuple[dict[str, object], str]:
    script = await yard.script(code, **fields)
    queued = await yard.post(f"/scripts/{script}/runs", {})
    run = await yard.finished(queued["id"])
    return run, await yard.log(run["id"])


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("level", ["process", pytest.param("bubblewrap", marks=pytest.mark.needs_bwrap)])
async def test_directories_that_were_allowed_at_a_level_that_was_demanded(yard: Running, level: str) -> None:
    shared: Path = yard.data.parent / "shared"
    mounts = [{"source": str(shared), "mode": "ro"}]
    code = f"cat {shared}/in; touch {shared}/out 2>/dev/null || echo closed\ncd $RUNYARD_STATE_DIR; echo kept >x; ls"
    run, log = await _ran(yard, code, isolation=level, mounts=mounts, limits={"disk_mb": 20, "pids": 30})
    assert run["state"] == "succeeded", log
    assert log.split() == ["seen", "closed", "x"]
    told = run["isolation"]
    assert isinstance(told, dict)
    assert told["level"] == level
    assert told["mounts"] == [f"{shared} (read only)"]
    assert told["disk"] == {"limit_mb": 20, "enforced": True, "by": "measuring, every 0.25 to 5 s"}
    assert told["pids"]["limit"] == 30


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.needs_bwrap
async def test_a_directory_seen_elsewhere(yard: Running) -> None:
    shared = yard.data.parent / "shared"
    mounts = [{"source": str(shared), "target": "/data/here", "mode": "ro"}]
    run, log = await _ran(yard, "cat /data/here/in", isolation="bubblewrap", mounts=mounts)
    assert (run["state"], log) == ("succeeded", "seen\n")
    run, _ = await _ran(yard, "cat /data/here/in", isolation="process", mounts=mounts)
    assert run["state"] == "failed"
    error = run["error"]
    assert isinstance(error, dict)
    assert error["code"] == "mount_refused"


def test_an_attempts_name_leads_back_to_it() -> None:
    token = Token("run_1", 2, 3)
    assert attempt_id(token) == "run_1.2.3"
    assert parse_attempt_id("run_1.2.3") == token
    for foreign in ("run_1", "run_1.2", "run_1.2.x", "run_1.-2.3", "run.1.2.3", ".partial", ""):
        assert parse_attempt_id(foreign) is None
