"""Publishing scripts by four eyes, over HTTP."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from runyard.access.guards import allow
from runyard.access.permissions import Actor, Permission
from runyard.approvals import views
from runyard.approvals.schemas import ApprovalBody, Number, Text
from runyard.approvals.service import Approvals
from runyard.scripts.publishing import Publishing
from runyard.scripts.schemas import Body
from runyard.web.depends import Reading, Transaction, provided

router = APIRouter(tags=["scripts"])
Press = Annotated[Publishing, Depends(provided(Publishing))]
Requests = Annotated[Approvals, Depends(provided(Approvals))]
Reader = Annotated[Actor, allow(Permission.script_read)]
Writer = Annotated[Actor, allow(Permission.script_write)]
Manager = Annotated[Actor, allow(Permission.project_manage)]


class PublicationEntry(BaseModel):
    """A version that was published. Without `approval_id` it was there before there were reviews, or gone back to."""

    version: int
    at: datetime
    by: str | None
    approval_id: str | None


class PublicationBody(BaseModel):
    """How a script stands. Without `four_eyes` runs take the newest version; with it the `published` one."""

    four_eyes: bool
    published: int | None
    newest: int
    marked: bool
    review: ApprovalBody | None
    history: list[PublicationEntry]


class ReviewRequest(Body):
    """What reviewers should know."""

    note: Text = ""


class PublishRequest(Body):
    """The version that runs are to take: an approved one, or one that was published before."""

    version: Number


class Mark(Body):
    """Whether each run waits for a second person, where the project has runs of marked scripts wait."""

    marked: bool


@router.get("/scripts/{script_id}/publication", operation_id="get_publication")
async def get_publication(
    actor: Reader, session: Reading, press: Press, approvals: Requests, script_id: str
) -> PublicationBody:
    """Return what of a script is published, what is under review, and what was published before."""
    found = await press.standing(session, actor, script_id)
    script, row = found.script, found.review
    return PublicationBody(
        four_eyes=script.published_id is not None,
        published=script.published,
        newest=script.version,
        marked=script.marked,
        review=None if row is None else await views.body(session, approvals.shown(actor, row)),
        history=[
            PublicationEntry(
                version=one.number,
                at=one.published_at,
                by=found.usernames.get(one.published_by),
                approval_id=one.approval_id,
            )
            for one in found.history
        ],
    )


@router.post("/scripts/{script_id}/reviews", status_code=201, operation_id="ask_for_review")
async def ask_for_review(
    actor: Writer, session: Transaction, press: Press, approvals: Requests, script_id: str, body: ReviewRequest
) -> ApprovalBody:
    """Ask for a review of the newest version; what is saved meanwhile is part of it."""
    row = await press.ask(session, actor, script_id, body.note)
    return await views.body(session, approvals.shown(actor, row))


@router.post("/scripts/{script_id}/publish", operation_id="publish_script")
async def publish_script(
    actor: Writer, session: Transaction, press: Press, approvals: Requests, script_id: str, body: PublishRequest
) -> PublicationBody:
    """Publish an approved version, or go back to one that was published before."""
    await press.publish_version(session, actor, script_id, body.version)
    return await get_publication(actor, session, press, approvals, script_id)


@router.put("/scripts/{script_id}/mark", status_code=204, operation_id="mark_script")
async def mark_script(actor: Manager, session: Transaction, press: Press, script_id: str, body: Mark) -> None:
    """Say whether each run of a script waits for a second person."""
    await press.mark(session, actor, script_id, marked=body.marked)
