"""Runs that outlive the platform: a launcher, one shim per attempt, and the spool between them and the agent.

Everything here is standard library only. The launcher process never imports this file (see `client`).
"""

from .client import Launcher
from .link import Event, ShimLink
from .remains import end_remains
from .spec import (
    CgroupPlan,
    Container,
    Disk,
    Egress,
    Exit,
    Frame,
    Guard,
    OutputCount,
    Reason,
    ShimGone,
    Spec,
    SpoolDamaged,
    Started,
    StartFailed,
    Usage,
)
from .spool import SpoolReader, claim_unstarted, read_exit, read_shim, shim_alive

__all__ = [
    "CgroupPlan",
    "Container",
    "Disk",
    "Egress",
    "Event",
    "Exit",
    "Frame",
    "Guard",
    "Launcher",
    "OutputCount",
    "Reason",
    "ShimGone",
    "ShimLink",
    "Spec",
    "SpoolDamaged",
    "SpoolReader",
    "StartFailed",
    "Started",
    "Usage",
    "claim_unstarted",
    "end_remains",
    "read_exit",
    "read_shim",
    "shim_alive",
]
