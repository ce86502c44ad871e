"""What each level gives on this machine, in words for doctor and the page. Pure."""

from dataclasses import dataclass

from runyard.sandbox.cgroups import Cgroups
from runyard.sandbox.engines import FoundEngine
from runyard.sandbox.landlock import Landlock
from runyard.sandbox.plan import Level, Probe
from runyard.sandbox.probing import Found

_WATCHED = "measured again and again, no quota"


@dataclass(frozen=True, slots=True)
class Telling:
    """What was found once: users of their own, control groups, Landlock, the filter of system calls."""

    users: range
    groups: Cgroups
    landlock: Landlock
    filtered: bool
    guards: bool

    def process(self) -> Probe:
        """The level that is always there."""
        details = {
            "user": self._user(),
            "network": "can't be switched off",
            "files": self._files(),
            "system_calls": self._calls(),
            "limits": self._limits(),
            "disk": _WATCHED,
        }
        return Probe(Level.process, available=True, reason="", details=details, fix=self.groups.fix)

    def bubblewrap(self, found: Found) -> Probe:
        """Namespaces and a private root."""
        if not found.tools:
            return Probe(Level.bubblewrap, available=False, reason=found.why, fix=found.fix)
        details = {
            "version": found.version,
            "program": found.tools.bwrap,
            "user": self._user(),
            "network": f"can't be switched off: {found.network}" if found.network else "on, off or some places only",
            "files": "own root",
            "system_calls": "filtered" if found.tools.files.seccomp else "not filtered on this processor",
            "limits": self._limits(),
            "disk": _WATCHED,
        }
        return Probe(Level.bubblewrap, available=True, reason="", details=details, fix=self.groups.fix)

    def container(self, found: FoundEngine) -> Probe:
        """A container of an engine."""
        engine = found.engine
        if not engine:
            return Probe(Level.container, available=False, reason=found.why, fix=found.fix)
        held = [name for name in ("memory", "pids", "cpu") if name not in engine.lacks]
        details = {
            "version": engine.version,
            "engine": engine.socket,
            "image": "the machine's own system, read-only" if engine.etc else engine.image,
            "user": self._user(),
            "network": f"off only: {found.network}" if found.network else "on, off or some places only",
            "files": "own root",
            "system_calls": "filtered by the engine" if engine.filtered else "not filtered",
            "limits": f"{', '.join(held) or 'none'} by the engine",
            "disk": _WATCHED,
        }
        return Probe(Level.container, available=True, reason="", details=details)

    def _user(self) -> str:
        return f"{self.users[0]} to {self.users[-1]} (own, unprivileged)" if self.users else "same as Runyard"

    def _limits(self) -> str:
        if not self.groups.version:
            return f"not enforced: {self.groups.why}"
        held = [name for name in ("memory", "pids", "cpu") if not self.groups.why_not(name)]
        return f"{', '.join(held)} by {self.groups.by}"

    def _files(self) -> str:
        if not self.guards:
            return "the machine's, as that user (sandbox.guards is off)"
        if self.landlock.why:
            return f"the machine's, as that user: {self.landlock.why}"
        return f"bounded by Landlock (version {self.landlock.version})"

    def _calls(self) -> str:
        if not self.guards:
            return "not filtered (sandbox.guards is off)"
        return "filtered" if self.filtered else "not filtered on this processor"
