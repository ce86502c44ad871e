"""One look at a script: what it could be given, what it needs, what it is made with. Nothing of it is run."""

from collections.abc import Mapping

from msgspec import Struct, field

from runyard.environments.header import read_header
from runyard.errors import Problem
from runyard.scripts.detection import argparsing, clicking, comments, frameworks, javascript, python, shell, typers
from runyard.scripts.detection.frameworks import Framework
from runyard.scripts.detection.proposals import Finds, Found, Proposal, proposals


class Analysis(Struct, frozen=True):
    """What was found. `notes` are sentences about what could not be read."""

    proposals: list[Proposal]
    parsers: list[str]
    requirements: list[str] = field(default_factory=list)
    requires_python: str = ""
    frameworks: list[Framework] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def analyse(language: str, code: str, files: Mapping[str, str] | None = None) -> Analysis:
    """Return what can be read off `code`, and off the other `files` of its project; never raises for broken code."""
    finds = Finds()
    requirements: list[str] = []
    requires_python = ""
    found: list[Found] = comments.look(code)
    declared = {item.name for item in found}
    try:
        finds = _LOOKS.get(language, _nothing)(code)
    except SyntaxError as error:
        finds.notes.append(f"The code can't be parsed: line {error.lineno}: {error.msg}.")
    except (ValueError, MemoryError, RecursionError):
        finds.notes.append("The code can't be parsed: it is nested too deeply, or holds what is no text.")
    if language == "python":
        try:
            header = read_header(code)
            requirements, requires_python = list(header.dependencies), header.requires_python
        except Problem as problem:
            finds.notes.append(problem.detail)
    # What is declared is what its author wants; a variable that is also read tells nothing new.
    found += [item for item in finds.found if item.style is not None or item.name not in declared]
    made = proposals(found, language)
    return Analysis(
        proposals=made,
        parsers=list(dict.fromkeys(proposal.parser for proposal in made)),
        requirements=requirements,
        requires_python=requires_python,
        frameworks=frameworks.look({"": code, **(files or {})}),
        notes=finds.notes,
    )


def _python(code: str) -> Finds:
    source = python.Source(code)
    finds = Finds()
    for look in (argparsing.look, clicking.look, typers.look, python.plain):
        part = look(source)
        finds.found += part.found
        finds.notes += part.notes
    return finds


def _nothing(_code: str) -> Finds:
    return Finds()


_LOOKS = {"python": _python, "javascript": javascript.look, "shell": shell.look}
