"""A package whose build waits at a gate until it is let pass."""

import asyncio
import contextlib
from pathlib import Path

import psutil

# A build backend that answers what it is at once, and builds only once the file GATE is there.
SLOW = """
import os, time, zipfile
from pathlib import Path

def prepare_metadata_for_build_wheel(folder, settings=None):
    info = Path(folder) / "slow-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\\nName: slow\\nVersion: 1.0\\n")
    (info / "WHEEL").write_text("Wheel-Version: 1.0\\nGenerator: t\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    return info.name

def build_wheel(folder, settings=None, metadata=None):
    Path("GATE.pid").write_text(str(os.getpid()))
    print("waiting at the gate", flush=True)
    while not Path("GATE").exists():
        time.sleep(0.02)
    with zipfile.ZipFile(Path(folder) / "slow-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("slow.py", "VERSION = '1.0'\\n")
        wheel.writestr("slow-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: slow\\nVersion: 1.0\\n")
        wheel.writestr("slow-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        names = ("slow.py", "slow-1.0.dist-info/METADATA", "slow-1.0.dist-info/WHEEL", "slow-1.0.dist-info/RECORD")
        wheel.writestr("slow-1.0.dist-info/RECORD", "".join(f"{name},,\\n" for name in names))
    return "slow-1.0-py3-none-any.whl"
"""


async def the_builder(gate: Path) -> psutil.Process:
    """Wait until a builder stands at the gate."""
    note = gate.with_name("gate.pid")
    while True:
        with contextlib.suppress(OSError, ValueError, psutil.Error):
            process = psutil.Process(int(note.read_text()))
            note.unlink()
            return process
        await asyncio.sleep(0.02)


async def gone(process: psutil.Process) -> None:
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        await asyncio.sleep(0.02)
