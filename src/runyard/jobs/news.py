"""Word of changes to jobs, for schedulers."""

from runyard.live.bus import Bus

TOPIC = "jobs"


def wake(bus: Bus) -> None:
    """Tell schedulers that something may be due sooner than it was."""
    bus.publish(TOPIC, {"type": "jobs"})
