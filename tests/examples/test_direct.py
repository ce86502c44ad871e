"""The table of cases, run by plain interpreters with what Runyard promises a script: files, environment, outputs."""

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from uv import find_uv_bin

from .case import Case
from .cases import as_parameters
from .manifests import Example, load
from .site import Site, open_site

EXAMPLES = load()
BUILD_TIMEOUT_S = 500
RUN_TIMEOUT_S = 90


@pytest.fixture(scope="session")
def build_once(
    tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Callable[[str, Callable[[Path], None]], Path]:
    """Return build(name, make): a folder that `make` fills once for all test processes of this session."""
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent

    def build(name: str, make: Callable[[Path], None]) -> Path:
        folder = shared / f"examples-{name}"
        with (shared / f"examples-{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (folder / "ready").exists():
                folder.mkdir(exist_ok=True)
                make(folder)
                (folder / "ready").touch()
        return folder

    return build


def packages(language: str) -> list[str]:
    return sorted({p for e in EXAMPLES.values() if e.manifest["language"] == language for p in e.packages})


def install(*command: str | Path, cwd: Path) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=BUILD_TIMEOUT_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def interpreter(build_once: Callable[[str, Callable[[Path], None]], Path]) -> Callable[[Example], list[str]]:
    """Return a function from an example to the command before its code; builds what the example needs."""

    def make_python(folder: Path) -> None:
        uv = find_uv_bin()
        install(uv, "venv", "--quiet", "--clear", "--python", sys.executable, folder / "venv", cwd=folder)
        python = folder / "venv/bin/python"
        install(uv, "pip", "install", "--quiet", "--python", python, *packages("python"), cwd=folder)

    def make_node(folder: Path) -> None:
        install("npm", "install", "--no-audit", "--no-fund", "--silent", *packages("javascript"), cwd=folder)

    def choose(example: Example) -> list[str]:
        match example.manifest["language"]:
            case "python" if example.packages:
                return [str(build_once("python", make_python) / "venv/bin/python")]
            case "python":
                return [sys.executable, "-I", "-S"]  # the standard library, and nothing of ours
            case "javascript" if example.packages:
                return ["env", f"NODE_PATH={build_once('node', make_node) / 'node_modules'}", "node"]
            case "javascript":
                return ["node"]
            case _:
                return ["bash"]

    return choose


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with open_site(tmp_path_factory.mktemp("site")) as site:
        yield site


def as_text(value: Any) -> str:
    """Write a parameter as the environment carries it."""
    if isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


class Runs:
    """Runs one example again and again: a new workspace each time, one state directory."""

    def __init__(self, root: Path, example: Example, command: list[str]) -> None:
        self.root = root
        self.example = example
        self.command = command
        self.count = 0
        (root / "state").mkdir()

    def run(self, case: Case) -> tuple[int, Any, dict[str, bytes], str]:
        """Return (exit code, outputs or None, files, log) of one run."""
        self.count += 1
        workspace, io = self.root / f"{self.count}/files", self.root / f"{self.count}/io"
        workspace.mkdir(parents=True)
        io.mkdir()
        for path in case.upload_paths:
            (workspace / Path(path).name).write_bytes(Path(path).read_bytes())
        defaults = {p["key"]: p["default"] for p in self.example.parameters if "default" in p}
        parameters = {**defaults, **case.parameters}
        assert set(parameters) <= {p["key"] for p in self.example.parameters}
        (io / "parameters.json").write_text(json.dumps(parameters), encoding="utf-8")
        environment = {
            **{key: as_text(value) for key, value in parameters.items()},
            "PATH": os.environ["PATH"],
            "HOME": str(workspace),
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "PYTHONUNBUFFERED": "1",
            "RUNYARD_RUN_ID": f"run_{self.count}",
            "RUNYARD_ATTEMPT": "1",
            "RUNYARD_PARAMETERS": str(io / "parameters.json"),
            "RUNYARD_OUTPUTS": str(io / "outputs.json"),
            "RUNYARD_STATE_DIR": str(self.root / "state"),
            # Nobody answers there: what leaves this machine fails, whatever the machine can reach.
            "http_proxy": "http://127.0.0.1:1",
            "https_proxy": "http://127.0.0.1:1",
            "no_proxy": "127.0.0.1",
        }
        done = subprocess.run(
            [*self.command, str(self.example.entry)],
            cwd=workspace,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=RUN_TIMEOUT_S,
            check=False,
        )
        outputs = io / "outputs.json"
        value = json.loads(outputs.read_text(encoding="utf-8")) if outputs.exists() else None
        files = {p.relative_to(workspace).as_posix(): p.read_bytes() for p in workspace.rglob("*") if p.is_file()}
        return done.returncode, value, files, done.stdout.decode()


@pytest.mark.parametrize("case", as_parameters())
def test_an_example_keeps_its_promise(
    case: Case, site: Site, tmp_path: Path, interpreter: Callable[[Example], list[str]]
) -> None:
    example = EXAMPLES[case.example]
    case = case.for_site(site)
    runs = Runs(tmp_path, example, interpreter(example))
    for _ in range(case.times):
        exit_code, outputs, files, log = runs.run(case)
        print(log)  # noqa: T201  pytest shows it when the case fails
        assert exit_code == case.exit_code
        assert set(case.files) <= set(files)
    case.check(outputs, files, log)
    if exit_code == 0:
        assert log.rstrip().splitlines()[-1].startswith("::progress 100 ") or "All is well." in log
        assert outputs is not None
    assert not [path for path in site.paths if "/private/" in path], "robots.txt forbids it"
