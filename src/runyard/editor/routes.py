"""What the editor asks over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from runyard.access.guards import allow
from runyard.access.permissions import Actor, Permission
from runyard.editor.linting import Finding, Fix
from runyard.editor.positions import Place
from runyard.editor.programs import Lack, Program
from runyard.editor.schemas import (
    CodeToCheck,
    EditBody,
    EditorHelp,
    FindingBody,
    Findings,
    FixBody,
    Formatted,
    LackBody,
    LanguageHelp,
    NewSnippet,
    PlaceBody,
    ProgramBody,
    SnippetBody,
    SnippetChange,
)
from runyard.editor.service import EditorService
from runyard.editor.snippets import Shown, SnippetService
from runyard.ids import ProjectId
from runyard.web.depends import Reading, Transaction, provided
from runyard.web.paging import Page, Paging, cursor_of, cut

router = APIRouter(tags=["editor"])
Editor = Annotated[EditorService, Depends(provided(EditorService))]
Snippets = Annotated[SnippetService, Depends(provided(SnippetService))]
Reader = Annotated[Actor, allow(Permission.script_read)]
Writer = Annotated[Actor, allow(Permission.script_write)]
Owner = Annotated[Actor, allow(Permission.self_manage)]
"""Own snippets are everybody's; whom they may be shared with is for the service to say."""


@router.get("/editor/help", operation_id="editor_help")
async def editor_help(actor: Reader, editor: Editor) -> EditorHelp:
    """Tell which language servers, linters and formatters are installed here, and how to get the others."""
    del actor
    helpers = await editor.helpers()
    return EditorHelp(
        items=[
            LanguageHelp(
                language=language,
                server=_program(found.server),
                linter=_program(found.linter),
                formatter=_program(found.formatter),
            )
            for language, found in helpers.items()
        ]
    )


@router.post("/editor/lint", operation_id="lint_code")
async def lint(actor: Writer, editor: Editor, body: CodeToCheck) -> Findings:
    """Look for faults in code: ruff for Python, oxlint for JavaScript, ShellCheck (or Bash itself) for shell."""
    del actor
    checked = await editor.lint(body.language, body.code)
    return Findings(
        program="" if checked.by is None else checked.by.name,
        version="" if checked.by is None else checked.by.version,
        items=[_finding(finding) for finding in checked.findings],
        missing=None if checked.lack is None else LackBody(name=checked.lack.name, fix=checked.lack.fix),
    )


@router.post("/editor/format", operation_id="format_code")
async def format_code(actor: Writer, editor: Editor, body: CodeToCheck) -> Formatted:
    """Format code: ruff for Python, Prettier for JavaScript, shfmt for shell. A syntax error is refused with 422."""
    del actor
    program, code = await editor.format(body.language, body.code)
    return Formatted(program=program.name, version=program.version, code=code, changed=code != body.code)


@router.get("/snippets", operation_id="list_snippets")
async def list_snippets(
    actor: Reader,
    session: Reading,
    snippets: Snippets,
    window: Paging,
    project: Annotated[str | None, Query(max_length=64, description="Shared ones of this project only.")] = None,
) -> Page[SnippetBody]:
    """List one's own snippets and those that one's projects share, by prefix."""
    keys = window.after(str, str)
    after = (keys[0], keys[1]) if keys else None
    shown, last = cut(await snippets.visible(session, actor, project, after, window.limit + 1), window.limit)
    cursor = cursor_of(last.snippet.prefix, last.snippet.id) if last else None
    return Page(items=[_snippet(one, actor) for one in shown], next_cursor=cursor)


@router.post("/snippets", status_code=201, operation_id="create_snippet")
async def create_snippet(actor: Owner, session: Transaction, snippets: Snippets, body: NewSnippet) -> SnippetBody:
    """Keep a snippet, one's own or shared with a project."""
    return _snippet(await snippets.create(session, actor, body), actor)


@router.patch("/snippets/{snippet_id}", operation_id="change_snippet")
async def change_snippet(
    actor: Owner, session: Transaction, snippets: Snippets, snippet_id: str, body: SnippetChange
) -> SnippetBody:
    """Change a snippet, share it, or take it back."""
    return _snippet(await snippets.change(session, actor, snippet_id, body), actor)


@router.delete("/snippets/{snippet_id}", status_code=204, operation_id="delete_snippet")
async def delete_snippet(actor: Owner, session: Transaction, snippets: Snippets, snippet_id: str) -> None:
    """Delete a snippet."""
    await snippets.delete(session, actor, snippet_id)


def _program(found: Program | Lack | None) -> ProgramBody | None:
    if found is None:
        return None
    if isinstance(found, Lack):
        return ProgramBody(name=found.name, version="", available=False, fix=found.fix)
    return ProgramBody(name=found.name, version=found.version, available=True, fix="")


def _finding(finding: Finding) -> FindingBody:
    return FindingBody(
        start=_place(finding.start),
        end=_place(finding.end),
        severity=finding.severity,
        code=finding.code,
        message=finding.message,
        url=finding.url,
        fix=None if finding.fix is None else _fix(finding.fix),
    )


def _fix(fix: Fix) -> FixBody:
    edits = [EditBody(start=_place(edit.start), end=_place(edit.end), text=edit.text) for edit in fix.edits]
    return FixBody(title=fix.title, edits=edits)


def _place(place: Place) -> PlaceBody:
    return PlaceBody(line=place.line, column=place.column)


def _snippet(shown: Shown, actor: Actor) -> SnippetBody:
    snippet = shown.snippet
    return SnippetBody(
        id=snippet.id,
        prefix=snippet.prefix,
        title=snippet.title,
        language=snippet.language,
        body=snippet.body,
        project=None if snippet.project_id is None else actor.project_name(ProjectId(snippet.project_id)),
        owner=shown.owner,
        mine=snippet.owner_id == actor.user_id,
        may_change=shown.may_change,
        updated_at=snippet.updated_at,
    )
