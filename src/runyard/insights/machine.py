"""Figures of the machine that answers."""

import os
from pathlib import Path

from runyard.insights.schemas import Machine


class Gauge:
    """Reads the machine; processor use is since the reading before."""

    def __init__(self, data: Path) -> None:
        self._data = data

    def read(self) -> Machine:
        """Return the present figures; takes well under a millisecond."""
        import psutil

        memory = psutil.virtual_memory()
        disk = psutil.disk_usage(str(self._data))
        return Machine(
            cpus=os.cpu_count() or 1,
            cpu_percent=psutil.cpu_percent(interval=None),
            load=round(os.getloadavg()[0], 2),
            memory_total=memory.total,
            memory_used=memory.total - memory.available,
            disk_total=disk.total,
            disk_used=disk.used,
        )
