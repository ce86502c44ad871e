"""The one factory: settings in, a wired yard out."""

from runyard.wiring.confinement import make_sandboxes
from runyard.wiring.places import DataUnusable, connect, prepare_data
from runyard.wiring.yard import ROLES, Ready, Yard

__all__ = ["ROLES", "DataUnusable", "Ready", "Yard", "connect", "make_sandboxes", "prepare_data"]
