"""What can be wrong with a wish for confinement."""

from runyard.errors import Invalid, Kind, Problem, TooMany, Unavailable


class LevelUnavailable(Unavailable):
    """This machine cannot give the isolation level that was asked for."""


class NetworkIsolationUnavailable(Unavailable):
    """The network can't be switched off at this isolation level."""


class LimitUnavailable(Unavailable):
    """A limit that was asked for can't be enforced on this machine."""


class NoFreeUser(TooMany):
    """Every user id set aside for runs is taken."""


class PathClosed(Problem):
    """A path that the run needs can't be read by the run's own user."""

    kind = Kind.broken


class UnsafeVariable(Invalid):
    """An environment variable could take over the programs that build the sandbox."""


class TreeTooDeep(Invalid):
    """A directory of the run is nested too deep."""


class MountRefused(Invalid):
    """A host directory that the script wants to see can't be mounted."""


class EgressRefused(Invalid):
    """A place on the script's list of allowed places can't be one."""
