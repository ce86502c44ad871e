"""Environments, interpreters and sources from a terminal."""

import json
from pathlib import Path

from .conftest import Commands


def test_looking_after_environments(ry: Commands, tmp_path: Path) -> None:
    script = tmp_path / "plain.py"
    script.write_text("print('ran')\n")
    assert ry("run", script, "--follow").code == 0
    [environment] = [item for item in json.loads(ry("env", "list", "--json").out) if item["kind"] == "python"]
    id_ = environment["id"]
    assert json.loads(ry("env", "show", id_, "--json").out)["packages"] == []
    assert ry("env", "packages").code == 0
    assert "No script uses six" in ry("env", "users", "six").err
    assert id_ in ry("env", "show", id_).out
    archive = tmp_path / "out.zip"
    assert ry("env", "export", id_, "-o", archive).code == 0
    assert archive.read_bytes().startswith(b"PK")
    assert ry("env", "export", id_, "-o", archive).code == 2
    refused = ry("env", "import", archive)
    assert (refused.code, "already" in refused.err) == (1, True)


def test_interpreters_and_sources(ry: Commands) -> None:
    items = json.loads(ry("interpreters", "list", "--json").out)
    assert any(item["kind"] == "python" for item in items)
    assert "no file" in ry("interpreters", "add", "/absent/python").err
    assert ry("sources", "set", "--python", "aliyun", "--proxy", "http://me:hush@127.0.0.1:9").code == 0
    shown = ry("sources", "show").out
    assert "aliyun" in shown
    assert "hush" not in shown
    assert ry("sources", "set", "--no-proxy", "*.example.org", "--https-proxy", "http://127.0.0.1:10").code == 0
    shown = ry("sources", "show").out
    for line in ("http proxy: http://***@127.0.0.1:9", "https proxy: http://127.0.0.1:10", "no proxy: *.example.org"):
        assert f"{line}\n" in shown
    assert ry("sources", "set", "--https-proxy", "none", "--no-proxy", "none").code == 0
    assert ry("sources", "show", "--json").json["choice"]["proxy"]["no_proxy"] == ""
    assert "go with the address" in ry("sources", "set", "--proxy", "off", "--no-proxy", "x").err
    assert ry("sources", "set", "--proxy", "off").code == 0
    assert "There is no proxy" in ry("sources", "set", "--no-proxy", "x").err
    assert ry("sources", "set", "--python", "moon").code != 0
    assert ry("sources", "reset").code == 0
    assert "aliyun" not in ry("sources", "show").out


def test_advisories(ry: Commands, tmp_path: Path) -> None:
    assert "nowhere" in ry("advisories", "status").out
    file = tmp_path / "osv.json"
    file.write_text(json.dumps({"id": "X-1", "affected": [{"package": {"ecosystem": "PyPI", "name": "six"}}]}))
    assert "1 known" in ry("advisories", "import", file).out
    assert "addresses" in ry("advisories", "refresh").err or "address" in ry("advisories", "refresh").err
