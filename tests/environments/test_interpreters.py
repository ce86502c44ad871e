"""Which interpreters are chosen, and what is said when there is none."""

import os
import sys
from pathlib import Path

import pytest

from runyard.environments import interpreters
from runyard.environments.failures import PythonMissing, ToolMissing
from runyard.environments.interpreters import find_python, probe_node, probe_python, probe_uv, uv_program
from runyard.sandbox.reach import closed_part

BASE = Path(sys._base_executable)  # type: ignore[attr-defined]


def test_the_configured_one_is_taken() -> None:
    found = find_python(str(BASE))
    assert found.path.samefile(BASE)
    assert found.version == ".".join(map(str, sys.version_info[:3]))


def test_without_users_of_their_own_scripts_run_on_what_runs_us() -> None:
    assert find_python(shared=False).path.samefile(BASE)


def test_for_other_users_one_is_chosen_that_they_can_run() -> None:
    found = find_python(shared=True)
    if any(
        not closed_part(Path(path)) for path in ("/usr/bin/python3", "/usr/local/bin/python3") if Path(path).exists()
    ):
        assert not closed_part(found.path)


def test_an_environment_is_never_the_base_of_another() -> None:
    with pytest.raises(PythonMissing, match="can't be run"):
        find_python(sys.executable)


def test_a_link_to_one_is_followed_to_where_scripts_may_read(tmp_path: Path) -> None:
    (tmp_path / "near").symlink_to(BASE)
    (tmp_path / "far").symlink_to("near")
    found = find_python(str(tmp_path / "far"))
    assert found.path.samefile(BASE)
    assert not found.path.is_relative_to(tmp_path)
    plain = find_python(str(BASE))
    assert (found.identity, found.roots) == (plain.identity, plain.roots)


def test_a_configured_one_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(PythonMissing, match="configured Python can't be run"):
        find_python(str(tmp_path / "python"))
    probe = probe_python(str(tmp_path / "python"))
    assert not probe.available
    assert "RUNYARD_ENVIRONMENTS__PYTHON" in probe.fix


def test_a_range_narrows_the_choice(tmp_path: Path) -> None:
    fake = tmp_path / "python3.19"
    fake.write_text(
        '#!/bin/sh\necho \'{"version": "3.19.1", "implementation": "CPython", "platform": "x", "virtual": false,'
        f' "executable": "{fake}", "base": "{tmp_path}", "library": "{tmp_path}/lib"}}\'\n'
    )
    fake.chmod(0o755)
    monkey = pytest.MonkeyPatch()
    with monkey.context() as patch:
        patch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
        found = find_python(requires=">=3.19", shared=False)
    assert (found.version, found.path, found.roots) == ("3.19.1", fake, (tmp_path,))


def test_a_range_that_nothing_here_meets() -> None:
    with pytest.raises(PythonMissing, match=r"needs Python >=3\.98; here is 3\."):
        find_python(requires=">=3.98")


def test_probes() -> None:
    for probe in (probe_python(), probe_uv(), probe_node()):
        assert probe.available
        assert probe.version[0].isdigit()
        assert Path(probe.path).exists()


def test_without_uv(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uv", None)
    monkeypatch.setattr(interpreters.shutil, "which", lambda _name: None)  # type: ignore[attr-defined]
    with pytest.raises(ToolMissing, match="pip install uv"):
        uv_program()
    assert probe_uv().fix
    assert probe_node().available is (interpreters._carried_node() is not None)
