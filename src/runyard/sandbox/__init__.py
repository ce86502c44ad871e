"""Confinement of user code: levels, users of its own, limits, and honest word of what is in force."""

from runyard.sandbox.plan import Confinement, Grip, InForce, Level, Limits, Probe, Request
from runyard.sandbox.sandboxes import Sandboxes
from runyard.sandbox.uids import UidPool

__all__ = ["Confinement", "Grip", "InForce", "Level", "Limits", "Probe", "Request", "Sandboxes", "UidPool"]
