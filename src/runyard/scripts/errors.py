"""What can be wrong with scripts."""

from runyard.errors import Conflict, Forbidden, Invalid, Missing, Unavailable


class NoSuchScript(Missing):
    """There is no such script."""


class NoSuchVersion(Missing):
    """There is no such version of this script."""


class InvalidScript(Invalid):
    """The script is not valid."""


class InvalidParameters(Invalid):
    """Some parameters are not valid."""


class NameTaken(Conflict):
    """Another script of this project has that name."""


class VersionConflict(Conflict):
    """The script was changed in the meantime: you were working on an older version."""


class BadTree(Invalid):
    """These files can't be taken as a project."""


class NoSuchSourceFile(Missing):
    """This version of the script has no such file."""


class NotRunnable(Conflict):
    """A module of the library is imported by scripts; it is not run by itself."""


class NotPublished(Conflict):
    """Nothing of this script is published yet: ask for a review, or run the draft if you may change it."""


class NotFourEyes(Conflict):
    """This project does not ask for reviews: a saved version is what runs take."""


class NothingToReview(Conflict):
    """The newest version is the published one."""


class NotReviewed(Conflict):
    """This version has not been approved, and was never published before."""


class NoSuchCategory(Missing):
    """There is no such category."""


class CategoryTaken(Conflict):
    """Another category of this project has that name."""


class NoSuchSet(Missing):
    """The script has no such parameter set."""


class SetTaken(Conflict):
    """Another parameter set of this script has that name."""


class SourceRefused(Invalid):
    """Nothing is fetched from there."""


class SourceUnreachable(Unavailable):
    """The source can't be reached."""


class NoSuchSource(Missing):
    """The script is not kept in step with anything."""


class BadSignature(Forbidden):
    """The signature of the call is missing or wrong."""
