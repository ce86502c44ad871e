"""Documents lead somewhere, and what they show can be read by the programs it is meant for."""

import ast
import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from .pages import ROOT, Block, anchors, blocks, documents, links, text_of, tracked

BLOCKS = [block for path in documents() for block in blocks(path)]
PICTURE_BYTES = 300_000


@pytest.mark.parametrize("path", documents(), ids=str)
def test_relative_links_lead_somewhere(path: Path) -> None:
    for link in links(path):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (ROOT / path).parent / name if name else ROOT / path
        assert target.exists(), f"{path} links to {link}"
        inside = target.resolve().relative_to(ROOT)
        if anchor:
            assert anchor in anchors(inside), f"{path} links to {link}"
        if target.is_file():
            assert inside in tracked(), f"{path} links to {link}, which does not belong to the repository"


def test_every_document_is_linked_from_another() -> None:
    reached = {
        ((ROOT / path).parent / link.partition("#")[0]).resolve()
        for path in documents()
        for link in links(path)
        if not re.match(r"[a-z]+:", link)
    }
    lonely = [path for path in documents() if path.parts[0] == "docs" and (ROOT / path).resolve() not in reached]
    assert not lonely


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.where)
def test_blocks_can_be_read(block: Block) -> None:
    match block.kind:
        case "python":
            ast.parse(block.text)
        case "json":
            json.loads(block.text)
        case "toml":
            tomllib.loads(block.text)
        case "sh":
            subprocess.run(["bash", "-n"], input=block.text, text=True, check=True)
        case "javascript" | "ini" | "":
            pass
        case other:
            pytest.fail(f"{block.where}: a block of kind {other}, of which nothing is known")


def test_both_readmes_show_the_same_commands() -> None:
    def commands(name: str) -> list[str]:
        shown = [block.text for block in blocks(Path(name)) if block.kind == "sh"]
        return [line.partition("#")[0].strip() for text in shown for line in text.splitlines()]

    english = commands("README.md")
    assert english == commands("README.zh-CN.md")
    assert {"script/server", "script/test"} <= set(english)


def test_readmes_fit_what_they_count() -> None:
    manifests = [tomllib.loads((ROOT / path).read_text()) for path in tracked() if path.name == "script.toml"]
    bare = [manifest for manifest in manifests if "no-packages" in manifest["tags"]]
    assert (len(manifests), len(bare)) == (14, 10), "both READMEs, the changelog and this test count the examples"


def test_pictures_are_small() -> None:
    pictures = [path for path in tracked() if path.parts[0] == "docs" and path.suffix in {".png", ".jpg", ".webp"}]
    too_large = [path for path in pictures if (ROOT / path).stat().st_size > PICTURE_BYTES]
    assert not too_large


def test_the_licence_is_whole() -> None:
    licence = (ROOT / "LICENSE").read_text()
    assert "Apache License" in licence
    assert "END OF TERMS AND CONDITIONS" in licence


def test_the_changelog_has_the_form() -> None:
    headings = re.findall(r"^## (.+)$", text_of(Path("CHANGELOG.md")), re.MULTILINE)
    assert headings[0] == "[Unreleased]"
    assert all(re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d{2}-\d{2}", heading) for heading in headings[1:])
