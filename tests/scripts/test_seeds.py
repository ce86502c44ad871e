from importlib import resources
from pathlib import Path

import httpx
import pytest

from runyard.scripts import seeds
from runyard.scripts.seeds import examples, folder, seed

from .yard import Yard

ROOT = Path(__file__).parents[2] / "examples"


async def _seed(yard: Yard, root: Path | None = None) -> int:
    async with yard.database.write() as session:
        return await seed(session, yard.scripts, "prj_default", root)


def test_the_folder_is_found_in_a_checkout() -> None:
    assert folder() == ROOT


async def test_every_example_becomes_a_script_once(yard: Yard, api: httpx.AsyncClient) -> None:
    every = list(examples(ROOT))
    assert len(every) >= 10
    assert await _seed(yard) == len(every)
    assert await _seed(yard) == 0
    items = (await api.get("/scripts?tag=example&limit=100")).json()["items"]
    assert {item["name"] for item in items} == {example.script.name for example in every}
    assert {item["created_by"] for item in items} == {None}
    for item in items:
        whole = (await api.get(f"/scripts/{item['id']}")).json()
        assert whole["code"].strip()
        assert whole["version"] == 1


async def test_nothing_is_seeded_where_a_script_ever_was(yard: Yard, api: httpx.AsyncClient) -> None:
    made = (await api.post("/scripts", json={"name": "a", "language": "shell", "code": ""})).json()
    await api.delete(f"/scripts/{made['id']}")
    assert await _seed(yard) == 0


async def test_a_folder_without_manifests_is_no_example(yard: Yard, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "script.toml").write_text("not read")
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "script.toml").write_text('name = "Mine"\nlanguage = "shell"\nentry = "x.sh"\ndescription_zh = "x"\n')
    (mine / "x.sh").write_text("# /// script\necho 日\n")
    assert [(e.key, e.script.name, e.script.tags) for e in examples(tmp_path)] == [("mine", "Mine", ["example"])]
    assert await _seed(yard, tmp_path) == 1


async def test_without_a_folder_nothing_is_seeded(yard: Yard, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(seeds, "__file__", str(tmp_path / "a" / "b" / "c" / "seeds.py"))
    assert await _seed(yard) == 0


def test_a_built_package_carries_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "examples").mkdir()
    monkeypatch.setattr(resources, "files", lambda _package: tmp_path)
    assert folder() == tmp_path / "examples"
