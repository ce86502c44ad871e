# what hostile code finds is looked at from outside
# ruff: noqa: ASYNC240
"""Hostile source distributions and install scripts: what they can reach while they are built."""

import asyncio
import os
import tempfile
from pathlib import Path

import psutil
import pytest

from runyard.environments.cage import SandboxCage
from runyard.environments.failures import BuildFailed
from runyard.environments.service import EnvironmentService
from runyard.sandbox import Level, Sandboxes, landlock

from .conftest import PROJECT, Yard, execute, node, python
from .registry import Registry

# A build backend that tries what ATTACK says and puts what came of it into the module it builds.
BACKEND = """
import os, sys, zipfile
from pathlib import Path

def attack():
    said = []
    def attempt(name, what):
        try:
            said.append(f"{name}: {what()}")
        except OSError as error:
            said.append(f"{name}: refused")
ATTACK
    return said

def prepare_metadata_for_build_wheel(folder, settings=None):
    info = Path(folder) / "hostile-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\\nName: hostile\\nVersion: 1.0\\n")
    (info / "WHEEL").write_text("Wheel-Version: 1.0\\nGenerator: t\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    attack()
    return info.name

def build_wheel(folder, settings=None, metadata=None):
    with zipfile.ZipFile(Path(folder) / "hostile-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("hostile.py", f"SAID = {attack()!r}\\n")
        wheel.writestr("hostile-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: hostile\\nVersion: 1.0\\n")
        tag = "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
        wheel.writestr("hostile-1.0.dist-info/WHEEL", tag)
        names = ("hostile.py", *("hostile-1.0.dist-info/" + name for name in ("METADATA", "WHEEL", "RECORD")))
        wheel.writestr("hostile-1.0.dist-info/RECORD", "".join(f"{name},,\\n" for name in names))
    return "hostile-1.0-py3-none-any.whl"
"""


def backend(*attempts: str) -> str:
    return BACKEND.replace("ATTACK", "".join(f"    {line}\n" for line in attempts) or "    pass\n")


def opened_up(folder: Path) -> None:
    """Let other users pass to a test's directory, as they pass to a data directory."""
    for path in (folder, *folder.parents):
        if path.stat().st_uid == os.geteuid() and path != Path("/"):
            path.chmod(path.stat().st_mode | 0o011)


@pytest.fixture(params=["bubblewrap", "process"])
async def caged(request: pytest.FixtureRequest, yard: Yard, tmp_path: Path) -> EnvironmentService:
    level = Level(request.param)
    sandboxes = Sandboxes(tmp_path / "sandbox", hidden=(yard.data,), uid_base=63_700, uid_count=4, default=level)
    (tmp_path / "sandbox").mkdir()
    if level is Level.process and os.geteuid() != 0:
        pytest.skip("only root builds under other users")
    if not next(probe for probe in sandboxes.probe() if probe.level is level).available:
        pytest.skip(f"there is no {level.value} here")
    opened_up(tmp_path)
    return await yard.open(cage=SandboxCage(sandboxes, memory_mb=512))


# A build ends every process of its user: two at once, of two test processes, would end each other's.
pytestmark = [pytest.mark.needs_root, pytest.mark.needs_bwrap, pytest.mark.xdist_group("users of builds")]


async def said(environments: EnvironmentService, tmp_path: Path) -> list[str]:
    ready = await environments.ensure(python("hostile"), None, PROJECT)
    code, out, err = await execute(
        ready, tmp_path / "run", "main.py", "import hostile; print(*hostile.SAID, sep='\\n')"
    )
    assert code == 0, err
    return out.splitlines()


async def test_a_build_sees_no_key_and_no_neighbour(
    caged: EnvironmentService, yard: Yard, registry: Registry, tmp_path: Path
) -> None:
    key = yard.data / "master.key"
    key.write_text("secret")
    key.chmod(0o600)
    neighbour = (await caged.ensure(python("tiny"), None, PROJECT)).read_only[0]
    victim = neighbour / "planted"
    registry.sdist(
        "hostile",
        backend(
            f'attempt("key", lambda: Path({str(key)!r}).read_text())',
            f'attempt("database", lambda: Path({str(tmp_path / "x.db")!r}).read_bytes()[:6])',
            f'attempt("cache", lambda: os.listdir({str(yard.data / "cache" / "uv")!r}))',
            f'attempt("poison", lambda: Path({str(victim)!r}).write_text("x"))',
            f'attempt("log", lambda: os.listdir({str(yard.data / "envs" / ".logs")!r}))',
            'attempt("user", lambda: os.geteuid() == 0)',
            'attempt("variables", lambda: [name for name in os.environ if "RUNYARD" in name])',
            'attempt("network", lambda: __import__("socket").create_connection(("127.0.0.1", PORT)).close())'.replace(
                "PORT", registry.url.rpartition(":")[2]
            ),
        ),
    )
    (tmp_path / "x.db").chmod(0o600) if (tmp_path / "x.db").exists() else None
    told = dict(line.split(": ", 1) for line in await said(caged, tmp_path))
    assert (told["key"], told["cache"], told["poison"], told["log"]) == ("refused",) * 4
    assert told["database"] == "refused"
    assert told["variables"] == "[]"
    assert told["network"] == "None"
    if os.geteuid() == 0:
        assert told["user"] == "False"
    assert not victim.exists()
    [row] = [row for row in await yard.rows() if row.requirements == ["hostile"]]
    lines = [line.text for line in await caged.watching.log(row.id, 0, 1000)]
    assert any(line.startswith("Code of packages runs confined: ") for line in lines)


async def test_a_build_opens_nothing_beside_the_system_and_its_own(
    caged: EnvironmentService, registry: Registry, tmp_path: Path
) -> None:
    if why := landlock.probe().why:
        pytest.skip(why)
    # Everybody's to read, as far as the file system goes.
    with tempfile.TemporaryDirectory(dir="/var") as elsewhere:
        Path(elsewhere).chmod(0o755)
        (Path(elsewhere) / "note").write_text("not for builds")
        registry.sdist("hostile", backend(f'attempt("note", lambda: Path({elsewhere + "/note"!r}).read_text())'))
        assert "note: refused" in await said(caged, tmp_path)


async def test_what_a_build_leaves_running_ends_with_it(
    caged: EnvironmentService, registry: Registry, tmp_path: Path
) -> None:
    registry.sdist(
        "hostile",
        backend(
            "if os.fork() == 0:",
            "    os.setsid(); os.closerange(0, 256)",
            "    if os.fork() == 0:",
            '        os.execv("/bin/sleep", ["left-behind-by-a-build", "300"])',
            "    os._exit(0)",
        ),
    )
    await said(caged, tmp_path)
    left = [p for p in psutil.process_iter(["cmdline"]) if (p.info["cmdline"] or [""])[0] == "left-behind-by-a-build"]
    for process in left:
        process.wait(5)
    assert left == []


async def test_planted_marks_and_rights_count_for_nothing(
    caged: EnvironmentService, yard: Yard, registry: Registry
) -> None:
    # The environment's directory is the only one that its user may write.
    registry.sdist(
        "hostile",
        backend(
            f"for home in {str(yard.data / 'envs')!r},:",
            "    for target in [path for path in Path(home).glob('python-*') if os.access(path, os.W_OK)]:",
            "        (target / '.runyard-environment.json').write_text('{}')",
            "        (target / 'bin' / 'own').write_text('x')",
            "        os.chmod(target / 'bin' / 'own', 0o6777)",
            "        (target / 'bin' / 'key').symlink_to('/etc/shadow')",
            "        sys.exit('planted')",
        ),
    )
    with pytest.raises(BuildFailed) as failed:
        await caged.ensure(python("hostile"), None, PROJECT)
    assert failed.value.code in {"install_failed", "resolution_failed"}
    assert yard.names() == []
    assert (Path("/etc/shadow").stat().st_mode & 0o777) != 0o444


async def test_wheels_come_first_and_run_nothing(
    caged: EnvironmentService, yard: Yard, registry: Registry, tmp_path: Path
) -> None:
    ran = tmp_path / "ran"
    registry.sdist("tiny", f"open({str(ran)!r}, 'w')", "2.0")
    # A start-up file in a wheel is code as well.
    registry.wheel("sly", files={"sly.pth": f"import os; open({str(ran)!r}, 'w')\n"})
    ready = await caged.ensure(python("tiny", "sly"), None, PROJECT)
    assert [(p["name"], p["version"]) for p in (await yard.row(ready.id)).packages or ()] == [
        ("sly", "1.0"),
        ("tiny", "1.0"),
    ]
    assert not ran.exists()
    assert not any("confined" in line.text for line in await caged.watching.log(ready.id, 0, 1000))


async def test_install_scripts_of_npm_packages_are_confined(
    caged: EnvironmentService, yard: Yard, registry: Registry, tmp_path: Path
) -> None:
    key = yard.data / "master.key"
    key.write_text("secret")
    key.chmod(0o600)
    script = f"cat {key} > seen 2>/dev/null || echo refused > seen; id -u > user"
    registry.npm("hostile", "1.0.0", {"index.js": ""}, scripts={"install": script}, hasInstallScript=True)
    ready = await caged.ensure(node("hostile"), None, PROJECT)
    home = ready.read_only[0] / "node_modules" / "hostile"
    assert (home / "seen").read_text() == "refused\n"
    if os.geteuid() == 0:
        assert (home / "user").read_text() != "0\n"
    assert all(path.lstat().st_uid == os.geteuid() for path in home.rglob("*"))


async def test_two_builds_at_once_have_users_of_their_own(
    caged: EnvironmentService, registry: Registry, tmp_path: Path
) -> None:
    registry.sdist("hostile", backend('attempt("user", lambda: os.geteuid())'))
    registry.sdist("other", backend().replace("hostile", "other"))
    await asyncio.gather(caged.ensure(python("hostile"), None, PROJECT), caged.ensure(python("other"), None, PROJECT))
    assert await said(caged, tmp_path)
