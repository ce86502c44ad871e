"""What may go wrong when the editor asks for help."""

from runyard.errors import Conflict, Invalid, Missing, TooMany, Unavailable


class ProgramMissing(Unavailable):
    """The program for this is not installed here."""


class ProgramUnconfined(Unavailable):
    """The editor's programs can't be kept apart from Runyard on this machine."""


class ProgramFailed(Unavailable):
    """The program ended without an answer."""


class ProgramTooSlow(Unavailable):
    """The program took too long over this code and was stopped."""


class ServersBusy(TooMany):
    """Too many editors ask for completion just now."""


class CodeUnreadable(Invalid):
    """The code can't be formatted while it has a syntax error."""


class NoSuchSnippet(Missing):
    """There is no such snippet."""


class TooManySnippets(Conflict):
    """You have as many snippets as can be kept; delete some first."""
