"""What can go wrong with an environment, and the words for it."""

from typing import ClassVar

from runyard.errors import Conflict, Forbidden, Invalid, Kind, Missing, Problem


class NoSuchEnvironment(Missing):
    """There is no environment of that id."""


class EnvironmentInUse(Conflict):
    """A live run uses this environment."""


class SharedEnvironment(Forbidden):
    """Others use this environment too: who changes it must look after environments in every project that does."""


class HeaderMalformed(Invalid):
    """The script's PEP 723 header can't be read."""


class RequirementMalformed(Invalid):
    """That is not a requirement."""


class PythonVersionMalformed(Invalid):
    """That is not a version of Python, or a range of them."""


class BuildFailed(Problem):
    """The environment could not be built."""

    kind = Kind.unavailable
    environment_id: str | None = None
    """Which one, where there is a row of it."""
    _by_code: ClassVar[dict[str, type["BuildFailed"]]] = {}

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        BuildFailed._by_code[cls.code] = cls

    @property
    def message(self) -> str:
        """What a user reads, mostly the resolver's own words."""
        return self.detail

    def again(self) -> "BuildFailed":
        """Return the same failure as a fresh exception, for one more listener."""
        again = type(self)(self.detail)
        again.environment_id = self.environment_id
        return again

    @staticmethod
    def of(code: str, message: str) -> "BuildFailed":
        """Return the failure that was stored under that code."""
        return BuildFailed._by_code.get(code, BuildFailed)(message)


class ResolutionFailed(BuildFailed):
    """The requirements can't be satisfied."""


class IndexUnreachable(BuildFailed):
    """The package index can't be reached."""


class InstallFailed(BuildFailed):
    """A package could not be installed."""


class DiskFull(BuildFailed):
    """The disk is full."""


class BuildTimedOut(BuildFailed):
    """The build took longer than is allowed."""


class BuildCancelled(BuildFailed):
    """The build was cancelled."""


class BuildInterrupted(BuildFailed):
    """The builder stopped in the middle; the build begins anew with the next start."""


class ToolMissing(BuildFailed):
    """A tool that builds environments is missing."""


class PythonMissing(BuildFailed):
    """There is no Python here that script environments can be built on."""


class NodeMissing(BuildFailed):
    """There is no Node.js here."""
