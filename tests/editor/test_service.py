import pytest

from runyard.editor.cells import Cells
from runyard.editor.positions import Place
from runyard.editor.problems import CodeUnreadable, ProgramMissing
from runyard.editor.programs import Lack, Program, find
from runyard.editor.service import EditorService


@pytest.fixture
def editor(cells: Cells) -> EditorService:
    return EditorService(cells)


@pytest.mark.parametrize(
    ("language", "code", "program", "rule", "start"),
    [
        ("python", "import os\n", "ruff", "F401", Place(1, 8)),
        ("python", 's = "😀"; import os\n', "ruff", "F401", Place(1, 18)),
        ("javascript", 'const s = "😀"; debugger\n', "oxlint", "no-debugger", Place(1, 17)),
        ("shell", 'echo "😀" $1\n', "shellcheck", "SC2086", Place(1, 11)),
    ],
)
async def test_faults_are_found_where_they_stand(
    editor: EditorService, language: str, code: str, program: str, rule: str, start: Place
) -> None:
    checked = await editor.lint(language, code)
    assert checked.by is not None
    assert checked.by.name == program
    assert [(one.code, one.start) for one in checked.findings if one.code == rule] == [(rule, start)]
    assert checked.lack is None


@pytest.mark.parametrize(
    ("language", "code"), [("python", "def f(:\n"), ("javascript", "const = 3\n"), ("shell", "if true; then\n")]
)
async def test_broken_syntax_is_an_error_and_not_formatted(editor: EditorService, language: str, code: str) -> None:
    checked = await editor.lint(language, code)
    assert any(one.severity == "error" for one in checked.findings)
    with pytest.raises(CodeUnreadable) as refused:
        await editor.format(language, code)
    assert refused.value.detail.startswith("Line 1: ")


@pytest.mark.parametrize(
    ("language", "code", "formatted"),
    [
        ("python", "x   = {  'a':1 }\n", 'x = {"a": 1}\n'),
        ("shell", "if true; then\necho  hi;fi\n", "if true; then\n  echo hi\nfi\n"),
        ("python", "s = '嗨😀'\n", 's = "嗨😀"\n'),
        ("javascript", "const x = {a:1, 'b':'嗨'}\nawait x\n", 'const x = { a: 1, b: "嗨" };\nawait x;\n'),
    ],
)
async def test_code_is_formatted(editor: EditorService, language: str, code: str, formatted: str) -> None:
    assert (await editor.format(language, code))[1] == formatted


async def test_clean_code_has_no_faults(editor: EditorService) -> None:
    for language, code in (("python", "print(1)\n"), ("javascript", "console.log(1)\n"), ("shell", "echo hi\n")):
        assert (await editor.lint(language, code)).findings == []


async def test_a_missing_program_is_named_and_bash_stands_in(cells: Cells) -> None:
    def without(name: str) -> Program | Lack:
        return find(name) if name == "bash" else Lack(name, "get it")

    editor = EditorService(cells, find=without)
    nothing = await editor.lint("python", "import os\n")
    assert (nothing.by, nothing.lack, nothing.findings) == (None, Lack("ruff", "get it"), [])
    bash = await editor.lint("shell", "echo hi\nif true; then\n")
    assert bash.by is not None
    assert (bash.by.name, bash.lack) == ("bash", Lack("shellcheck", "get it"))
    assert [(one.severity, one.start.line) for one in bash.findings] == [("error", 3)]
    with pytest.raises(ProgramMissing, match=r"ruff is not installed here\. get it"):
        await editor.format("python", "x=1")
