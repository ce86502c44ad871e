"""Frameworks that want something of their own: Scrapy's projects, and what needs a browser."""

import ast
import re
from collections.abc import Mapping

from msgspec import Struct

_BROWSERS = {
    "playwright": "Playwright",
    "selenium": "Selenium",
    "DrissionPage": "DrissionPage",
    "puppeteer": "Puppeteer",
    "pyppeteer": "Pyppeteer",
}
_IMPORT = re.compile(
    r"^\s*(?:import|from)\s+(playwright|selenium|DrissionPage|pyppeteer)\b"
    r"|(?:require\(|from\s+|import\()\s*['\"](?:@playwright/test|(playwright|puppeteer)(?:-core)?|(selenium)-webdriver)['\"]",
    re.MULTILINE,
)
SCRAPY_ENTRY = "runyard_scrapy.py"


class Framework(Struct, frozen=True):
    """A framework that the code uses: `needs_browser`, or a list of `spiders`, one of which is to be chosen."""

    name: str
    needs_browser: bool = False
    spiders: tuple[str, ...] = ()
    note: str = ""


def look(files: Mapping[str, str]) -> list[Framework]:
    """Return the frameworks of a script, or of a project, by its texts; runs nothing of it."""
    found: dict[str, Framework] = {}
    for text in files.values():
        for part in _IMPORT.finditer(text):
            name = _BROWSERS[part[1] or part[2] or part[3] or "playwright"]
            note = f"{name} drives a browser: one has to be there where the script runs."
            found[name] = Framework(name, needs_browser=True, note=note)
    config = next((path for path in sorted(files, key=len) if path.rpartition("/")[2] == "scrapy.cfg"), None)
    sources = [text for path, text in files.items() if not path or path.endswith(".py")]
    spiders = tuple(sorted({spider for text in sources for spider in _spiders(text)}))
    if config is not None:
        note = "" if spiders else "The project has no spider with a name that can be read off its code."
        found["Scrapy"] = Framework("Scrapy", spiders=spiders, note=note)
    elif spiders:
        note = "A spider without a project: scrapy.cfg is missing."
        found["Scrapy"] = Framework("Scrapy", spiders=spiders, note=note)
    return list(found.values())


def scrapy_start(folder: str) -> str:
    """Return the code that crawls with the spider that ``SPIDER`` names, within the project's folder."""
    lines = [
        '"""Crawl with the spider that the parameter SPIDER names."""',
        "",
        "import os",
        "import shlex",
        "import sys",
        "",
        "from scrapy.cmdline import execute",
        "",
        f"os.chdir(os.path.join(os.environ['HOME'], {folder!r}))",
        "sys.path.insert(0, os.getcwd())",
        "options = shlex.split(os.environ.get('OPTIONS', ''))",
        "execute(['scrapy', 'crawl', os.environ['SPIDER'], *options])",
        "",
    ]
    return "\n".join(lines)


def _spiders(text: str) -> list[str]:
    if "Spider" not in text:
        return []
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return []
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and any(_last(base).endswith("Spider") for base in node.bases):
            for statement in node.body:
                targets = statement.targets if isinstance(statement, ast.Assign) else []
                if isinstance(statement, ast.AnnAssign):
                    targets = [statement.target]
                named = any(isinstance(target, ast.Name) and target.id == "name" for target in targets)
                value = getattr(statement, "value", None)
                if named and isinstance(value, ast.Constant) and isinstance(value.value, str) and value.value:
                    found.append(value.value)
    return found


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
