"""What live attempts use, looked at now and then: from their control groups, else from /proc.

An attempt is first looked at when it is a second old, so short ones cost nothing. Looks grow rarer as it grows older.
"""

import asyncio
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import select

from runyard import clock, log, tasks
from runyard.db.session import Database
from runyard.live.bus import Bus
from runyard.runner import read_shim
from runyard.runner.tree import descendants
from runyard.runs import usage
from runyard.runs.models import RunUsageRow
from runyard.runs.repository import Token
from runyard.runs.series import Sample, Series, between, unpacked
from runyard.sandbox import Sandboxes

logger = log.get("engine")

TICK_S = 1.0
FLUSH_S = 10.0
FRESH_S = 5.0
MOST_PROCESSES = 4096
MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Subject:
    """A live attempt, as the sampler sees it."""

    name: str
    token: Token
    project_id: str
    spool: Path


@dataclass
class _Track:
    subject: Subject
    pid: int
    began_us: int
    series: Series = field(default_factory=Series)
    last: Sample | None = None
    io: dict[int, tuple[int, int]] = field(default_factory=dict)
    gone: tuple[int, int] = (0, 0)
    dirty: bool = False
    over: bool = False
    stored_at: float = 0.0


class Sampler:
    """Follows what live attempts use; one per worker."""

    def __init__(self, database: Database, bus: Bus, sandboxes: Sandboxes) -> None:
        self._database = database
        self._bus = bus
        self._sandboxes = sandboxes
        self._tracks: dict[str, _Track] = {}
        self._loop: asyncio.Task[None] | None = None

    def start(self, live: Callable[[], Iterable[Subject]]) -> None:
        """Begin to look at what `live` answers."""
        self._loop = asyncio.create_task(self._run(live), name="engine.sampler")

    async def stop(self) -> None:
        """End, and keep what was seen."""
        await tasks.end(self._loop)
        await self._store([track for track in self._tracks.values() if track.dirty])

    async def over(self, name: str) -> dict[str, float]:
        """Store what was seen of an attempt that has ended; return what it has read and written, in MB.

        Nothing is added from then on: who hears that a run is over finds all of it.
        """
        track = self._tracks.get(name)
        if track is None:
            return {}
        track.over = True
        if track.dirty:
            await self._store([track])
        sums = {"read_mb": track.series.total("read_bytes"), "written_mb": track.series.total("written_bytes")}
        return {key: round(value / MB, 3) for key, value in sums.items() if value is not None}

    async def _run(self, live: Callable[[], Iterable[Subject]]) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            try:
                await self.tick(list(live()))
            except Exception:
                logger.exception("sampler.failed")

    async def tick(self, live: Iterable[Subject]) -> None:
        """Look at every live attempt that is due, and store what has waited for long enough."""
        subjects = {subject.name: subject for subject in live}
        for name, subject in subjects.items():
            if name not in self._tracks:
                await self._begin(subject)
        points = await asyncio.to_thread(self._look, [self._tracks[name] for name in subjects if name in self._tracks])
        for track, point in points:
            run = {"id": track.subject.token.run_id, "project_id": track.subject.project_id}
            news = {**run, "attempt": track.subject.token.attempt, "point": usage.shown(point).model_dump()}
            message = {"type": "usage", "run": news}
            self._bus.publish(f"run:{run['id']}", message)
            self._bus.publish(f"project:{run['project_id']}", message)
        over = [self._tracks.pop(name) for name in tuple(self._tracks) if name not in subjects]
        now = clock.monotonic()
        due = [track for track in self._tracks.values() if track.dirty and now - track.stored_at >= FLUSH_S]
        await self._store([*(track for track in over if track.dirty), *due])

    async def _begin(self, subject: Subject) -> None:
        shim = await asyncio.to_thread(read_shim, subject.spool) or {}
        pid, began = shim.get("pid"), shim.get("started_at_us")
        if not isinstance(pid, int) or not isinstance(began, int):
            return
        age_s = (clock.to_us(clock.now()) - began) / 1e6
        if age_s < TICK_S:
            return
        track = _Track(subject, pid, began, stored_at=clock.monotonic())
        if age_s < FRESH_S:
            track.last = Sample(0.0, 0.0, 0, 0, 0, 0)
        else:
            # An attempt that an earlier life of this worker has begun: what it saw is gone on with.
            track.series = await self._known(subject.token) or Series()
        self._tracks[subject.name] = track

    async def _known(self, token: Token) -> Series | None:
        where = (RunUsageRow.run_id == token.run_id, RunUsageRow.attempt == token.attempt)
        async with self._database.read() as session:
            stored = (await session.execute(select(RunUsageRow.series).where(*where))).scalar_one_or_none()
        return unpacked(stored) if stored else None

    def _look(self, tracks: list[_Track]) -> list[tuple[_Track, list[Any]]]:
        """Take a sample of each that is due. Runs in a thread: files of /proc are read."""
        now_us = clock.to_us(clock.now())
        found = []
        for track in tracks:
            at_s = (now_us - track.began_us) / 1e6
            # A little early is not too early: ticks are not exact.
            if track.over or (track.last is not None and at_s - track.last.at_s < 0.9 * track.series.step_s):
                continue
            sample = _sample(track, at_s, self._sandboxes.groups(track.subject.name))
            if sample is None:
                continue
            if track.last is not None and not track.over:
                point = between(track.last, sample)
                track.series.add(point)
                track.dirty = True
                found.append((track, point.packed()))
            track.last = sample
        return found

    async def _store(self, tracks: list[_Track]) -> None:
        if not tracks:
            return
        now, monotonic = clock.now(), clock.monotonic()
        for track in tracks:
            track.dirty, track.stored_at = False, monotonic
        rows = [(track.subject.token, track.series) for track in tracks]
        await self._database.transact(lambda connection: usage.store(connection, rows, now))


def _sample(track: _Track, at_s: float, groups: tuple[Path, ...]) -> Sample | None:
    cpu_s = _first(_cpu(group) for group in groups)
    memory = _first(_memory(group) for group in groups)
    processes = _first(_number(group / "pids.current") for group in groups)
    io = _first(_moved(group) for group in groups)
    pids = descendants(track.pid)
    if not pids and cpu_s is None:
        return None
    if io is None:
        io = _moved_by(track, pids)
    if cpu_s is None or memory is None:
        own_cpu, own_memory = _by_processes(pids)
        cpu_s = own_cpu if cpu_s is None else cpu_s
        memory = own_memory if memory is None else memory
    read, written = io if io is not None else (None, None)
    return Sample(at_s, cpu_s, memory, read, written, processes if processes is not None else len(pids))


def _first(values: Iterable[Any]) -> Any:
    return next((value for value in values if value is not None), None)


def _text(path: Path) -> str | None:
    try:
        return path.read_text("ascii", "replace")
    except OSError:
        return None


def _number(path: Path) -> int | None:
    text = _text(path)
    return int(text) if text is not None and text.strip().isdigit() else None


def _named(path: Path, key: str) -> int | None:
    for line in (_text(path) or "").splitlines():
        name, _, value = line.partition(" ")
        if name == key and value.isdigit():
            return int(value)
    return None


def _cpu(group: Path) -> float | None:
    if (usec := _named(group / "cpu.stat", "usage_usec")) is not None:
        return usec / 1e6
    nsec = _number(group / "cpuacct.usage")
    return None if nsec is None else nsec / 1e9


def _memory(group: Path) -> int | None:
    """Return what is in use without files that the kernel would drop first."""
    current = _number(group / "memory.current")
    idle = _named(group / "memory.stat", "inactive_file")
    if current is None:
        current = _number(group / "memory.usage_in_bytes")
        idle = _named(group / "memory.stat", "total_inactive_file")
    return None if current is None else max(0, current - (idle or 0))


def _moved(group: Path) -> tuple[int, int] | None:
    text = _text(group / "io.stat")
    if text is None:
        return None
    sums = {"rbytes": 0, "wbytes": 0}
    for word in text.split():
        key, _, value = word.partition("=")
        if key in sums and value.isdigit():
            sums[key] += int(value)
    return sums["rbytes"], sums["wbytes"]


def _moved_by(track: _Track, pids: set[int]) -> tuple[int, int] | None:
    for pid in [pid for pid in track.io if pid not in pids]:
        read, written = track.io.pop(pid)
        track.gone = (track.gone[0] + read, track.gone[1] + written)
    for pid in list(pids)[:MOST_PROCESSES]:
        facts = Path(f"/proc/{pid}/io")
        read_, written_ = _named(facts, "read_bytes:"), _named(facts, "write_bytes:")
        if read_ is not None and written_ is not None:
            track.io[pid] = (read_, written_)
    if not track.io and track.gone == (0, 0):
        return None
    return (
        track.gone[0] + sum(read for read, _ in track.io.values()),
        track.gone[1] + sum(written for _, written in track.io.values()),
    )


def _by_processes(pids: set[int]) -> tuple[float | None, int | None]:
    ticks, pages, seen = 0, 0, False
    for pid in list(pids)[:MOST_PROCESSES]:
        stat, statm = _text(Path(f"/proc/{pid}/stat")), _text(Path(f"/proc/{pid}/statm"))
        if stat is None or statm is None:
            continue
        seen = True
        # The name may hold anything, also blanks and brackets; behind it stand numbers only.
        rest = stat.rpartition(")")[2].split()
        ticks += sum(int(word) for word in rest[11:15])
        pages += int(statm.split()[1])
    if not seen:
        return None, None
    return ticks / os.sysconf("SC_CLK_TCK"), pages * os.sysconf("SC_PAGE_SIZE")
