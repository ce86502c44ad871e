"""What can go wrong at a command, with what to do about it."""

from collections.abc import Sequence

from runyard.errors import FieldError, Problem


class Trouble(Problem):
    """The command could not be carried out."""

    exit_code = 1
    hint = ""

    def __init__(self, detail: str | None = None, *, hint: str = "", fields: Sequence[FieldError] = ()) -> None:
        super().__init__(detail, fields=fields)
        self.hint = hint or type(self).hint


class Misuse(Trouble):
    """The command was called with arguments that don't fit together."""

    exit_code = 2


class NotLoggedIn(Trouble):
    """You are not signed in."""

    hint = "Sign in with `runyard login`."


class ServerUnreachable(Trouble):
    """The server does not answer."""

    hint = "Start one here with `runyard up`, or sign in to another with `runyard login URL`."


class NotRunyard(Trouble):
    """What answers there is not Runyard."""

    hint = "Check the address: `runyard login URL`, or RUNYARD_URL."


class Refused(Trouble):
    """The server refused the request."""

    def __init__(
        self, detail: str, *, status: int, problem: str, fields: Sequence[FieldError] = (), hint: str = ""
    ) -> None:
        super().__init__(detail, fields=fields, hint=hint)
        self.status = status
        self.problem = problem


class WaitsForConsent(Trouble):
    """This waits for a second person, and is done once one has agreed."""

    exit_code = 4

    def __init__(self, approval: str) -> None:
        super().__init__(
            f"This waits for a second person ({approval}); it is done once one has agreed.",
            hint=f"`runyard approvals show {approval}` tells how it stands.",
        )
        self.approval = approval


class NothingFound(Trouble):
    """There is nothing of that name."""
