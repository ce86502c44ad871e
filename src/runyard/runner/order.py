"""The launcher's view of a Spec: plain slots, because dataclasses would triple the launcher's size."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Order:
    """One attempt as it arrived over the wire; KeyError or TypeError when it is no such thing."""

    __slots__ = (
        "argv",
        "attempt_id",
        "cgroups",
        "container",
        "cwd",
        "disk",
        "egress",
        "enclosed",
        "env",
        "gid",
        "grace_s",
        "guard",
        "output_cap",
        "rlimits",
        "spare_leader",
        "spool",
        "timeout_s",
        "uid",
        "umask",
    )

    def __init__(self, wire: dict[str, Any]) -> None:
        self.attempt_id: str = wire["attempt_id"]
        self.spool: str = wire["spool"]
        self.argv: list[str] = wire["argv"]
        self.env: dict[str, str] = wire["env"]
        self.cwd: str = wire["cwd"]
        self.uid: int | None = wire.get("uid")
        self.gid: int | None = wire.get("gid")
        self.umask: int = wire.get("umask", 0o077)
        self.timeout_s: float | None = wire.get("timeout_s")
        self.grace_s: float = wire.get("grace_s", 5.0)
        self.output_cap: int = wire.get("output_cap", 50 * 1024 * 1024)
        self.rlimits: list[tuple[str, int]] = wire.get("rlimits") or []
        self.cgroups: list[dict[str, Any]] = wire.get("cgroups") or []
        # what an agent of the version before does not send
        self.container: dict[str, Any] | None = wire.get("container")
        self.egress: dict[str, Any] | None = wire.get("egress")
        self.guard: dict[str, Any] | None = wire.get("guard")
        self.disk: dict[str, Any] | None = wire.get("disk")
        self.spare_leader: bool = bool(wire.get("spare_leader"))
        if not self.argv:
            raise KeyError("argv")
        guard = self.guard or {}
        # its own first program takes its rights away and ends with its parent, so that a shell may lead up to it
        self.enclosed: bool = (
            self.spare_leader
            and self.argv[:2] == ["/bin/sh", "-c"]
            and self.container is None
            and self.egress is None
            and self.uid is None
            and self.gid is None
            and not guard.get("rules")
            and guard.get("seccomp") is None
        )
