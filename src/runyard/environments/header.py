"""The script header of PEP 723: inline metadata in comments. Pure."""

import re
import tomllib
from typing import Any

from msgspec import Struct
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from runyard.environments.failures import HeaderMalformed

_OPENING = re.compile(r"(?m)^# /// script[ \t]*$")
# The reference expression of the specification, which an empty block satisfies as well here.
_BLOCK = re.compile(r"(?m)^# /// (?P<type>[a-zA-Z0-9-]+)[ \t]*$\s(?P<content>(^#(| .*)$\s)*)^# ///[ \t]*$")


class Header(Struct, frozen=True):
    """What a script says about itself: requirements as written, and which Pythons it accepts."""

    dependencies: tuple[str, ...] = ()
    requires_python: str = ""


def read_header(code: str) -> Header:
    """Return the PEP 723 header of Python `code`; an empty one if there is none.

    Raises: HeaderMalformed for a block that never ends, is there twice, is not TOML, or has values of a wrong kind.
    """
    if "# /// script" not in code:
        return Header()
    text = code.replace("\r\n", "\n")
    if not text.endswith("\n"):
        text += "\n"
    if _OPENING.search(text) is None:
        return Header()
    blocks = [match for match in _BLOCK.finditer(text) if match["type"] == "script"]
    if not blocks:
        raise HeaderMalformed("The header opens with `# /// script` but never closes with `# ///`.")
    if len(blocks) > 1:
        raise HeaderMalformed("The script has more than one `# /// script` header.")
    first_line = text.count("\n", 0, blocks[0].start("content")) + 1
    return _checked(_parsed(blocks[0]["content"], first_line))


def _parsed(content: str, first_line: int) -> dict[str, Any]:
    lines = [line[2:] if line.startswith("# ") else line[1:] for line in content.splitlines()]
    try:
        return tomllib.loads("\n".join(lines))
    except tomllib.TOMLDecodeError as error:
        said = str(error)
        # The parser counts lines of the block; people count lines of the script.
        said = re.sub(r"at line (\d+)", lambda m: f"at line {int(m[1]) + first_line - 1}", said)
        raise HeaderMalformed(f"The script's header is not valid TOML: {said}.") from error


def _checked(table: dict[str, Any]) -> Header:
    dependencies = table.get("dependencies", [])
    if not isinstance(dependencies, list) or not all(isinstance(item, str) for item in dependencies):
        raise HeaderMalformed("`dependencies` in the script's header must be a list of strings.")
    requires = table.get("requires-python", "")
    if not isinstance(requires, str):
        raise HeaderMalformed("`requires-python` in the script's header must be a string.")
    try:
        SpecifierSet(requires)
    except InvalidSpecifier as error:
        raise HeaderMalformed(f"`requires-python` in the script's header is not a version range: {requires}") from error
    return Header(tuple(dependencies), requires.strip())
