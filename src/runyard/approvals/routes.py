"""Requests for a second person's consent over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from runyard.access.guards import allow
from runyard.access.permissions import Actor, Permission
from runyard.approvals import views
from runyard.approvals.carrying import Carrier
from runyard.approvals.lifecycle import State
from runyard.approvals.rules import ApprovalRules
from runyard.approvals.schemas import (
    ApprovalBody,
    ApprovalWhole,
    Consent,
    EntryBody,
    NewComment,
    Rejection,
    RulesBody,
    Settlement,
    View,
    WaitingCount,
)
from runyard.approvals.service import Approvals
from runyard.db.session import Database
from runyard.web.depends import Reading, Transaction, provided
from runyard.web.paging import Page, Paging, cursor_of, cut

router = APIRouter(tags=["approvals"])
Rules = Annotated[ApprovalRules, Depends(provided(ApprovalRules))]
Requests = Annotated[Approvals, Depends(provided(Approvals))]
Reader = Annotated[Actor, allow(Permission.project_read)]
Person = Annotated[Actor, allow(Permission.self_manage)]
"""Whoever acts in their own name; whether they may on this very request, the service decides."""
Manager = Annotated[Actor, allow(Permission.project_manage)]
Shelf = Annotated[Database, Depends(provided(Database))]
InProject = Annotated[str | None, Query(max_length=64, description="Only those of this project.")]
Which = Annotated[View, Query(description="What others ask, what you have asked, or what is over.")]


@router.get("/approvals", operation_id="list_approvals")
async def list_approvals(
    actor: Reader,
    session: Reading,
    approvals: Requests,
    window: Paging,
    view: Which = "waiting",
    project: InProject = None,
) -> Page[ApprovalBody]:
    """List requests for consent, newest first: those that you have asked for, or that you may decide on."""
    after = window.after(str)
    rows = await approvals.page(session, actor, view, project, after[0] if after else None, window.limit + 1)
    shown, last = cut(rows, window.limit)
    items = await views.bodies(session, shown)
    return Page(items=items, next_cursor=None if last is None else cursor_of(last.row.id))


@router.get("/approvals/count", operation_id="count_approvals")
async def count_approvals(actor: Reader, session: Reading, approvals: Requests) -> WaitingCount:
    """Return how many requests wait for you."""
    return WaitingCount(waiting=await approvals.count(session, actor))


@router.get("/approvals/{approval_id}", operation_id="get_approval")
async def get_approval(actor: Reader, session: Reading, approvals: Requests, approval_id: str) -> ApprovalWhole:
    """Return a request with everything that was said about it."""
    row = await approvals.find(session, actor, approval_id)
    return await views.whole(session, approvals.shown(actor, row))


@router.post("/approvals/{approval_id}/approve", operation_id="approve")
async def approve(
    actor: Person,
    database: Shelf,
    approvals: Requests,
    carrier: Annotated[Carrier, Depends(provided(Carrier))],
    request: Request,
    approval_id: str,
    body: Consent,
) -> ApprovalBody:
    """Agree. An operation is carried out at once, as who asked for it; of a review, name the revision you looked at."""
    async with database.write() as session:
        row = await approvals.approve(session, actor, approval_id, body.reason, body.revision)
        if body.publish and row.state == State.approved:
            await approvals.publish(session, actor, row)
    if row.state == State.carrying:
        await carrier.carry_out(request.app, row)
    async with database.read() as session:
        row = await approvals.find(session, actor, approval_id)
        return await views.body(session, approvals.shown(actor, row))


@router.post("/approvals/{approval_id}/reject", operation_id="reject")
async def reject(
    actor: Person, session: Transaction, approvals: Requests, approval_id: str, body: Rejection
) -> ApprovalBody:
    """Refuse, and say why."""
    row = await approvals.reject(session, actor, approval_id, body.reason)
    return await views.body(session, approvals.shown(actor, row))


@router.post("/approvals/{approval_id}/withdraw", operation_id="withdraw_approval")
async def withdraw(actor: Person, session: Transaction, approvals: Requests, approval_id: str) -> ApprovalBody:
    """Take your request back."""
    row = await approvals.withdraw(session, actor, approval_id)
    return await views.body(session, approvals.shown(actor, row))


@router.post("/approvals/{approval_id}/comments", operation_id="comment_on_approval", status_code=201)
async def comment(
    actor: Person, session: Transaction, approvals: Requests, approval_id: str, body: NewComment
) -> EntryBody:
    """Say something: on the whole, on a line, or within a thread."""
    return await views.said(session, await approvals.comment(session, actor, approval_id, body))


@router.patch("/approvals/{approval_id}/comments/{comment}", operation_id="resolve_approval_comment")
async def resolve(
    actor: Person, session: Transaction, approvals: Requests, approval_id: str, comment: str, body: Settlement
) -> EntryBody:
    """Settle a thread, or open it again."""
    entry = await approvals.resolve(session, actor, approval_id, comment, resolved=body.resolved)
    return await views.said(session, entry)


@router.get("/projects/{project}/approval-rules", operation_id="get_approval_rules")
async def get_rules(actor: Reader, session: Reading, rules: Rules, project: str) -> RulesBody:
    """Return what waits for a second person in a project."""
    return await rules.get(session, actor, project)


@router.put("/projects/{project}/approval-rules", operation_id="set_approval_rules")
async def set_rules(actor: Manager, session: Transaction, rules: Rules, project: str, body: RulesBody) -> RulesBody:
    """Lay down what waits for a second person; what is published and what is asked for already stays."""
    return await rules.put(session, actor, project, body)
