"""What can be wrong with connections."""

from runyard.errors import Conflict, Invalid, TooMany


class InvalidConnection(Invalid):
    """The connection is not valid."""


class SecretsNeeded(Invalid):
    """The connection leads elsewhere now: give its secrets again."""


class TooManyTests(TooMany):
    """Too many connections are being tested at this moment."""


class KindFixed(Conflict):
    """A connection keeps its kind."""
