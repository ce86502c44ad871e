"""One attempt's keeper: a forked copy of the launcher that outlives it, the agent and their upgrades.

It owns the script's pipes, clock and process tree, and says what it saw in the spool. When nothing of an attempt is
left it may serve another one, as long as its launcher lives.
It imports nothing after the fork, so that an upgrade under it cannot hurt.
"""

from __future__ import annotations

import os
import select
import time

from . import child, engine, kernel
from .cgroups import Groups, GroupUnavailable
from .claim import process_start, publish
from .control import Control
from .disk import DiskWatch
from .protocol import CONTAINER_FILE, READ_SIZE, STDERR, STDOUT, VERSION, ForeignMessage, decode
from .recorder import SpoolWriter
from .tree import Tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .order import Order
    from .standby import Place

_START_S = 30.0
_CONTAINER_START_S = 120.0
_DRAIN_S = 1.0
_UNKILLABLE_S = 30.0
_FAREWELL_S = 0.005
"""For what dies with its leader: a sandbox's first process does, while its namespaces are taken down."""


class NotStarted(Exception):  # noqa: N818 - errors are nouns here
    """The script could not be started, in words."""


class Shim:
    """The life of one attempt, from the claim to the exit record."""

    def __init__(self, order: Order, place: Place) -> None:
        self.order = order
        self.place = place
        self.wake = place.wake
        self.groups = Groups()
        self.began = self.ended = time.monotonic()
        self.leader_status: int | None = None
        self.childless = False
        self.leader = 0
        self.reason = "exit"
        self.why: str | None = None
        self.disk: DiskWatch | None = None
        self.cpu_s = 0.0
        self.largest = 0
        self.finished_us = 0
        self.kill_at: float | None = None
        self.killed_at: float | None = None

    def live(self) -> bool:
        """Claim the attempt, run it, record its end; whether nothing of it is left here."""
        if self.order.enclosed:
            try:
                self._spawn()
            except OSError as failure:
                # nothing is claimed yet, so the record is the agent's to write
                self.place.tell("failed", message=f"the start failed: {failure.strerror}")
                return False
        else:
            # first, while this process has few pages of its own that a fork would share and later copy again
            self._fork()
        os.umask(0o077)
        os.chdir(self.order.spool)
        self.control = Control()
        self.started_us = time.time_ns() // 1000
        if not self._claim():
            self.control.withdraw()
            os.close(self.go)
            self.place.tell("taken")
            return False
        try:
            self.spool = SpoolWriter(self.order.output_cap)
            self.groups.make(self.order.cgroups)
            self._start()
        except (NotStarted, GroupUnavailable, child.Refused, OSError) as failure:
            self._never_ran(str(failure))
            return False
        self.place.tell("started", pid=os.getpid(), started_at_us=self.started_us)
        self._watch()
        return self._finish()

    def _pipes(self) -> child.Ends:
        """Make the pipes between shim and script; the script's ends."""
        out_read, out_write = os.pipe()
        err_read, err_write = os.pipe()
        why_read, why_write = os.pipe()
        go_read, go_write = os.pipe()
        self.streams = {out_read: STDOUT, err_read: STDERR}
        self.go, self.refusal = go_write, why_read
        return child.Ends(go_read, out_write, err_write, why_write)

    def _fork(self) -> None:
        """Make the script's process; it waits for the word to go, and without it ends."""
        ends = self._pipes()
        shim = os.getpid()
        self.leader = os.fork()
        if self.leader == 0:
            os.close(self.go)
            child.become_script(self.order, shim, ends)
        self._born(ends)

    def _spawn(self) -> None:
        """The same without a copy of this process: a shell waits for the word and leads up to the sandbox."""
        guard = self.order.guard
        if guard is not None and not self.place.scoped:
            # bounds the shim too, which has no business with what is closed
            kernel.confine(guard["landlock"], [])
            self.place.scoped = True
        ends = self._pipes()
        os.umask(self.order.umask)
        os.chdir(self.order.cwd)
        self.leader = child.spawn_script(self.order, ends)
        self._born(ends)

    def _born(self, ends: child.Ends) -> None:
        for fd in (ends.stdout, ends.stderr, ends.why, ends.go):
            os.close(fd)
        self.tree = Tree(self.leader, self.groups, self._end_container if self.order.container else None)

    def _claim(self) -> bool:
        pid = os.getpid()
        document: dict[str, Any] = {
            "pid": pid,
            "start_time": process_start(pid),
            "boot_id": self.place.boot,
            "attempt_id": self.order.attempt_id,
            "started_at_us": self.started_us,
            "leader": self.leader,
            "leader_start": process_start(self.leader),
            "cgroups": [plan["path"] for plan in self.order.cgroups],
        }
        if self.order.container is not None:
            document["container"] = {name: self.order.container[name] for name in ("socket", "name")}
        if not publish(document):
            return False
        self.control.take_name()
        return True

    def _start(self) -> None:
        """Let the script's process go; NotStarted when it could not become the script."""
        self.began = self.ended = time.monotonic()
        if self.order.enclosed:
            child.limit(self.order.rlimits, self.leader)
        os.write(self.go, b"go\n")
        os.close(self.go)
        waiting = select.poll()
        waiting.register(self.refusal, select.POLLIN)
        patience_s = _CONTAINER_START_S if self.order.container else _START_S
        if not waiting.poll(patience_s * 1000):
            raise NotStarted(f"the start took longer than {patience_s:g} s")
        why = os.read(self.refusal, 4096)
        os.close(self.refusal)
        if why:
            raise NotStarted(why.decode("utf-8", "replace"))
        if self.order.disk is not None:
            self.disk = DiskWatch(self.order.disk, self.tree.pids)

    def _never_ran(self, message: str) -> None:
        self.tree.end(self._reap)
        self._end_container()
        self.groups.remove()
        self.reason = "start_failed"
        self.control.withdraw()
        if hasattr(self, "spool"):
            self.spool.settle(self._record(message))
        self.place.tell("failed", message=message)
        self.control.close()

    def give_up(self) -> None:
        """Leave nothing running. Without an exit record the agent calls the attempt lost, which is what it is."""
        if self.leader:
            self.tree.end(self._reap)
            self._end_container()
            self.groups.remove()

    def _end_container(self) -> bool:
        """Kill and remove the run's container; whether there certainly is none any more."""
        wish = self.order.container
        return wish is None or engine.remove(wish["socket"], wish["name"])

    def _watch(self) -> None:
        poll = select.poll()
        control = self.control.fileno()
        for fd in (*self.streams, self.wake, control):
            poll.register(fd, select.POLLIN)
        limit = self.order.timeout_s
        self.expires = None if limit is None else self.began + limit
        self._reap()
        while not self._over():
            now = time.monotonic()
            self._deadlines(now)
            for fd, _ in poll.poll(self._patience_ms(now)):
                if fd in self.streams:
                    if not self._read(fd):
                        poll.unregister(fd)
                elif fd == self.wake:
                    os.read(fd, READ_SIZE)
                    self._reap()
                elif fd == control:
                    client = self.control.accept()
                    if client is not None:
                        poll.register(client, select.POLLIN)
                elif not self._listen(fd):
                    poll.unregister(fd)
            self.control.grew(self.spool.size)

    def _patience_ms(self, now: float) -> float | None:
        watched = None if self.disk is None else self.disk.due
        due = [at for at in (self.control.ring(now), self.kill_at, self.expires, watched) if at is not None]
        return max(0.0, min(due) - now) * 1000 + 0.5 if due else None

    def _listen(self, client: int) -> bool:
        messages = self.control.receive(client)
        for message in messages or ():
            self._obey(message)
        return messages is not None

    def _over(self) -> bool:
        if self.leader_status is not None:
            # a stopped script's helpers get the grace too, a finished script's get none
            return self.reason == "exit" or self.childless or self.killed_at is not None
        return self.killed_at is not None and time.monotonic() > self.killed_at + _UNKILLABLE_S

    def _deadlines(self, now: float) -> None:
        if self.expires is not None and now >= self.expires:
            self.expires = None
            self._stop("timeout", self.order.grace_s)
        if self.disk is not None and now >= self.disk.due:
            self.why = self.disk.step()
            if self.why is not None:
                # no grace: it would be used to write on
                self.disk = None
                self._stop("disk", 0.0)
        if self.kill_at is not None and now >= self.kill_at:
            self.killed_at = self.killed_at or now
            self.kill_at = now + 0.25
            self.tree.kill()

    def _obey(self, message: dict[str, Any]) -> None:
        if message.get("kind") == "cancel":
            grace = message.get("grace_s")
            self._stop("cancel", float(grace) if isinstance(grace, (int, float)) else self.order.grace_s)

    def _stop(self, reason: str, grace_s: float) -> None:
        """Ask the tree to end, and set the hour of its death; a second call can only make that earlier."""
        self._reap()
        if self.leader_status is not None and self.reason == "exit":
            return
        hour = time.monotonic() + max(0.0, grace_s)
        if self.reason == "exit":
            self.reason = reason
            self.expires = None
            self.kill_at = hour
            if grace_s > 0:
                self.tree.ask_to_stop(spare_leader=self.order.spare_leader)
        elif self.kill_at is not None:
            self.kill_at = min(self.kill_at, hour)

    def _reap(self) -> bool:
        """Bury every dead child; whether none is left, dead or alive."""
        while True:
            try:
                pid, status, used = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                self.childless = True
                return True
            if pid == 0:
                return False
            self.cpu_s += used.ru_utime + used.ru_stime
            self.largest = max(self.largest, used.ru_maxrss)
            if pid == self.leader:
                self.leader_status = status
                self.ended = time.monotonic()
                self.finished_us = time.time_ns() // 1000

    def _left_alone(self) -> bool:
        """Whether nothing of the tree is left, now or in a moment: to look for it costs more than to wait."""
        if self._alone():
            return True
        dying = select.poll()
        dying.register(self.wake, select.POLLIN)
        until = time.monotonic() + _FAREWELL_S
        while (left := until - time.monotonic()) > 0 and dying.poll(left * 1000):
            os.read(self.wake, READ_SIZE)
            if self._alone():
                return True
        return False

    def _alone(self) -> bool:
        return self._reap() and not self.groups.pids()

    def _read(self, fd: int) -> bool:
        data = os.read(fd, READ_SIZE)
        if data:
            self.spool.add(self.streams[fd], data)
            return True
        os.close(fd)
        del self.streams[fd]
        return False

    def _finish(self) -> bool:
        message = None
        if self.reason == "exit":
            # what is still to be done takes no core to speak of: another one may begin
            self.control.tell("ending")
        if not self._left_alone() and not self.tree.end(self._alone):
            message = "some processes could not be killed"
        if not self._end_container():
            message = "the container engine did not say that the container is gone"
        self._drain()
        # A file that can't grow any more looks to the script like any failure.
        if self.reason == "exit" and self.leader_status and self.disk is not None and (why := self.disk.last()):
            self.reason, self.why = "disk", why
        self.control.withdraw()
        settled = self.spool.settle(self._record(message))
        self.control.close()
        # the agent removes the spool now
        os.chdir("/")
        # nobody waits for this: what will not go now is taken away by the agent
        left = self.groups.remove()
        self.spool.close()
        return settled and message is None and self.order.enclosed and self.childless and not (left or self.streams)

    def _drain(self) -> None:
        """Read what is left in the pipes; somebody outside the tree may hold them open, so not for ever."""
        poll = select.poll()
        for fd in self.streams:
            poll.register(fd, select.POLLIN)
        until = time.monotonic() + _DRAIN_S
        while self.streams and time.monotonic() < until:
            for fd, _ in poll.poll(max(1.0, (until - time.monotonic()) * 1000)):
                if not self._read(fd):
                    poll.unregister(fd)

    def _record(self, message: str | None) -> dict[str, Any]:
        status = self.leader_status
        ran = status is not None and self.reason != "start_failed"
        number = os.WTERMSIG(status) if ran and status is not None and os.WIFSIGNALED(status) else None
        code = None
        if ran and status is not None:
            code = 128 + number if number is not None else os.waitstatus_to_exitcode(status)
        cpu_s = self.groups.cpu_s()
        peak = self.groups.memory_peak()
        oom = self.groups.out_of_memory()
        usage: dict[str, float | int | None] = {"wall_s": None, "cpu_s": None, "memory_peak_bytes": None}
        if self.reason != "start_failed":
            usage = {
                "wall_s": round(self.ended - self.began, 6),
                "cpu_s": round(self.cpu_s if cpu_s is None else cpu_s, 6),
                "memory_peak_bytes": self.largest * kernel.RSS_UNIT if peak is None else peak,
            }
        if self.order.container is not None:
            # what was measured here is the keeper
            kept = _keepers_word()
            usage |= {name: kept.get(name) for name in ("cpu_s", "memory_peak_bytes")}
            oom = bool(kept.get("oom"))
        return {
            "v": VERSION,
            "reason": self.reason,
            "exit_code": code,
            "signal": number,
            "oom": oom,
            "crowded": self.groups.short_of_processes(),
            "started_at_us": self.started_us,
            "finished_at_us": max(self.started_us, self.finished_us or time.time_ns() // 1000),
            "usage": usage,
            "message": message or (self.why if self.reason == "disk" else None),
            "notes": self.groups.notes,
        }


def _keepers_word() -> dict[str, Any]:
    try:
        fd = os.open(CONTAINER_FILE, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return {}
    try:
        return decode(os.read(fd, 4096))
    except (OSError, ForeignMessage):
        return {}
    finally:
        os.close(fd)
