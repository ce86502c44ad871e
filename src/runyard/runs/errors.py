"""What can be wrong with a request about runs."""

from runyard.errors import Conflict, Invalid, Missing, TooLarge, Unavailable


class NoSuchRun(Missing):
    """There is no run with that id."""


class NoSuchFile(Missing):
    """The run has no such file."""


class NoPlainFile(NoSuchFile):
    """It is a directory, a link, a pipe, a socket or a device; only plain files are read."""


class NoSuchAttempt(Missing):
    """The run has no such attempt."""


class AlreadyOver(Conflict):
    """The run is over; there is nothing to cancel."""


class KeyReused(Conflict):
    """That Idempotency-Key was used before with another request."""

    code = "idempotency_key_reused"


class BadUpload(Invalid):
    """An uploaded file can't be taken."""


class BadSubmit(Invalid):
    """The run can't be submitted like this."""


class BadFilter(Invalid):
    """The filter is not one that this list knows."""


class UploadTooLarge(TooLarge):
    """The uploaded files are larger than allowed."""

    code = "too_large"


class DiskFull(Unavailable):
    """There is not enough free disk space to take this."""


class UploadsGone(Conflict):
    """The uploaded files are no longer kept; submit the run anew with its files."""


class ConcurrencySkipped(Conflict):
    """As many of these runs as may run at once are under way, and more are skipped."""


class NotOver(Conflict):
    """The run is not over yet; cancel it first."""


class NoSuchFailure(Missing):
    """There is no group of failures with that id."""


class NoSuchArchive(Missing):
    """There is no such archive."""


class BadBatch(Invalid):
    """That batch can't be done like this."""


class TooShortToScrub(Invalid):
    """So short a value stands in logs for many other reasons; it is not looked for."""


class ScrubGoesOn(Conflict):
    """This is being looked for already."""
