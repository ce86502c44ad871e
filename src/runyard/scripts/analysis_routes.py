"""What can be read off code, over HTTP."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from runyard.access.guards import allow
from runyard.access.permissions import Actor, Permission
from runyard.scripts.definitions import Definition
from runyard.scripts.detection.analysis import Analysis, analyse
from runyard.scripts.schemas import Body, Code, Language
from runyard.scripts.service import ScriptService
from runyard.web.depends import Reading, provided

router = APIRouter(tags=["scripts"])
Scripts = Annotated[ScriptService, Depends(provided(ScriptService))]


class AnalysisRequest(Body):
    """Code to be looked at; with `script_id` the other files of that script's project are looked at too."""

    language: Language
    code: Code
    script_id: str | None = None


class Proposed(BaseModel):
    """A parameter as the code has it, ready to be taken over.

    `line` is where it was found, `parser` what reads it there. `reaches` tells how a value gets to the code:
    ``argument`` on its command line, ``variable`` in its environment.
    """

    definition: Definition
    line: int
    parser: str
    reaches: str
    note: str


class FrameworkFound(BaseModel):
    """A framework that the code uses."""

    name: str
    needs_browser: bool
    spiders: list[str]
    note: str


class AnalysisBody(BaseModel):
    """What was found in the code; nothing of it was run. `notes` tell what could not be read."""

    parameters: list[Proposed]
    parsers: list[str]
    requirements: list[str] = Field(description="What a PEP 723 header asks for.")
    requires_python: str
    frameworks: list[FrameworkFound]
    notes: list[str]


@router.post("/scripts/analyse", operation_id="analyse_script")
async def analyse_script(
    actor: Annotated[Actor, allow(Permission.script_write)], session: Reading, scripts: Scripts, body: AnalysisRequest
) -> AnalysisBody:
    """Propose parameters for code as it is: argparse, click, typer, commander, yargs, getopts, comments and others."""
    texts = await scripts.texts(session, actor, body.script_id) if body.script_id else {}
    return shown(await asyncio.to_thread(analyse, body.language, body.code, texts))


def shown(found: Analysis) -> AnalysisBody:
    """Return an analysis as it is answered."""
    return AnalysisBody(
        parameters=[
            Proposed(
                definition=item.definition,
                line=item.line,
                parser=item.parser,
                reaches="variable" if item.definition.argument is None else "argument",
                note=item.note,
            )
            for item in found.proposals
        ],
        parsers=found.parsers,
        requirements=found.requirements,
        requires_python=found.requires_python,
        frameworks=[
            FrameworkFound(name=one.name, needs_browser=one.needs_browser, spiders=list(one.spiders), note=one.note)
            for one in found.frameworks
        ],
        notes=found.notes,
    )
