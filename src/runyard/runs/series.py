"""Usage of an attempt over time, in bounded space: when a series is full, its points are merged in pairs. Pure."""

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

MOST_POINTS = 240
FIRST_STEP_S = 1.0


class Sample(Struct, frozen=True):
    """What was read at one moment, `at_s` after the start. Totals count from the start; None was not to be read."""

    at_s: float
    cpu_s: float | None = None
    memory_bytes: int | None = None
    read_bytes: int | None = None
    written_bytes: int | None = None
    processes: int | None = None


class Point(Struct, frozen=True):
    """One step of a chart: mean use of processors (1.0 is a whole one), most memory, bytes moved, most processes."""

    at_s: float
    span_s: float
    cpu: float | None
    memory_bytes: int | None
    read_bytes: int | None
    written_bytes: int | None
    processes: int | None

    def packed(self) -> list[float | int | None]:
        """Return the compact form that is stored."""
        cpu = None if self.cpu is None else round(self.cpu, 3)
        rest = (self.memory_bytes, self.read_bytes, self.written_bytes, self.processes)
        return [round(self.at_s, 2), round(self.span_s, 2), cpu, *rest]


def between(before: Sample, after: Sample) -> Point:
    """Return what happened between two samples."""
    span = max(after.at_s - before.at_s, 1e-6)
    spent = _grown(before.cpu_s, after.cpu_s)
    return Point(
        at_s=after.at_s,
        span_s=span,
        cpu=None if spent is None else spent / span,
        memory_bytes=after.memory_bytes,
        read_bytes=_grown(before.read_bytes, after.read_bytes),
        written_bytes=_grown(before.written_bytes, after.written_bytes),
        processes=after.processes,
    )


def merged(one: Point, two: Point) -> Point:
    """Return two neighbours as one point: rates as means, levels as maxima, amounts as sums."""
    span = one.span_s + two.span_s
    if one.cpu is None or two.cpu is None:
        cpu = one.cpu if two.cpu is None else two.cpu
    else:
        cpu = (one.cpu * one.span_s + two.cpu * two.span_s) / span
    return Point(
        at_s=two.at_s,
        span_s=span,
        cpu=cpu,
        memory_bytes=_most(one.memory_bytes, two.memory_bytes),
        read_bytes=_sum(one.read_bytes, two.read_bytes),
        written_bytes=_sum(one.written_bytes, two.written_bytes),
        processes=_most(one.processes, two.processes),
    )


class Series:
    """The points of one attempt so far; at most `MOST_POINTS`, each `step_s` or longer."""

    def __init__(self, step_s: float = FIRST_STEP_S, points: Iterable[Point] = ()) -> None:
        self.step_s = step_s
        self.points = list(points)

    def add(self, point: Point) -> None:
        """Take a point; short ones join the last until it is as long as a step."""
        if self.points and self.points[-1].span_s + point.span_s <= self.step_s * 1.01:
            self.points[-1] = merged(self.points[-1], point)
            return
        self.points.append(point)
        if len(self.points) > MOST_POINTS:
            self.step_s *= 2
            self.points = _halved(self.points)

    @property
    def peak_bytes(self) -> int | None:
        """The most memory that was seen."""
        return max((p.memory_bytes for p in self.points if p.memory_bytes is not None), default=None)

    def total(self, name: str) -> int | None:
        """Return the sum of ``read_bytes`` or ``written_bytes``, or None where none was read."""
        known = [value for point in self.points if (value := getattr(point, name)) is not None]
        return sum(known) if known else None

    def packed(self) -> dict[str, Any]:
        """Return the compact JSON value that is stored."""
        return {"v": 1, "step_s": self.step_s, "points": [point.packed() for point in self.points]}


def unpacked(stored: dict[str, Any]) -> Series:
    """Return the series of a stored value."""
    return Series(stored["step_s"], [Point(*row) for row in stored["points"]])


def shifted(points: Sequence[Point], by_s: float) -> list[Point]:
    """Return points moved in time (a sampler that took up an attempt in the middle counts from its own start)."""
    return [replace(point, at_s=point.at_s + by_s) for point in points]


def _halved(points: Sequence[Point]) -> list[Point]:
    pairs = [merged(points[n], points[n + 1]) for n in range(0, len(points) - 1, 2)]
    return [*pairs, points[-1]] if len(points) % 2 else pairs


def _grown(before: float | None, after: float | None) -> Any:
    # Counters fall when a process that was counted is gone: nothing is known of that step.
    return None if before is None or after is None else max(0, after - before)


def _most(one: int | None, two: int | None) -> int | None:
    known = [value for value in (one, two) if value is not None]
    return max(known) if known else None


def _sum(one: int | None, two: int | None) -> int | None:
    known = [value for value in (one, two) if value is not None]
    return sum(known) if known else None
