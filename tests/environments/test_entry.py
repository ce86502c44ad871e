"""Which file name code gets."""

import pytest

from runyard.environments.entry import entry_name

MODULES = [
    'import x from "x"',
    "import x, {y} from 'x'",
    "import {y} from 'x'",
    "import * as x from 'x'",
    'import "x"',
    "import\n  {\n y } from 'x'",
    "const a = 1; import b from 'b'",
    "'use strict'\nimport b from 'b'",
    "/* licence */ import b from 'b'",
    "// licence\n\nimport b from 'b'",
    "export default 1",
    "export const a = 1",
    "export async function f() {}",
    "export {a}",
    "export * from 'x'",
    "console.log(import.meta.url)",
    "const x = await fetch('http://x')",
    "async function f() {}\nawait f()",
    "if (true) { await go() }",
    "for await (const x of y) {}",
    "const s = `it's`; import b from 'b'",
    "const r = /['\"`]/g\nimport b from 'b'",
    "const r = /[/'\"]/\nimport b from 'b'",
    "const n = a / b; const m = c / d\nimport b from 'b'",
]
SCRIPTS = [
    "",
    "console.log(1)",
    "const x = require('x')",
    "module.exports = 1",
    "// import x from 'x'\nconsole.log(1)",
    "/*\nimport x from 'x'\n*/",
    "const s = \"\\nimport x from 'x'\"",
    "const s = `\nimport x from 'x'\nexport default 1\n`",
    "import('x').then(console.log)",
    "const x = 1\nimport('x')",
    "const important = 1\nexports.a = 1",
    "(async () => { await go() })()",
    "async function f() { await g() }\nf()",
    "const f = async () => await g()",
    "const fs = require('fs'); const f = async (x) => x(await g())",
    "console.log(__dirname)",
    "const o = {import: 1, export: 2}",
    "const s = 'it\\'s'; x.import",
]


@pytest.mark.parametrize("code", MODULES)
def test_modules(code: str) -> None:
    assert entry_name("javascript", code) == "main.mjs"


@pytest.mark.parametrize("code", SCRIPTS)
def test_scripts(code: str) -> None:
    assert entry_name("javascript", code) == "main.js"


@pytest.mark.parametrize(("language", "name"), [("python", "main.py"), ("shell", "main.sh"), ("sql", "main.sql")])
def test_other_languages(language: str, name: str) -> None:
    assert entry_name(language, "import x") == name
