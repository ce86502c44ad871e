"""What can be wrong with secrets and variables."""

from runyard.errors import Conflict, Invalid, Missing


class NoSuchSecret(Missing):
    """There is no such secret."""


class NoSuchVariable(Missing):
    """There is no such variable."""


class NoSuchConnection(Missing):
    """There is no such connection."""


class ConnectionMissing(Invalid):
    """A connection that the script lists is not there."""


class InvalidSecret(Invalid):
    """The secret or variable is not valid."""


class SecretNameTaken(Conflict):
    """There is a secret, variable or connection of that name in this place and stage."""


class SecretInUse(Conflict):
    """Scripts use it."""


class SecretMissing(Invalid):
    """A secret that the script lists is not there."""


class VariableMissing(Invalid):
    """A variable that the script lists is not there."""


class InvalidStages(Invalid):
    """The stages are not valid."""


class KeysBusy(Conflict):
    """Keys are being changed already."""


class KeyElsewhere(Conflict):
    """The master key is not Runyard's to change."""
