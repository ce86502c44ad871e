"""Which file name a script's code gets. Pure."""

import re

_EXTENSIONS = {"python": "py", "shell": "sh", "sql": "sql"}

# Comments, strings, templates and regular expressions: places where words are not code. A slash begins a regular
# expression only where a value can't have ended just before it.
_NOT_CODE = re.compile(
    r"""//[^\n]*
      | /\*.*?\*/
      | "(?:\\.|[^"\\\n])*"
      | '(?:\\.|[^'\\\n])*'
      | `(?:\\.|[^`\\])*`
      | (?P<before>(?:^|[(,=:\[!&|?{};+\-*%~^<>]|\breturn|\btypeof|\bcase)\s*)
        /(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n\[])+/[a-z]*
    """,
    re.DOTALL | re.VERBOSE,
)
_MODULE = re.compile(
    r"""(?:^|[;}\n])\s*
        (?: import (?: \s*["{*] | \s+[\w$]+ (?:\s*,|\s+from\b) )
          | export (?: \s*[{*] | \s+(?:default|const|let|var|function|class|async)\b )
        )""",
    re.VERBOSE,
)
_META = re.compile(r"\bimport\s*\.\s*meta\b")
_COMMONJS = re.compile(
    r"\brequire\s*\(|\b__(?:dirname|filename)\b|\bmodule\s*\.\s*exports\b|(?:^|[;\n])\s*exports\s*\."
)


def entry_name(language: str, code: str) -> str:
    """Return the name under which a script's code is laid out: ``main.py``, ``main.sh``, ``main.js`` or ``main.mjs``.

    JavaScript is an ES module (``.mjs``) if it uses ``import``/``export`` syntax, ``import.meta`` or a top-level
    ``await``, and CommonJS (``.js``) otherwise.
    """
    if language == "javascript":
        return "main.mjs" if is_module(code) else "main.js"
    return f"main.{_EXTENSIONS.get(language, 'txt')}"


def is_module(code: str) -> bool:
    """Whether JavaScript can only be an ES module, judged by its syntax without running it."""
    bare = _NOT_CODE.sub(_hollow, code)
    if _MODULE.search(bare) or _META.search(bare):
        return True
    return not _COMMONJS.search(bare) and _awaits_at_top(bare)


def _hollow(match: re.Match[str]) -> str:
    """Keep what shapes statements: line ends of comments, quotes of strings, the token before an expression."""
    text = match[0]
    if text.startswith("//"):
        return ""
    if text.startswith("/*"):
        return "\n" if "\n" in text else " "
    before = match["before"]
    return f"{before}0" if before is not None else '""'


def _awaits_at_top(bare: str) -> bool:
    """Whether ``await`` stands outside every function: at no depth, or anywhere when no function is ``async``."""
    if not re.search(r"\bawait\b", bare):
        return False
    if not re.search(r"\basync\b", bare):
        return True
    depth = 0
    for token in re.finditer(r"[{}]|\bawait\b", bare):
        if token[0] == "{":
            depth += 1
        elif token[0] == "}":
            depth -= 1
        elif depth == 0 and not re.search(r"=>\s*$", bare[: token.start()]):
            return True
    return False
