"""Parameters read off code as it is, and the command line that they make for it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runyard.scripts import arguments, checks, parameters
from runyard.scripts.detection.analysis import Analysis, analyse

from .specimens import ARGPARSE, CASES, CLICK, COMMANDER, GETOPTS, TYPER, YARGS


def shapes(found: Analysis) -> dict[str, tuple[Any, ...]]:
    made = {}
    for item in found.proposals:
        d = item.definition
        style = d.argument.style.value if d.argument else None
        made[d.key] = (d.type.value, style, (d.argument.flag or d.argument.off) if d.argument else "", d.default)
    return made


def line_of(found: Analysis, values: dict[str, Any]) -> list[str]:
    definitions = [item.definition for item in found.proposals]
    given = parameters.complete(definitions, values)
    return arguments.command_line(definitions, given)


def test_argparse() -> None:
    found = analyse("python", ARGPARSE)
    assert found.parsers == ["argparse"]
    assert shapes(found) == {
        "source": ("file", "positional", "", None),
        "max_size": ("number", "option", "--max-size", 800),
        "format": ("select", "option", "--format", "png"),
        "ratio": ("number", "option", "--ratio", None),
        "dry_run": ("switch", "switch", "--dry-run", False),
        "cache": ("switch", "switch", "--no-cache", True),
        "colour": ("switch", "switch", "--colour", True),
        "v": ("number", "times", "-v", 0),
        "tag": ("textarea", "repeat", "--tag", None),
        "sizes": ("textarea", "spread", "--sizes", None),
        "api_token": ("password", "option", "--api-token", None),
        "home": ("text", "option", "--home", None),
    }
    by_key = {item.definition.key: item for item in found.proposals}
    assert (
        by_key["max_size"].line
        == ARGPARSE.splitlines().index(next(line for line in ARGPARSE.splitlines() if "--max-size" in line)) + 1
    )
    assert by_key["max_size"].definition.help == "in pixels (800)"
    assert (by_key["ratio"].definition.required, by_key["max_size"].definition.step) == (True, 1)
    assert "worked out" in by_key["home"].note


def test_the_proposed_line_is_what_argparse_takes(tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("x")
    (tmp_path / "main.py").write_text(ARGPARSE)
    values = {
        "source": "in.txt", "max_size": -5, "ratio": 0.5, "dry_run": True, "cache": False, "colour": False, "v": 2,
        "tag": "a\n--b", "sizes": "1\n2",
    }  # fmt: skip
    line = line_of(analyse("python", ARGPARSE), values)
    done = subprocess.run([sys.executable, "main.py", *line], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert {key: told[key] for key in ("max_size", "ratio", "dry_run", "cache", "colour", "v", "tag", "sizes")} == {
        "max_size": -5, "ratio": 0.5, "dry_run": True, "cache": False, "colour": False, "v": 2, "tag": ["a", "--b"],
        "sizes": [1, 2],
    }  # fmt: skip


def test_sub_commands_of_argparse() -> None:
    code = (
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('--all', action='store_true')\n"
        "sub = p.add_subparsers(dest='verb')\na = sub.add_parser('add')\na.add_argument('name')\n"
        "d = sub.add_parser('drop')\nd.add_argument('--force', action='store_true')\n"
    )
    found = analyse("python", code)
    assert line_of(found, {"all": True, "verb": "add", "name": "x", "force": True}) == ["--all", "add", "x"]
    assert line_of(found, {"verb": "drop", "force": True}) == ["drop", "--force"]


def test_click() -> None:
    found = analyse("python", CLICK)
    assert shapes(found) == {
        "debug": ("switch", "switch", "--debug", False),
        "command": ("select", "command", "", None),
        "source": ("text", "positional", "", None),
        "targets": ("textarea", "spread", "", None),
        "mode": ("select", "option", "--mode", "safe"),
        "depth": ("number", "option", "--depth", 3),
        "ignore": ("textarea", "repeat", "--ignore", None),
        "password": ("password", "option", "--password", None),
        "count": ("number", "option", "--count", 1),
    }
    depth = next(item.definition for item in found.proposals if item.definition.key == "depth")
    assert (depth.min, depth.max, depth.step, depth.argument and depth.argument.command) == (1, 9, 1, "copy-files")
    assert line_of(found, {"command": "list-files", "count": 2}) == ["--no-debug", "list-files", "--count=2"]


def test_typer() -> None:
    found = analyse("python", TYPER)
    assert shapes(found) == {
        "name": ("text", "positional", "", None),
        "size": ("number", "option", "--size", 5),
        "colour": ("select", "option", "--colour", "blue"),
        "fast": ("switch", "switch", "--fast", False),
        "tags": ("textarea", "repeat", "--tags", None),
        "ratio": ("number", "option", "--ratio", None),
        "files": ("textarea", "spread", "", None),
    }
    definitions = {item.definition.key: item.definition for item in found.proposals}
    assert (definitions["size"].min, definitions["size"].max, definitions["size"].help) == (1, 9, "How large.")
    assert {key for key, d in definitions.items() if d.required} == {"name", "ratio"}


def test_plain_python_and_its_header() -> None:
    code = (
        '# /// script\n# requires-python = ">=3.11"\n# dependencies = ["rich"]\n# ///\n'
        "import os, sys\nprint(sys.argv[2], sys.argv[1], os.environ['API_KEY'], os.getenv('MODE', 'fast'))\n"
        "os.environ['SET'] = 'x'\nprint(os.environ['PATH'])\n"
    )
    found = analyse("python", code)
    assert (found.requirements, found.requires_python) == (["rich"], ">=3.11")
    assert shapes(found) == {
        "API_KEY": ("password", None, "", None),
        "MODE": ("text", None, "", "fast"),
        "arg_PATH": ("text", None, "", None),
        "arg1": ("text", "position", "", None),
        "arg2": ("text", "position", "", None),
    }


@pytest.mark.parametrize(("language", "mark"), [("python", "#"), ("shell", "#"), ("javascript", "//")])
def test_declarations_in_comments(language: str, mark: str) -> None:
    code = "\n".join(
        f"{mark} {line}"
        for line in (
            "@param {number} SIZE=800 Longest side",
            "@param {jpeg|png} [FORMAT=png] - What to write",
            "@param {boolean} FORCE=true",
            "@param {file} DATA",
            "@param NAME",
            "not @param OTHER",
        )
    )
    found = analyse(language, code)
    assert shapes(found) == {
        "SIZE": ("number", None, "", 800.0),
        "FORMAT": ("select", None, "", "png"),
        "FORCE": ("switch", None, "", True),
        "DATA": ("file", None, "", None),
        "NAME": ("text", None, "", None),
    }
    assert [(item.line, item.definition.required) for item in found.proposals] == [
        (1, False), (2, False), (3, False), (4, True), (5, True),
    ]  # fmt: skip


def test_commander() -> None:
    found = analyse("javascript", COMMANDER)
    assert found.parsers == ["commander"]
    assert shapes(found) == {
        "source": ("text", "positional", "", None),
        "debug": ("switch", "switch", "--debug", False),
        "size": ("number", "option", "--size", 5),
        "region": ("text", "option", "--region", None),
        "cache": ("switch", "switch", "--no-cache", True),
        "tags": ("textarea", "spread", "--tags", None),
        "drink": ("select", "option", "--drink", "tea"),
    }


def test_yargs() -> None:
    found = analyse("javascript", YARGS)
    assert shapes(found) == {
        "size": ("number", "option", "--size", 5),
        "verbose": ("switch", "switch", "--verbose", False),
        "format": ("select", "option", "--format", None),
        "tag": ("textarea", "repeat", "--tag", None),
        "API_TOKEN": ("password", None, "", None),
        "MODE": ("text", None, "", "fast"),
    }


def test_node_without_a_library() -> None:
    found = analyse("javascript", "const [, , source, target = 'x'] = process.argv\nconsole.log(process.argv[4])")
    assert shapes(found) == {
        "source": ("text", "position", "", None),
        "target": ("text", "position", "", None),
        "arg3": ("text", "position", "", None),
    }
    code = "import { parseArgs } from 'node:util'\nparseArgs({ options: { size: { type: 'string', default: '1' } } })"
    assert shapes(analyse("javascript", code)) == {"size": ("text", "option", "--size", "1")}


@pytest.mark.parametrize(
    ("code", "values", "said"),
    [
        (GETOPTS, {"size": "-5", "option_h": False, "REGION": "eu"}, "-5 0 eu fast"),
        (CASES, {"size": "--big", "force": True}, "--big yes"),
        ('from=$1; to="${2:-there}"; echo "$from $to ${3:-}"', {"from": "a", "arg3": "c"}, "a there c"),
    ],
)
def test_shell_gets_what_it_looks_for(code: str, values: dict[str, Any], said: str) -> None:
    found = analyse("shell", code)
    definitions = [item.definition for item in found.proposals]
    given = parameters.complete(definitions, {key: value for key, value in values.items() if key != "option_h"})
    line = arguments.command_line(definitions, given)
    bash = shutil.which("bash")
    assert bash is not None
    env = {"PATH": "/usr/bin:/bin", **parameters.environment(definitions, given)}
    env = {key: value for key, value in env.items() if key.isupper()}
    done = subprocess.run([bash, "-c", code, "main", *line], env=env, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == said, done.stderr


def test_places_within_functions_are_not_the_scripts() -> None:
    assert shapes(analyse("shell", 'say() { echo "$1 $2"; }\nsay a b')) == {}


def test_frameworks() -> None:
    spider = (
        "import scrapy\nclass Q(scrapy.Spider):\n    name = 'quotes'\n"
        "class B(scrapy.spiders.CrawlSpider):\n    name: str = 'books'\n"
    )
    config = "[settings]\ndefault = shop.settings\n"
    found = analyse("python", "", {"scrapy.cfg": config, "shop/spiders/a.py": spider}).frameworks
    assert [(item.name, item.spiders, item.needs_browser) for item in found] == [("Scrapy", ("books", "quotes"), False)]
    for language, code, name in (
        ("python", "from playwright.sync_api import sync_playwright", "Playwright"),
        ("python", "import selenium.webdriver", "Selenium"),
        ("python", "from DrissionPage import ChromiumPage", "DrissionPage"),
        ("javascript", "const { chromium } = require('playwright')", "Playwright"),
        ("javascript", "import puppeteer from 'puppeteer'", "Puppeteer"),
    ):
        assert [(item.name, item.needs_browser) for item in analyse(language, code).frameworks] == [(name, True)]


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("python", "def ("), ("python", "\0"), ("python", "(" * 5000), ("python", "-" * 100_000 + "1"),
        ("javascript", "const a = {{{{"), ("javascript", "[" * 50_000),
        ("shell", "if then $((("), ("shell", "${" * 9000),
        ("python", "import argparse\np = argparse.ArgumentParser()\np.add_argument(*names, **words)"),
    ],
)  # fmt: skip
def test_broken_code_is_told_of(language: str, code: str) -> None:
    found = analyse(language, code)
    assert found.proposals == []
    if language == "python" and "argparse" not in code:
        assert "can't be parsed" in found.notes[0]


@settings(deadline=None, max_examples=60)
@given(st.sampled_from([ARGPARSE, CLICK, TYPER, COMMANDER, YARGS, GETOPTS, CASES]), st.data())
def test_whatever_is_proposed_can_be_saved(code: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(code)))
    end = data.draw(st.integers(start, len(code)))
    broken = code[:start] + code[end:]
    for language in ("python", "javascript", "shell"):
        definitions = [item.definition for item in analyse(language, broken).proposals]
        assert checks.findings(definitions, language) == []


async def test_over_http(api: httpx.AsyncClient) -> None:
    body: dict[str, Any] = {"language": "shell", "code": 'echo "$1" "${MODE:-fast}"'}
    found = (await api.post("/scripts/analyse", json=body)).json()
    assert [(p["definition"]["key"], p["line"], p["parser"], p["reaches"]) for p in found["parameters"]] == [
        ("arg1", 1, "positional", "argument"),
        ("MODE", 1, "environment", "variable"),
    ]
    files = [{"path": "scrapy.cfg", "text": "[settings]\ndefault = a.b\n"}]
    project = {"name": "S", "language": "python", "code": "", "entry": "main.py", "files": files}
    made = (await api.post("/scripts", json=project)).json()
    asked = {"language": "python", "code": "", "script_id": made["id"]}
    found = (await api.post("/scripts/analyse", json=asked)).json()
    assert [item["name"] for item in found["frameworks"]] == ["Scrapy"]
    assert (await api.post("/scripts/analyse", json={**asked, "script_id": "scr_x"})).status_code == 404
    assert (await api.post("/scripts/analyse", json={"language": "ruby", "code": ""})).status_code == 422
