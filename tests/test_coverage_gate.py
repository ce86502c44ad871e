"""When `script/test full` is content with what tests have run."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def gate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("coverage_gate", ROOT / "script" / "coverage_gate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def report(percent: float = 100, **files: dict[str, Any]) -> dict[str, Any]:
    whole: dict[str, Any] = {"missing_lines": [], "missing_branches": []}
    return {
        "totals": {"percent_covered": percent},
        "files": {f"src/runyard/{name}.py": {**whole, **file} for name, file in files.items()},
    }


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ({}, []),
        ({"missing_lines": [3, 9]}, ["src/runyard/rule.py: not run: 3, 9"]),
        ({"missing_branches": [[3, 9], [4, -1]]}, ["src/runyard/rule.py: not run: 3->9, 4->exit"]),
    ],
)
def test_a_rule_is_run_whole(gate: ModuleType, file: dict[str, Any], said: list[str]) -> None:
    assert gate.missed(report(rule=file, other={"missing_lines": [1]}), ["src/runyard/rule.py"]) == said


def test_a_rule_that_nothing_has_imported_is_missed_too(gate: ModuleType) -> None:
    assert gate.missed(report(), ["src/runyard/rule.py"]) == ["src/runyard/rule.py: nothing of it was run"]


@pytest.mark.parametrize(("percent", "enough"), [(100, True), (85, True), (84.999, False), (0, False)])
def test_the_whole(gate: ModuleType, percent: float, *, enough: bool) -> None:
    assert (gate.too_little(report(percent)) == []) is enough


def test_a_rule_that_has_moved_is_looked_for(gate: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    names = gate.rules()
    assert len(names) == len(set(names)) >= len(gate.RULES)
    assert all((ROOT / name).is_file() for name in names)
    monkeypatch.setattr(gate, "RULES", ("runs/no_such_rule.py",))
    with pytest.raises(LookupError, match="no_such_rule"):
        gate.rules()


def test_what_several_processes_measured_counts_together(
    gate: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Wherever it is called from, files have the names of the list of rules.
    monkeypatch.chdir(tmp_path)
    for name in ("retry", "bounds"):
        code = tmp_path / f"{name}.py"
        code.write_text(f"from runyard.runs import {name}\n")
        command = [sys.executable, "-m", "coverage", "run", f"--rcfile={ROOT / 'pyproject.toml'}"]
        env = {key: value for key, value in os.environ.items() if not key.startswith("COVERAGE")}
        subprocess.run([*command, f"--data-file={tmp_path / '.coverage'}", code], cwd=ROOT, env=env, check=True)
    assert len(list(tmp_path.glob(".coverage.*"))) == 2
    assert gate.main(tmp_path) == 1
    said = capsys.readouterr().out
    assert "src/runyard/runs/lifecycle.py: not run: " in said
    assert "src/runyard/runs/retry.py: not run: " in said
    assert "src/runyard/runs/retry.py: not run: 1," not in said
    assert "% of src/runyard were run, 85 % are promised" in said
    assert list(tmp_path.glob(".coverage.*")) == []
