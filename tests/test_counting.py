"""What `script/test` counts: nothing fails, and nothing is skipped, in silence."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parent.parent / "script" / "checks.py"
TESTS = """
import pytest

@pytest.fixture
def engine():
    pytest.skip("no engine here")

@pytest.fixture(scope="module")
def machine():
    pytest.skip("no such machine")

@pytest.fixture
def broken():
    raise OSError

def test_in_its_body(): pytest.skip("in the body")
@pytest.mark.skipif(True, reason="only elsewhere")
def test_by_a_mark(): ...
def test_by_a_fixture(engine): ...
@pytest.mark.parametrize("n", [1, 2])
def test_by_a_fixture_of_the_module(machine, n): ...
def test_by_an_import(): pytest.importorskip("there_is_no_such_module")
@pytest.mark.xfail(reason="known to fail")
def test_expected_to_fail(): assert False
class TestGroup:
    def test_in_a_class(self): pytest.skip("in a class")
def test_passes(): ...
def test_fails(): assert False
def test_breaks(broken): ...
"""


@pytest.fixture(scope="module")
def checks() -> ModuleType:
    spec = importlib.util.spec_from_file_location("checks", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Its dataclasses look their module up.
    sys.modules["checks"] = module
    spec.loader.exec_module(module)
    module.SCRATCH.rmdir()
    return module


@pytest.mark.parametrize("workers", ["0", "1"])
def test_every_skip_is_named_with_its_reason(checks: ModuleType, tmp_path: Path, workers: str) -> None:
    (tmp_path / "test_some.py").write_text(TESTS)
    (tmp_path / "test_whole.py").write_text('import pytest\npytest.skip("not here", allow_module_level=True)\n')
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    report = tmp_path / "report.xml"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", workers]
    command += [f"--junitxml={report}", str(tmp_path)]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 1
    tally = checks.read_junit(report)
    assert (tally.passed, tally.failed) == (1, 2)
    assert sorted(tally.failures) == ["test_some::test_breaks", "test_some::test_fails"]
    told = dict(skip.split(": ", 1) for skip in tally.skipped)
    assert told.pop("test_some::test_by_an_import").startswith("could not import 'there_is_no_such_module'")
    assert "not here" in told.pop("::test_whole")
    assert told == {
        "test_some::test_in_its_body": "in the body",
        "test_some::test_by_a_mark": "only elsewhere",
        "test_some::test_by_a_fixture": "no engine here",
        "test_some::test_by_a_fixture_of_the_module[1]": "no such machine",
        "test_some::test_by_a_fixture_of_the_module[2]": "no such machine",
        "test_some::test_expected_to_fail": "known to fail",
        "test_some.TestGroup::test_in_a_class": "in a class",
    }


def test_a_missing_report_counts_nothing_as_passed(checks: ModuleType, tmp_path: Path) -> None:
    tally = checks.read_junit(tmp_path / "none.xml")
    assert (tally.passed, tally.failed, tally.skipped) == (0, 0, [])


def test_tests_of_the_page_are_counted_the_same_way(checks: ModuleType, tmp_path: Path) -> None:
    report = tmp_path / "vitest.json"
    report.write_text(
        '{"testResults": [{"assertionResults": ['
        '{"status": "passed", "fullName": "a"}, {"status": "failed", "fullName": "b"},'
        '{"status": "pending", "fullName": "c"}, {"status": "todo", "fullName": "d"}]}]}'
    )
    tally = checks.read_vitest(report)
    assert (tally.passed, tally.failures) == (1, ["page: b"])
    assert tally.skipped == ["page: c: pending", "page: d: todo"]


def test_what_passes_only_at_the_second_try_is_named(
    checks: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "test_some.py").write_text("def test_now_it_passes(): ...\ndef test_fails(): assert False\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    monkeypatch.setattr(checks, "ROOT", tmp_path)
    monkeypatch.setattr(checks, "SCRATCH", tmp_path)
    first = checks.Tally(5, 2, [], ["test_some::test_fails", "test_some::test_now_it_passes"])
    assert checks.again(first, dict(os.environ)).returncode == 1
    assert (first.passed, first.failed, first.failures) == (6, 1, ["test_some::test_fails"])
    total = checks.Tally()
    total.add(first)
    assert total.again == ["test_some::test_now_it_passes"]
