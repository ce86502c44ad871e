"""Conda environments, from a channel in a directory with packages made by hand."""

import bz2
import hashlib
import io
import json
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from runyard.environments import conda
from runyard.environments.failures import BuildFailed
from runyard.environments.service import EnvironmentService
from runyard.environments.wants import Want, want_for

from .conftest import PROJECT, Yard, execute, pins
from .site import Site, opened


class Channel:
    """A conda channel in a directory."""

    def __init__(self, folder: Path) -> None:
        self.url = folder.as_uri()
        self._folder = folder
        self._packages: dict[str, Any] = {}
        (folder / "noarch").mkdir(parents=True)
        self._write()

    def add(self, name: str, version: str, files: dict[str, str], depends: tuple[str, ...] = ()) -> None:
        index = {
            "name": name,
            "version": version,
            "build": "0",
            "build_number": 0,
            "depends": list(depends),
            "subdir": "noarch",
            "noarch": "generic",
            "timestamp": 1_700_000_000_000,
        }
        paths = {
            "paths_version": 1,
            "paths": [
                {
                    "_path": path,
                    "path_type": "hardlink",
                    "sha256": hashlib.sha256(text.encode()).hexdigest(),
                    "size_in_bytes": len(text.encode()),
                }
                for path, text in files.items()
            ],
        }
        whole = {"info/index.json": json.dumps(index), "info/paths.json": json.dumps(paths), **files}
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            for path, text in whole.items():
                member = tarfile.TarInfo(path)
                member.size, member.mode = len(text.encode()), 0o755
                archive.addfile(member, io.BytesIO(text.encode()))
        data = bz2.compress(packed.getvalue())
        file = f"{name}-{version}-0.tar.bz2"
        (self._folder / "noarch" / file).write_bytes(data)
        self._packages[file] = {
            **index,
            "sha256": hashlib.sha256(data).hexdigest(),
            "md5": hashlib.md5(data, usedforsecurity=False).hexdigest(),
            "size": len(data),
        }
        self._write()

    def _write(self) -> None:
        data = {"info": {"subdir": "noarch"}, "packages": self._packages, "packages.conda": {}, "repodata_version": 1}
        (self._folder / "noarch" / "repodata.json").write_text(json.dumps(data))


@pytest.fixture
def channel(tmp_path: Path) -> Channel:
    channel = Channel(tmp_path / "channel")
    real = Path(str(sys._base_executable)).resolve()  # type: ignore[attr-defined] # not told of
    channel.add("python", "3.12.1", {"bin/python": f'#!/bin/sh\nexec {real} "$@"\n'})
    channel.add("greet", "1.0", {"share/greeting": "hello", "bin/greet": "#!/bin/sh\necho hello\n"}, ("python",))
    return channel


def want(*requirements: str, version: str = "") -> Want:
    found = want_for("python", "", requirements, python_version=version, package_manager="conda")
    assert found is not None
    return found


async def choose(site: Site, channel: Channel) -> EnvironmentService:
    body = {"conda": {"mirror": "custom", "channels": [channel.url]}}
    await site.ask("PUT", "/package-sources", json=body)
    await site.environments.reload()
    return site.environments


async def test_packages_come_out_of_a_channel(yard: Yard, channel: Channel, tmp_path: Path) -> None:
    async with opened(yard) as site:
        environments = await choose(site, channel)
        ready = await environments.ensure(want("greet >=1"), None, PROJECT)
        row = await yard.row(ready.id)
        assert pins(row) == [("greet", "1.0"), ("python", "3.12.1")]
        assert all(package["size_bytes"] > 0 for package in row.packages or ())
        code = "import subprocess; print('runs', flush=True); subprocess.run(['greet'])"
        assert await execute(ready, tmp_path, "main.py", code) == (0, "runs\nhello\n", "")
        listed = (await site.get("", kind="conda"))["items"]
        assert [(i["id"], i["requirements"], i["package_count"]) for i in listed] == [(ready.id, ["greet >=1"], 2)]
        # A later package changes nothing for who is there already, and a trial finds it.
        channel.add("greet", "1.5", {"share/greeting": "hi"}, ("python",))
        assert (await environments.ensure(want("greet >=1"), None, PROJECT)).id == ready.id
        trial = (await site.post(f"/{ready.id}/trial", 202))["environment"]["id"]
        await environments.ensure(want("greet >=1"), trial, PROJECT)
        changes = (await site.get(f"/{ready.id}/trial"))["changes"]
        assert [(c["name"], c["to_version"]) for c in changes] == [("greet", "1.5")]


async def test_what_does_not_exist_is_told_in_the_solvers_words(yard: Yard, channel: Channel) -> None:
    async with opened(yard) as site:
        environments = await choose(site, channel)
        for requirement, version in (("absent", ""), ("greet >=9", ""), ("greet", "3.9")):
            with pytest.raises(BuildFailed) as failed:
                await environments.ensure(want(requirement, version=version), None, PROJECT)
            assert failed.value.code == "resolution_failed"
            assert (requirement.partition(" ")[0] in failed.value.message) or "python" in failed.value.message


async def test_without_the_library_people_are_told_how_to_get_it(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conda, "_is_there", lambda: False)
    with pytest.raises(BuildFailed, match=r"pip install 'runyard\[conda\]'") as failed:
        await (await yard.open()).ensure(want("numpy"), None, PROJECT)
    assert failed.value.code == "tool_missing"


@pytest.mark.parametrize("text", ["numpy", "numpy >=1.26,<2", "conda-forge::numpy", "python 3.12.*", "x =1.2"])
def test_what_is_a_conda_requirement(text: str) -> None:
    assert want(text).requirements == (text,)


@pytest.mark.parametrize("text", ["-c evil", "/etc/passwd", "file:///x", "a; rm", "$(x)", "a[b]"])
def test_what_is_no_conda_requirement(text: str) -> None:
    with pytest.raises(Exception, match="not a conda requirement"):
        want(text)
