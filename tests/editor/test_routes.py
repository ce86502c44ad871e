import pytest
from fastapi import FastAPI

from runyard.access.service import AccessService
from runyard.editor.cells import Cells
from runyard.editor.programs import Lack, Program, find, find_prettier
from runyard.editor.routes import router
from runyard.editor.service import EditorService
from runyard.web import problems
from runyard.web.depends import provide

from .yard import Api, Doorman


def served(editor: EditorService) -> Api:
    app = FastAPI()
    app.include_router(router)
    problems.install(app)
    provide(app.state, editor)
    app.state.provided[AccessService] = Doorman()
    return Api(app)


@pytest.fixture
def api(cells: Cells) -> Api:
    return served(EditorService(cells))


async def test_findings_come_with_places_and_mends(api: Api) -> None:
    answer = await api("ada", "POST", "/editor/lint", 200, language="python", code="import os\n")
    assert (answer["program"], answer["missing"]) == ("ruff", None)
    [finding] = answer["items"]
    assert (finding["start"], finding["end"]) == ({"line": 1, "column": 8}, {"line": 1, "column": 10})
    assert (finding["severity"], finding["code"]) == ("warning", "F401")
    [edit] = finding["fix"]["edits"]
    assert (edit["start"], edit["end"], edit["text"]) == ({"line": 1, "column": 1}, {"line": 2, "column": 1}, "")


async def test_code_comes_back_formatted_or_refused(api: Api) -> None:
    answer = await api("ada", "POST", "/editor/format", 200, language="shell", code="echo  hi\n")
    assert (answer["program"], answer["code"], answer["changed"]) == ("shfmt", "echo hi\n", True)
    again = await api("ada", "POST", "/editor/format", 200, language="shell", code="echo hi\n")
    assert again["changed"] is False
    refused = await api("ada", "POST", "/editor/format", 422, language="python", code="x = (\n")
    assert refused["code"] == "code_unreadable"
    assert refused["errors"][0]["field"].startswith("code.")


@pytest.mark.parametrize("path", ["/editor/lint", "/editor/format"])
async def test_only_who_may_write_asks_and_only_about_code(api: Api, path: str) -> None:
    await api("vic", "POST", path, 403, language="python", code="")
    await api("ada", "POST", path, 422, language="cobol", code="")
    await api("ada", "POST", path, 422, language="python", code="x" * 1_100_000)
    await api("ada", "POST", path, 422, language="python", code="a\0b")


async def test_help_names_what_is_there_and_what_is_missing(cells: Cells) -> None:
    def some(name: str) -> Program | Lack:
        return Lack(name, "get it") if name in {"ty", "shfmt"} else find(name)

    lacking = Lack("typescript-language-server", "build it")
    api = served(EditorService(cells, find=some, find_prettier=find_prettier, find_typescript=lambda: lacking))
    found = {item["language"]: item for item in (await api("vic", "GET", "/editor/help", 200))["items"]}
    python = found["python"]
    assert python["server"] == {"name": "ty", "version": "", "available": False, "fix": "get it"}
    assert python["linter"]["available"] is python["formatter"]["available"] is True
    assert python["linter"]["version"]
    assert found["javascript"]["server"]["fix"] == "build it"
    assert (found["shell"]["server"], found["javascript"]["formatter"]["name"]) == (None, "prettier")
    assert found["shell"]["formatter"]["available"] is False
    refused = await api("ada", "POST", "/editor/format", 503, language="shell", code="echo")
    assert (refused["code"], refused["detail"]) == ("program_missing", "shfmt is not installed here. get it")
