# small files: nothing here is worth a thread
"""Environments as files."""

import io
import json
import zipfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from runyard.db.session import Database

from .conftest import PROJECT, Yard, execute, node, pins, python
from .registry import Registry
from .site import DEVELOPER, Site, opened

LOOK = """
import pathlib, subprocess, tiny, upper
print(pathlib.Path(upper.__file__).with_name("data.txt").read_text(), flush=True)
subprocess.run(["tiny"])
subprocess.run(["say"])
"""


@pytest.fixture
async def site(yard: Yard) -> AsyncIterator[Site]:
    async with opened(yard) as site:
        yield site


@pytest.fixture
async def elsewhere(sqlite: Database, tmp_path: Path, registry: Registry) -> AsyncIterator[Yard]:
    """Another data directory, which reaches no index; the rows are those of the first, which are deleted meanwhile."""
    async with AsyncExitStack() as stack:
        yield Yard(sqlite, tmp_path / "elsewhere", registry, stack)


async def exported(site: Site, id_: str) -> bytes:
    answer = await site.client.get(f"/environments/{id_}/export")
    assert answer.status_code == 200, answer.text
    assert f'filename="{id_}.runyard-env.zip"' in answer.headers["content-disposition"]
    return answer.content


async def take_in(site: Site, data: bytes, status: int = 202) -> Any:
    return await site.ask("POST", "/environments/import", status, files={"file": ("x.zip", data)})


async def test_out_and_in_again_without_an_index(
    site: Site, elsewhere: Yard, registry: Registry, tmp_path: Path
) -> None:
    registry.wheel(
        "upper",
        "2.0",
        needs=("tiny>=1",),
        files={"upper/data.txt": "kept", "upper-2.0.data/scripts/say": "#!python\nprint('said')\n"},
    )
    want = python("upper")
    ready = await site.environments.ensure(want, None, PROJECT)
    data = await exported(site, ready.id)
    assert data == await exported(site, ready.id)
    assert list((site.yard.data / "tmp").iterdir()) == []
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = archive.namelist()
        assert "--hash=sha256:" in archive.read("lock.txt").decode()
    assert names[:2] == ["wheels/tiny-1.0-py3-none-any.whl", "wheels/upper-2.0-py3-none-any.whl"]
    assert (await take_in(site, data, 409))["code"] == "environment_there"
    await site.ask("DELETE", f"/environments/{ready.id}", 204)
    registry.withdraw("tiny")
    registry.withdraw("upper")
    async with opened(elsewhere) as other:
        before = len(registry.requests)
        answer = await take_in(other, data)
        assert (answer["origin"], answer["requirements"]) == ("imported", ["upper"])
        again = await other.environments.ensure(want, None, PROJECT)
        assert again.id == answer["id"]
        assert pins(await elsewhere.row(again.id)) == [("tiny", "1.0"), ("upper", "2.0")]
        assert await execute(again, tmp_path, "main.py", LOOK) == (0, "kept\nhello from tiny\nsaid\n", "")
        await other.post(f"/{again.id}/rebuild", 202)
        assert (await other.environments.ensure(want, None, PROJECT)).id == again.id
        assert len(registry.requests) == before
        # What was imported is exported as it came.
        with zipfile.ZipFile(io.BytesIO(await exported(other, again.id))) as onward:
            assert onward.namelist() == names
        await other.ask("DELETE", f"/environments/{again.id}", 204)
        await other.environments.close()
        assert list((elsewhere.data / "envs" / ".wheels").iterdir()) == []


def archive(**files: Any) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as made:
        for name, data in files.items():
            made.writestr(name, data)
    return packed.getvalue()


MANIFEST = json.dumps(
    {"v": 1, "kind": "python", "requirements": [], "requires_python": "", "interpreter": "CPython 3.0", "platform": ""}
)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no zip",
        archive(),
        archive(**{"manifest.json": "{}", "lock.txt": ""}),
        archive(**{"manifest.json": "[", "lock.txt": ""}),
        archive(**{"manifest.json": MANIFEST.replace('"python"', '"node"'), "lock.txt": ""}),
        archive(**{"manifest.json": MANIFEST, "lock.txt": b"\xff"}),
        archive(**{"manifest.json": MANIFEST, "lock.txt": "-e /etc\n"}),
        archive(**{"manifest.json": MANIFEST, "lock.txt": "tiny @ file:///etc/passwd\n"}),
        archive(**{"manifest.json": MANIFEST, "lock.txt": "", "../../escaped-1.0-py3-none-any.whl": "x"}),
        archive(**{"manifest.json": MANIFEST, "lock.txt": "", "wheels/../tiny-1.0-py3-none-any.whl": "x"}),
        archive(**{"manifest.json": MANIFEST, "lock.txt": "", "/etc/tiny-1.0-py3-none-any.whl": "x"}),
        archive(**{"manifest.json": MANIFEST, "lock.txt": "", "wheels/other.txt": "x"}),
    ],
)
async def test_what_is_no_exported_environment(site: Site, data: bytes) -> None:
    assert (await take_in(site, data, 422))["code"] == "archive_malformed"
    assert list((site.yard.data / "envs" / ".wheels").iterdir()) == []
    assert await site.yard.rows() == []


async def test_an_archive_of_another_python(site: Site) -> None:
    answer = await take_in(site, archive(**{"manifest.json": MANIFEST, "lock.txt": ""}), 503)
    assert answer["code"] == "python_missing"
    assert "needs Python ==3.0.*" in answer["detail"]


async def test_what_can_not_be_exported(site: Site, registry: Registry) -> None:
    registry.npm("greet", "1.0.0", {"index.js": ""})
    script = await site.environments.ensure(node("greet"), None, PROJECT)
    assert (await site.get(f"/{script.id}/export", 409))["code"] == "not_exportable"
    with pytest.raises(Exception, match="nowhere"):
        await site.environments.ensure(python("nowhere"), None, PROJECT)
    failed = next(row for row in await site.yard.rows() if row.state == "failed")
    assert (await site.get(f"/{failed.id}/export", 409))["code"] == "not_exportable"


async def test_taking_environments_in_takes_the_right(site: Site) -> None:
    site.gatekeeper.actor = DEVELOPER
    await take_in(site, b"", 403)
