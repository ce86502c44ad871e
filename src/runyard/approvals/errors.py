"""What can be wrong with requests for a second person's consent."""

from typing import Any

from runyard.access.permissions import Actor
from runyard.approvals.operations import Operation
from runyard.audit.events import Target
from runyard.errors import Conflict, Missing


class NoSuchApproval(Missing):
    """There is no such request."""

    code = "no_such_approval"


class NoSuchComment(Missing):
    """There is no such comment."""

    code = "no_such_comment"


class OpenThreads(Conflict):
    """Some comments are not resolved yet."""


class ChangedMeanwhile(Conflict):
    """What this would do is not what was asked for any more: something has changed meanwhile. Ask again."""


class CannotWait(Conflict):
    """This needs a second person, and a request with files can't be kept for one. Do it without files."""


class NeedsSecondPerson(Conflict):
    """This waits for a second person."""

    def __init__(
        self, actor: Actor, operation: Operation, target: Target, changes: dict[str, list[Any]], digest: str
    ) -> None:
        super().__init__()
        self.actor = actor
        self.operation = operation
        self.target = target
        self.changes = changes
        self.digest = digest
